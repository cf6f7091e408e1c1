//! What policies do that they do not seem to: one test for each code that is looked for.

use insta::assert_snapshot;
use tower_mesh::mesh::{Code, MeshBuilder, Note};

use crate::{
    istio::{document, routes},
    osm::load,
};

/// What is told with this code, each with its fix.
pub(crate) fn told(builder: MeshBuilder, code: Code) -> String {
    let (notes, sound) = builder.check();
    sound.unwrap_or_else(|errors| panic!("{errors}"));
    let line = |note: &Note| format!("{note}\n  fix: {}\n", note.fix.as_deref().unwrap_or("none"));
    notes.iter().filter(|note| note.code == code).map(line).collect()
}

fn of(text: &str, code: Code) -> String {
    told(load(text), code)
}

const REVIEWS: &str = "route: [{destination: {host: reviews}}]";

/// A route for `reviews` that asks for this.
fn asking(conditions: &str) -> String {
    format!("{{match: [{conditions}], {REVIEWS}}}")
}

fn service(name: &str, ports: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{ports}]}}\n")
}

fn subsets(names: &[&str]) -> String {
    let named: Vec<_> =
        names.iter().map(|name| format!("{{name: {name}, labels: {{version: {name}}}}}")).collect();
    document("DestinationRule", "reviews", &format!("  host: reviews\n  subsets: [{}]", named.join(", ")))
}

