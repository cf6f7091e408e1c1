//! Retries in a plan: as a sentence for people, as fields for machines.

use std::fmt;

use serde::{Serialize, Serializer};

use super::span::Span;
use crate::policy::retry::{Methods, RetryOn, Settings, Word};

/// The settings' fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    attempts: u32,
    on: String,
    backoff: Backoff,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_try_timeout: Option<Span>,
    methods: &'static str,
    avoid_previous_hosts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    honour_retry_after: Option<Span>,
    body_limit: usize,
    hedging: bool,
    #[serde(skip_serializing_if = "super::is_not")]
    judge_local_answers: bool,
    trust_request_headers: bool,
    count_attempts: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Backoff {
    base: Span,
    most: Span,
    jitter: bool,
}

pub(super) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let backoff = settings.backoff();
    let fields = Fields {
        attempts: settings.attempts(),
        on: written(settings.on(), ",", None),
        backoff: Backoff {
            base: Span(backoff.base()),
            most: Span(backoff.longest()),
            jitter: backoff.is_random(),
        },
        per_try_timeout: settings.per_try_timeout().map(Span),
        methods: match settings.methods() {
            Methods::All => "all",
            Methods::Safe => "safe",
        },
        avoid_previous_hosts: settings.avoid_previous_hosts(),
        honour_retry_after: settings.honour_retry_after().map(Span),
        body_limit: settings.body_limit(),
        hedging: settings.hedging(),
        judge_local_answers: settings.judges_local_answers(),
        trust_request_headers: settings.trust_request_headers(),
        count_attempts: settings.count_attempts(),
    };
    fields.serialize(serializer)
}

pub(super) fn describe(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if settings.retries_something() {
        let times = match settings.attempts() {
            1 => "once".to_owned(),
            attempts => format!("up to {attempts} times"),
        };
        write!(f, "retries: {times} on {}", written(settings.on(), ", ", Some(Word::RetriableStatusCodes)))?;
        waits(settings, f)?;
    } else {
        f.write_str("retries: none")?;
    }
    if let Some(time) = settings.per_try_timeout() {
        let late = if settings.hedging() { "joined by another when late by" } else { "given up after" };
        write!(f, "; a try is {late} {}", Span(time))?;
    }
    if settings.methods() == Methods::Safe {
        f.write_str("; safe methods only")?;
    }
    if let Some(most) = settings.honour_retry_after() {
        write!(f, "; waits as the upstream asks, up to {}", Span(most))?;
    }
    if settings.trust_request_headers() {
        f.write_str("; a request's `x-envoy-…` headers count instead")?;
    }
    if settings.judges_local_answers() {
        f.write_str("; of our own answers too")?;
    }
    if settings.count_attempts() {
        f.write_str("; tries are numbered")?;
    }
    Ok(())
}

/// Words and statuses, of which those that stand side by side are one: `reset, 500-599`; and what is tried again for
/// the sake of a status. A word that the statuses say better can be left out.
fn written(on: &RetryOn, comma: &str, but: Option<Word>) -> String {
    let words = Word::ALL.iter().filter(|word| on.has(**word) && but != Some(**word));
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for status in on.statuses().iter() {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == status => *last = status,
            _ => ranges.push((status, status)),
        }
    }
    let statuses = ranges.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    let unanswered = [(503, "no answer"), (504, "a late try")];
    let unanswered = unanswered.into_iter().filter(|(status, _)| on.has_unanswered(*status));
    let unanswered = unanswered.map(|(_, name)| name.to_owned());
    let said: Vec<_> = words.map(|word| word.name().to_owned()).chain(statuses).chain(unanswered).collect();
    if said.is_empty() { on.to_string() } else { said.join(comma) }
}

fn waits(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let backoff = settings.backoff();
    if backoff.longest().is_zero() {
        return f.write_str(", at once");
    }
    let by_chance = if backoff.is_random() { "up to " } else { "" };
    if settings.attempts() == 1 {
        return write!(f, ", after {by_chance}{}", Span(backoff.base()));
    }
    write!(
        f,
        ", after {by_chance}{} and twice that each time, at most {}",
        Span(backoff.base()),
        Span(backoff.longest())
    )
}
