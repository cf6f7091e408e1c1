//! Routes, under any rules and any requests: words are few, so that they meet.

use std::sync::LazyLock;

use http::{HeaderValue, Method, Request};
use proptest::{collection::vec, option::weighted, prelude::*, sample::select};
use tower_mesh::policy::{
    Draw,
    route::{Condition, Found, Head, HostPattern, Hosts, Rule, Rules, TextMatch, ValueMatch, Weighted},
};

/// Made once: to make one takes longer than all that is done with it.
static EXPRESSIONS: LazyLock<Vec<TextMatch>> = LazyLock::new(|| {
    let expressions = [".*", "/a.*", "(?i)/a/b", "/[ab]+(/.*)?", "a|b", "[^a]*", r"\w+"];
    expressions.map(|text| TextMatch::regex(text).expect("an expression")).to_vec()
});

fn word() -> impl Strategy<Value = String> {
    "[abA]{0,2}"
}

fn path() -> impl Strategy<Value = String> {
    "(/[abA]{0,2}){1,3}"
}

fn text(words: impl Strategy<Value = String>) -> impl Strategy<Value = TextMatch> {
    let expression = select(EXPRESSIONS.as_slice());
    (words, 0..8, expression).prop_map(|(text, kind, expression)| match kind {
        0 => expression,
        1 => TextMatch::exact(&text).ignoring_case(),
        2 => TextMatch::prefix(&text).ignoring_case(),
        3 | 4 => TextMatch::prefix(&text),
        _ => TextMatch::exact(&text),
    })
}

fn value() -> impl Strategy<Value = ValueMatch> {
    prop_oneof![1 => Just(ValueMatch::Present), 4 => text(word()).prop_map(ValueMatch::Text)]
}

fn condition() -> impl Strategy<Value = Condition> {
    let name = || select(&["x", "y"][..]);
    let headers = vec((name(), value(), any::<bool>()), 0..3);
    let paths = text(prop_oneof![8 => path(), 1 => word()]);
    let methods = text(select(&["GET", "PUT", "P", "get"][..]).prop_map(str::to_owned));
    let authorities = text(select(&["a", "b:81", ""][..]).prop_map(str::to_owned));
    let schemes = text(select(&["http", "https"][..]).prop_map(str::to_owned));
    let parts =
        (weighted(0.6, paths), weighted(0.2, methods), weighted(0.1, authorities), weighted(0.1, schemes));
    let rest =
        (headers, vec((select(&["p", "q"][..]), value()), 0..2), weighted(0.1, select(&[80u16, 81][..])));
    (parts, rest).prop_map(|((path, method, authority, scheme), (headers, parameters, port))| {
        let mut all = Condition::new();
        all = path.into_iter().fold(all, Condition::path);
        all = method.into_iter().fold(all, Condition::method);
        all = authority.into_iter().fold(all, Condition::authority);
        all = scheme.into_iter().fold(all, Condition::scheme);
        all = port.into_iter().fold(all, Condition::port);
        all = parameters.into_iter().fold(all, |all, (name, wants)| all.parameter(name, wants));
        headers.into_iter().fold(all, |all, (name, wants, inverted)| {
            let added = if inverted { all.without_header(name, wants) } else { all.header(name, wants) };
            added.expect("a name")
        })
    })
}

fn rule() -> impl Strategy<Value = Rule<()>> {
    // Of two rules in three one condition, as people write them.
    prop_oneof![
        4 => condition().prop_map(|condition| Rule::when(condition, ())),
        2 => vec(condition(), 0..4).prop_map(|conditions| Rule::when_any(conditions, ())),
    ]
}

fn request() -> impl Strategy<Value = Request<()>> {
    let origin = weighted(0.3, select(&["http://a", "https://a", "http://b:81", "https://A:80"][..]));
    let query = weighted(0.4, "(([pq](=[abA]{0,2})?)&?){0,3}");
    let headers = vec((select(&["x", "y"][..]), word()), 0..3);
    let methods = select(vec![Method::GET, Method::PUT, Method::POST]);
    let host = weighted(0.3, select(&["a", "b:81", "a:x"][..]));
    (methods, origin, path(), query, headers, host).prop_map(
        |(method, origin, path, query, headers, host)| {
            let query = query.map_or_else(String::new, |query| format!("?{query}"));
            let uri = format!("{}{path}{query}", origin.unwrap_or_default());
            let mut request = Request::builder().method(method).uri(uri).body(()).expect("a request");
            for (name, value) in headers {
                let value = HeaderValue::try_from(format!(" {value}")).expect("a value");
                request.headers_mut().append(name, value);
            }
            if let Some(host) = host {
                request.headers_mut().insert("host", HeaderValue::from_static(host));
            }
            request
        },
    )
}

