//! Istio's `fault`.

use insta::assert_snapshot;

use crate::{
    istio::{routes, told},
    osm::{mesh, notes},
};

fn fault(block: &str) -> String {
    routes(&[&format!("{{fault: {{{block}}}}}")])
}

fn plan(block: &str) -> String {
    told(&fault(block), &["fault:"])
}

#[test]
fn a_delay_and_an_abort_have_shares_of_their_own() {
    assert_snapshot!(plan("delay: {percentage: {value: 100.0}, fixedDelay: 7s}"), @"1. fault: delays 100 % by 7s");
    assert_snapshot!(plan("abort: {percentage: {value: 0.1}, httpStatus: 503}"), @"1. fault: aborts 0.1 % with 503");
    assert_snapshot!(plan("abort: {percentage: {value: 50}, grpcStatus: UNAVAILABLE}"), @"1. fault: aborts 50 % with gRPC UNAVAILABLE");
    let both = "delay: {percentage: {value: 50.0}, fixedDelay: 5s}, abort: {percentage: {value: 50.0}, httpStatus: 503}";
    assert_snapshot!(plan(both), @"1. fault: delays 50 % by 5s, aborts 50 % with 503");
    assert_snapshot!(notes(&fault(both)), @"policy.yaml:7:66 spec.http[0].fault.abort: drawn apart from the delay: a request can meet both (`towerMesh: {exclusive: true}` draws once)");
    assert_snapshot!(told(&fault(both).replace("fixedDelay", "fixed_delay"), &["fault:"]), @"1. fault: delays 50 % by 5s, aborts 50 % with 503");
}

#[test]
fn one_draw_for_both_is_told_and_warned_of_where_they_do_not_fit() {
    let block = |delay: u32, abort: u32| {
        format!(
            "delay: {{percentage: {{value: {delay}}}, fixedDelay: 5s}}, \
             abort: {{percentage: {{value: {abort}}}, httpStatus: 503}}, towerMesh: {{exclusive: true}}"
        )
    };
    assert_snapshot!(plan(&block(50, 50)), @"1. fault: delays 50 % by 5s, aborts 50 % with 503, never both");
    assert_eq!(notes(&fault(&block(50, 50))), "");
    assert_snapshot!(notes(&fault(&block(75, 50))), @"policy.yaml:7:138 spec.http[0].fault.towerMesh.exclusive: leaves 25 % to the abort, which asks for 50 %");
}

#[test]
fn a_limit_of_faults_under_way() {
    assert_snapshot!(plan("delay: {percentage: {value: 1}, fixedDelay: 5s}, towerMesh: {mostActive: 3}"), @"1. fault: delays 1 % by 5s; at most 3 at once");
}

#[test]
fn the_old_spelling_of_a_share_counts_where_the_new_one_is_absent() {
    assert_snapshot!(plan("delay: {percent: 100, fixedDelay: 2s}"), @"1. fault: delays 100 % by 2s");
    assert_eq!(notes(&fault("delay: {percent: 100, fixedDelay: 2s}")), "");
    let abort = "abort: {percent: 50, httpStatus: 500}";
    assert_snapshot!(plan(abort), @"1. fault: aborts 50 % with 500");
    assert_snapshot!(notes(&fault(abort)), @"policy.yaml:7:31 spec.http[0].fault.abort.percent: read as `percentage`: Istio has dropped this spelling, and would abort nothing");
    let both = "delay: {percent: 100, percentage: {value: 0}, fixedDelay: 2s}, \
                abort: {percent: 100, percentage: {}, httpStatus: 500}";
    assert_snapshot!(plan(both), @"");
    assert_snapshot!(notes(&fault(both)), @r"
    policy.yaml:7:31 spec.http[0].fault.delay.percent: has no effect beside `percentage`
    policy.yaml:7:94 spec.http[0].fault.abort.percent: has no effect beside `percentage`
    ");
}

#[test]
fn what_never_happens_is_not_in_the_plan_and_told() {
    for (block, notes) in [
        ("delay: {fixedDelay: 5s}", 1),
        ("abort: {httpStatus: 500}", 1),
        ("delay: {}", 1),
        ("abort: {}", 1),
        ("delay: {percentage: {value: 0}, fixedDelay: 5s}", 0),
    ] {
        assert_eq!((plan(block), mesh(&fault(block)).notes().len()), (String::new(), notes), "{block}");
    }
    assert_snapshot!(notes(&fault("delay: {fixedDelay: 5s}, abort: {httpStatus: 500}")), @r"
    policy.yaml:7:14 spec.http[0].fault.delay: never happens: without a `percentage` it is 0 %
    policy.yaml:7:39 spec.http[0].fault.abort: never happens: without a `percentage` it is 0 %
    ");
    assert_snapshot!(notes(&fault("delay: {}, abort: {}")), @r"
    policy.yaml:7:14 spec.http[0].fault.delay: has no effect: `fixedDelay` is not set
    policy.yaml:7:25 spec.http[0].fault.abort: has no effect: neither `httpStatus` nor `grpcStatus` is set
    ");
}

#[test]
fn what_istio_refuses_has_no_effect_and_is_told() {
    let text = fault(
        "delay: {percentage: {value: 1}, exponentialDelay: 5s}, abort: {percentage: {value: 1}, http2Error: CANCEL}",
    );
    assert_snapshot!(told(&text, &["fault:"]), @"");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:7:64 spec.http[0].fault.delay.exponentialDelay: has no effect: Istio knows this field and refuses it
    policy.yaml:7:113 spec.http[0].fault.abort.http2Error: has no effect: Istio knows this field and refuses it
    ");
}

#[test]
fn requests_may_ask_for_their_faults() {
    let text = "delay: {percentage: {value: 10}}, towerMesh: {byHeaders: true}";
    assert_snapshot!(plan(text), @"1. fault: delays 10 % of those whose headers ask for it, aborts 100 % of those whose headers ask for it");
    assert_eq!(notes(&fault(text)), "");
    assert_snapshot!(plan("towerMesh: {byHeaders: true}"), @"1. fault: delays 100 % of those whose headers ask for it, aborts 100 % of those whose headers ask for it");
}
