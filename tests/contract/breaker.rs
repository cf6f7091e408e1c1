//! The circuit breaker keeps the contract, over every protocol and with every rule.

use std::time::Duration;

use bytes::Bytes;
use http::{
    Response,
    header::{ACCEPT, HOST},
};
use http_body_util::Full;
use tower_mesh::{
    AnswerableLayer, CircuitBreakerLayer, Events, Http, Plain,
    layer::{draw::Draws, protocol::Protocol},
    policy::{
        Failure, Outcome,
        circuit_breaker::{Abandoned, HalfOpen, Settings, SettingsBuilder},
    },
};

use crate::{
    contract::contract,
    loss::{BoxError, Loss, Lost, Own},
    probe::Ask,
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
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_reading: Subject::two_strikes(|| breaker(two_errors()).over(Plain.reading(Own::refusal)))
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_boxed: Subject::two_strikes(|| breaker(two_errors()).over(Plain.boxed()))
    .failing_with::<BoxError>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_at_the_trailers: Subject::two_strikes(|| breaker(two_errors()).judging_trailers().over(Plain))
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

// ===== windows, rows, ways of recovering =====

contract!(over_a_window_that_slides: Subject::two_strikes(|| breaker(two_errors().sliding(10))));

contract!(over_the_last_calls: Subject::two_strikes(|| breaker(two_errors().last_calls(20))));

contract!(at_errors_in_a_row: Subject::two_strikes(|| breaker(in_a_row())));

contract!(counting_who_goes_away_after_a_while: Subject::two_strikes(|| breaker(
    two_errors().abandoned(Abandoned::FailureAfter(Duration::from_secs(1)))))
    .counting(&[Ending::Status, Ending::Error]));

contract!(opening_longer_each_time: Subject::two_strikes(|| breaker(
    two_errors().open_growth(2.0, Duration::from_secs(300)))));

contract!(half_open: Subject::two_strikes(|| breaker(two_errors().half_open(HalfOpen::new()))));

contract!(half_open_by_ratio: Subject::two_strikes(|| breaker(
    two_errors().half_open(HalfOpen::new().ratio(3, 0.5)).open_growth(2.0, Duration::from_secs(300)))));

contract!(half_open_at_the_trailers: Subject::two_strikes(|| breaker(
    two_errors().half_open(HalfOpen::new())).judging_trailers()));

contract!(half_open_over_plain: Subject::two_strikes(|| breaker(two_errors().half_open(HalfOpen::new())).over(Plain))
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(told_and_drawing: Subject::two_strikes(|| breaker(two_errors().open_jitter(1e-9))
    .drawing(Draws::seeded(7)).told("probe", &Events::new())));

// It opens, and nobody notices.
contract!(in_the_shadow: Subject::never(|| breaker(two_errors().error_amount(1).shadow(true))),
    [readiness passing]);

contract!(in_the_shadow_at_the_trailers: Subject::never(|| breaker(two_errors().error_amount(1).shadow(true))
    .judging_trailers()),
    [readiness passing]);

contract!(out_of_the_shadow: Subject::two_strikes(|| {
    let layer = breaker(two_errors().shadow(true));
    layer.handle().set_shadow(false);
    layer
}));

// ===== a circuit for each key =====

contract!(by_host: Subject::two_strikes(|| CircuitBreakerLayer::by_host(built(two_errors()))));

contract!(by_header: Subject::two_strikes(|| CircuitBreakerLayer::by_header(built(two_errors()), HOST)));

contract!(by_header_that_is_not_there:
    Subject::two_strikes(|| CircuitBreakerLayer::by_header(built(two_errors()), ACCEPT)));

contract!(by_header_half_open: Subject::two_strikes(||
    CircuitBreakerLayer::by_header(built(two_errors().half_open(HalfOpen::new())), HOST)));

contract!(by_header_with_room_for_one: Subject::two_strikes(||
    CircuitBreakerLayer::by_header(built(two_errors().most_keys(1)), HOST)));

contract!(by_header_in_the_shadow: Subject::never(||
    CircuitBreakerLayer::by_header(built(two_errors().error_amount(1).shadow(true)), HOST)),
    [readiness passing]);

// Its function is for the probe's own requests, which are not those of a router.
contract!(keyed: Subject::two_strikes(|| CircuitBreakerLayer::keyed(built(two_errors()), all_alike)),
    [readiness passing state settling refusing recovering answers]);

contract!(keyed_at_the_trailers:
    Subject::two_strikes(|| CircuitBreakerLayer::keyed(built(two_errors()), all_alike).judging_trailers()),
    [readiness passing state settling refusing recovering answers]);

contract!(keyed_over_plain:
    Subject::two_strikes(|| CircuitBreakerLayer::keyed_over(Plain, built(two_errors()), all_alike))
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(keyed_over_plain_boxed_half_open:
    Subject::two_strikes(|| CircuitBreakerLayer::keyed_over(Plain.boxed(),
        built(two_errors().half_open(HalfOpen::new())), all_alike))
    .failing_with::<BoxError>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(that_cannot_open: Subject::never(|| breaker(Settings::builder())), [readiness passing]);

contract!(answerable_alone: Subject::never(|| AnswerableLayer), [readiness passing]);

/// Opens at the second strike: for what others do above and below a breaker.
pub(crate) fn fragile() -> CircuitBreakerLayer {
    breaker(two_errors())
}

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(built(settings))
}

fn built(settings: SettingsBuilder) -> Settings {
    settings.open_for(Duration::from_secs(30)).build().unwrap()
}

fn in_a_row() -> SettingsBuilder {
    Settings::builder().consecutive_errors(2).abandoned(Abandoned::Failure)
}

/// Where a refused HEAD is asked for, the circuit is the one that a GET has opened.
fn all_alike(_: &Ask) -> u8 {
    7
}

fn two_errors() -> SettingsBuilder {
    // Longer than the slowest law, so that two strikes are always in one window.
    let window = Duration::from_secs(600);
    Settings::builder().window(window).error_amount(2).abandoned(Abandoned::Failure)
}
