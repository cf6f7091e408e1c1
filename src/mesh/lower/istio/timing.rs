//! Times that do not fit together, and faults that leave nothing to what comes after them.

use crate::{
    config::{
        Document,
        istio::{HttpRoute, Percentage, VirtualService},
    },
    mesh::{lower::Lowering, note::Code},
};

/// Tells of both, route by route.
pub(super) fn judge(document: &Document, spec: &VirtualService, lowering: &mut Lowering<'_>) {
    for (index, route) in spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        judge_fault(document, route, &path, lowering);
        judge_tries(document, route, &path, lowering);
    }
}

/// An abort of every request leaves none to be waited for or tried again.
fn judge_fault(document: &Document, route: &HttpRoute, path: &str, lowering: &mut Lowering<'_>) {
    let abort = route.fault.as_ref().and_then(|fault| fault.abort.as_ref());
    let Some(abort) = abort.filter(|abort| abort.http_status.is_some() || abort.grpc_status.is_some()) else {
        return;
    };
    let share = abort.percentage.map(|Percentage { value, .. }| value.unwrap_or(0.0));
    if share.or(abort.percent.map(f64::from)) != Some(100.0) {
        return;
    }
    let hidden = [(route.timeout.is_some(), "timeout"), (route.retries.is_some(), "retries")];
    let hidden: Vec<_> =
        hidden.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| format!("`{name}`")).collect();
    if !hidden.is_empty() {
        let message = format!("aborts every request, so there is nothing left to {}", hidden.join(" and "));
        let fix = "abort a share of the requests, or remove the rest";
        lowering.lint(document, &format!("{path}.fault.abort"), Code::FaultHides, message, fix);
    }
}

/// The last tries are cut short where all of them may take longer than the whole.
fn judge_tries(document: &Document, route: &HttpRoute, path: &str, lowering: &mut Lowering<'_>) {
    let Some(retries) = &route.retries else { return };
    let one = retries.per_try_timeout.and_then(|time| time.to_std());
    let (Some(one), Some(all)) = (one, route.timeout.and_then(|time| time.to_std())) else { return };
    let tries = u32::try_from(retries.attempts.unwrap_or(0)).unwrap_or(0).saturating_add(1);
    // A single try that is longer is told when it is loaded.
    if one < all && tries > 1 && one.saturating_mul(tries) > all {
        let message = format!(
            "{tries} tries of {one:?} may take longer than the route's `timeout` of {all:?}: the last ones are cut short"
        );
        let fix = format!("a `timeout` of more than {:?}, or shorter tries", one.saturating_mul(tries));
        lowering.lint(document, &format!("{path}.retries.perTryTimeout"), Code::TriesExceed, message, fix);
    }
}
