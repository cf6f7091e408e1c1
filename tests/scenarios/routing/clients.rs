//! What is known before any request: the port, who the client is, for which gateways it acts.

use super::*;

/// Who answers where a rule with this entry leads to the first version, and the next one to the second.
async fn reached(builder: MeshBuilder, entry: &str, uri: &str) -> String {
    let rules = reviews(&format!("- match: [{entry}]\n  {}\n- {}", to("v1"), to("v2")));
    Town::of(builder, &rules).whom(get_at(uri)).await
}

fn client() -> MeshBuilder {
    Mesh::builder().labels([("app", "productpage"), ("version", "v1")])
}

#[tokio::test(start_paused = true)]
async fn a_port_is_the_one_that_is_called() {
    for (uri, version_at) in
        [("http://reviews:9080/", "v1"), ("http://reviews:9081/", "v2"), ("http://reviews/", "v2")]
    {
        assert_eq!(reached(client(), "{port: 9080}", uri).await, version(version_at), "{uri}");
    }
    assert_eq!(reached(client(), "{port: 80}", "http://reviews/").await, version("v1"));
    assert_eq!(reached(client(), "{port: 443}", "https://reviews/").await, version("v1"));
}

#[tokio::test(start_paused = true)]
async fn source_labels_are_some_of_the_clients() {
    for (labels, version_for) in [
        ("{app: productpage}", "v1"),
        ("{app: productpage, version: v1}", "v1"),
        ("{app: productpage, version: v2}", "v2"),
        ("{app: productpage, zone: a}", "v2"),
        ("{}", "v1"),
    ] {
        let entry = format!("{{sourceLabels: {labels}}}");
        assert_eq!(reached(client(), &entry, REVIEWS).await, version(version_for), "{labels}");
    }
    assert_eq!(reached(Mesh::builder(), "{sourceLabels: {app: productpage}}", REVIEWS).await, version("v2"));
}

#[tokio::test(start_paused = true)]
async fn a_source_namespace_is_the_clients_own() {
    assert_eq!(reached(client(), "{sourceNamespace: bookinfo}", REVIEWS).await, version("v1"));
    assert_eq!(reached(client(), "{sourceNamespace: other}", REVIEWS).await, version("v2"));
    assert_eq!(reached(client(), "{sourceNamespace: ''}", REVIEWS).await, version("v1"));
}

/// Where an entry names gateways nobody looks at its labels and its namespace.
#[tokio::test(start_paused = true)]
async fn gateways_in_an_entry_have_its_labels_passed_over() {
    let strange = "sourceLabels: {app: another}, sourceNamespace: other";
    assert_eq!(reached(client(), &format!("{{gateways: [mesh], {strange}}}"), REVIEWS).await, version("v1"));
    assert_eq!(reached(client(), &format!("{{{strange}}}"), REVIEWS).await, version("v2"));
    assert_eq!(reached(client(), "{gateways: [mesh, edge]}", REVIEWS).await, version("v1"));
    assert_eq!(reached(client(), "{gateways: [edge]}", REVIEWS).await, version("v2"));
    // Everything else is still asked for.
    let entry = "{gateways: [mesh], uri: {exact: /none}}";
    assert_eq!(reached(client(), entry, REVIEWS).await, version("v2"));
}

#[tokio::test(start_paused = true)]
async fn names_of_gateways_are_completed_by_the_documents_namespace() {
    for (named, acting, is_meant) in [
        ("edge", "bookinfo/edge", true),
        ("./edge", "bookinfo/edge", true),
        ("bookinfo/edge", "bookinfo/edge", true),
        ("edge", "edge", true),
        ("edge", "other/edge", false),
        ("other/edge", "other/edge", true),
        ("edge.other.svc.cluster.local", "other/edge", true),
        ("mesh", "bookinfo/mesh", false),
    ] {
        let spec = format!("hosts: [reviews]\ngateways: ['{named}']\nhttp:\n- {}", to("v2"));
        let yaml = versions("reviews", &["v2"]) + &document("VirtualService", "reviews", &spec);
        let town = Town::of(Mesh::builder().gateway(acting), &yaml);
        town.load(1, 20, REVIEWS).await;
        assert_eq!(town.asked() == [0, 20, 0], is_meant, "`{named}` for who acts for `{acting}`");
    }
}

/// Who acts for a gateway is not in the mesh, unless he says that too.
#[tokio::test(start_paused = true)]
async fn who_acts_for_a_gateway_is_in_the_mesh_only_where_that_is_said() {
    let yaml = reviews(&format!("- {}", to("v3")));
    let asked = async |builder: MeshBuilder| {
        let town = Town::of(builder, &yaml);
        town.load(1, 30, REVIEWS).await;
        town.asked()
    };
    assert_eq!(asked(Mesh::builder()).await, [0, 0, 30]);
    assert_ne!(asked(Mesh::builder().gateway("bookinfo/edge")).await, [0, 0, 30]);
    assert_eq!(asked(Mesh::builder().gateway("bookinfo/edge").gateway("mesh")).await, [0, 0, 30]);
}

/// Only those to other ports: then it is as if nobody had said anything, and the mesh's own retries hold.
#[tokio::test(start_paused = true)]
async fn a_host_whose_rules_are_all_for_other_ports_is_as_one_without_rules() {
    let rule = format!("- match: [{{port: 9080}}]\n  {}\n  retries: {{attempts: 0}}", to("v1"));
    let refusing = || of_versions(["v1", "v2"].map(|name| (name, Echo::new().refuse())));
    let town = Town::with(Mesh::builder(), &reviews(&rule), refusing());
    let calls = async |uri: &str| {
        let before: u64 = town.asked().iter().sum();
        let answer = town.client.clone();
        assert!(tower::ServiceExt::oneshot(answer, get_at(uri)).await.is_err());
        town.asked().iter().sum::<u64>() - before
    };
    assert_eq!(calls("http://reviews:9080/").await, 1);
    assert_eq!(calls("http://reviews:9081/").await, 3, "tried twice more");
    assert!(town.heard().iter().skip(1).all(|heard| heard.cluster.is_none()));

    // At its own port a rule is a rule: what it does not take goes nowhere.
    let picky = format!("- match: [{{port: 9080, uri: {{exact: /a}}}}]\n  {}", to("v1"));
    let town = Town::new(&reviews(&picky));
    assert_eq!(town.whom(get_at("http://reviews:9080/b")).await, "404 NR");
    assert!(town.whom(get_at("http://reviews:9081/b")).await.starts_with("reviews"));
}

/// The same where who the client is leaves none of the rules.
#[tokio::test(start_paused = true)]
async fn a_host_whose_rules_are_all_for_other_clients_is_as_one_without_rules() {
    let rules = format!(
        "- match: [{{sourceLabels: {{app: another}}}}]\n  {}\n- match: [{{gateways: [edge]}}]\n  {}",
        to("v1"),
        to("v2")
    );
    let town = Town::new(&reviews(&rules));
    town.load(1, 60, REVIEWS).await;
    assert!(town.asked().iter().all(|asked| *asked > 0), "{:?}", town.asked());

    // With one that remains, and takes nothing, there is nothing.
    let left = format!("- match: [{{uri: {{exact: /a}}}}]\n  {}\n{rules}", to("v3"));
    let town = Town::new(&reviews(&left));
    assert_eq!(town.whom(get_at(REVIEWS)).await, "404 NR");
}
