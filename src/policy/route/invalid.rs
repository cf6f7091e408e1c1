//! What is wrong with routes that cannot mean anything.

use std::fmt;

use crate::policy::{Invalid, Setting};

/// A part of a route that cannot mean anything.
pub type SettingsError = Invalid<Field>;

/// A part of a route that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// A regular expression.
    Regex,
    /// What a regular expression's matches are replaced by.
    Substitution,
    /// The name of a header.
    HeaderName,
    /// The name of a header that is changed.
    ChangedHeader,
    /// The value of a header.
    HeaderValue,
    /// What all destinations of a route weigh.
    Weights,
    /// The host that routes are for.
    Host,
    /// The authority that a request is given.
    Authority,
    /// The path that a request is given.
    Path,
    /// The scheme that a caller is sent to.
    Scheme,
    /// The status of a redirect.
    RedirectStatus,
    /// What a redirect changes.
    Redirect,
    /// The status of a direct answer.
    Status,
    /// The number of a destination.
    Destination,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Regex => {
                "a regular expression as RE2 has them, of at most 1024 bytes, that is not too large"
            }
            Self::Substitution => {
                "a text in which `\\0` to `\\9` are groups of the expression and `\\\\` is a backslash"
            }
            Self::HeaderName => "the name of a header, such as `end-user`",
            Self::ChangedHeader => "the name of a header other than `host` and those that begin with `:`",
            Self::HeaderValue => "the value of a header: printable characters",
            Self::Weights => "weights that are not all zero and sum up to at most 4294967295",
            Self::Host => "a host, with a `*` alone or in front perhaps, such as `*.example.com`",
            Self::Authority => "a host, with a port perhaps, such as `reviews:9080`",
            Self::Path => "a path, without spaces and control characters",
            Self::Scheme => "`http` or `https`",
            Self::RedirectStatus => "301, 302, 303, 307 or 308",
            Self::Redirect => "a redirect that changes at least one of path, authority, port and scheme",
            Self::Status => "a status from 200 to 599",
            Self::Destination => "the number of a destination that is there, counted from 0",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regex => "regular expression",
            Self::Substitution => "substitution",
            Self::HeaderName | Self::ChangedHeader => "header name",
            Self::HeaderValue => "header value",
            Self::Weights => "sum of the weights",
            Self::Host => "host",
            Self::Authority => "authority",
            Self::Path => "path",
            Self::Scheme => "scheme",
            Self::RedirectStatus => "status of the redirect",
            Self::Redirect => "redirect",
            Self::Status => "status",
            Self::Destination => "destination",
        })
    }
}
