//! The blocks `mirror` and `mirrors`: who gets copies of requests, and of how many.

use super::{registry::Registry, target::target};
use crate::{
    config::{Document, istio::HttpRoute},
    mesh::{
        lower::Lowering,
        note::{Code, NoteKind},
        plan::{Mirror, Target},
    },
    policy::PartsPerMillion,
};

/// Who gets copies.
pub(super) fn of(
    document: &Document,
    block: &HttpRoute,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Vec<Mirror> {
    if block.mirror.is_some() && !block.mirrors.is_empty() {
        let message = "`mirrors` cannot stand beside `mirror`";
        lowering.refuse(document, &format!("{path}.mirrors"), message, "one of them");
    }
    let mut mirrors: Vec<_> = only(document, block, path, registry, lowering).into_iter().collect();
    for (index, mirror) in block.mirrors.iter().enumerate() {
        let path = format!("{path}.mirrors[{index}]");
        let Some(to) = &mirror.destination else {
            let message = "a mirror must have a `destination`";
            lowering.refuse(document, &path, message, "`destination: {host: …}`");
            continue;
        };
        let target = target(document, to, &format!("{path}.destination"), registry, lowering);
        let percent = mirror.percentage.map_or(100.0, |percentage| percentage.value.unwrap_or(0.0));
        let path = format!("{path}.percentage.value");
        let share = share(document, percent, &path, lowering);
        mirrors.extend(copied(document, target, share, &path, lowering));
    }
    mirrors
}

/// The one of `mirror`, whose share is said beside it.
fn only(
    document: &Document,
    block: &HttpRoute,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<Mirror> {
    let (new, old) = (format!("{path}.mirrorPercentage.value"), format!("{path}.mirrorPercent"));
    let percentage = block.mirror_percentage.map(|percentage| percentage.value.unwrap_or(0.0));
    let percentage = percentage.map(|percent| share(document, percent, &new, lowering));
    let percent = block.mirror_percent.map(|percent| share(document, f64::from(percent), &old, lowering));
    let Some(to) = &block.mirror else {
        for (_, path) in
            [(percentage.is_some(), &new), (percent.is_some(), &old)].iter().filter(|(is, _)| *is)
        {
            lowering.note(document, path, NoteKind::Surprise, "has no effect: there is no `mirror`");
        }
        return None;
    };
    let target = target(document, to, &format!("{path}.mirror"), registry, lowering);
    if percent.is_some() && percentage.is_some() {
        lowering.note(document, &old, NoteKind::Surprise, "has no effect beside `mirrorPercentage`");
    } else if let Some(percent) = block.mirror_percent {
        let message = "an old spelling, read as `mirrorPercentage`";
        let fix = format!("write `mirrorPercentage: {{value: {percent}}}`");
        lowering.lint(document, &old, Code::OldSpelling, message, fix);
    }
    let path = if percentage.is_some() { &new } else { &old };
    let share = percentage.or(percent).unwrap_or(Some(PartsPerMillion::ALL));
    copied(document, target, share, path, lowering)
}

/// Copies of this share for this one; none if there would be none, which is told.
fn copied(
    document: &Document,
    target: Option<Target>,
    share: Option<PartsPerMillion>,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Mirror> {
    let (target, share) = (target?, share?);
    if share.is_none() {
        lowering.note(document, path, NoteKind::Surprise, "copies nothing: it is 0 %");
        return None;
    }
    Some(Mirror { target, share })
}

/// A share of requests, if it can be one.
fn share(
    document: &Document,
    percent: f64,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<PartsPerMillion> {
    let share = PartsPerMillion::from_percent(percent);
    if share.is_err() {
        let message = format!("a share cannot be {percent} %");
        lowering.refuse(document, path, &message, PartsPerMillion::ACCEPTED);
    }
    share.ok()
}
