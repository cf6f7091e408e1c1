//! Which document a request's host has, and whom short names mean.

use super::*;

/// Rules of a document of this name that lead to a version of reviews.
fn leading(name: &str, hosts: &str, version: &str) -> String {
    document("VirtualService", name, &format!("hosts: {hosts}\nhttp:\n- {}", to(version)))
}

fn town(documents: &[String]) -> Town {
    Town::new(&(versions("reviews", &["v1", "v2", "v3"]) + &documents.concat()))
}

async fn version_at(town: &Town, host: &str) -> String {
    let whom = town.whom(get_at(&format!("http://{host}/"))).await;
    whom.strip_prefix("reviews version=").unwrap_or(&whom).to_owned()
}

#[tokio::test(start_paused = true)]
async fn every_name_of_a_service_means_it_at_any_port_and_in_any_case() {
    let town = town(&[leading("a", "[reviews]", "v2")]);
    for host in [
        "reviews",
        "reviews:9080",
        "reviews:1",
        "REVIEWS",
        "reviews.bookinfo",
        "reviews.bookinfo:80",
        "reviews.bookinfo.svc",
        "reviews.bookinfo.svc.cluster.local",
        "reviews.bookinfo.svc.cluster.local.",
        "Reviews.Bookinfo.svc.Cluster.local.:9080",
    ] {
        assert_eq!(version_at(&town, host).await, "v2", "{host}");
    }
    town.heard();
    for host in ["reviews.other", "reviews.bookinfo.svc.cluster", "reviews.bookinfo.cluster.local", "review"]
    {
        town.get(&format!("http://{host}/")).await;
    }
    assert!(town.heard().iter().all(|heard| heard.cluster.is_none()), "nobody else is meant");
}

#[tokio::test(start_paused = true)]
async fn a_bare_name_is_one_of_the_documents_namespace_and_not_of_the_clients() {
    // To a client of `bookinfo`, `reviews` alone is not that of `other`.
    let spec = "hosts: [reviews]\nhttp:\n- route: [{destination: {host: ratings}}]";
    let town = Town::new(&document_in("other", "VirtualService", "a", spec));
    assert!(town.whom(get_at(REVIEWS)).await.starts_with("reviews version="));
    town.get("http://reviews.other:9080/").await;
    let heard = town.heard().pop().expect("a request");
    let led = ("http://ratings.other.svc.cluster.local:9080/", Some("reviews.other:9080"));
    assert_eq!(heard.led(), led, "a destination is completed by the same namespace");
}

/// A name with a dot is never completed.
#[tokio::test(start_paused = true)]
async fn a_name_with_dots_stands_for_itself() {
    let town = town(&[leading("a", "[reviews.prod]", "v2"), leading("b", "[api.example.com]", "v3")]);
    assert_eq!(version_at(&town, "reviews.prod").await, "v2");
    assert_eq!(version_at(&town, "reviews.prod.svc.cluster.local").await, "others");
    assert_eq!(version_at(&town, "api.example.com:8443").await, "v3");
    assert_eq!(version_at(&town, "API.example.com.").await, "v3");
}