fn requests() -> impl Strategy<Value = Vec<Request<()>>> {
    vec(request(), 24)
}

/// Which rule and which of its conditions, by its place in memory.
fn place<T>(found: Option<Found<'_, T>>) -> Option<(usize, Option<*const Condition>)> {
    found.map(|found| (found.number, found.condition.map(std::ptr::from_ref)))
}

/// Some of which one is not zero.
fn weights(below: u32) -> impl Strategy<Value = Vec<u32>> {
    vec(0..below, 2..6).prop_filter("there is weight", |all| all.iter().any(|weight| *weight > 0))
}

fn takes(rule: &Rule<()>, head: &Head<'_>) -> bool {
    rule.conditions().is_empty() || rule.conditions().iter().any(|condition| condition.is_met(head))
}

proptest! {
    #[test]
    fn with_an_index_the_same_rule_is_found_by_the_same_condition(
        rules in vec(rule(), 0..40), requests in requests(),
    ) {
        let rules = Rules::new(rules);
        for request in &requests {
            let head = Head::of(request);
            prop_assert_eq!(place(rules.find(&head)), place(rules.find_one_by_one(&head)), "{:?}", request);
        }
    }

    #[test]
    fn the_rule_that_is_found_is_the_first_that_takes_a_request(
        rules in vec(rule(), 0..40), requests in requests(),
    ) {
        let all = Rules::new(rules.clone());
        for request in &requests {
            let head = Head::of(request);
            let first = rules.iter().position(|rule| takes(rule, &head));
            prop_assert_eq!(all.find(&head).map(|found| found.number), first);
        }
    }

    #[test]
    fn what_is_covered_is_taken(conditions in vec(condition(), 6), requests in requests()) {
        for one in &conditions {
            for other in conditions.iter().filter(|other| one.covers(other)) {
                for request in &requests {
                    let head = Head::of(request);
                    prop_assert!(
                        one.is_met(&head) || !other.is_met(&head),
                        "`{}` covers `{}`, but not for {:?}", one, other, request
                    );
                }
            }
        }
    }

    #[test]
    fn what_a_covered_rule_takes_is_taken(rules in vec(rule(), 6), requests in requests()) {
        for one in &rules {
            for other in rules.iter().filter(|other| one.covers(other)) {
                for request in &requests {
                    let head = Head::of(request);
                    prop_assert!(takes(one, &head) || !takes(other, &head), "{:?}, {:?}", one, other);
                }
            }
        }
    }

    #[test]
    fn a_text_that_is_covered_is_taken(
        texts in vec(text(prop_oneof![word(), path()]), 6), words in vec(prop_oneof![word(), path()], 24),
    ) {
        for one in &texts {
            for other in texts.iter().filter(|other| one.covers(other)) {
                for word in words.iter().map(String::as_bytes) {
                    prop_assert!(one.matches(word) || !other.matches(word), "`{one}`, `{other}`: {word:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_impossible_is_met_by_nobody(condition in condition(), requests in requests()) {
        if condition.is_impossible() {
            for request in &requests {
                prop_assert!(!condition.is_met(&Head::of(request)), "`{}`: {:?}", condition, request);
            }
        }
    }

    #[test]
    fn what_is_not_met_has_a_reason_and_what_is_met_has_none(
        condition in condition(), requests in requests(),
    ) {
        for request in &requests {
            let head = Head::of(request);
            let unmet = condition.unmet(&head).map(|unmet| unmet.to_string());
            prop_assert_eq!(unmet.is_none(), condition.is_met(&head), "`{}`: {:?}", condition, unmet);
        }
    }

    /// Draws at equal distances: chance has no part in it.
    #[test]
    fn of_evenly_spread_draws_each_is_picked_as_often_as_it_weighs(
        weights in weights(30),
        times in 1u64..20,
    ) {
        let weighted = Weighted::new(weights.iter().copied().enumerate()).expect("there is weight");
        let draws = weighted.total() * times;
        let mut picked = vec![0; weights.len()];
        for number in 0..draws {
            let bits = (u128::from(number) << 64).div_ceil(u128::from(draws));
            picked[*weighted.pick(Draw::new(bits as u64))] += 1;
        }
        let expected: Vec<_> = weights.iter().map(|weight| u64::from(*weight) * times).collect();
        prop_assert_eq!(picked, expected);
    }

    #[test]
    fn whatever_is_drawn_something_that_weighs_is_picked(
        weights in weights(3),
        bits: u64,
    ) {
        let weighted = Weighted::new(weights.iter().copied().enumerate()).expect("there is weight");
        prop_assert!(weights[*weighted.pick(Draw::new(bits))] > 0);
    }

    #[test]
    fn a_host_is_looked_up_as_one_would_search_for_it(
        patterns in vec(r"\*?[ab]{0,2}(\.[ab]{1,2}){0,2}", 0..24), hosts in vec(r"[ab.]{1,6}", 24),
    ) {
        let patterns: Vec<HostPattern> = patterns.iter().filter_map(|text| text.parse().ok()).collect();
        let all: Hosts<HostPattern> =
            patterns.iter().map(|pattern| (pattern.clone(), pattern.clone())).collect();
        for host in &hosts {
            let taking = patterns.iter().filter(|pattern| pattern.takes(host));
            let best = taking.max_by_key(|pattern| (!pattern.is_family(), pattern.text().len()));
            prop_assert_eq!(all.find(host), best, "{}", host);
        }
    }

    /// As `http` itself takes it apart.
    #[test]
    fn the_target_of_a_request_is_the_host_and_the_port_of_its_uri(
        authority in r"(u(:p)?@)?(\[::[12]?\]|[aA1.-]{1,8})(:[0-9]{0,6})?", https: bool,
    ) {
        let uri = format!("{}://{authority}/", if https { "https" } else { "http" });
        let Ok(request) = Request::get(uri).body(()) else { return Ok(()) };
        let sent = request.uri().authority().expect("it has one");
        let host = sent.host().strip_suffix('.').unwrap_or(sent.host()).to_ascii_lowercase();
        let port = sent.port_u16().unwrap_or(if https { 443 } else { 80 });
        let head = Head::of(&request);
        prop_assert_eq!(head.target().map(|(host, port)| (host.into_owned(), port)), Some((host, port)));
    }

    #[test]
    fn what_a_covered_pattern_takes_is_taken(
        patterns in vec(r"\*?[ab]{0,2}(\.[ab]{1,2}){0,2}", 6), hosts in vec(r"[ab.]{1,6}", 24),
    ) {
        let patterns: Vec<HostPattern> = patterns.iter().filter_map(|text| text.parse().ok()).collect();
        for one in &patterns {
            for other in patterns.iter().filter(|other| one.covers(other)) {
                for host in hosts.iter().filter(|host| other.takes(host)) {
                    prop_assert!(one.takes(host), "{} covers {}, but not {}", one, other, host);
                }
            }
        }
    }
}

/// The properties above hold for nothing if nothing is ever taken, covered or impossible.
#[test]
fn the_words_meet() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let (mut found, mut nothing, mut covered, mut impossible) = (0, 0, 0, 0);
    for _ in 0..200 {
        let rules = vec(rule(), 0..40).new_tree(&mut runner).expect("rules").current();
        let requests = requests().new_tree(&mut runner).expect("requests").current();
        let conditions: Vec<_> = rules.iter().flat_map(Rule::conditions).collect();
        let pairs = conditions.iter().flat_map(|one| conditions.iter().map(move |other| (one, other)));
        covered += pairs.filter(|(one, other)| one != other && one.covers(other)).count();
        impossible += conditions.iter().filter(|condition| condition.is_impossible()).count();
        let rules = Rules::new(rules);
        let taken = requests.iter().filter(|request| rules.find(&Head::of(request)).is_some()).count();
        found += taken;
        nothing += requests.len() - taken;
    }
    assert!(found > 1000 && nothing > 100, "{found} taken, {nothing} not");
    assert!(covered > 1000 && impossible > 100, "{covered} covered, {impossible} impossible");
}
