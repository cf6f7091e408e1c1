//! Which policy a cluster has: how a subset's and a port's take the place of the host's, and whose rule it is.

use futures_util::future::join_all;

use super::*;

/// How many of eight requests at once are answered.
async fn at_once(builder: MeshBuilder, yaml: &str, uri: &str) -> usize {
    let echo = || Echo::new().latency(ms(5));
    let town = Town::with(builder, yaml, of_versions([("v1", echo())]).otherwise(echo()));
    join_all((0..8).map(|_| town.get(uri))).await.iter().filter(|got| got.status() == 200).count()
}

const ALL: usize = 8;

/// What is set for all of reviews, and for the subset of the first version; and how many are answered there.
async fn of_subset(whole: &str, subset: &str) -> usize {
    let lead = routes("reviews", &format!("- {}", to("v1")));
    at_once(Mesh::builder(), &(rule(whole, subset) + &lead), REVIEWS).await
}

async fn of_host(whole: &str, subset: &str) -> usize {
    at_once(Mesh::builder(), &rule(whole, subset), REVIEWS).await
}

fn rule(whole: &str, subset: &str) -> String {
    let policy = |text: &str| if text.is_empty() { String::new() } else { format!("trafficPolicy: {text}") };
    let subset = format!("- name: v1\n  labels: {{version: v1}}\n  {}", policy(subset));
    document("DestinationRule", "reviews", &format!("host: reviews\n{}\nsubsets:\n{subset}\n", policy(whole)))
}

/// At most so many requests, to be a block.
fn most(requests: u32) -> String {
    format!("{{connectionPool: {{http: {{http2MaxRequests: {requests}}}}}}}")
}

// ===== sections =====

/// What a subset does not speak of is the host's.
#[tokio::test(start_paused = true)]
async fn a_section_that_a_subset_does_not_set_is_the_hosts() {
    assert_eq!(of_subset(&most(3), "").await, 3);
    assert_eq!(of_subset(&most(3), "{outlierDetection: {consecutive5xxErrors: 1}}").await, 3);
    assert_eq!(of_subset(&most(3), "{tls: {mode: DISABLE}}").await, 3);
    assert_eq!(of_subset("", &most(2)).await, 2, "where the host has none it is the subset's");
}