#[tokio::test(start_paused = true)]
async fn a_host_comes_before_a_family_and_a_longer_end_before_a_shorter() {
    let town = town(&[
        leading("a", "['*.com']", "v1"),
        leading("b", "['*.example.com']", "v2"),
        leading("c", "[a.example.com]", "v3"),
    ]);
    for (host, version) in [
        ("a.example.com", "v3"),
        ("b.example.com", "v2"),
        ("x.b.example.com", "v2"),
        ("example.com", "v1"),
        ("com", "others"),
        ("example.org", "others"),
    ] {
        assert_eq!(version_at(&town, host).await, version, "{host}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_family_is_an_end_of_text_with_something_before_it() {
    let dotted = town(&[leading("a", "['*.foo.com']", "v1")]);
    assert_eq!(version_at(&dotted, "foo.com").await, "others");
    assert_eq!(version_at(&dotted, "x.foo.com").await, "v1");
    assert_eq!(version_at(&dotted, "xfoo.com").await, "others");
    let bare = town(&[leading("a", "['*foo.com']", "v1")]);
    assert_eq!(version_at(&bare, "xfoo.com").await, "v1");
    assert_eq!(version_at(&bare, "x.foo.com").await, "v1");
    assert_eq!(version_at(&bare, "foo.com").await, "others");
}

/// A short name is one of a family when it is completed.
#[tokio::test(start_paused = true)]
async fn a_family_of_services_has_them_by_their_short_names_too() {
    let family = leading("a", "['*.bookinfo.svc.cluster.local']", "v2");
    let town = town(&[family]);
    for host in ["reviews", "details:9080", "ratings.bookinfo", "ratings.bookinfo.svc.cluster.local"] {
        assert_eq!(version_at(&town, host).await, "v2", "{host}");
    }
    assert_eq!(version_at(&town, "ratings.other").await, "others");
}

#[tokio::test(start_paused = true)]
async fn of_two_documents_for_a_host_the_first_by_name_counts_alone() {
    let picky = "hosts: [reviews]\nhttp:\n- match: [{uri: {exact: /a}}]\n  ".to_owned() + &to("v1");
    let first = document("VirtualService", "a", &picky);
    let town = town(&[leading("b", "[reviews]", "v2"), first]);
    assert_eq!(version_at(&town, "reviews:9080/a").await, "404 NR", "the path is `/a/`");
    assert_eq!(town.whom(get_at("http://reviews/a")).await, version("v1"));
    assert_eq!(town.whom(get_at("http://reviews/b")).await, "404 NR", "nothing is put together in the mesh");
    town.told("is for the same host and comes first");
}

#[tokio::test(start_paused = true)]
async fn the_one_that_was_made_first_counts_where_that_is_said() {
    let made = |name: &str, at: &str, version: &str| {
        leading(name, "[reviews]", version)
            .replace("namespace: bookinfo", &format!("namespace: bookinfo, creationTimestamp: '{at}'"))
    };
    let [early, late] = ["2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z"];
    let town = town(&[made("a", late, "v1"), made("b", early, "v2")]);
    assert_eq!(version_at(&town, "reviews").await, "v2");
}

/// Behind a gateway rules of several documents for a host are put together, in their order; what takes every request
/// comes last.
#[tokio::test(start_paused = true)]
async fn gateways_put_together_what_several_documents_say_of_a_host() {
    let bound = |name: &str, entry: &str, version: &str| {
        let rule = format!("- match: [{{uri: {{prefix: {entry}}}}}]\n  {}", to(version));
        let spec = format!("hosts: [shop.example.com]\ngateways: [edge]\nhttp:\n{rule}");
        document("VirtualService", name, &spec)
    };
    let yaml = versions("reviews", &["v1", "v2", "v3"])
        + &bound("b", "/", "v2")
        + &bound("d", "/ab", "v2")
        + &bound("c", "/c", "v3")
        + &bound("a", "/a", "v1");
    let town = Town::of(Mesh::builder().gateway("bookinfo/edge"), &yaml);
    for (path, reached) in [("a", "v1"), ("abc", "v1"), ("b", "v2"), ("c", "v3")] {
        assert_eq!(town.whom(get_at(&format!("http://shop.example.com/{path}"))).await, version(reached));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_exported_elsewhere_is_not_for_this_client() {
    for (namespace, to, is_meant) in [
        ("bookinfo", "[.]", true),
        ("bookinfo", "['*']", true),
        ("bookinfo", "[other]", false),
        ("other", "[bookinfo]", true),
        ("other", "[other, bookinfo]", true),
        ("other", "['*']", true),
        ("other", "[.]", false),
        ("other", "[third]", false),
    ] {
        let spec = format!(
            "hosts: [reviews.bookinfo.svc.cluster.local]\nexportTo: {to}\n\
             http:\n- directResponse: {{status: 418}}"
        );
        let town = Town::new(&document_in(namespace, "VirtualService", "a", &spec));
        let answered = town.get(REVIEWS).await.status() == 418;
        assert_eq!(answered, is_meant, "in {namespace} to {to}");
        assert_eq!(town.has_note("it is not exported to the client's namespace"), !is_meant);
    }
}

/// A name that stands for another one leads there, one step on.
#[tokio::test(start_paused = true)]
async fn an_alias_is_the_host_that_it_is_for() {
    let alias = "---\napiVersion: v1\nkind: Service\nmetadata: {name: stars, namespace: bookinfo}\n\
                 spec: {type: ExternalName, externalName: ratings.bookinfo.svc.cluster.local}\n";
    let rule = routes("reviews", "- route: [{destination: {host: stars}}]");
    let town = Town::new(&(alias.to_owned() + &rule));
    assert!(town.whom(get_at(REVIEWS)).await.starts_with("ratings version="));
}

/// What another document says of a part of a host's requests, within what leads there.
#[tokio::test(start_paused = true)]
async fn a_delegate_has_the_requests_that_its_root_leads_to_it() {
    let root =
        "hosts: [reviews]\nhttp:\n- match: [{uri: {prefix: /shop}}]\n  delegate: {name: shop}\n- ".to_owned();
    let part = format!(
        "http:\n- match: [{{uri: {{prefix: /shop/new}}, headers: {{end-user: {{exact: jason}}}}}}]\n  {}\n- {}",
        to("v2"),
        to("v3")
    );
    let root = document("VirtualService", "root", &(root + &to("v1")));
    let town = town(&[root, document("VirtualService", "shop", &part)]);
    for (path, user, reached) in [
        ("/shop/new", "jason", "v2"),
        ("/shop/new", "bob", "v3"),
        ("/shop", "jason", "v3"),
        ("/other", "jason", "v1"),
    ] {
        let request = with(get_at(&format!("http://reviews:9080{path}")), "end-user", user);
        assert_eq!(town.whom(request).await, version(reached), "{path} of {user}");
    }
}
