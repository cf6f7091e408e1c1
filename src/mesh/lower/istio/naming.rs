//! What names can be: of hosts, of subsets and namespaces, of gateways, of labels.

use std::{
    collections::{BTreeMap, HashSet},
    net::IpAddr,
};

use super::client::full_gateway;
use crate::{
    config::Document,
    mesh::{lower::Lowering, note::Code},
};

/// What the name of a subset or of a namespace can be.
pub(super) const LABEL: &str = "letters, digits and `-` in between, at most 63";

/// Whether it can be a host, or a family of hosts: `reviews`, `*.example.com`, `*-v1.example.com`, `*`.
pub(super) fn is_host(name: &str) -> bool {
    // A dot may end a full name.
    let name = name.strip_suffix('.').filter(|name| *name != "*").unwrap_or(name);
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let begins = first.strip_prefix("*-").or_else(|| first.strip_prefix('*')).unwrap_or(first);
    let is_rest = |rest: &str| {
        // What ends with a number is an address, or was meant to be one.
        let last = rest.rsplit('.').next().unwrap_or_default();
        rest.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.len() <= 255 && first.len() <= 63 && (first == "*" || is_label(begins)) && rest.is_none_or(is_rest)
}

/// The same, or an address, which Istio knows in few places.
pub(super) fn is_host_or_address(name: &str) -> bool {
    is_host(name) || name.parse::<IpAddr>().is_ok()
}

/// How a name is told of that cannot be one.
pub(super) fn shown(name: &str) -> String {
    if name.is_empty() { "empty".to_owned() } else { format!("`{name}`") }
}

/// As Kubernetes has names, but capital letters are fine.
pub(super) fn is_label(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && is_short(name)
}

/// Whether it is at most 63 letters long, and begins and ends with a letter or a digit.
fn is_short(name: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    name.len() <= 63 && ends(name.as_bytes().first()) && ends(name.as_bytes().last())
}

/// Tells what is wrong with labels.
pub(super) fn judge_labels(
    document: &Document,
    labels: &BTreeMap<String, String>,
    path: &str,
    lowering: &mut Lowering<'_>,
) {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_word = |word: &str| word.bytes().all(inner) && is_short(word);
    for (name, value) in labels {
        let (prefix, own) = name.split_once('/').unwrap_or(("none", name));
        let is_name = is_word(own) && prefix.split('.').all(is_label);
        if !is_name || !(value.is_empty() || is_word(value)) {
            let message = format!("a label cannot be `{name}: {value}`");
            let accepted = "a name and a value of letters, digits, `-`, `_` and `.`, at most 63 in each";
            lowering.refuse(document, &format!("{path}[\"{name}\"]"), &message, accepted);
        }
    }
}

/// Tells what is wrong with names of gateways, and what is old about them.
pub(super) fn judge_gateways(
    document: &Document,
    gateways: &[String],
    path: &str,
    lowering: &mut Lowering<'_>,
) {
    for (index, name) in gateways.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let is_sound = match name.split_once('/') {
            Some((namespace, gateway)) => (namespace == "." || is_label(namespace)) && is_label(gateway),
            None => name.split('.').all(is_label),
        };
        if !is_sound {
            let message = format!("a gateway cannot be `{name}`");
            let accepted = "`mesh`, or a name with its namespace perhaps, such as `istio-system/edge`";
            lowering.refuse(document, &path, &message, accepted);
        } else if name.contains('.') && !name.contains('/') {
            let meant = full_gateway(name, "");
            let message = format!("an old spelling, read as `{meant}`");
            lowering.lint(document, &path, Code::OldSpelling, message, format!("write `{meant}`"));
        }
    }
}

/// Tells what is wrong with the namespaces that a document is exported to; some kinds may be exported to none.
pub(super) fn judge_exports(
    document: &Document,
    export_to: &[String],
    may_be_none: bool,
    lowering: &mut Lowering<'_>,
) {
    let here = lowering.namespace(document).to_owned();
    let mut named = HashSet::new();
    for (index, to) in export_to.iter().enumerate() {
        let path = format!("spec.exportTo[{index}]");
        let is_all = matches!(to.as_str(), "*" | "~");
        if !(matches!(to.as_str(), "*" | ".") || to == "~" && may_be_none || is_label(to)) {
            let message = format!("`exportTo` cannot be `{to}`");
            let accepted = match may_be_none {
                true => "the name of a namespace, `.` for the document's own, `*` for all, or `~` for none",
                false => "the name of a namespace, `.` for the document's own, or `*` for all",
            };
            lowering.refuse(document, &path, &message, accepted);
        } else if !named.insert(if to == "." { &here } else { to }) {
            let message = format!("`exportTo` cannot be `{to}` again");
            lowering.refuse(document, &path, &message, "each namespace once");
        } else if is_all && export_to.len() > 1 {
            let message = format!("`exportTo` cannot be `{to}` beside others");
            lowering.refuse(document, &path, &message, &format!("`{to}` alone, or none of it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_with_a_star_in_front_perhaps() {
        for host in [
            "reviews",
            "Reviews",
            "123",
            "a.b-c.d",
            "a.example.com.",
            "*",
            "*.com",
            "*foo.com",
            "*-v1.com",
            "*v1",
        ] {
            assert!(is_host(host), "{host}");
        }
        let long = format!("{}.com", "a".repeat(64));
        for none in [
            "",
            ".",
            "*.",
            "a..b",
            "a*.com",
            "a.*.com",
            "**",
            "*--v1.com",
            "-a.com",
            "a-.com",
            "a_b",
            "a b",
            "1.2.3.4",
            "::1",
            "a:80",
            "http://a",
            "a/b",
            &long,
        ] {
            assert!(!is_host(none), "{none}");
        }
    }
}
