//! The contract: which laws a layer is held to, by one line.

/// Makes a module with a test per law.
///
/// ```ignore
/// contract!(timeout: Subject::never(|| TimeoutLayer::new(..)), [readiness passing]);
/// contract!(limits: Subject::one_in_flight(|| LimitsLayer::new(..)),
///     [readiness passing state settling refusing answers router]);
/// contract!(fault: Subject::always(|| FaultLayer::new(..)), [refusing answers router]);
/// contract!(breaker: Subject::two_strikes(|| CircuitBreakerLayer::new(..)));
/// contract!(breaker_over_plain: Subject::two_strikes(|| ..).failing_with::<Own>(),
///     [readiness passing state settling refusing recovering errors]);
/// ```
///
/// The chapters are the modules of [`laws`](crate::laws); without a list they are those of a layer that refuses for a
/// while, over HTTP.
macro_rules! contract {
    ($name:ident: $subject:expr $(,)?) => {
        contract!($name: $subject, [readiness passing state settling refusing recovering answers router]);
    };
    ($name:ident: $subject:expr, [$($chapter:ident)+] $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "a line may need no name of its module")]
            use super::*;
            $(contract!(@$chapter $subject);)+
        }
    };
    (@readiness $subject:expr) => {
        contract!(@laws readiness $subject,
            only_an_instance_that_was_readied_is_called
            what_was_readied_is_what_is_called
            what_is_readied_and_never_called_reserves_nothing
            a_call_waits_for_an_inner_service_that_is_not_ready
            an_error_of_getting_ready_is_passed_on
        );
    };
    (@passing $subject:expr) => {
        contract!(@passing_with_a_task $subject);
        contract!(@laws passing $subject, nothing_is_spawned);
    };
    (@passing_with_a_task $subject:expr) => {
        contract!(@laws passing $subject,
            requests_arrive_as_they_were_sent
            answers_come_back_as_they_were_given
            errors_come_back_as_they_were_given
            the_length_of_a_response_survives
            dropping_a_call_drops_the_inner_call
            a_call_that_hangs_wakes_nobody
        );
    };
    (@state $subject:expr) => {
        contract!(@laws state $subject,
            services_of_one_layer_share_it
            clones_of_a_service_share_it
            clones_of_a_layer_share_it
            a_layer_that_is_applied_for_each_request_keeps_it
            two_new_layers_share_nothing
            threads_share_it
        );
    };
    (@settling $subject:expr) => {
        contract!(@laws settling $subject,
            settled_once_with_a_good_answer
            settled_once_with_a_late_answer
            settled_once_with_a_bad_status
            settled_once_with_an_error
            settled_once_when_dropped_before_the_first_poll
            settled_once_when_dropped_in_flight
            settled_once_when_the_inner_call_panics
            settled_once_when_the_inner_future_panics
        );
    };
    (@refusing $subject:expr) => {
        contract!(@laws refusing $subject,
            a_refused_call_does_not_reach_the_inner_service
            refusing_spawns_nothing
            refusing_lasts_as_long_as_it_should
        );
    };
    (@recovering $subject:expr) => {
        contract!(@laws recovering $subject, what_is_settled_after_a_recovery_changes_nothing);
    };
    (@answers $subject:expr) => {
        contract!(@laws answers $subject,
            a_refusal_carries_its_reason_and_flags
            a_refused_get_is_answered_as_the_refusal_says
            a_refused_head_has_the_head_of_the_refused_get_and_no_body
            a_refused_grpc_call_is_answered_by_trailers_only
            a_get_is_no_grpc_call
        );
    };
    (@errors $subject:expr) => {
        contract!(@laws errors $subject, a_refusal_is_the_services_own_error);
    };
    (@router $subject:expr) => {
        contract!(@laws router $subject,
            a_router_keeps_the_state_over_routes_and_clones
            a_router_that_is_driven_as_a_service_keeps_the_state
        );
    };
    (@laws $chapter:ident $subject:expr, $($law:ident)+) => {$(
        #[tokio::test(start_paused = true)]
        async fn $law() {
            $crate::contract::ends($crate::laws::$chapter::$law($subject)).await;
        }
    )+};
}
pub(crate) use contract;

/// A law that is broken may hang: it has an hour of virtual time.
pub(crate) async fn ends(law: impl Future<Output = ()>) {
    tokio::time::timeout(std::time::Duration::from_secs(3600), law)
        .await
        .expect("the law was held up for an hour");
}
