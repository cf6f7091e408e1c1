//! What policies say of connections, kept for who makes them.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};

use super::span::{Span, many};

/// What policies say of connections. A mesh wraps a transport and makes no connections itself: it keeps this, and tells
/// that it does not apply it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Connections {
    /// How long making one may take.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "span")]
    pub connect_timeout: Option<Duration>,
    /// How many requests one serves before it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<u32>,
    /// How long one may have nothing to do before it is closed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "span")]
    pub idle_timeout: Option<Duration>,
    /// How old one may become.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "span")]
    pub max_age: Option<Duration>,
}

impl Connections {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

fn span<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(Span).serialize(serializer)
}

impl fmt::Display for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            self.connect_timeout.map(|time| format!("made within {}", Span(time))),
            self.max_requests.map(|most| format!("closed after {}", many(most, "request"))),
            self.idle_timeout.map(|time| format!("closed when idle for {}", Span(time))),
            self.max_age.map(|time| format!("closed when {} old", Span(time))),
        ];
        let said: Vec<_> = said.into_iter().flatten().collect();
        write!(f, "connections (left to the transport): {}", said.join(", "))
    }
}
