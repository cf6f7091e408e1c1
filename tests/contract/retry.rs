//! Retries keep the contract: off, with nothing to try again, and trying again what stays bad.

use std::time::Duration;

use tower_mesh::{
    Plain, RetryLayer,
    layer::retry::RetryBudget,
    policy::{
        backoff::Backoff,
        budget,
        retry::{Settings, SettingsBuilder},
    },
};

use crate::{
    breaker::fragile,
    contract::contract,
    loss::{BoxError, Own},
    subject::Subject,
};

contract!(off: Subject::never(|| RetryLayer::new(Settings::off())), [readiness passing]);

contract!(with_nothing_to_try_again: Subject::never(|| retries(on("connect-failure"))),
    [readiness passing]);

contract!(trying_again_what_stays_bad: Subject::never(|| retries(on("5xx,reset"))),
    [readiness passing]);

contract!(giving_late_tries_up: Subject::never(||
    retries(on("5xx").per_try_timeout(Duration::from_secs(7200)))), [readiness passing]);

contract!(hedged: Subject::never(||
    retries(on("5xx").per_try_timeout(Duration::from_secs(7200)).hedging(true))),
    [readiness passing]);

// A late answer takes ten seconds.
contract!(joining_late_tries: Subject::never(||
    retries(on("5xx").per_try_timeout(Duration::from_secs(4)).hedging(true))),
    [readiness passing]);

contract!(within_a_budget: Subject::never(||
    retries(on("5xx")).gated_by(RetryBudget::new(budget::Settings::default()))),
    [readiness passing]);

contract!(over_plain: Subject::never(|| retries(on("reset")).over(Plain)).failing_with::<Own>(),
    [readiness passing]);

contract!(over_plain_boxed: Subject::never(|| retries(on("reset")).over(Plain.boxed())).failing_with::<BoxError>(),
    [readiness passing]);

// What a breaker further in refuses comes out as it is.
contract!(around_a_breaker: Subject::two_strikes(|| (retries(on("connect-failure")), fragile())),
    [readiness passing state settling refusing recovering answers]);

contract!(in_a_breaker: Subject::two_strikes(|| (fragile(), retries(on("5xx,reset")))),
    [readiness passing state settling refusing recovering answers]);

/// Without waits: a law may ask on a thread whose timers stand still.
fn on(words: &str) -> SettingsBuilder {
    Settings::builder().attempts(2).on(words.parse().unwrap()).backoff(Backoff::AT_ONCE)
}

fn retries(settings: SettingsBuilder) -> RetryLayer {
    RetryLayer::new(settings.build().unwrap())
}
