//! The laws bite: each fails a layer that breaks it, and says why.
//!
//! A test that cannot fail is worse than none. So every law meets a [`Sketch`] with the mistake that it is there for;
//! and the sketch without a mistake keeps them all.

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyStream, Full, StreamBody};
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::{
    contract::{contract, ends},
    laws::{answers, errors, passing, readiness, recovering, refusing, router, settling, state},
    probe::Ask,
    sketch::{Fault, Sketch},
    subject::Subject,
};

contract!(a_sound_sketch_that_counts_strikes: Subject::two_strikes(|| Sketch::striking(Fault::Nothing)));

contract!(a_sound_sketch_that_counts_places: Subject::one_in_flight(|| Sketch::limiting(Fault::Nothing)),
    [readiness passing state settling refusing answers router]);

contract!(no_layer_at_all: Subject::never(tower::layer::util::Identity::new), [readiness passing]);

macro_rules! bites {
    ($($name:ident: $chapter:ident::$law:ident($subject:expr), $message:literal;)+) => {$(
        #[tokio::test(start_paused = true)]
        #[should_panic(expected = $message)]
        async fn $name() {
            ends($chapter::$law($subject)).await;
        }
    )+};
}

macro_rules! striking {
    ($fault:ident) => {
        Subject::two_strikes(|| Sketch::striking(Fault::$fault))
    };
}

macro_rules! limiting {
    ($fault:ident) => {
        Subject::one_in_flight(|| Sketch::limiting(Fault::$fault))
    };
}

bites! {
    calling_a_clone: readiness::only_an_instance_that_was_readied_is_called(striking!(CallsAClone)),
        "an instance was called that was not readied";
    readying_one_and_calling_another: readiness::what_was_readied_is_what_is_called(striking!(ReadiesAndCallsAClone)),
        "an instance was readied and left alone";
    reserving_when_readied: readiness::what_is_readied_and_never_called_reserves_nothing(
        limiting!(ReservesWhenReadied)), "being readied reserved something";
    striking_when_readied: readiness::what_is_readied_and_never_called_reserves_nothing(
        striking!(ReservesWhenReadied)), "being dropped after it was readied counted";
    being_always_ready: readiness::a_call_waits_for_an_inner_service_that_is_not_ready(striking!(IsAlwaysReady)),
        "an instance was called that was not readied";
    hiding_an_error_of_getting_ready: readiness::an_error_of_getting_ready_is_passed_on(striking!(IsAlwaysReady)),
        "an instance was called that was not readied";
}

bites! {
    losing_a_header: passing::answers_come_back_as_they_were_given(striking!(LosesHeaders)), "x-probe";
    losing_an_error: passing::errors_come_back_as_they_were_given(striking!(LosesErrors)),
        "the inner service's error was lost";
    losing_the_length_header: passing::the_length_of_a_response_survives(striking!(LosesHeaders)),
        "the content-length of a GET was lost";
    losing_the_size_hint: passing::the_length_of_a_response_survives(Subject::never(|| MapResponseLayer::new(
        |response: Response<Full<Bytes>>| response.map(|body| StreamBody::new(BodyStream::new(body)))))),
        "the size hint of a GET was lost";
    losing_a_requests_header: passing::requests_arrive_as_they_were_sent(Subject::never(|| MapRequestLayer::new(
        |mut request: Ask| {
            request.headers_mut().clear();
            request
        }))),
        "left == right";
    outliving_the_caller: passing::dropping_a_call_drops_the_inner_call(striking!(Spawns)),
        "the inner call outlived its caller";
    spawning: passing::nothing_is_spawned(striking!(Spawns)), "a call that is under way spawned a task";
    waking_itself: passing::a_call_that_hangs_wakes_nobody(striking!(WakesItself)), "woke its own task";
}

