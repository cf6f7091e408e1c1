//! Routes by host.

use tower_mesh::policy::route::{Condition, Field, Head, Leg, Route, RouteTable, Rule};

use super::{Asked, asking, get, path, prefix, wrong};

/// Where a request goes.
fn goes(table: &RouteTable<&'static str>, request: &Asked) -> Option<&'static str> {
    let found = table.find(&Head::of(request))?;
    found.rule.then().pick(tower_mesh::policy::Draw::new(0)).map(|leg| *leg.destination())
}

fn to(destination: &'static str) -> [Rule<Route<&'static str>>; 1] {
    [Rule::always(Route::to(destination))]
}

fn table() -> RouteTable<&'static str> {
    RouteTable::new(to("others"))
        .host("reviews".parse().expect("a host"), to("reviews"))
        .host("*.example.com".parse().expect("a family"), to("family"))
}

#[test]
fn a_request_is_asked_by_the_rules_of_its_host() {
    for (request, expected) in [
        (get("http://reviews/"), "reviews"),
        (get("http://Reviews.:9080/"), "reviews"),
        (asking("/", &[("host", "reviews:9080")]), "reviews"),
        (get("http://a.example.com/"), "family"),
        (get("http://example.com/"), "others"),
        (get("/"), "others"),
        (asking("/", &[("host", "reviews:x")]), "others"),
    ] {
        assert_eq!(goes(&table(), &request), Some(expected), "{request:?}");
    }
}

#[test]
fn where_none_of_a_hosts_rules_takes_a_request_nobody_elses_does() {
    let some = [Rule::when(path(prefix("/a")), Route::to("some"))];
    let table = RouteTable::new(to("others")).host("reviews".parse().expect("a host"), some);
    assert_eq!(goes(&table, &get("http://reviews/a")), Some("some"));
    assert_eq!(goes(&table, &get("http://reviews/b")), None);
}

#[test]
fn a_host_that_nobody_knows_has_no_route_unless_there_is_one_for_others() {
    let table = RouteTable::by_host().host("reviews".parse().expect("a host"), to("reviews"));
    assert_eq!(goes(&table, &get("http://ratings/")), None);
    assert_eq!(goes(&table, &get("/")), None);
    assert_eq!(goes(&RouteTable::by_host(), &get("http://reviews/")), None);
}

#[test]
fn what_is_said_again_of_a_host_counts_instead() {
    let table = table().host("REVIEWS".parse().expect("a host"), to("again"));
    assert_eq!(goes(&table, &get("http://reviews/")), Some("again"));
    assert_eq!(goes(&table, &get("http://a.example.com/")), Some("family"));
}

#[test]
fn the_port_of_a_request_is_that_of_its_authority_with_hosts_and_without() {
    let to_81 = || [Rule::when(Condition::new().port(81), Route::to("81"))];
    for table in [RouteTable::new(to_81()), table().host("a".parse().expect("a host"), to_81())] {
        assert_eq!(goes(&table, &get("http://a:81/")), Some("81"));
        assert_ne!(goes(&table, &get("http://a/")), Some("81"));
    }
}

#[test]
fn a_table_can_lead_elsewhere() {
    let lengths = table().map(str::len);
    let found = lengths.find(&Head::of(&get("http://a.example.com/"))).map(|found| found.rule.then().clone());
    assert_eq!(found, Some(Route::to(6)));
}

#[test]
fn a_route_to_a_destination_that_is_not_there_is_told_with_its_place() {
    let split = || Route::split([Leg::to(0), Leg::to(3)]).expect("weights");
    let table = RouteTable::new([Rule::always(Route::to(2))]);
    assert_eq!(table.lead_to(3), Ok(()));
    let must = "but must be the number of a destination that is there, counted from 0";
    assert_eq!(
        wrong(table.lead_to(2)),
        (Field::Destination, format!("destination is 2, of 2 in all, in rule 0 of every other host, {must}"))
    );
    let hosted =
        table.host("*.a".parse().expect("a family"), [Rule::always(Route::to(0)), Rule::always(split())]);
    assert_eq!(
        wrong(hosted.lead_to(3)).1,
        format!("destination is 3, of 3 in all, in rule 1 of `*.a`, {must}")
    );
    assert_eq!(hosted.lead_to(4), Ok(()));
}
