//! Spans between two events: a circuit is open, an endpoint is out.

use std::collections::{BTreeMap, btree_map::Entry};

use super::svg::num;
use crate::testing::report::Moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Open,
    HalfOpen,
    Ejected,
}

/// How long something was in a state that is worth a mark.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) state: State,
    /// In milliseconds after the run's start.
    pub(super) from: f64,
    pub(super) to: f64,
    /// What there is to read.
    pub(super) told: String,
}

/// What has begun, and is over at the next event that says so.
struct Begun<'a> {
    state: State,
    moment: &'a Moment,
}

impl Begun<'_> {
    /// It lasts until then.
    fn until(&self, to: f64) -> Span {
        let Self { state, moment } = self;
        let from = moment.at_ms as f64;
        let name = match state {
            State::Open => "open",
            State::HalfOpen => "half-open",
            State::Ejected => "ejected",
        };
        let [start, end] = [from, to].map(|ms| num(ms / 1e3));
        let about = moment.endpoint.as_deref().map_or(String::new(), |endpoint| format!("{endpoint} of "));
        let told = format!("{name} from {start} s to {end} s\n{about}{}\n{}", moment.subject, moment.detail);
        Span { state: *state, from, to: to.max(from), told }
    }

    /// Nothing was heard of its end: it lasts as long as was known, or to the end of the run.
    fn unheard(&self, end: f64) -> Span {
        self.until(self.moment.until_ms.map_or(end, |until| (until as f64).min(end)))
    }
}

/// By subject, when its circuit was open.
pub(super) fn circuits(events: &[Moment], end: f64) -> BTreeMap<&str, Vec<Span>> {
    spans(events, end, |moment| {
        let state = match moment.kind.as_str() {
            "opened" | "forced_open" => Some(State::Open),
            "half_opened" => Some(State::HalfOpen),
            "closed" | "forced_closed" | "reset" => None,
            _ => return None,
        };
        Some((moment.subject.as_str(), state))
    })
}

/// By upstream, or by address where the report knows of none there, when it was ejected.
pub(super) fn ejections(events: &[Moment], end: f64) -> BTreeMap<&str, Vec<Span>> {
    spans(events, end, |moment| {
        let state = match moment.kind.as_str() {
            "ejected" => Some(State::Ejected),
            "returned" => None,
            _ => return None,
        };
        let endpoint = moment.endpoint.as_deref().unwrap_or(&moment.subject);
        Some((moment.upstream.as_deref().unwrap_or(endpoint), state))
    })
}

/// `read` says in whose lane an event is, and which state begins there.
fn spans<'a>(
    events: &'a [Moment],
    end: f64,
    read: impl Fn(&'a Moment) -> Option<(&'a str, Option<State>)>,
) -> BTreeMap<&'a str, Vec<Span>> {
    let mut lanes = BTreeMap::<&str, Vec<Span>>::new();
    // One endpoint can be in several clusters, each of which ejects it by itself.
    let mut begun = BTreeMap::<(&str, &str, Option<&str>), Begun<'a>>::new();
    for moment in events {
        let Some((lane, state)) = read(moment) else { continue };
        let entry = begun.entry((lane, &moment.subject, moment.endpoint.as_deref()));
        if let Entry::Occupied(entry) = entry {
            lanes.entry(lane).or_default().push(entry.remove().until(moment.at_ms as f64));
        }
        if let Some(state) = state {
            begun.insert((lane, &moment.subject, moment.endpoint.as_deref()), Begun { state, moment });
        }
    }
    for ((lane, ..), begun) in begun {
        lanes.entry(lane).or_default().push(begun.unheard(end));
    }
    for lane in lanes.values_mut() {
        lane.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.to.total_cmp(&b.to)));
    }
    lanes
}
