//! Where Istio's documents are read differently: they are proto messages, not Kubernetes' own structs.
//!
//! A proto message has two spellings for each field, `maxConnections` and the original `max_connections`; its enums
//! have numbers; and a `null` among the items of a list is an empty message. Serde hands a struct's name to the
//! deserializer, so a struct that is such a message says so there: `#[serde(rename = "istio.TrafficPolicy")]`.

/// What the names of proto messages and their enums begin with.
const MARK: &str = "istio.";

/// Whether this is the name of a proto message or enum.
pub(super) fn is_message(name: &str) -> bool {
    name.starts_with(MARK)
}

/// Whether this is the proto message that is a text, and how it must be.
pub(super) fn is_text(name: &str) -> bool {
    name == "istio.StringMatch"
}

/// The name without its mark.
pub(super) fn plain(name: &str) -> &str {
    name.strip_prefix(MARK).unwrap_or(name)
}

/// Whether `written` is the original spelling of `camel`: `http1_max_pending_requests` of `http1MaxPendingRequests`.
pub(super) fn is_original(written: &str, camel: &str) -> bool {
    let apart = written.contains('_') && !written.contains(|c: char| c.is_ascii_uppercase());
    let mut rest = camel;
    let found = apart
        && written.split('_').enumerate().all(|(index, part)| {
            let first =
                part.chars().next().map(|first| if index == 0 { first } else { first.to_ascii_uppercase() });
            let tail = first
                .and_then(|first| rest.strip_prefix(first))
                .and_then(|tail| tail.strip_prefix(&part[1..]));
            rest = tail.unwrap_or_default();
            tail.is_some()
        });
    found && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_one_original_spelling() {
        for (written, camel) in [
            ("max_connections", "maxConnections"),
            ("http1_max_pending_requests", "http1MaxPendingRequests"),
            ("consecutive_5xx_errors", "consecutive5xxErrors"),
            ("h2_upgrade_policy", "h2UpgradePolicy"),
            ("http2_error", "http2Error"),
        ] {
            assert!(is_original(written, camel), "{written}");
        }
        for (written, camel) in [
            ("maxconnections", "maxConnections"),
            ("max_Connections", "maxConnections"),
            ("max__connections", "maxConnections"),
            ("max_connections_", "maxConnections"),
            ("_max_connections", "maxConnections"),
            ("max_connection", "maxConnections"),
            ("max_connectionss", "maxConnections"),
            ("", "maxConnections"),
        ] {
            assert!(!is_original(written, camel), "{written}");
        }
    }
}
