//! gRPC's statuses: their numbers, which are sent, and their names, which people write.

use std::{fmt, str::FromStr};

/// A status of gRPC.
///
/// Documents name it (`UNAVAILABLE`), the wire numbers it (`grpc-status: 14`).
///
/// ```
/// use tower_mesh::policy::GrpcStatus;
///
/// let status: GrpcStatus = "UNAVAILABLE".parse()?;
/// assert_eq!((status, status.number()), (GrpcStatus::Unavailable, 14));
/// assert_eq!(GrpcStatus::from_number(16).unwrap().to_string(), "UNAUTHENTICATED");
/// assert_eq!(GrpcStatus::from_number(17), None);
/// # Ok::<(), tower_mesh::policy::GrpcStatusError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "they are gRPC's own")]
pub enum GrpcStatus {
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

/// There is no gRPC status of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no gRPC status: there are {names}", names = GrpcStatus::names())]
pub struct GrpcStatusError(String);

impl GrpcStatus {
    /// All of them, each at the place of its number.
    const ALL: [(Self, &'static str); 17] = [
        (Self::Ok, "OK"),
        (Self::Cancelled, "CANCELLED"),
        (Self::Unknown, "UNKNOWN"),
        (Self::InvalidArgument, "INVALID_ARGUMENT"),
        (Self::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (Self::NotFound, "NOT_FOUND"),
        (Self::AlreadyExists, "ALREADY_EXISTS"),
        (Self::PermissionDenied, "PERMISSION_DENIED"),
        (Self::ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (Self::FailedPrecondition, "FAILED_PRECONDITION"),
        (Self::Aborted, "ABORTED"),
        (Self::OutOfRange, "OUT_OF_RANGE"),
        (Self::Unimplemented, "UNIMPLEMENTED"),
        (Self::Internal, "INTERNAL"),
        (Self::Unavailable, "UNAVAILABLE"),
        (Self::DataLoss, "DATA_LOSS"),
        (Self::Unauthenticated, "UNAUTHENTICATED"),
    ];

    /// Its number, as it is sent.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its name, as gRPC writes it: `DEADLINE_EXCEEDED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The status of this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).map(|(status, _)| *status)
    }

    fn names() -> String {
        Self::ALL.map(|(_, name)| name).join(", ")
    }
}

impl FromStr for GrpcStatus {
    type Err = GrpcStatusError;

    /// By its name, in capitals as gRPC and Istio write it.
    fn from_str(name: &str) -> Result<Self, GrpcStatusError> {
        let named = Self::ALL.iter().find(|(_, other)| *other == name);
        named.map(|(status, _)| *status).ok_or_else(|| GrpcStatusError(name.to_owned()))
    }
}

impl fmt::Display for GrpcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
