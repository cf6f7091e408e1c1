//! A timeout in a plan: as a sentence for people, as fields for machines.

use std::fmt;

use serde::{Serialize, Serializer};

use super::span::Span;
use crate::policy::timeout::Settings;

/// The settings' fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Span>,
    grpc_timeout: bool,
    trust_request_headers: bool,
    tell_deadline: bool,
}

pub(super) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let fields = Fields {
        total: settings.total().map(Span),
        grpc_timeout: settings.reads_grpc_timeout(),
        trust_request_headers: settings.trusted().total(),
        tell_deadline: settings.tells_deadline(),
    };
    fields.serialize(serializer)
}

pub(super) fn describe(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match settings.total() {
        Some(total) => write!(f, "timeout: {}", Span(total))?,
        None => f.write_str("timeout: none")?,
    }
    if settings.reads_grpc_timeout() {
        let or = if settings.total().is_some() { "or less by" } else { "but" };
        write!(f, ", {or} a gRPC call's `grpc-timeout`")?;
    }
    if settings.trusted().total() {
        f.write_str("; a request's `x-envoy-upstream-rq-timeout-ms` counts instead")?;
    }
    if settings.tells_deadline() {
        f.write_str("; told to the upstream")?;
    }
    Ok(())
}
