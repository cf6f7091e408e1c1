//! The block `towerMesh` inside `circuitBreaking`: what osm-edge cannot say.
//!
//! osm-edge's block knows a window that tumbles and a straight close. The breaker here knows more, and a policy should
//! not have to move into code to say so. The block has the crate's name, so that nobody takes it for osm-edge's own,
//! and its fields are the builder's.
//!
//! ```
//! use tower_mesh::{config::{self, osm::CircuitBreaking}, policy::circuit_breaker::{HalfOpen, Settings}};
//!
//! let (block, findings) = config::from_yaml::<CircuitBreaking>("
//! errorAmountThreshold: 100
//! towerMesh:
//!   slidingBuckets: 10
//!   halfOpen: {successes: 3}
//! ")?;
//! assert!(findings.is_empty());
//!
//! let built = Settings::builder().error_amount(100).sliding(10).half_open(HalfOpen::new().successes(3)).build();
//! assert_eq!(Settings::try_from(block).ok(), built.ok());
//! # Ok::<(), config::Errors>(())
//! ```
//!
//! "Zero means unset" is osm-edge's rule for osm-edge's fields. Here a zero is an error wherever it means nothing: who
//! wants a field unset leaves it out.

use serde::{Deserialize, Serialize};

use crate::config::{GoDuration, Ratio};

/// What a circuit breaker can do beyond osm-edge's; every field that is absent leaves osm-edge's behaviour.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TowerMesh {
    /// Lets `statTimeWindow` slide, by so many buckets (1 to 1000); absent: it tumbles. Not with `lastCalls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sliding_buckets: Option<u32>,
    /// Counts over the last so many answers (1 to 1000000) instead of `statTimeWindow`; absent: over the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_calls: Option<u32>,
    /// Errors one after another that open the circuit, whatever the window (at least 1); absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_error_threshold: Option<u32>,
    /// How `degradedTimeWindow` grows, and is shortened by chance; absent: it is always as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_time: Option<OpenTime>,
    /// Lets a few probes decide when the open time is over, `{}` by their defaults; absent: it closes straight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_open: Option<HalfOpen>,
    /// What it means that a caller went away before the answer; absent: nothing (`neutral`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned: Option<Abandoned>,
    /// From which age on an abandoned call is a failure, longer than zero; with `abandoned: failure` only. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_after: Option<GoDuration>,
    /// Decides and tells, and never refuses; absent: it refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<bool>,
    /// How gRPC callers get the degraded reply; absent: as `unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_reply: Option<GrpcReply>,
}

/// How long the circuit stays open when it opens again and again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenTime {
    /// By how much each open time is longer than the one before (1 to 1000); with `most` only. Absent: as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth_factor: Option<f64>,
    /// Up to how long it grows, at least `degradedTimeWindow`; with `growthFactor` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<GoDuration>,
    /// By up to which share each open time is shortened by chance; absent: by none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Ratio>,
}

/// The probes that decide over a circuit whose open time is over: by counting, or by their share of errors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HalfOpen {
    /// Probes under way at once (1 to 10000); default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_probes: Option<u32>,
    /// Good probes that close the circuit (1 to 10000); default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successes: Option<u32>,
    /// Bad probes that open it again (1 to 10000); default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
    /// Probes that are judged by their share of bad ones (1 to 10000); with `errorRatio`, instead of counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<u32>,
    /// The share of bad probes that opens it again; with `probes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_ratio: Option<Ratio>,
    /// When to decide by those probes that have come back, counting the others as bad; default 30 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<GoDuration>,
}

/// What it means that a caller went away before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Abandoned {
    /// Nothing.
    Neutral,
    /// A failure, and slow if it took so long.
    Failure,
    /// Slow if it took so long, else nothing.
    Slow,
}

/// How a gRPC caller gets the degraded reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GrpcReply {
    /// As a trailers-only `UNAVAILABLE` with the content as message.
    Unavailable,
    /// As the plain HTTP response that everybody gets: osm-edge's own way.
    Plain,
}
