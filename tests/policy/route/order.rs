//! Whose turn it is: all of a condition, one of a rule's, the first rule.

use tower_mesh::policy::route::{Condition, Head, Rule, Rules};

use super::{Asked, asking, exact, get, header, path, prefix, regex};

fn taken<'r>(rules: &'r Rules<&'static str>, request: &Asked) -> Option<&'r &'static str> {
    let head = Head::of(request);
    let found = rules.find(&head);
    let searched = rules.find_one_by_one(&head);
    assert_eq!(
        found.as_ref().map(|found| (found.number, found.condition)),
        searched.as_ref().map(|found| (found.number, found.condition)),
        "with an index or without"
    );
    found.map(|found| found.rule.then())
}

#[test]
fn all_of_a_condition_must_be_met() {
    let condition = path(prefix("/a")).method(exact("GET")).header("x", exact("1")).expect("a name");
    let rules = Rules::new([Rule::when(condition.parameter("p", exact("2")), "all")]);
    assert_eq!(taken(&rules, &asking("/a?p=2", &[("x", "1")])), Some(&"all"));
    for request in [asking("/b?p=2", &[("x", "1")]), asking("/a?p=2", &[]), asking("/a", &[("x", "1")])] {
        assert_eq!(taken(&rules, &request), None, "{request:?}");
    }
}

#[test]
fn one_of_a_rules_conditions_is_enough() {
    let rules = Rules::new([Rule::when_any([path(exact("/a")), header("x", exact("1"))], "either")]);
    for request in [get("/a"), asking("/b", &[("x", "1")]), asking("/a", &[("x", "1")])] {
        assert_eq!(taken(&rules, &request), Some(&"either"), "{request:?}");
    }
    assert_eq!(taken(&rules, &get("/b")), None);
}

#[test]
fn the_condition_that_took_a_request_is_the_first_that_is_met() {
    let conditions = [path(exact("/b")), path(prefix("/a")), path(prefix("/"))];
    let rules = Rules::new([Rule::when_any(conditions.clone(), ())]);
    let (a, c) = (get("/a"), get("/c"));
    let by = |request| rules.find(&Head::of(request)).expect("it is taken").condition;
    assert_eq!((by(&a), by(&c)), (Some(&conditions[1]), Some(&conditions[2])));
}

#[test]
fn a_rule_without_conditions_takes_every_request_and_so_does_an_empty_condition() {
    for rule in [Rule::always("all"), Rule::when_any([], "all"), Rule::when(Condition::new(), "all")] {
        let rules = Rules::new([rule]);
        for request in [get("/"), get("*"), asking("http://a/b?c", &[("x", "1")])] {
            assert_eq!(taken(&rules, &request), Some(&"all"));
        }
    }
}

/// Seen on Envoy: a narrow prefix behind a broad one is never reached.
#[test]
fn the_first_rule_wins_and_not_the_narrowest() {
    let rules = Rules::new([
        Rule::when(path(prefix("/product")), "broad"),
        Rule::when(path(prefix("/productpage")), "narrow"),
        Rule::when(path(exact("/productpage")), "exact"),
    ]);
    assert_eq!(taken(&rules, &get("/productpage")), Some(&"broad"));
    assert_eq!(taken(&rules, &get("/other")), None);
}

#[test]
fn without_rules_nothing_is_taken() {
    assert_eq!(taken(&Rules::new([]), &get("/")), None);
}

/// Enough rules for an index, of every kind that stands in a place of its own there.
fn many() -> Rules<&'static str> {
    let fillers = (0..20).map(|number| Rule::when(path(exact(&format!("/filler/{number}"))), "filler"));
    let rules = [
        Rule::when(path(regex("/x/[0-9]+")), "expression"),
        Rule::when(header("end-user", exact("jason")), "jason"),
        Rule::when(path(prefix("/a/b/c")), "abc"),
        Rule::when(path(exact("/a/b")), "exact"),
        Rule::when(path(prefix("/a")), "a"),
        Rule::when(path(prefix("/a/b")), "never"),
        Rule::when(path(prefix("/J")).header("end-user", exact("joe")).expect("a name"), "joe"),
        Rule::when(path(prefix("/P").ignoring_case()), "any case"),
        Rule::when_any([path(exact("/1")), path(prefix("/2")), header("n", exact("3"))], "one of three"),
        Rule::always("rest"),
        Rule::when(path(exact("/behind")), "behind all"),
    ];
    Rules::new(fillers.chain(rules))
}

#[test]
fn an_index_leaves_the_order_as_it_is() {
    let rules = many();
    for (request, expected) in [
        (get("/x/17"), "expression"),
        (get("/x/y"), "rest"),
        (asking("/a/b", &[("end-user", "jason")]), "jason"),
        (asking("/x/17", &[("end-user", "jason")]), "expression"),
        (asking("/filler/3", &[("end-user", "jason")]), "filler"),
        (get("/a/b/c/d"), "abc"),
        (get("/a/b"), "exact"),
        (get("/a/b/d"), "a"),
        (get("/ab"), "a"),
        (asking("/JJ", &[("end-user", "joe")]), "joe"),
        (asking("/j", &[("end-user", "joe")]), "rest"),
        (asking("/JJ", &[("end-user", "eve"), ("end-user", "joe")]), "joe"),
        (get("/product"), "any case"),
        (get("/1"), "one of three"),
        (get("/2/3"), "one of three"),
        (asking("/4", &[("n", "3")]), "one of three"),
        (get("/behind"), "rest"),
        (get("*"), "rest"),
    ] {
        assert_eq!(taken(&rules, &request), Some(&expected), "{request:?}");
    }
}

#[test]
fn rules_that_lead_elsewhere_take_the_same_requests() {
    let lengths = many().map(str::len);
    assert_eq!(lengths.find(&Head::of(&get("/x/17"))).map(|found| *found.rule.then()), Some(10));
    assert_eq!(lengths.as_slice().len(), 31);
}
