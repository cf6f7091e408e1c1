//! What is changed on the way: headers, path, authority; and headers on the way back.

use http::header::HOST;
use tower::Layer;
use tower_mesh::policy::route::{
    Condition, HeaderChanges, Leg, PathRewrite, Rewrite, Route, RouteTable, Rule, TextMatch,
};

use super::{Upstream, always, ask, asking, beside, get, router, split, under};
use crate::caller::with;

fn changes(remove: &[&str], set: &[(&str, &str)], add: &[(&str, &str)]) -> HeaderChanges {
    let changes = remove.iter().fold(HeaderChanges::builder(), |changes, name| changes.remove(name));
    let changes = set.iter().fold(changes, |changes, (name, value)| changes.set(name, value));
    let changes = add.iter().fold(changes, |changes, (name, value)| changes.add(name, value));
    changes.build().expect("changes")
}

#[tokio::test(start_paused = true)]
async fn a_route_changes_the_headers_of_requests_and_of_answers() {
    let route = Route::to(0)
        .changing_requests(changes(&["cookie"], &[("x-version", "v2")], &[("via", "mesh")]))
        .changing_responses(changes(&["server"], &[("from", "mesh")], &[("x-new", "1")]));
    let upstream = Upstream::named("v2");
    let client = router(always(route), [upstream.clone()]);
    let answer = ask(&client, with(with(get(), "cookie", "a=b"), "via", "me")).await;
    assert_eq!(upstream.lines("cookie"), [""; 0]);
    assert_eq!(upstream.lines("x-version"), ["v2"]);
    assert_eq!(upstream.lines("via"), ["me", "mesh"]);
    assert_eq!(answer.headers(), [("from", "mesh"), ("x-new", "1")]);
    assert_eq!(answer.content(), "v2");
}

