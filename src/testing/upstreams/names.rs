//! Names that mean the same host.

/// Where the client is: a short name is completed from there, as a cluster's name server does.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) namespace: String,
    pub(super) domain: String,
}

impl Default for Home {
    fn default() -> Self {
        Self { namespace: "default".to_owned(), domain: "cluster.local".to_owned() }
    }
}

impl Home {
    /// The full name of a host, which must be in lower case and without a final dot.
    ///
    /// What follows name and namespace may be left out from any label on. So a host outside of two labels, `example.com`,
    /// is completed too; that does no harm, since the others are as well.
    pub(super) fn full(&self, host: &str) -> String {
        let Self { namespace, domain } = self;
        let mut labels = host.splitn(3, '.');
        let service = match (labels.next(), labels.next(), labels.next()) {
            (Some(name), None, _) if !name.contains(':') => Some((name, namespace.as_str(), "")),
            (Some(name), Some(namespace), rest) => Some((name, namespace, rest.unwrap_or_default())),
            _ => None,
        };
        let end = format!("svc.{domain}");
        match service.filter(|(_, _, rest)| begins(&end, rest)) {
            Some((name, namespace, _)) => format!("{name}.{namespace}.{end}"),
            None => host.to_owned(),
        }
    }
}

/// Whether a name begins with these labels.
fn begins(name: &str, labels: &str) -> bool {
    labels.is_empty()
        || name.strip_prefix(labels).is_some_and(|after| after.is_empty() || after.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_one_full_name_however_short_it_is_said() {
        let home = Home { namespace: "bookinfo".to_owned(), ..Home::default() };
        for name in [
            "reviews",
            "reviews.bookinfo",
            "reviews.bookinfo.svc",
            "reviews.bookinfo.svc.cluster",
            "reviews.bookinfo.svc.cluster.local",
        ] {
            assert_eq!(home.full(name), "reviews.bookinfo.svc.cluster.local");
        }
        assert_eq!(home.full("reviews.other"), "reviews.other.svc.cluster.local");
    }

    #[test]
    fn what_is_no_services_name_stands_for_itself() {
        for name in [
            "api.example.com",
            "reviews.bookinfo.sv",
            "reviews.bookinfo.svc.clus",
            "reviews.bookinfo.svc.cluster.local.net",
            "a.reviews.bookinfo.svc.cluster.local",
            "10.0.0.1",
            "[::1]",
        ] {
            assert_eq!(Home::default().full(name), name);
        }
    }
}
