//! One upstream: where it is, what it is, and how it answers.

use std::fmt;

use super::text;
use crate::{layer::host::normal, testing::Echo};

/// An upstream at a host, with labels, to be one of [`Upstreams`](super::Upstreams).
///
/// As a text it is `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, with the [parameters of an
/// `Echo`](crate::testing::echo#parameters).
///
/// ```
/// use tower_mesh::testing::upstreams::Upstream;
///
/// let v2: Upstream = "reviews:9080 version=v2 echo=status=503:20&delay=10ms".parse()?;
/// assert_eq!((v2.host(), v2.port()), ("reviews", Some(9080)));
/// assert_eq!(v2.to_string(), "reviews:9080 version=v2");
///
/// let error = "reviews:http version=v2".parse::<Upstream>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`http` is no port: write a number from 1 to 65535, or only the host for every port"
/// );
/// # Ok::<(), tower_mesh::testing::upstreams::UpstreamError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Upstream {
    host: String,
    port: Option<u16>,
    labels: Vec<(String, String)>,
    echo: Echo,
}

impl Upstream {
    /// One at `HOST` or `HOST:PORT`; without a port it is at every one.
    ///
    /// # Panics
    ///
    /// On a text that is no such place; one that is parsed as a whole does not.
    #[must_use]
    #[track_caller]
    pub fn new<N: Into<String>, V: Into<String>>(
        place: &str,
        labels: impl IntoIterator<Item = (N, V)>,
        echo: Echo,
    ) -> Self {
        let labels = labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        match text::place(place) {
            Ok((host, port)) => Self::of(host, port, labels, echo),
            Err(error) => panic!("not where an upstream can be: {error}"),
        }
    }

    pub(super) fn of(host: &str, port: Option<u16>, labels: Vec<(String, String)>, echo: Echo) -> Self {
        Self { host: normal(host).into_owned(), port, labels, echo }
    }

    /// The host, as it was named: in lower case, and without a final dot.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; none: every one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The labels.
    #[must_use]
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// How it answers.
    #[must_use]
    pub const fn echo(&self) -> &Echo {
        &self.echo
    }
}

impl fmt::Display for Upstream {
    /// Its name: where it is, and its labels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.labels.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
