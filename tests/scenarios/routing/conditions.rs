//! What a request has to be for a rule to take it, as documents say it.

use http::{HeaderValue, Method};

use super::*;

/// Whether a rule with this entry takes a request; the next rule takes every other.
async fn takes(entry: &str, request: Request<Full<Bytes>>) -> bool {
    let town = Town::new(&reviews(&format!("- match: [{entry}]\n  {}\n- {}", to("v1"), to("v2"))));
    let reached = town.whom(request).await;
    assert!(reached == version("v1") || reached == version("v2"), "{reached}");
    reached == version("v1")
}

fn at(path: &str) -> Request<Full<Bytes>> {
    get_at(&format!("http://reviews:9080{path}"))
}

/// A request with these headers, which may have several lines.
fn headed(lines: &[(&'static str, &str)]) -> Request<Full<Bytes>> {
    let mut request = get_at(REVIEWS);
    for (name, value) in lines {
        request.headers_mut().append(*name, HeaderValue::from_str(value).expect("a value"));
    }
    request
}

// ===== paths =====

#[tokio::test(start_paused = true)]
async fn a_prefix_is_text_and_knows_no_segments() {
    let entry = "{uri: {prefix: /productpage}}";
    for (path, taken) in [
        ("/productpage", true),
        ("/productpageXYZ", true),
        ("/productpage/0?u=normal", true),
        ("/product", false),
        ("/Productpage", false),
        ("/api/productpage", false),
    ] {
        assert_eq!(takes(entry, at(path)).await, taken, "{path}");
    }
    assert!(takes("{uri: {prefix: ''}}", at("/anything")).await, "every path begins with nothing");
}

#[tokio::test(start_paused = true)]
async fn an_exact_path_is_all_of_it_without_the_query() {
    let entry = "{uri: {exact: /login}}";
    for (path, taken) in [("/login", true), ("/login?user=1", true), ("/login/", false), ("/LOGIN", false)] {
        assert_eq!(takes(entry, at(path)).await, taken, "{path}");
    }
    assert!(takes("{uri: {exact: /}}", get_at("http://reviews:9080")).await, "no path is the shortest");
}

#[tokio::test(start_paused = true)]
async fn a_regular_expression_must_match_the_whole_path() {
    let entry = "{uri: {regex: '/b[io]t'}}";
    for (path, taken) in [("/bit?x=1", true), ("/bot", true), ("/bite", false), ("/a/bit", false)] {
        assert_eq!(takes(entry, at(path)).await, taken, "{path}");
    }
    assert!(!takes("{uri: {regex: '/a|/b'}}", at("/ab")).await, "each side of the bar is anchored");
}

#[tokio::test(start_paused = true)]
async fn only_paths_ignore_case_and_not_by_expressions() {
    assert!(takes("{uri: {exact: /Login}, ignoreUriCase: true}", at("/LOGIN")).await);
    assert!(takes("{uri: {prefix: /Login}, ignoreUriCase: true}", at("/loginpage")).await);
    assert!(!takes("{uri: {regex: '/Login'}, ignoreUriCase: true}", at("/login")).await);
    let named = "{headers: {end-user: {exact: jason}}, ignoreUriCase: true}";
    assert!(!takes(named, headed(&[("end-user", "Jason")])).await);
}

// ===== scheme, method, authority =====

#[tokio::test(start_paused = true)]
async fn scheme_and_method_are_matched_as_they_are_written() {
    assert!(takes("{scheme: {exact: https}}", get_at("https://reviews:9080/")).await);
    assert!(!takes("{scheme: {exact: https}}", get_at("http://reviews:9080/")).await);
    assert!(takes("{scheme: {prefix: http}}", get_at("https://reviews:9080/")).await);
    let method = |method| Request::builder().method(method).uri(REVIEWS).body(Full::default()).unwrap();
    assert!(takes("{method: {exact: POST}}", method(Method::POST)).await);
    assert!(!takes("{method: {exact: post}}", method(Method::POST)).await);
    assert!(!takes("{method: {regex: 'GET|HEAD'}}", method(Method::POST)).await);
    assert!(takes("{method: {regex: 'GET|HEAD'}}", method(Method::HEAD)).await);
}

#[tokio::test(start_paused = true)]
async fn an_authority_is_looked_at_as_it_was_sent_with_its_port() {
    let sent = |host: &str| get_at(&format!("http://{host}/"));
    for (entry, host, taken) in [
        ("{authority: {exact: reviews}}", "reviews", true),
        ("{authority: {exact: reviews}}", "reviews:9080", false),
        ("{authority: {exact: 'reviews:9080'}}", "reviews:9080", true),
        ("{authority: {exact: reviews}}", "Reviews", false),
        ("{authority: {prefix: reviews.}}", "reviews.bookinfo:9080", true),
        ("{authority: {prefix: reviews.}}", "reviews:9080", false),
        ("{authority: {regex: '.*bookinfo(:\\d+)?'}}", "reviews.bookinfo:80", true),
    ] {
        assert_eq!(takes(entry, sent(host)).await, taken, "{entry} {host}");
    }
    // Of a request that names its host in a header it is that.
    let request = Request::get("/").header(HOST, "reviews:9080").body(Full::default()).unwrap();
    assert!(takes("{authority: {exact: 'reviews:9080'}}", request).await);
}

#[tokio::test(start_paused = true)]
async fn the_host_among_headers_is_the_authority() {
    for (entry, taken) in [
        ("{headers: {host: {exact: 'reviews:9080'}}}", true),
        ("{headers: {Host: {prefix: reviews}}}", true),
        ("{headers: {':authority': {exact: reviews}}}", false),
        ("{headers: {':method': {exact: GET}}}", true),
        ("{headers: {host: {}}}", true),
        ("{withoutHeaders: {host: {exact: 'reviews:9080'}}}", false),
        ("{withoutHeaders: {host: {exact: reviews}}}", true),
        ("{withoutHeaders: {host: {}}}", false),
    ] {
        assert_eq!(takes(entry, get_at(REVIEWS)).await, taken, "{entry}");
    }
}

// ===== headers =====

#[tokio::test(start_paused = true)]
async fn names_of_headers_are_the_same_in_any_case_and_values_are_not() {
    for name in ["end-user", "End-User", "END-USER"] {
        let entry = format!("{{headers: {{{name}: {{exact: jason}}}}}}");
        assert!(takes(&entry, headed(&[("end-user", "jason")])).await, "{name}");
        assert!(!takes(&entry, headed(&[("end-user", "Jason")])).await, "{name}");
    }
}

/// Either order of the lines; one line that has both is one value.
#[tokio::test(start_paused = true)]
async fn a_header_on_two_lines_is_met_by_one_of_them() {
    let entry = "{headers: {end-user: {exact: jason}}}";
    assert!(takes(entry, headed(&[("end-user", "jason"), ("end-user", "bob")])).await);
    assert!(takes(entry, headed(&[("end-user", "bob"), ("end-user", "jason")])).await);
    assert!(!takes(entry, headed(&[("end-user", "jason,bob")])).await);
    assert!(takes(entry, headed(&[("end-user", "  jason ")])).await, "values are trimmed");
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_not_there_is_never_so() {
    for (wants, of_jason, of_nobody) in [
        ("{exact: jason}", true, false),
        ("{prefix: ja}", true, false),
        ("{prefix: jas, exact: null}", true, false),
        ("{regex: 'j.*n'}", true, false),
        ("{regex: 'j'}", false, false),
        ("{regex: '.*'}", true, false),
        ("{exact: ''}", false, false),
        ("{}", true, false),
        ("null", true, false),
    ] {
        let entry = format!("{{headers: {{end-user: {wants}}}}}");
        assert_eq!(takes(&entry, headed(&[("end-user", "jason")])).await, of_jason, "{wants}");
        assert_eq!(takes(&entry, get_at(REVIEWS)).await, of_nobody, "{wants}");
    }
}

/// What is absent is taken for empty, but where it is asked whether it is there.
#[tokio::test(start_paused = true)]
async fn what_must_not_be_so_may_be_absent_unless_nothing_is_so_too() {
    for (wants, of_jason, of_bob, of_nobody) in [
        ("{exact: jason}", false, true, true),
        ("{prefix: ja}", false, true, true),
        ("{regex: 'j.*'}", false, true, true),
        ("{}", false, false, true),
        ("{exact: ''}", true, true, false),
        ("{regex: '.*'}", false, false, false),
    ] {
        let entry = format!("{{withoutHeaders: {{end-user: {wants}}}}}");
        assert_eq!(takes(&entry, headed(&[("end-user", "jason")])).await, of_jason, "{wants}");
        assert_eq!(takes(&entry, headed(&[("end-user", "bob")])).await, of_bob, "{wants}");
        assert_eq!(takes(&entry, get_at(REVIEWS)).await, of_nobody, "{wants}");
    }
}

// ===== the query =====

#[tokio::test(start_paused = true)]
async fn a_parameter_is_the_first_of_its_name_as_it_was_sent() {
    for (wants, query, taken) in [
        ("{exact: '1'}", "a=1", true),
        ("{exact: '1'}", "b=2&a=1", true),
        ("{exact: '1'}", "a=10", false),
        ("{exact: '2'}", "a=1&a=2", false),
        ("{exact: '1'}", "", false),
        ("{}", "a", true),
        ("{}", "a=", true),
        ("{}", "b=1", false),
        ("{exact: ''}", "a", true),
        ("{exact: ''}", "a=", true),
        ("{exact: ''}", "a=1", false),
        ("{prefix: x}", "a=xyz", true),
        ("{regex: '\\d+$'}", "a=123", true),
        ("{regex: '\\d+$'}", "a=x123", false),
        ("{exact: 'a b'}", "a=a%20b", false),
        ("{exact: 'a%20b'}", "a=a%20b", true),
    ] {
        let entry = format!("{{queryParams: {{a: {wants}}}}}");
        assert_eq!(takes(&entry, at(&format!("/x?{query}"))).await, taken, "{wants} {query}");
    }
}

// ===== together =====

#[tokio::test(start_paused = true)]
async fn all_of_an_entry_must_be_so_and_one_of_the_entries() {
    let all = "{uri: {prefix: /reviews}, method: {exact: GET}, scheme: {exact: http}, \
               headers: {end-user: {exact: jason}, x-beta: {}}, withoutHeaders: {x-old: {}}, \
               queryParams: {page: {exact: '1'}}, port: 9080}";
    let whole = |uri: &str| with(with(get_at(uri), "end-user", "jason"), "x-beta", "1");
    let uri = "http://reviews:9080/reviews/0?page=1";
    assert!(takes(all, whole(uri)).await);
    assert!(!takes(all, with(whole(uri), "x-old", "1")).await);
    assert!(!takes(all, with(whole(uri), "end-user", "bob")).await);
    assert!(!takes(all, with(get_at(uri), "end-user", "jason")).await);
    for other in [
        "http://reviews:9080/other?page=1",
        "http://reviews:9080/reviews/0?page=2",
        "https://reviews:9080/reviews/0?page=1",
        "http://reviews:9081/reviews/0?page=1",
    ] {
        assert!(!takes(all, whole(other)).await, "{other}");
    }

    let either = "{uri: {exact: /a}, headers: {end-user: {exact: jason}}}, {uri: {exact: /b}}";
    assert!(takes(either, with(at("/a"), "end-user", "jason")).await);
    assert!(!takes(either, at("/a")).await);
    assert!(takes(either, at("/b")).await);
    assert!(takes("{uri: {exact: /a}}, null", at("/z")).await, "an entry that asks for nothing takes all");
}

/// A broad one before a narrow one hides it; it is the same where there are so many that they are looked up.
#[tokio::test(start_paused = true)]
async fn the_first_rule_that_takes_a_request_is_the_one() {
    for more in [0, 40] {
        let others: String =
            (0..more).map(|nth| format!("- match: [{{uri: {{exact: /{nth}}}}}]\n  {}\n", to("v3"))).collect();
        let rule = |entry: &str, version| format!("- match: [{{{entry}}}]\n  {}\n", to(version));
        let rules = [
            others,
            rule("uri: {prefix: /a}", "v1"),
            rule("uri: {exact: /abc}", "v2"),
            rule("headers: {end-user: {exact: jason}}", "v2"),
            rule("uri: {regex: '/x.*'}", "v3"),
            rule("uri: {exact: /xyz}", "v1"),
            rule("headers: {end-user: {exact: bob}}, uri: {prefix: /x}", "v1"),
            format!("- {}\n", to("v1")),
            rule("uri: {exact: /never}", "v3"),
        ];
        let town = Town::new(&reviews(&rules.concat()));
        for (path, user, reached) in [
            ("/abc", "", "v1"),
            ("/a", "jason", "v1"),
            ("/xyz", "jason", "v2"),
            ("/xyz", "bob", "v3"),
            ("/xyz", "", "v3"),
            ("/never", "", "v1"),
            ("/", "bob", "v1"),
        ] {
            let request = if user.is_empty() { at(path) } else { with(at(path), "end-user", user) };
            assert_eq!(town.whom(request).await, version(reached), "{path} of {user}, beside {more}");
        }
    }
}
