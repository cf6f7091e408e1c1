//! Rules that never take a request: an earlier one takes all of them, or nothing can be what they ask for.

use super::{client::Client, conditions};
use crate::{
    config::{Document, istio::VirtualService},
    mesh::{lower::Lowering, note::Code},
    policy::route,
};

/// A rule as far as it matters here.
struct Asked {
    path: String,
    rule: route::Rule<()>,
}

/// Tells of rules that never take a request of this client's. Each is compared with those before it, so this is done only
/// when it is asked for.
pub(super) fn judge(
    document: &Document,
    spec: &VirtualService,
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) {
    let mut before: Vec<Asked> = Vec::new();
    for (index, route) in spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        let mut conditions = Vec::new();
        for (number, entry) in route.matches.iter().enumerate() {
            let path = format!("{path}.match[{number}]");
            let read =
                lowering.quietly(|lowering| conditions::condition(document, entry, &path, client, lowering));
            let Ok(condition) = read else { continue };
            if condition.is_impossible() {
                let message = "never takes a request: none can be all that it asks for";
                let fix = "remove it, or ask for less";
                lowering.lint(document, &path, Code::RuleImpossible, message, fix);
            }
            conditions.push(condition);
        }
        if conditions.is_empty() && !route.matches.is_empty() {
            continue;
        }
        let rule = route::Rule::when_any(conditions, ());
        // What a delegate leaves over goes on to the next.
        let is_whole = route.delegate.is_none();
        if let Some(earlier) = before.iter().find(|earlier| earlier.rule.covers(&rule)) {
            let at = document.locate_nearest(&earlier.path);
            let message =
                format!("never takes a request: the rule at {at} comes first and takes all that it would");
            let shown = if route.matches.is_empty() { path.clone() } else { format!("{path}.match") };
            lowering.lint(
                document,
                &shown,
                Code::RuleShadowed,
                message,
                "put it before that rule, or remove it",
            );
        } else if is_whole {
            before.push(Asked { path, rule });
        }
    }
}
