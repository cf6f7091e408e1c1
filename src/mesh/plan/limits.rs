//! Limits in a plan: as a sentence for people, as fields for machines.

use std::fmt;

use serde::{Serialize, Serializer};

use super::span::{Span, many};
use crate::policy::limits::{Budget, Reply, Scope, Settings, Upstream};

/// The settings' fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_budget: Option<BudgetFields>,
    scope: &'static str,
    reply: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BudgetFields {
    percent: f64,
    minimum: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<Span>,
}

pub(super) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let budget = |budget: Budget| BudgetFields {
        percent: budget.percent(),
        minimum: budget.minimum(),
        interval: budget.interval().map(Span),
    };
    let fields = Fields {
        protocol: protocol(settings),
        connections: settings.connections(),
        pending: settings.pending(),
        requests: settings.requests(),
        retries: settings.retries(),
        retry_budget: settings.retry_budget().map(budget),
        scope: match settings.scope() {
            Scope::Cluster => "cluster",
            Scope::Endpoint => "endpoint",
        },
        reply: match settings.reply() {
            Reply::Envoy => "envoy",
            Reply::OsmEdge => "osm-edge",
        },
    };
    fields.serialize(serializer)
}

/// Whether something is limited.
pub(super) const fn something(settings: &Settings) -> bool {
    settings.counts() || settings.retries().is_some()
}

const fn protocol(settings: &Settings) -> &'static str {
    match settings.protocol() {
        Upstream::Http1 => "HTTP/1",
        Upstream::Http2 => "HTTP/2",
    }
}

// ===== the sentence =====

pub(super) fn describe(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let each = match settings.scope() {
        Scope::Cluster => "port",
        Scope::Endpoint => "endpoint",
    };
    write!(f, "limits per {each} over {}: ", protocol(settings))?;
    let mut said = Vec::new();
    if let Some(most) = settings.most() {
        let (what, others) = match settings.queue() {
            Some(u32::MAX) => ("exchange", "others wait".to_owned()),
            Some(0) => ("exchange", "others are refused".to_owned()),
            Some(more) => ("exchange", format!("{more} more may wait")),
            None => ("request", "others are refused".to_owned()),
        };
        said.push(format!("{} at once, {others}", many(most, what)));
    }
    match (settings.retry_budget(), settings.retries()) {
        (Some(budget), _) => said.push(retry_budget(budget)),
        (None, Some(1)) => said.push("1 retry at once".to_owned()),
        (None, Some(most)) => said.push(format!("{most} retries at once")),
        (None, None) => {}
    }
    if said.is_empty() {
        said.push("none".to_owned());
    }
    f.write_str(&said.join("; "))
}

fn retry_budget(budget: Budget) -> String {
    let (percent, least) = (budget.percent(), budget.minimum());
    let said = format!("retries for {percent} % of the requests in flight, at least {least}");
    match budget.interval() {
        Some(interval) => format!("{said}; what began in the last {} counts too", Span(interval)),
        None => said,
    }
}
