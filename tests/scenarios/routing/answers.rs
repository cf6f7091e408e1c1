//! Rules that answer by themselves, or send their callers elsewhere.

use http::{Method, header::CONTENT_TYPE};

use super::*;

/// What a rule answers to a request for `http://reviews:9080` and the rest, where it says only this.
async fn answered(lines: &str, request: Request<Full<Bytes>>) -> Got {
    let town = Town::new(&routes("reviews", &format!("- {lines}")));
    let got = town.ask(request).await;
    assert_eq!(town.heard().len(), 0, "nobody is asked");
    got
}

async fn sent_to(redirect: &str, uri: &str) -> (u16, Option<String>) {
    let got = answered(&format!("redirect: {redirect}"), get_at(uri)).await;
    assert_eq!((got.content(), got.flags(), got.after), ("", "-".to_owned(), 0));
    (got.status(), got.header("location").map(str::to_owned))
}

fn found(status: u16, location: &str) -> (u16, Option<String>) {
    (status, Some(location.to_owned()))
}

// ===== elsewhere =====

#[tokio::test(start_paused = true)]
async fn a_redirect_changes_what_it_says_and_keeps_the_rest() {
    let asked = "http://reviews:9080/old?page=1";
    for (redirect, location) in [
        ("{uri: /new}", "http://reviews:9080/new?page=1"),
        ("{authority: shop.example.com}", "http://shop.example.com/old?page=1"),
        ("{uri: /new, authority: shop.example.com}", "http://shop.example.com/new?page=1"),
        ("{scheme: https}", "https://reviews:9080/old?page=1"),
        ("{port: 8443}", "http://reviews:8443/old?page=1"),
        ("{port: 80}", "http://reviews/old?page=1"),
        ("{port: 443, scheme: https}", "https://reviews/old?page=1"),
        ("{port: 443}", "http://reviews:443/old?page=1"),
        ("{authority: shop, derivePort: FROM_REQUEST_PORT}", "http://shop:9080/old?page=1"),
        ("{authority: shop, derivePort: FROM_PROTOCOL_DEFAULT}", "http://shop/old?page=1"),
    ] {
        assert_eq!(sent_to(redirect, asked).await, found(301, location), "{redirect}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirects_status_is_301_unless_it_is_one_of_five() {
    for code in [301, 302, 303, 307, 308] {
        let redirect = format!("{{uri: /new, redirectCode: {code}}}");
        assert_eq!(sent_to(&redirect, REVIEWS).await, found(code, "http://reviews:9080/new"));
    }
    let other = routes("reviews", "- redirect: {uri: /new, redirectCode: 304}");
    assert!(Mesh::from_yaml(&other).unwrap_err().to_string().contains("304"));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_may_put_another_prefix_before_the_path() {
    let rule = "match: [{uri: {prefix: /old/}}]\n  redirect: {prefixRewrite: /new/}";
    let got = answered(rule, get_at("http://reviews:9080/old/a/b?c=d")).await;
    assert_eq!(got.header("location"), Some("http://reviews:9080/new/a/b?c=d"));
}

/// The port that a redirect has from its scheme alone is left out where the scheme changes.
#[tokio::test(start_paused = true)]
async fn a_change_of_scheme_takes_the_port_that_went_without_saying_with_it() {
    assert_eq!(sent_to("{scheme: https}", "http://reviews/a").await, found(301, "https://reviews/a"));
    assert_eq!(sent_to("{scheme: https}", "http://reviews:80/a").await, found(301, "https://reviews/a"));
}

// ===== an answer =====

#[tokio::test(start_paused = true)]
async fn a_direct_response_is_its_status_and_its_body() {
    let got =
        answered("directResponse: {status: 418, body: {string: short and stout}}", get_at(REVIEWS)).await;
    assert_eq!(got.said(), (418, "short and stout", "-".to_owned()));
    assert_eq!((got.header("content-type"), got.header("content-length")), (Some("text/plain"), Some("15")));
    assert_eq!((got.reason(), got.after), (Some(Reason::DirectAnswer), 0));

    let got = answered("directResponse: {status: 200, body: {bytes: aGVsbG8=}}", get_at(REVIEWS)).await;
    assert_eq!(got.content(), "hello");
    let got = answered("directResponse: {status: 503}", get_at(REVIEWS)).await;
    assert_eq!((got.said(), got.header("content-type")), ((503, "", "-".to_owned()), None));

    let head = Request::builder().method(Method::HEAD).uri(REVIEWS).body(Full::default()).unwrap();
    let got = answered("directResponse: {status: 200, body: {string: hello}}", head).await;
    assert_eq!((got.content(), got.header("content-length")), ("", Some("5")));
}

/// It is no answer of an upstream: nothing tries it again.
#[tokio::test(start_paused = true)]
async fn a_rule_answers_for_its_requests_alone() {
    let rules = format!(
        "- match: [{{uri: {{prefix: /closed}}}}]\n  directResponse: {{status: 503, body: {{string: closed}}}}\n\
         - match: [{{uri: {{exact: /old}}}}]\n  redirect: {{uri: /new}}\n\
         - {}",
        to("v2")
    );
    let town = Town::new(&reviews(&rules));
    assert_eq!(town.get("http://reviews:9080/closed/now").await.said(), (503, "closed", "-".to_owned()));
    assert_eq!(town.get("http://reviews:9080/old").await.status(), 301);
    assert_eq!(town.whom(get_at("http://reviews:9080/new")).await, version("v2"));
}

/// A rule's own answer is not one that it gives in an upstream's place: headers that it changes are those of this too.
#[tokio::test(start_paused = true)]
async fn headers_of_a_rule_are_on_the_answers_that_it_gives_itself() {
    let headers = "headers: {response: {set: {x-why: closed}, add: {retry-after: '60'}}}";
    let got = answered(&format!("directResponse: {{status: 503}}\n  {headers}"), get_at(REVIEWS)).await;
    assert_eq!((got.header("x-why"), got.header("retry-after")), (Some("closed"), Some("60")));
    let got = answered(&format!("redirect: {{uri: /new}}\n  {headers}"), get_at(REVIEWS)).await;
    assert_eq!((got.status(), got.header("x-why")), (301, Some("closed")));
}

#[tokio::test(start_paused = true)]
async fn a_grpc_caller_gets_them_as_trailers_only() {
    let call = || with(get_at(REVIEWS), CONTENT_TYPE.as_str(), "application/grpc");
    let call = || {
        let mut request = call();
        *request.method_mut() = Method::POST;
        request
    };
    let told = |got: &Got| {
        let header = |name| got.header(name).map(str::to_owned);
        (got.status(), got.content().to_owned(), header("grpc-status"), header("grpc-message"))
    };
    let some = |text: &str| Some(text.to_owned());
    let got = answered("directResponse: {status: 503, body: {string: closed}}", call()).await;
    assert_eq!(told(&got), (200, String::new(), some("14"), some("closed")));
    let got = answered("directResponse: {status: 404}", call()).await;
    assert_eq!(told(&got), (200, String::new(), some("12"), None));
    let got = answered("redirect: {uri: /new}", call()).await;
    assert_eq!(told(&got), (200, String::new(), some("2"), None));
    assert_eq!(got.header("location"), Some("http://reviews:9080/new"));
}
