//! osm-edge's `Retry`: whose requests to which services are tried again.

use std::time::Duration;

use crate::{
    config::{Document, GoDuration, Resource, osm},
    mesh::{
        host::Host,
        lower::{
            Lowering,
            invalid::{InvalidBlock, millis, set},
        },
        note::NoteKind,
    },
    policy::{
        backoff::{Backoff, Jitter},
        retry::{Field, Read, RetryOn, Settings},
    },
};

const POLICY: &str = "spec.retryPolicy";
const BASE: &str = "retryBackoffBaseInterval";

/// The longest base that osm-edge takes.
const LONGEST: Duration = Duration::from_secs(1);

/// Retries to one service.
pub(super) struct Retried<'a> {
    pub(super) document: &'a Document,
    /// Where the document names the host.
    pub(super) path: String,
    pub(super) host: Host,
    pub(super) settings: Settings,
}

impl TryFrom<&osm::RetryPolicy> for Settings {
    type Error = InvalidBlock;

    /// The waits grow from `retryBackoffBaseInterval` to ten times that, without chance.
    fn try_from(block: &osm::RetryPolicy) -> Result<Self, InvalidBlock> {
        let mut settings = Self::builder()
            .attempts(block.num_retries.unwrap_or(0))
            .on(on(block).on)
            .backoff(backoff(block)?);
        if let Some(time) = time("perTryTimeout", block.per_try_timeout)? {
            settings = settings.per_try_timeout(time);
        }
        settings.build().map_err(|error| {
            let field = match error.field() {
                Field::Attempts => "numRetries",
                _ => "perTryTimeout",
            };
            InvalidBlock::new(field, error.found(), error.accepted())
        })
    }
}

impl TryFrom<osm::RetryPolicy> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: osm::RetryPolicy) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

/// Which answers are retried; none if no status is left.
fn on(block: &osm::RetryPolicy) -> Read {
    let mut read = RetryOn::osm(block.retry_on.as_deref().unwrap_or_default());
    if read.on.statuses().is_empty() {
        read.on = RetryOn::NONE;
    }
    read
}

fn backoff(block: &osm::RetryPolicy) -> Result<Backoff, InvalidBlock> {
    Ok(match time(BASE, block.retry_backoff_base_interval)? {
        Some(base) => Backoff::new(base).jitter(Jitter::None),
        None => Backoff::AT_ONCE,
    })
}

fn time(field: &'static str, time: Option<GoDuration>) -> Result<Option<Duration>, InvalidBlock> {
    let accepted = "at least 1ms, in whole milliseconds, or 0 for unset";
    set(time).map(|time| millis(field, time, accepted)).transpose()
}

/// What the documents of this kind say, in their order.
pub(super) fn retried<'a>(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Vec<Retried<'a>> {
    let mut all = Vec::new();
    for document in documents {
        let Resource::Retry(spec) = &document.resource else { continue };
        let Some(policy) = &spec.retry_policy else {
            lowering.note(document, "spec", NoteKind::Surprise, "never retries: it has no `retryPolicy`");
            continue;
        };
        note_surprises(document, spec, policy, lowering);
        let settings = match Settings::try_from(policy) {
            Ok(settings) => settings,
            Err(invalid) => {
                lowering.invalid(document, POLICY, invalid);
                continue;
            }
        };
        for (index, end) in spec.destinations.iter().enumerate() {
            let path = format!("spec.destinations[{index}]");
            if end.kind != "Service" {
                let message = format!("passed over: a `{}` is no `Service`", end.kind);
                lowering.note(document, &format!("{path}.kind"), NoteKind::Surprise, message);
                continue;
            }
            let namespace = end.namespace.as_deref().unwrap_or_else(|| lowering.namespace(document));
            let host = Host::Service { name: end.name.clone(), namespace: namespace.to_owned() };
            all.push(Retried { document, path, host, settings: settings.clone() });
        }
    }
    all
}

fn note_surprises(
    document: &Document,
    spec: &osm::Retry,
    policy: &osm::RetryPolicy,
    lowering: &mut Lowering<'_>,
) {
    if policy.num_retries.unwrap_or(0) == 0 {
        lowering.note(document, POLICY, NoteKind::Surprise, "never retries: `numRetries` is not set");
    }
    let path = format!("{POLICY}.retryOn");
    let read = on(policy);
    for word in read.unknown {
        let message = format!(
            "`{word}` matches nothing: osm-edge knows statuses such as `503` and classes such as `5xx`"
        );
        lowering.note(document, &path, NoteKind::Surprise, message);
    }
    if read.on.is_empty() {
        lowering.note(document, &path, NoteKind::Surprise, "never retries: it names no status");
    }
    if policy.retry_backoff_base_interval.and_then(GoDuration::to_std).is_some_and(|base| base > LONGEST) {
        let message = "kept as it is: osm-edge would take it for 1s";
        lowering.note(document, &format!("{POLICY}.{BASE}"), NoteKind::Surprise, message);
    }
    if let Some(source) = &spec.source {
        let message = format!("not looked at: it applies whether or not this client is `{}`", source.name);
        lowering.note(document, "spec.source", NoteKind::NotApplied, message);
    }
}
