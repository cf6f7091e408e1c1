//! What the mesh changed over the years, as a value.
//!
//! The same document has not always meant the same. A policy that was written, and tried out, against an old mesh is
//! read as that mesh read it by naming its [`Era`]; without a word the present one is meant. Each change is a field of
//! its own, so that what one relies on can be kept while the rest moves on.
//!
//! ```
//! use tower_mesh::{Mesh, mesh::{DefaultRetries, Era}};
//!
//! let mesh = Mesh::builder().era(Era::V1_14).build()?;
//! assert!(mesh.plan().era.trust_request_headers); // a sidecar of that time did
//!
//! let mut era = Era::CURRENT;
//! era.default_retries = DefaultRetries::None;
//! let mesh = Mesh::builder().era(era).build()?;
//! # let _ = mesh;
//! # Ok::<(), tower_mesh::config::Errors>(())
//! ```

use std::{fmt, str::FromStr};

use serde::Serialize;

/// Which mesh a document is read as: a preset, or fields of one's own choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Era {
    /// Whether requests may say by `x-envoy-…` headers how long they take and how they are retried. A sidecar believed
    /// every caller until Envoy 1.33; since then it takes these headers off.
    pub trust_request_headers: bool,
    /// What is retried where a route does not say.
    pub default_retries: DefaultRetries,
    /// How many endpoints may be ejected at once.
    pub ejections: Ejections,
    /// What a flat `consecutiveErrors` counts.
    pub consecutive_errors: ConsecutiveErrors,
    /// How an endpoint is picked where nobody says.
    pub default_balancing: DefaultBalancing,
}

/// How many endpoints may be ejected at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ejections {
    /// One, whatever the percentage; and more as long as it is not reached, as before Envoy 1.31.
    OneAtLeast,
    /// As many as the percentage allows: of fewer than ten none by the default of 10 %.
    Strict,
}

/// What a flat `consecutiveErrors` counts: Istio has another word for it since 1.5, and today reads it no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConsecutiveErrors {
    /// Every 5xx.
    Errors,
    /// 502, 503 and 504 alone, and no other 5xx ejects.
    GatewayErrors,
    /// Nothing: it is as if it were absent, so five 5xx eject.
    Nothing,
}

/// How an endpoint is picked where nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DefaultBalancing {
    /// One after another, as before Istio 1.14.
    RoundRobin,
    /// Of two the one with fewer requests.
    LeastRequest,
}

/// What is retried where a route says nothing of retries; and on what, where it only says how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DefaultRetries {
    /// Nothing, as before Istio 1.1. Who asks for retries without saying on what gets
    /// `5xx,connect-failure,refused-stream`.
    None,
    /// Twice, what was not sent and every 503, as from Istio 1.1 to 1.23.
    Also503,
    /// Twice, what was not sent, and nothing that an application answered, as since Istio 1.24.
    Unsent,
}

impl Era {
    /// Istio 0.8 and 1.0.
    pub const V0_8: Self = Self {
        trust_request_headers: true,
        default_retries: DefaultRetries::None,
        ejections: Ejections::OneAtLeast,
        consecutive_errors: ConsecutiveErrors::Errors,
        default_balancing: DefaultBalancing::RoundRobin,
    };
    /// Istio 1.5.
    pub const V1_5: Self = Self {
        default_retries: DefaultRetries::Also503,
        consecutive_errors: ConsecutiveErrors::GatewayErrors,
        ..Self::V0_8
    };
    /// Istio 1.14.
    pub const V1_14: Self = Self { default_balancing: DefaultBalancing::LeastRequest, ..Self::V1_5 };
    /// Istio 1.17.
    pub const V1_17: Self = Self::V1_14;
    /// The present mesh: the default.
    ///
    /// Only that `consecutiveErrors` counts for nothing today is not as in the mesh, where nobody who wrote it wants that.
    pub const CURRENT: Self = Self {
        trust_request_headers: false,
        default_retries: DefaultRetries::Unsent,
        ejections: Ejections::Strict,
        ..Self::V1_17
    };

    /// The presets by name.
    const NAMED: [(&str, Self); 5] = [
        ("0.8", Self::V0_8),
        ("1.5", Self::V1_5),
        ("1.14", Self::V1_14),
        ("1.17", Self::V1_17),
        ("current", Self::CURRENT),
    ];
}

impl Default for Era {
    fn default() -> Self {
        Self::CURRENT
    }
}

/// The text names no era.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no era: write 0.8, 1.5, 1.14, 1.17 or current")]
pub struct UnknownEra(String);

impl FromStr for Era {
    type Err = UnknownEra;

    fn from_str(text: &str) -> Result<Self, UnknownEra> {
        let named = Self::NAMED.into_iter().find(|(name, _)| *name == text);
        named.map(|(_, era)| era).ok_or_else(|| UnknownEra(text.to_owned()))
    }
}

impl fmt::Display for Era {
    /// Field by field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = if self.trust_request_headers { "trusted" } else { "not trusted" };
        let Self { default_retries, ejections, consecutive_errors, default_balancing, .. } = self;
        write!(
            f,
            "request headers {headers}, default retries {default_retries}, {default_balancing} by default, "
        )?;
        write!(f, "ejections {ejections}, consecutiveErrors counts {consecutive_errors}")
    }
}

impl fmt::Display for DefaultRetries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Also503 => "of what was not sent and of a 503",
            Self::Unsent => "of what was not sent",
        })
    }
}

impl fmt::Display for Ejections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneAtLeast => "of one at least",
            Self::Strict => "by the percentage alone",
        })
    }
}

impl fmt::Display for ConsecutiveErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Errors => "every 5xx",
            Self::GatewayErrors => "502, 503 and 504",
            Self::Nothing => "nothing",
        })
    }
}

impl fmt::Display for DefaultBalancing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoundRobin => "round robin",
            Self::LeastRequest => "least request",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_era_is_known_by_its_name_and_another_name_is_told_the_names() {
        assert_eq!("1.14".parse(), Ok(Era::V1_14));
        assert_eq!("current".parse(), Ok(Era::default()));
        let error = "1.99".parse::<Era>().unwrap_err();
        assert_eq!(error.to_string(), "`1.99` is no era: write 0.8, 1.5, 1.14, 1.17 or current");
    }

    #[test]
    fn what_sidecars_trusted_and_retried_changed_with_the_years() {
        let eras = [Era::V0_8, Era::V1_5, Era::V1_17, Era::CURRENT];
        assert_eq!(eras.map(|era| era.trust_request_headers), [true, true, true, false]);
        let retries = eras.map(|era| era.default_retries);
        use DefaultRetries::{Also503, None, Unsent};
        assert_eq!(retries, [None, Also503, Also503, Unsent]);
    }
}
