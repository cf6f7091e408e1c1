//! A circuit breaker in a plan: as a sentence for people, as fields for machines.
//!
//! Both tell all that the settings say: what a plan leaves out nobody will look for elsewhere. The fields have the
//! builder's names, or those of the block `towerMesh` where it has one.

use std::fmt;

use serde::{Serialize, Serializer};

use super::span::Span;
use crate::policy::circuit_breaker::{
    Abandoned, GrpcReply, OpenTime, Probes, Recovery, Settings, Trip, Verdict, Window,
};

/// The settings' fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sliding_buckets: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_calls: Option<u32>,
    #[serde(flatten)]
    trips: Trips,
    slow_time: Span,
    minimum_requests: u32,
    open_for: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_time: Option<Open>,
    recovery: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    half_open: Option<HalfOpen>,
    abandoned: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    abandoned_after: Option<Span>,
    shadow: bool,
    status: u16,
    content: &'a str,
    grpc: &'static str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Trips {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consecutive_errors: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    #[serde(skip_serializing_if = "Option::is_none")]
    growth_factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HalfOpen {
    concurrent_probes: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    successes: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_ratio: Option<f64>,
    deadline: Span,
}

pub(super) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let (window, sliding_buckets, last_calls) = match settings.window() {
        Window::Tumbling(length) => (Some(Span(length)), None, None),
        Window::Sliding { length, buckets } => (Some(Span(length)), Some(buckets), None),
        Window::LastCalls(calls) => (None, None, Some(calls)),
    };
    let (abandoned, abandoned_after) = match settings.abandoned() {
        Abandoned::Neutral => ("neutral", None),
        Abandoned::Failure => ("failure", None),
        Abandoned::FailureAfter(age) => ("failure", Some(Span(age))),
        Abandoned::Slow => ("slow", None),
    };
    let (recovery, half_open) = match settings.recovery() {
        Recovery::Straight => ("straight", None),
        Recovery::HalfOpen(probes) => ("half-open", Some(HalfOpen::of(probes))),
    };
    let reply = settings.reply();
    let fields = Fields {
        window,
        sliding_buckets,
        last_calls,
        trips: Trips::of(settings),
        slow_time: Span(settings.slow_time()),
        minimum_requests: settings.minimum_requests(),
        open_for: Span(settings.open_for()),
        open_time: Open::of(settings.open_time()),
        recovery,
        half_open,
        abandoned,
        abandoned_after,
        shadow: settings.shadow(),
        status: reply.status.as_u16(),
        content: &reply.content,
        grpc: match reply.grpc {
            GrpcReply::Unavailable => "unavailable",
            GrpcReply::Plain => "plain",
        },
    };
    fields.serialize(serializer)
}

impl Trips {
    fn of(settings: &Settings) -> Self {
        let mut trips = Self::default();
        for trip in settings.trips() {
            match *trip {
                Trip::ErrorAmount(amount) => trips.error_amount = Some(amount),
                Trip::ErrorRatio(ratio) => trips.error_ratio = Some(ratio.as_f64()),
                Trip::SlowAmount(amount) => trips.slow_amount = Some(amount),
                Trip::SlowRatio(ratio) => trips.slow_ratio = Some(ratio.as_f64()),
                Trip::ConsecutiveErrors(amount) => trips.consecutive_errors = Some(amount),
            }
        }
        trips
    }
}

impl Open {
    /// Nothing if it is always as long.
    fn of(time: OpenTime) -> Option<Self> {
        let (growth, jitter) = (time.growth(), time.jitter().map(|jitter| jitter.as_f64()));
        (growth.is_some() || jitter.is_some()).then(|| Self {
            growth_factor: growth.map(|growth| growth.factor()),
            most: growth.map(|growth| Span(growth.most())),
            jitter,
        })
    }
}

impl HalfOpen {
    fn of(probes: Probes) -> Self {
        let none = Self {
            concurrent_probes: probes.concurrent(),
            successes: None,
            failures: None,
            probes: None,
            error_ratio: None,
            deadline: Span(probes.deadline()),
        };
        match probes.verdict() {
            Verdict::Count { successes, failures } => {
                Self { successes: Some(successes), failures: Some(failures), ..none }
            }
            Verdict::Ratio { probes, bad } => {
                Self { probes: Some(probes), error_ratio: Some(bad.as_f64()), ..none }
            }
        }
    }
}

// ===== the sentence =====

pub(super) fn describe(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("circuit breaker, one per port: ")?;
    if !settings.can_open() {
        return f.write_str("never opens");
    }
    if settings.shadow() {
        f.write_str("in shadow, it tells and never refuses: ")?;
    }
    f.write_str("opens at ")?;
    for (index, trip) in settings.trips().iter().enumerate() {
        f.write_str(if index == 0 { "" } else { " or " })?;
        opens_at(settings, trip, f)?;
    }
    if settings.trips().iter().any(|trip| !matches!(trip, Trip::ConsecutiveErrors(_))) {
        match settings.window() {
            Window::Tumbling(length) => write!(f, ", counted over {}", Span(length))?,
            Window::Sliding { length, buckets } => {
                write!(f, ", counted over the last {} in {buckets} buckets", Span(length))?;
            }
            Window::LastCalls(calls) => write!(f, ", counted over the last {calls} calls")?,
        }
    }
    match settings.abandoned() {
        Abandoned::Neutral => {}
        Abandoned::Failure => f.write_str("; an abandoned call is an error")?,
        Abandoned::FailureAfter(age) => write!(f, "; a call abandoned after {} is an error", Span(age))?,
        Abandoned::Slow => f.write_str("; an abandoned call can be slow")?,
    }
    open_time(settings.open_time(), f)?;
    match settings.recovery() {
        Recovery::Straight => f.write_str(", then straight closed")?,
        Recovery::HalfOpen(probes) => half_open(probes, f)?,
    }
    let reply = settings.reply();
    write!(f, "; meanwhile {} {:?}", reply.status.as_u16(), reply.content)?;
    f.write_str(match reply.grpc {
        GrpcReply::Unavailable => "",
        GrpcReply::Plain => ", also to gRPC",
    })
}

fn opens_at(settings: &Settings, trip: &Trip, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (slow, least) = (Span(settings.slow_time()), settings.minimum_requests());
    write!(f, "{trip}")?;
    match trip {
        Trip::ErrorRatio(_) => write!(f, " (from {least} requests on)"),
        Trip::SlowRatio(_) => write!(f, " (slow from {slow}, from {least} requests on)"),
        Trip::SlowAmount(_) => write!(f, " (slow from {slow})"),
        Trip::ErrorAmount(_) | Trip::ConsecutiveErrors(_) => Ok(()),
    }
}

fn open_time(time: OpenTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "; open for {}", Span(time.first()))?;
    if let Some(growth) = time.growth() {
        write!(f, ", growing by {} up to {}", growth.factor(), Span(growth.most()))?;
    }
    match time.jitter() {
        Some(jitter) => write!(f, ", shortened by up to {jitter}"),
        None => Ok(()),
    }
}

fn half_open(probes: Probes, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match probes.concurrent() {
        1 => f.write_str("; then one probe at a time: ")?,
        concurrent => write!(f, "; then up to {concurrent} probes at a time: ")?,
    }
    match probes.verdict() {
        Verdict::Count { successes, failures } => {
            write!(f, "closes at {successes} good, opens again at {failures} bad")?;
        }
        Verdict::Ratio { probes, bad } => {
            write!(f, "opens again if {bad} of {probes} are bad, else closes")?;
        }
    }
    write!(f, ", after {} at the latest", Span(probes.deadline()))
}