#[tokio::test(start_paused = true)]
async fn a_section_that_a_subset_sets_takes_the_place_of_all_of_the_hosts() {
    assert_eq!(of_subset(&most(3), &most(5)).await, 5);
    let pool = "{connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}}}";
    assert_eq!(of_subset(pool, "").await, 2);
    // Nothing is put together field by field: connections are unlimited again.
    assert_eq!(of_subset(pool, &most(5)).await, 5);
    assert_eq!(of_subset(&most(3), pool).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_subsets_policy_acts_only_where_a_rule_names_the_subset() {
    assert_eq!(of_host(&most(3), &most(5)).await, 3);
    assert_eq!(of_host("", &most(5)).await, ALL);
}

#[tokio::test(start_paused = true)]
async fn an_entry_for_a_port_takes_the_place_of_the_whole_policy() {
    let port = |blocks: &str| {
        let own = most(3);
        let inside = own.strip_suffix('}').expect("a block");
        format!("{inside}, portLevelSettings: [{{port: {{number: 9080}}, {blocks}}}]}}")
    };
    for blocks in ["tls: {mode: DISABLE}", "outlierDetection: {}"] {
        assert_eq!(of_host(&port(blocks), "").await, ALL, "{blocks}");
        assert_eq!(of_subset(&port(blocks), "").await, ALL, "{blocks}");
    }
    let five = most(5);
    assert_eq!(of_host(&port(&five[1..five.len() - 1]), "").await, 5);
    assert_eq!(of_subset(&port(&five[1..five.len() - 1]), "").await, 5);
    assert_eq!(
        of_subset(&port(&five[1..five.len() - 1]), &most(2)).await,
        2,
        "what a subset sets comes after"
    );
    let elsewhere = at_once(Mesh::builder(), &rule(&port("tls: {}"), ""), "http://reviews:9081/").await;
    assert_eq!(elsewhere, 3);
}

#[tokio::test(start_paused = true)]
async fn an_entry_for_a_port_of_a_subset_wipes_what_it_does_not_set() {
    let port = |number: u16, blocks: &str| {
        format!("{{portLevelSettings: [{{port: {{number: {number}}}, {blocks}}}]}}")
    };
    assert_eq!(of_subset(&most(3), &port(9080, "tls: {mode: DISABLE}")).await, ALL);
    assert_eq!(of_subset(&most(3), &port(9081, "tls: {mode: DISABLE}")).await, 3, "at another port");
    assert_eq!(of_host(&most(3), &port(9080, "tls: {mode: DISABLE}")).await, 3);
    let five = most(5);
    assert_eq!(of_subset(&most(3), &port(9080, &five[1..five.len() - 1])).await, 5);
}

/// A subset is those that have its labels; the host's policy is for it too.
#[tokio::test(start_paused = true)]
async fn a_subset_is_who_has_its_labels_all_of_them() {
    let spec = "host: reviews\nsubsets:\n- {name: blue, labels: {version: v2, colour: blue}}\n\
                - {name: any, labels: {version: v2}}\n- {name: all}";
    let yaml = |subset| {
        document("DestinationRule", "reviews", spec) + &routes("reviews", &format!("- {}", to(subset)))
    };
    let upstreams = || {
        let red = [("version", "v2"), ("colour", "red")];
        let blue = [("version", "v2"), ("colour", "blue"), ("zone", "a")];
        let other = [("version", "v1"), ("colour", "blue")];
        let all = Upstreams::new().in_namespace("bookinfo").seed(1);
        all.at("reviews", red, Echo::new()).at("reviews", blue, Echo::new()).at("reviews", other, Echo::new())
    };
    for (subset, who) in [("blue", 1), ("any", 2), ("all", 3)] {
        let town = Town::with(Mesh::builder(), &yaml(subset), upstreams());
        town.load(1, 30, REVIEWS).await;
        let seen = town.upstreams.seen();
        assert_eq!(seen.each.values().filter(|seen| seen.calls > 0).count(), who, "{subset}");
        assert!(seen["reviews version=v2 colour=blue zone=a"].calls > 0);
    }
}

// ===== whose rule =====

const OTHER: &str = "http://stars.other:9080/";
const STARS: &str = "stars.other.svc.cluster.local";

fn limit(namespace: &str, host: &str, requests: u32, more: &str) -> String {
    let spec = format!("host: '{host}'\ntrafficPolicy: {}\n{more}", most(requests));
    document_in(namespace, "DestinationRule", &format!("r{requests}"), &spec)
}

/// How many get through to a service of another namespace.
async fn of_other(documents: &[String]) -> usize {
    at_once(Mesh::builder().labels([("app", "page")]), &documents.concat(), OTHER).await
}

/// The client's own namespace, then the service's, then the root's; in the first that has any rule for the host, the one
/// that is nearest to it.
#[tokio::test(start_paused = true)]
async fn the_namespace_of_a_rule_counts_before_how_near_its_host_is() {
    let here = limit("bookinfo", "*.local", 2, "");
    let theirs = limit("other", STARS, 3, "");
    let root = limit("istio-system", STARS, 4, "");
    let third = limit("third", STARS, 5, "");
    assert_eq!(of_other(&[theirs.clone(), root.clone(), third.clone(), here.clone()]).await, 2);
    assert_eq!(of_other(&[root.clone(), third.clone(), theirs]).await, 3);
    assert_eq!(of_other(&[third.clone(), root]).await, 4);
    assert_eq!(of_other(&[third]).await, ALL, "it is nobody's who is asked");
    let near = limit("bookinfo", STARS, 6, "");
    assert_eq!(of_other(&[here, near]).await, 6);
}

/// Only one counts: what the family's rule says is not added to it.
#[tokio::test(start_paused = true)]
async fn a_rule_for_a_family_is_not_inherited() {
    let family = limit("bookinfo", "*.other.svc.cluster.local", 2, "");
    let spec = format!("host: {STARS}\ntrafficPolicy: {{tls: {{mode: DISABLE}}}}");
    let near = document("DestinationRule", "near", &spec);
    assert_eq!(of_other(&[family.clone(), near]).await, ALL);
    let longer = limit("bookinfo", "*.cluster.local", 3, "");
    assert_eq!(of_other(&[longer, family]).await, 2, "the longer end");
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_not_exported_to_the_client_is_passed_over() {
    let theirs = |to: &str| limit("other", STARS, 3, &format!("exportTo: [{to}]"));
    assert_eq!(of_other(&[theirs(".")]).await, ALL);
    assert_eq!(of_other(&[theirs("third")]).await, ALL);
    assert_eq!(of_other(&[theirs("bookinfo")]).await, 3);
    assert_eq!(of_other(&[theirs("'*'")]).await, 3);
    assert_eq!(of_other(&[limit("bookinfo", STARS, 2, "exportTo: [.]")]).await, 2);
    assert_eq!(of_other(&[theirs("."), limit("istio-system", STARS, 4, "")]).await, 4);
}

#[tokio::test(start_paused = true)]
async fn a_rule_for_some_workloads_comes_before_one_for_all() {
    let selected = |namespace: &str, app: &str| {
        limit(namespace, STARS, 3, &format!("workloadSelector: {{matchLabels: {{app: {app}}}}}"))
    };
    let all = limit("bookinfo", STARS, 2, "");
    assert_eq!(of_other(&[all.clone(), selected("bookinfo", "page")]).await, 3);
    assert_eq!(of_other(&[all, selected("bookinfo", "another")]).await, 2);
    assert_eq!(of_other(&[selected("other", "page")]).await, ALL, "it is for workloads of its own namespace");
}

/// Of one namespace: the first policy counts whole, subsets are put together, and of two of a name the first counts.
#[tokio::test(start_paused = true)]
async fn rules_of_one_namespace_for_one_host_are_put_together() {
    let part = |name: &str, policy: &str, subset: &str, version: &str| {
        let subset = format!("subsets: [{{name: {subset}, labels: {{version: {version}}}}}]");
        document("DestinationRule", name, &format!("host: reviews\n{policy}{subset}"))
    };
    let limited = |requests| format!("trafficPolicy: {}\n", most(requests));
    let yaml = part("c", &limited(5), "v3", "v3")
        + &part("b", &limited(3), "v2", "v2")
        + &part("a", "", "v1", "v1")
        + &part("d", "", "v1", "v3");
    for name in ["v1", "v2", "v3"] {
        let lead = routes("reviews", &format!("- {}", to(name)));
        let town = Town::new(&(yaml.clone() + &lead));
        assert_eq!(town.whom(get_at(REVIEWS)).await, version(name));
    }
    assert_eq!(at_once(Mesh::builder(), &yaml, REVIEWS).await, 3);
}
