//! The circuit breaker keeps the contract, over every protocol and with every rule.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower_mesh::{
    AnswerableLayer, CircuitBreakerLayer, Http, Plain,
    layer::protocol::Protocol,
    policy::{
        Failure, Outcome,
        circuit_breaker::{Abandoned, Settings, SettingsBuilder},
    },
};

use crate::{
    contract::contract,
    loss::{BoxError, Loss, Lost, Own},
    subject::{Ending, Subject},
};

contract!(at_the_head: Subject::two_strikes(|| breaker(two_errors())));

contract!(at_the_trailers: Subject::two_strikes(|| breaker(two_errors()).judging_trailers()));

contract!(at_the_trailers_above_answerable:
    Subject::two_strikes(|| (breaker(two_errors()).judging_trailers(), AnswerableLayer)));

contract!(above_answerable: Subject::two_strikes(|| (breaker(two_errors()), AnswerableLayer)));

contract!(below_answerable: Subject::two_strikes(|| (AnswerableLayer, breaker(two_errors()))));

contract!(in_another_breaker: Subject::two_strikes(|| (breaker(Settings::builder()), breaker(two_errors()))));

contract!(around_another_breaker: Subject::two_strikes(|| (breaker(two_errors()), breaker(Settings::builder()))));

contract!(at_ratios: Subject::two_strikes(|| breaker(
    Settings::builder().abandoned(Abandoned::Failure).error_ratio(0.6).minimum_requests(2))));

contract!(with_every_rule: Subject::two_strikes(|| breaker(two_errors()
    .error_ratio(1.0).slow_amount(2).slow_ratio(1.0).slow_time(Duration::from_secs(60)).minimum_requests(2))));

contract!(counting_slow_answers: Subject::two_strikes(|| breaker(two_errors().slow_amount(2)))
    .counting(&[Ending::Status, Ending::Error, Ending::Late, Ending::DroppedUnpolled, Ending::DroppedInFlight,
        Ending::PanicInCall, Ending::PanicInPoll]));

contract!(that_ignores_who_goes_away: Subject::two_strikes(|| breaker(two_errors().abandoned(Abandoned::Neutral)))
    .counting(&[Ending::Status, Ending::Error]));

// Judges by the probe's own types, which are not those of a router.
contract!(judging_by_itself: Subject::two_strikes(|| breaker(two_errors()).over(Http.judging(
    |result: &Result<Response<Full<Bytes>>, Lost>, outcome| match result {
        Ok(_) => Outcome::Success,
        Err(Lost) => outcome,
    })))
    .counting(&[Ending::Error, Ending::DroppedUnpolled, Ending::DroppedInFlight, Ending::PanicInCall,
        Ending::PanicInPoll]),
    [readiness passing state settling refusing recovering answers]);

contract!(judging_by_itself_at_the_trailers: Subject::two_strikes(|| breaker(two_errors()).judging_trailers()
    .over(Http.judging(|result: &Result<Response<Full<Bytes>>, Lost>, _| match result {
        Ok(response) if response.status() == 200 => Outcome::Success,
        _ => Outcome::Failure(Failure::Status(500)),
    }))),
    [readiness passing state settling refusing recovering answers]);

// An answer is an answer here, whatever stands in it.
contract!(over_plain: Subject::two_strikes(|| breaker(two_errors()).over(Plain))
    .failing_with::<Own>().counting(NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_reading: Subject::two_strikes(|| breaker(two_errors()).over(Plain.reading(Own::refusal)))
    .failing_with::<Own>().counting(NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_boxed: Subject::two_strikes(|| breaker(two_errors()).over(Plain.boxed()))
    .failing_with::<BoxError>().counting(NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_at_the_trailers: Subject::two_strikes(|| breaker(two_errors()).judging_trailers().over(Plain))
    .failing_with::<Own>().counting(NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(that_cannot_open: Subject::never(|| breaker(Settings::builder())), [readiness passing]);

contract!(answerable_alone: Subject::never(|| AnswerableLayer), [readiness passing]);

const NOT_ANSWERED: &[Ending] = &[
    Ending::Error,
    Ending::DroppedUnpolled,
    Ending::DroppedInFlight,
    Ending::PanicInCall,
    Ending::PanicInPoll,
];

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.open_for(Duration::from_secs(30)).build().unwrap())
}

fn two_errors() -> SettingsBuilder {
    // Longer than the slowest law, so that two strikes are always in one window.
    let window = Duration::from_secs(600);
    Settings::builder().window(window).error_amount(2).abandoned(Abandoned::Failure)
}
