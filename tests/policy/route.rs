//! Where a request goes: what conditions take, whose turn it is, and what is changed on the way.

mod changes;
mod covers;
mod headers;
mod hosts;
mod order;
mod others;
mod paths;
mod redirects;
mod rewrites;
mod table;
mod unmet;
mod weighted;

use http::{Method, Request};
use tower_mesh::policy::route::{Condition, Field, Head, SettingsError, TextMatch, ValueMatch};

type Asked = Request<()>;

fn get(uri: &str) -> Asked {
    asking(uri, &[])
}

/// A header that is named twice has two lines.
fn asking(uri: &str, headers: &[(&str, &str)]) -> Asked {
    let request =
        headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
    request.body(()).expect("a request")
}

fn with_method(method: Method, uri: &str) -> Asked {
    Request::builder().method(method).uri(uri).body(()).expect("a request")
}

fn meets(request: &Asked, condition: &Condition) -> bool {
    let head = Head::of(request);
    let is_met = condition.is_met(&head);
    assert_eq!(
        condition.unmet(&head).is_none(),
        is_met,
        "what is unmet has a reason, and what is met has none"
    );
    is_met
}

fn path(text: TextMatch) -> Condition {
    Condition::new().path(text)
}

fn header(name: &str, wants: impl Into<ValueMatch>) -> Condition {
    Condition::new().header(name, wants).expect("a name")
}

fn without(name: &str, wants: impl Into<ValueMatch>) -> Condition {
    Condition::new().without_header(name, wants).expect("a name")
}

fn exact(text: &str) -> TextMatch {
    TextMatch::exact(text)
}

fn prefix(text: &str) -> TextMatch {
    TextMatch::prefix(text)
}

fn regex(text: &str) -> TextMatch {
    TextMatch::regex(text).expect("an expression")
}

/// What is wrong with it, and where.
fn wrong<T: std::fmt::Debug>(built: Result<T, SettingsError>) -> (Field, String) {
    let error = built.expect_err("it cannot mean anything");
    (error.field(), error.to_string())
}