bites! {
    a_state_of_each_service: state::services_of_one_layer_share_it(striking!(StateOfEachService)),
        "has a state of its own";
    a_place_of_each_service: state::services_of_one_layer_share_it(limiting!(StateOfEachService)),
        "has a state of its own";
    a_state_of_each_clone: state::clones_of_a_service_share_it(striking!(StateOfEachClone)),
        "has a state of its own";
    a_state_of_each_clone_of_a_layer: state::clones_of_a_layer_share_it(striking!(StateOfEachService)),
        "a layer that was cloned has a state of its own";
    a_state_of_each_request: state::a_layer_that_is_applied_for_each_request_keeps_it(
        striking!(StateOfEachService)), "applied for each request has a state of its own";
    a_state_of_all_layers: state::two_new_layers_share_nothing(striking!(StateOfAll)),
        "a new layer knew of another's calls";
    a_state_of_each_thread: state::threads_share_it(striking!(StateOfEachThread)), "has a state of its own";
    a_state_of_each_route: router::a_router_keeps_the_state_over_routes_and_clones(
        striking!(StateOfEachService)), "has a state of its own";
    a_state_of_each_clone_of_a_router: router::a_router_that_is_driven_as_a_service_keeps_the_state(
        limiting!(StateOfEachService)), "has a state of its own";
}

bites! {
    settling_twice: settling::settled_once_with_a_bad_status(striking!(SettlesTwice)),
        "one Status was settled twice";
    striking_with_a_good_answer: settling::settled_once_with_a_good_answer(striking!(SettlesTwice)),
        "Success was settled as a bad ending";
    striking_with_a_late_answer: settling::settled_once_with_a_late_answer(striking!(SettlesTwice)),
        "Late was settled as a bad ending";
    giving_two_places_back: settling::settled_once_with_an_error(limiting!(SettlesTwice)), "one Error was settled twice";
    never_settling_what_is_dropped_unpolled: settling::settled_once_when_dropped_before_the_first_poll(
        striking!(SettlesAnswersOnly)), "DroppedUnpolled was never settled";
    never_settling_what_is_dropped: settling::settled_once_when_dropped_in_flight(striking!(SettlesAnswersOnly)),
        "DroppedInFlight was never settled";
    never_giving_back_what_is_dropped: settling::settled_once_when_dropped_in_flight(
        limiting!(SettlesAnswersOnly)), "DroppedInFlight was never settled";
    forgetting_a_panic_in_call: settling::settled_once_when_the_inner_call_panics(striking!(ForgetsPanics)),
        "PanicInCall was never settled";
    forgetting_a_panic_in_poll: settling::settled_once_when_the_inner_future_panics(striking!(ForgetsPanics)),
        "PanicInPoll was never settled";
}

bites! {
    reaching_the_inner_service: refusing::a_refused_call_does_not_reach_the_inner_service(
        striking!(RefusesAfterReaching)), "a refused call reached the inner service";
    refusing_on_a_task: refusing::refusing_spawns_nothing(striking!(RefusesOnATask)), "a refusal spawned a task";
    reading_the_systems_clock: refusing::refusing_lasts_as_long_as_it_should(striking!(ReadsTheSystemsClock)),
        "it still refused when that should have been over";
    ending_early: refusing::refusing_lasts_as_long_as_it_should(striking!(EndsEarly)),
        "a millisecond early it passed again";
    counting_what_is_late: recovering::what_is_settled_after_a_recovery_changes_nothing(striking!(CountsTheLate)),
        "what began before a recovery counted after it";
}

bites! {
    telling_no_reason: answers::a_refusal_carries_its_reason_and_flags(striking!(TellsNoReason)),
        "a refusal is in the extensions";
    telling_no_flags: answers::a_refusal_carries_its_reason_and_flags(striking!(TellsNoFlags)),
        "the flags are in the extensions";
    refusing_by_another_content: answers::a_refused_get_is_answered_as_the_refusal_says(
        striking!(RefusesInOtherWords)), "left == right";
    refusing_a_head_with_a_body:
        answers::a_refused_head_has_the_head_of_the_refused_get_and_no_body(striking!(RefusesHeadsWithABody)),
        "a refused HEAD has a body";
    refusing_grpc_as_http: answers::a_refused_grpc_call_is_answered_by_trailers_only(striking!(RefusesGrpcAsHttp)),
        "a gRPC call is refused with a status of 200";
    taking_a_get_for_grpc: answers::a_get_is_no_grpc_call(striking!(TakesGetsForGrpc)),
        "a GET was answered as a gRPC call";
    refusing_by_a_response: errors::a_refusal_is_the_services_own_error(striking!(Nothing)),
        "a refusal is an error here";
}
