//! osm-edge's `Retry`: whose requests to which services are tried again.

use std::time::Duration;

use super::super::{
    Lowering,
    invalid::{InvalidBlock, set},
};
use crate::{
    config::{Document, GoDuration, Resource, osm},
    mesh::{host::Host, note::NoteKind},
    policy::{
        backoff::{Backoff, Jitter},
        retry::{RetryOn, Settings},
    },
};

const POLICY: &str = "spec.retryPolicy";

/// Retries to one service.
pub(super) struct Retried<'a> {
    pub(super) document: &'a Document,
    pub(super) host: Host,
    pub(super) settings: Settings,
}

impl TryFrom<&osm::RetryPolicy> for Settings {
    type Error = InvalidBlock;

    /// The waits grow from `retryBackoffBaseInterval` to ten times that, without chance.
    fn try_from(block: &osm::RetryPolicy) -> Result<Self, InvalidBlock> {
        let mut settings = Self::builder()
            .attempts(block.num_retries.unwrap_or(0))
            .on(RetryOn::osm(block.retry_on.as_deref().unwrap_or_default()).on)
            .backoff(backoff(block)?);
        if let Some(time) = millis("perTryTimeout", block.per_try_timeout)? {
            settings = settings.per_try_timeout(time);
        }
        settings
            .build()
            .map_err(|error| InvalidBlock::new("retryOn", error.found(), error.field().accepted()))
    }
}

impl TryFrom<osm::RetryPolicy> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: osm::RetryPolicy) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

fn backoff(block: &osm::RetryPolicy) -> Result<Backoff, InvalidBlock> {
    Ok(match millis("retryBackoffBaseInterval", block.retry_backoff_base_interval)? {
        Some(base) => Backoff::new(base).jitter(Jitter::None),
        None => Backoff::AT_ONCE,
    })
}

fn millis(field: &'static str, time: Option<GoDuration>) -> Result<Option<Duration>, InvalidBlock> {
    let accepted = "at least 1ms and in whole milliseconds, or 0 for unset";
    let whole = |time: GoDuration| time.whole_millis().map_err(|_| InvalidBlock::new(field, time, accepted));
    set(time).map(whole).transpose()
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
            if end.kind != "Service" {
                let path = format!("spec.destinations[{index}].kind");
                let message = format!("passed over: a `{}` is no `Service`", end.kind);
                lowering.note(document, &path, NoteKind::Surprise, message);
                continue;
            }
            let namespace = end.namespace.as_deref().unwrap_or_else(|| lowering.namespace(document));
            let host = Host::Service { name: end.name.clone(), namespace: namespace.to_owned() };
            all.push(Retried { document, host, settings: settings.clone() });
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
    for word in RetryOn::osm(policy.retry_on.as_deref().unwrap_or_default()).unknown {
        let message = format!(
            "`{word}` matches nothing: osm-edge knows statuses such as `503` and classes such as `5xx`"
        );
        lowering.note(document, &format!("{POLICY}.retryOn"), NoteKind::Surprise, message);
    }
    if let Some(source) = &spec.source {
        let message = format!("applied whoever the client is: that it is `{}` is not looked at", source.name);
        lowering.note(document, "spec.source", NoteKind::NotApplied, message);
    }
}