#[test]
fn codes_stay_as_they_are() {
    let codes: Vec<_> = Code::ALL.iter().map(|code| format!("{} {}", code.id(), code.name())).collect();
    assert_snapshot!(codes.join("\n"), @r"
    TM001 unknown
    TM002 not-applied
    TM003 surprise
    TM004 old-spelling
    TM101 duplicate
    TM102 other-clients
    TM103 outside-domain
    TM201 rule-shadowed
    TM202 rule-impossible
    TM203 no-http
    TM301 unknown-host
    TM302 unknown-subset
    TM303 weights
    TM401 fault-hides
    TM402 tries-exceed-timeout
    TM501 endpoints-unknown
    TM502 never-ejects
    TM503 failover-blind
    TM504 failover-unasked
    TM505 client-nowhere
    TM506 hash-without-key
    TM511 selector-empty
    TM512 subset-empty
    TM513 locality-empty
    TM514 locality-unknown
    TM515 duplicate-endpoint
    ");
}

#[test]
fn what_is_wrong_comes_with_what_nobody_knew_and_without_its_consequences() {
    let rules = [
        "{match: [{header: {x: {exact: a}}}], route: [{destination: {host: reviews, subset: v1}}]}",
        "{route: [{destination: {host: reviews}, weight: -1}]}",
    ];
    let (notes, sound) = load(&routes(&rules)).check();
    assert_snapshot!(sound.expect_err("no weight").to_string(), @r"
    error: `weight` cannot be -1
      --> policy.yaml:8:53, spec.http[1].route[0].weight
       |
     8 |   - {route: [{destination: {host: reviews}, weight: -1}]}
       |                                                     ^^
       = accepted: 0 or more
    ");
    assert_snapshot!(notes.iter().map(|note| format!("{note}\n")).collect::<String>(), @"policy.yaml:7:15 spec.http[0].match[0].header: the field `header` is unknown here; did you mean `headers`?");
}

#[test]
fn a_rule_behind_one_that_takes_all_that_it_would_is_shadowed() {
    let shadowed = |rules: &[&str]| {
        let rules: Vec<_> = rules.iter().map(|rule| asking(rule)).collect();
        let rules: Vec<_> = rules.iter().map(String::as_str).collect();
        let (notes, sound) = load(&routes(&rules)).check();
        sound.expect("they mean something");
        let shadowed = notes.iter().filter(|note| note.code == Code::RuleShadowed);
        shadowed.map(|note| note.path.clone()).collect::<Vec<_>>()
    };
    let second = ["spec.http[1].match"];
    assert_eq!(shadowed(&["{uri: {prefix: /a}}", "{uri: {prefix: /a/b}}"]), second);
    assert_eq!(shadowed(&["{uri: {prefix: /a}}", "{uri: {exact: /ab}, method: {exact: GET}}"]), second);
    assert_eq!(shadowed(&["{uri: {prefix: /}}", "{headers: {x: {exact: a}}}"]), second);
    assert_eq!(shadowed(&["{uri: {regex: \".*\"}}", "{uri: {prefix: /a}}"]), second);
    assert_eq!(shadowed(&["{headers: {x: {}}}", "{headers: {x: {exact: a}}}"]), second);
    assert_eq!(
        shadowed(&["{headers: {x: {prefix: a}}}", "{headers: {x: {exact: ab}, y: {exact: c}}}"]),
        second
    );
    assert_eq!(
        shadowed(&["{uri: {prefix: /a}}, {uri: {prefix: /b}}", "{uri: {exact: /b/c}}, {uri: {exact: /a}}"]),
        second
    );
    assert_eq!(shadowed(&["{uri: {prefix: /A}, ignoreUriCase: true}", "{uri: {prefix: /ab}}"]), second);
    let none: [&str; 0] = [];
    assert_eq!(shadowed(&["{uri: {prefix: /a/b}}", "{uri: {prefix: /a}}"]), none);
    assert_eq!(shadowed(&["{uri: {prefix: /a}, port: 80}", "{uri: {prefix: /a}}"]), none);
    assert_eq!(shadowed(&["{headers: {x: {exact: a}}}", "{headers: {x: {exact: b}}}"]), none);
    assert_eq!(shadowed(&["{uri: {prefix: /ab}}", "{uri: {prefix: /A}, ignoreUriCase: true}"]), none);
    assert_eq!(shadowed(&["{withoutHeaders: {x: {}}}", "{headers: {x: {exact: b}}}"]), none);
    let text =
        routes(&[&asking("{uri: {prefix: /a}}"), &asking("{uri: {exact: /a/b}}"), "{}", "{timeout: 1s}"]);
    assert_snapshot!(of(&text, Code::RuleShadowed), @r"
    policy.yaml:8:6 spec.http[1].match: never takes a request: the rule at policy.yaml:7:5 comes first and takes all that it would
      fix: put it before that rule, or remove it
    policy.yaml:10:5 spec.http[3]: never takes a request: the rule at policy.yaml:9:5 comes first and takes all that it would
      fix: put it before that rule, or remove it
    ");
}

#[test]
fn a_rule_that_contradicts_itself_is_impossible() {
    let both = asking("{headers: {x: {exact: a}}, withoutHeaders: {x: {}}}, {uri: {exact: login}}");
    assert_snapshot!(of(&routes(&[&both]), Code::RuleImpossible), @r"
    policy.yaml:7:14 spec.http[0].match[0]: never takes a request: none can be all that it asks for
      fix: remove it, or ask for less
    policy.yaml:7:67 spec.http[0].match[1]: never takes a request: none can be all that it asks for
      fix: remove it, or ask for less
    ");
}

#[test]
fn rules_for_http_where_another_protocol_is_spoken_never_act() {
    let text = [
        document(
            "VirtualService",
            "mysql",
            "  hosts: [mysql]\n  http: [{match: [{port: 3306}], route: [{destination: {host: mysql}}]}]",
        ),
        service("mysql", "{port: 3306, name: mysql}"),
    ];
    assert_snapshot!(of(&text.join("---\n"), Code::NoHttp), @r"
    policy.yaml:6:3 (document 1) spec.http: never takes a request: no HTTP is spoken at any port of `mysql.default.svc.cluster.local`
      fix: write `tcp` instead of `http`, or name the port's protocol where the host is defined
    ");
}

#[test]
fn a_host_that_no_document_knows_is_told_where_documents_say_which_there_are() {
    let text = routes(&["{route: [{destination: {host: reviws}}]}"]);
    assert_eq!(of(&text, Code::UnknownHost), "", "nothing says which hosts there are");
    let text = [text, service("reviews", "{port: 9080, name: http}")].join("---\n");
    assert_snapshot!(of(&text, Code::UnknownHost), @r"
    policy.yaml:7:35 (document 1) spec.http[0].route[0].destination.host: no document knows `reviws.default.svc.cluster.local`: what goes there depends on its name alone
      fix: did you mean `reviews.default.svc.cluster.local`?
    ");
}

#[test]
fn a_subset_that_no_rule_defines_is_told_without_being_asked_for() {
    let route = "{route: [{destination: {host: reviews, subset: v1}}], mirror: {host: reviews, subset: v9}}";
    let alone = routes(&[route]);
    assert_snapshot!(of(&alone, Code::UnknownSubset), @r"
    policy.yaml:7:52 spec.http[0].route[0].destination.subset: what goes there is answered 500: no rule for `reviews.default.svc.cluster.local` defines the subset `v1`
      fix: add a DestinationRule for `reviews.default.svc.cluster.local` with a subset `v1`
    policy.yaml:7:91 spec.http[0].mirror.subset: nothing is copied: no rule for `reviews.default.svc.cluster.local` defines the subset `v9`
      fix: add a DestinationRule for `reviews.default.svc.cluster.local` with a subset `v9`
    ");
    let renamed = [alone, subsets(&["v1DestinationRule"])].join("---\n");
    assert_snapshot!(of(&renamed, Code::UnknownSubset), @r"
    policy.yaml:7:52 (document 1) spec.http[0].route[0].destination.subset: what goes there is answered 500: no rule for `reviews.default.svc.cluster.local` defines the subset `v1`
      fix: write one of `v1DestinationRule`, or add a subset `v1`
    policy.yaml:7:91 (document 1) spec.http[0].mirror.subset: nothing is copied: no rule for `reviews.default.svc.cluster.local` defines the subset `v9`
      fix: write one of `v1DestinationRule`, or add a subset `v9`
    ");
    let mesh = load(&renamed).build().expect("a mesh");
    assert_eq!(mesh.notes().iter().filter(|note| note.code == Code::UnknownSubset).count(), 2);
}

#[test]
fn weights_that_give_other_shares_than_it_seems() {
    let text = routes(&[
        "{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews}, weight: 40}, \
          {destination: {host: ratings}}]}",
        "{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}, weight: 10}]}",
    ]);
    assert_snapshot!(of(&text, Code::Weights), @r"
    policy.yaml:7:6 spec.http[0].route: the weights are 90 together, and not 100: they are shares of that
      fix: let them sum up to 100
    policy.yaml:7:114 spec.http[0].route[2]: is never chosen: it weighs nothing
      fix: give it a weight, or remove it
    policy.yaml:8:83 spec.http[1].route[0].weight: a weight of 10 has no effect: it is the only destination, and gets all
      fix: remove the weight
    ");
}

#[test]
fn a_fault_that_meets_every_request_hides_what_comes_after_it() {
    let text = routes(&[
        "{fault: {abort: {percentage: {value: 100}, httpStatus: 503}}, timeout: 1s, retries: {attempts: 2}}",
    ]);
    assert_snapshot!(of(&text, Code::FaultHides), @r"
    policy.yaml:7:14 spec.http[0].fault.abort: aborts every request, so there is nothing left to `timeout` and `retries`
      fix: abort a share of the requests, or remove the rest
    ");
}

#[test]
fn tries_that_may_take_longer_than_all_of_them_are_told() {
    let text = routes(&["{timeout: 5s, retries: {attempts: 2, perTryTimeout: 2s}}"]);
    assert_snapshot!(of(&text, Code::TriesExceed), @r"
    policy.yaml:7:57 spec.http[0].retries.perTryTimeout: 3 tries of 2s may take longer than the route's `timeout` of 5s: the last ones are cut short
      fix: a `timeout` of more than 6s, or shorter tries
    ");
    let enough = routes(&["{timeout: 6s, retries: {attempts: 2, perTryTimeout: 2s}}"]);
    assert_eq!(of(&enough, Code::TriesExceed), "");
}

#[test]
fn a_name_that_looks_like_a_services_and_is_none() {
    let text = [
        document(
            "VirtualService",
            "a",
            "  hosts: [\"*.bookinfo.svc.local\", ratings.default]\n  http: [{route: [{destination: {host: ratings.default}}]}]",
        ),
        service("ratings", "{port: 9080, name: http}"),
    ];
    assert_snapshot!(of(&text.join("---\n"), Code::OutsideDomain), @r"
    policy.yaml:5:11 (document 1) spec.hosts[0]: `*.bookinfo.svc.local` is a host outside of the cluster: services end in `.svc.cluster.local`
      fix: write `*.bookinfo.svc.cluster.local`
    policy.yaml:5:35 (document 1) spec.hosts[1]: `ratings.default` is a host outside of the cluster: services end in `.svc.cluster.local`
      fix: write `ratings.default.svc.cluster.local`
    policy.yaml:6:40 (document 1) spec.http[0].route[0].destination.host: `ratings.default` is a host outside of the cluster: services end in `.svc.cluster.local`
      fix: write `ratings.default.svc.cluster.local`
    ");
}
