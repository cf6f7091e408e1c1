//! Circuits by key against one plain circuit for each: as long as there is room, keys know nothing of each other.

use std::{collections::HashMap, time::Duration};

use proptest::prelude::*;
use tower_mesh::policy::{
    Failure, Lane, Outcome, Time,
    circuit_breaker::{
        Abandoned, Admission, Circuit, Circuits, HalfOpen, KeyTicket, Settings, State, Status, Ticket,
    },
};

const KEYS: u8 = 5;
const OPEN_FOR: u64 = 20;

#[derive(Debug, Clone, Copy)]
enum Step {
    Arrive(u8),
    Settle(usize, Outcome),
    Answered(usize),
    Wait(u64),
    ForceOpen(u8),
    ForceClosed(u8),
    Reset(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Success),
        3 => Just(Outcome::Failure(Failure::Status(500))),
        1 => Just(Outcome::Abandoned),
        1 => Just(Outcome::Local),
    ];
    prop_oneof![
        16 => (0..KEYS).prop_map(Step::Arrive),
        16 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Step::Settle(which, outcome)),
        2 => any::<usize>().prop_map(Step::Answered),
        4 => (0u64..15).prop_map(Step::Wait),
        1 => (0..KEYS).prop_map(Step::ForceOpen),
        1 => (0..KEYS).prop_map(Step::ForceClosed),
        1 => (0..KEYS).prop_map(Step::Reset),
    ]
}

/// Settings of every kind, but for jitter: that differs by key.
fn settings(most_keys: impl Strategy<Value = u32>) -> impl Strategy<Value = Settings> {
    let window = prop_oneof![Just((None, None)), Just((Some(4), None)), Just((None, Some(6)))];
    let amounts = proptest::option::of(1u32..5);
    let ratios = proptest::option::of(1u32..=10);
    let ms = Duration::from_millis;
    let half_open = prop_oneof![
        Just(None),
        Just(Some(HalfOpen::new().deadline(ms(10)))),
        Just(Some(HalfOpen::new().successes(2).failures(2).concurrent(2).deadline(ms(25)))),
        Just(Some(HalfOpen::new().ratio(3, 0.5).concurrent(3).deadline(ms(25)))),
    ];
    let abandoned = prop_oneof![
        Just(Abandoned::Neutral),
        Just(Abandoned::Failure),
        Just(Abandoned::FailureAfter(ms(5))),
        Just(Abandoned::Slow),
    ];
    let rules = (amounts.clone(), amounts.clone(), ratios.clone(), ratios, amounts);
    (window, rules, half_open, abandoned, any::<bool>(), most_keys).prop_map(
        move |((buckets, last), (error, slow, errors, slows, row), half_open, abandoned, grows, most)| {
            let mut settings = Settings::builder()
                .window(ms(30))
                .open_for(ms(OPEN_FOR))
                .slow_time(ms(8))
                .minimum_requests(3)
                .abandoned(abandoned)
                .most_keys(most);
            if let Some(buckets) = buckets {
                settings = settings.sliding(buckets);
            }
            if let Some(last) = last {
                settings = settings.last_calls(last);
            }
            if let Some(amount) = error {
                settings = settings.error_amount(amount);
            }
            if let Some(amount) = slow {
                settings = settings.slow_amount(amount);
            }
            if let Some(tenths) = errors {
                settings = settings.error_ratio(f64::from(tenths) / 10.0);
            }
            if let Some(tenths) = slows {
                settings = settings.slow_ratio(f64::from(tenths) / 10.0);
            }
            if let Some(amount) = row {
                settings = settings.consecutive_errors(amount);
            }
            if let Some(half_open) = half_open {
                settings = settings.half_open(half_open);
            }
            if grows {
                settings = settings.open_growth(2.0, ms(70));
            }
            settings.build().expect("these mean something")
        },
    )
}

fn at(ms: u64) -> Time {
    Time::from_nanos(7) + Duration::from_millis(1_000 + ms)
}