#[tokio::test(start_paused = true)]
async fn answers_alone_can_be_changed_or_requests_alone() {
    let (upstream, set) = (Upstream::named("v1"), || changes(&[], &[("x", "1")], &[]));
    let answers = router(always(Route::to(0).changing_responses(set())), [upstream.clone()]);
    assert_eq!((ask(&answers, get()).await.header("x"), upstream.lines("x")), (Some("1"), vec![]));
    let requests = router(always(Route::to(0).changing_requests(set())), [upstream.clone()]);
    assert_eq!((ask(&requests, get()).await.header("x"), upstream.lines("x")), (None, vec!["1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_leg_changes_what_goes_by_it_alone() {
    let leg = |number: usize, name: &str| {
        let own = changes(&[], &[("x-leg", name)], &[]);
        Leg::to(number).changing_requests(own.clone()).changing_responses(own)
    };
    let upstreams = ["v1", "v2"].map(Upstream::named);
    for weights in [[1, 0], [0, 1]] {
        let legs = [leg(0, "first").weighing(weights[0]), leg(1, "second").weighing(weights[1])];
        let answer = ask(&router(always(split(legs)), upstreams.clone()), get()).await;
        let (expected, upstream) =
            if weights[0] == 1 { ("first", &upstreams[0]) } else { ("second", &upstreams[1]) };
        assert_eq!(upstream.lines("x-leg"), [expected]);
        assert_eq!(answer.header("x-leg"), Some(expected));
    }
}

/// A route and its legs all set and add the same header; one takes off what the other puts on.
fn contending(legs: usize) -> RouteTable<usize> {
    let own = changes(&["x-of-route"], &[("x-last", "leg")], &[("x-all", "leg")]);
    let leg = |number| Leg::to(number).changing_requests(own.clone()).changing_responses(own.clone());
    let of_route = changes(&["x-of-leg"], &[("x-last", "route"), ("x-of-route", "1")], &[("x-all", "route")]);
    always(split((0..legs).map(leg)).changing_requests(of_route.clone()).changing_responses(of_route))
}

#[tokio::test(start_paused = true)]
async fn of_several_the_leg_that_is_drawn_comes_before_the_route() {
    let upstream = Upstream::named("v1");
    let answer = ask(&router(contending(2), [upstream.clone(), upstream.clone()]), get()).await;
    assert_eq!(upstream.lines("x-all"), ["leg", "route"]);
    assert_eq!(
        (upstream.lines("x-last"), upstream.lines("x-of-route")),
        (vec!["route".to_owned()], vec!["1".to_owned()])
    );
    assert_eq!((answer.header("x-last"), answer.header("x-of-route")), (Some("route"), Some("1")));
}

/// On one list, of which what is removed comes first: the leg cannot take off what the route puts on.
#[tokio::test(start_paused = true)]
async fn where_there_is_one_leg_it_comes_after_the_route() {
    let upstream = Upstream::named("v1");
    let answer = ask(&router(contending(1), [upstream.clone()]), get()).await;
    assert_eq!(upstream.lines("x-all"), ["route", "leg"]);
    assert_eq!(
        (upstream.lines("x-last"), upstream.lines("x-of-route")),
        (vec!["leg".to_owned()], vec!["1".to_owned()])
    );
    assert_eq!((answer.header("x-last"), answer.header("x-of-route")), (Some("leg"), Some("1")));
}

#[tokio::test(start_paused = true)]
async fn a_path_is_rewritten_by_the_condition_that_took_the_request() {
    let upstream = Upstream::named("v1");
    let rewrite = Rewrite::new().path(PathRewrite::matched("/v1"));
    let exact = Condition::new().path(TextMatch::exact("/cart"));
    let rule = Rule::when_any([exact, under("/ratings"), Condition::new()], Route::to(0).rewriting(rewrite));
    let client = router(RouteTable::new([rule]), [upstream.clone()]);
    for (sent, expected) in [
        ("http://reviews:9080/ratings/0?full=1", "http://reviews:9080/v1/0?full=1"),
        ("http://reviews/cart?a", "http://reviews/v1?a"),
        ("/ratings/0", "/v1/0"),
        ("/other", "/v1other"),
        ("*", "*"),
    ] {
        ask(&client, asking(sent)).await;
        assert_eq!(upstream.uri(), expected, "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rewrite_that_comes_out_as_no_path_leaves_the_path() {
    let upstream = Upstream::named("v1");
    let rewrite = Rewrite::new().path(PathRewrite::matched("/a b"));
    let client = router(always(Route::to(0).rewriting(rewrite)), [upstream.clone()]);
    ask(&client, asking("http://reviews/x?y")).await;
    assert_eq!(upstream.uri(), "http://reviews/x?y");
}

#[tokio::test(start_paused = true)]
async fn an_authority_is_rewritten_in_the_host_header_and_in_a_uri_that_has_one() {
    let upstream = Upstream::named("v1");
    let rewrite = || Rewrite::new().authority("ratings:81").expect("an authority");
    let client = router(always(Route::to(0).rewriting(rewrite())), [upstream.clone()]);
    ask(&client, asking("https://reviews:9080/x?y")).await;
    assert_eq!(
        (upstream.uri(), upstream.lines("host")),
        ("https://ratings:81/x?y".to_owned(), vec!["ratings:81".to_owned()])
    );
    let mut sent = asking("/x");
    sent.headers_mut().append(HOST, "reviews".parse().expect("a value"));
    ask(&client, sent).await;
    assert_eq!((upstream.uri(), upstream.lines("host")), ("/x".to_owned(), vec!["ratings:81".to_owned()]));
    let both = rewrite().path(PathRewrite::regex("/([a-z])", r"/\1\1").expect("a substitution"));
    let client = router(always(Route::to(0).rewriting(both)), [upstream.clone()]);
    ask(&client, asking("http://reviews/x/y?z")).await;
    assert_eq!(upstream.uri(), "http://ratings:81/xx/yy?z");
}

#[tokio::test(start_paused = true)]
async fn what_no_rule_takes_is_not_changed() {
    let (own, next) = (Upstream::named("own"), Upstream::named("next"));
    let changes = changes(&["server"], &[("x", "1")], &[]);
    let route = Route::to(0).changing_requests(changes.clone()).changing_responses(changes);
    let route = route.rewriting(Rewrite::new().path(PathRewrite::matched("/new")));
    let service =
        beside(RouteTable::new([Rule::when(under("/old"), route)]), [next.clone()]).layer(own.clone());
    let (passed, sent) = (ask(&service, asking("/other")).await, ask(&service, asking("/old")).await);
    assert_eq!(
        (passed.headers(), own.uri()),
        (vec![("from", "own"), ("server", "upstream")], "/other".to_owned())
    );
    assert_eq!((sent.headers(), next.uri()), (vec![("from", "next"), ("x", "1")], "/new".to_owned()));
}