/// A naive model: a circuit of its own for each key that was asked for.
fn as_circuits_of_their_own(settings: &Settings, steps: &[Step]) -> Result<(), TestCaseError> {
    let keyed = Circuits::new(settings.clone());
    let mut model: HashMap<u8, Circuit> = HashMap::new();
    let mut flying: Vec<(u8, KeyTicket, Ticket)> = Vec::new();
    let mut ms = 0;
    for step in steps {
        let now = at(ms);
        let new = || Circuit::new(settings.clone(), 2);
        match *step {
            Step::Wait(more) => ms += more,
            Step::Arrive(key) => {
                let own = model.entry(key).or_insert_with(new).admit(Lane::new(key.into()), || now);
                match (keyed.admit(&key, now), own) {
                    (Admission::Pass(ticket, told), Admission::Pass(own, expected)) => {
                        prop_assert_eq!(told, expected);
                        flying.push((key, ticket, own));
                    }
                    (Admission::Refuse(wait, told), Admission::Refuse(own, expected)) => {
                        prop_assert_eq!((wait, told), (own, expected));
                    }
                    (one, other) => prop_assert!(false, "{:?}, but its own: {:?}", one, other),
                }
            }
            Step::Answered(which) if !flying.is_empty() => {
                let which = which % flying.len();
                let (key, ticket, own) = flying[which];
                flying[which] = (key, keyed.answered(ticket, || now), model[&key].answered(own, || now));
            }
            Step::Settle(which, outcome) if !flying.is_empty() => {
                let (key, ticket, own) = flying.swap_remove(which % flying.len());
                let expected = model[&key].settle(own, outcome, || now).map(|told| (told, key));
                prop_assert_eq!(keyed.settle(ticket, outcome, || now), expected);
            }
            Step::Settle(..) | Step::Answered(_) => {}
            Step::ForceOpen(key) => {
                let own = model.entry(key).or_insert_with(new).force_open(now);
                prop_assert_eq!(keyed.force_open(&key, now), Some(own));
            }
            Step::ForceClosed(key) => {
                let own = model.entry(key).or_insert_with(new).force_closed(now);
                prop_assert_eq!(keyed.force_closed(&key, now), Some(own));
            }
            Step::Reset(key) => {
                prop_assert_eq!(keyed.reset(&key, now), model.get(&key).map(|own| own.reset(now)));
            }
        }
        prop_assert_eq!(keyed.len(), model.len() as u64);
        for key in 0..KEYS {
            prop_assert_eq!(keyed.status(&key, at(ms)), model.get(&key).map(|own| own.status(at(ms))));
        }
    }
    Ok(())
}

/// Whether it must not go, as far as one who looks on can tell.
fn is_in_force(status: &Status, now: Time) -> bool {
    match status.state {
        State::Closed => false,
        State::HalfOpen => {
            status.since.is_some_and(|since| now.since(since) < Duration::from_millis(OPEN_FOR))
        }
        _ => true,
    }
}

/// With less room than keys: what is in force stays as it is, whatever happens to other keys.
fn as_far_as_there_is_room(settings: &Settings, steps: &[Step]) -> Result<(), TestCaseError> {
    let keyed = Circuits::new(settings.clone());
    let mut flying: Vec<(u8, KeyTicket)> = Vec::new();
    let mut ms = 0;
    for step in steps {
        let now = at(ms);
        let before: HashMap<u8, Status> =
            (0..KEYS).filter_map(|key| Some((key, keyed.status(&key, now)?))).collect();
        let mut whose = None;
        match *step {
            Step::Wait(more) => {
                ms += more;
                continue;
            }
            Step::Arrive(key) => {
                whose = Some(key);
                if let Admission::Pass(ticket, _) = keyed.admit(&key, now) {
                    flying.push((key, ticket));
                }
            }
            Step::Settle(which, outcome) if !flying.is_empty() => {
                let (key, ticket) = flying.swap_remove(which % flying.len());
                whose = Some(key);
                if let Some((_, told)) = keyed.settle(ticket, outcome, || now) {
                    prop_assert_eq!(told, key, "what changed was another's");
                }
            }
            Step::ForceOpen(key) => {
                whose = Some(key);
                let is_there = keyed.force_open(&key, now).is_some();
                prop_assert_eq!(is_there, keyed.status(&key, now).is_some());
            }
            Step::ForceClosed(key) => {
                whose = Some(key);
                keyed.force_closed(&key, now);
            }
            Step::Reset(key) => {
                whose = Some(key);
                keyed.reset(&key, now);
            }
            Step::Settle(..) | Step::Answered(_) => {}
        }
        let mut there = 0;
        keyed.each(now, |_, _| there += 1);
        prop_assert_eq!(there, keyed.len());
        prop_assert!(there <= u64::from(settings.most_keys()));
        for (key, before) in before {
            let after = keyed.status(&key, now);
            if whose != Some(key) && (after.is_some() || is_in_force(&before, now)) {
                prop_assert_eq!(after, Some(before), "key {}", key);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn as_long_as_there_is_room_each_key_has_a_circuit_as_if_it_were_its_own(
        settings in settings(u32::from(KEYS)..8),
        steps in proptest::collection::vec(step(), 1..150),
    ) {
        as_circuits_of_their_own(&settings, &steps)?;
    }

    #[test]
    fn whatever_other_keys_do_there_are_never_too_many_and_what_is_in_force_stays_as_it_is(
        settings in settings(1u32..4),
        steps in proptest::collection::vec(step(), 1..150),
    ) {
        as_far_as_there_is_room(&settings, &steps)?;
    }
}
