//! Ways out of the mesh: who is led to a gateway, and who acts for one.

use super::*;

// ===== an egress gateway =====

/// To a host outside through the egress gateway: everybody in the mesh goes there, and the gateway to the host.
fn egress() -> String {
    let at = |kind: &str, name: &str, spec: &str| document_in("istio", kind, name, spec);
    let servers = "selector: {istio: egressgateway}\nservers:\n\
                   - {port: {number: 80, name: http, protocol: HTTP}, hosts: [www.baidu.com]}";
    let entry =
        "hosts: [www.baidu.com]\nports: [{number: 80, name: http-port, protocol: HTTP}]\nresolution: DNS";
    let rule = |gateway: &str, host: &str| {
        format!(
            "- match: [{{gateways: [{gateway}], port: 80}}]\n  \
             route: [{{destination: {{host: {host}, port: {{number: 80}}}}, weight: 100}}]\n"
        )
    };
    let rules = format!(
        "hosts: [www.baidu.com]\ngateways: [istio-egressgateway, mesh]\nhttp:\n{}{}",
        rule("mesh", "istio-egressgateway.istio-system.svc.cluster.local"),
        rule("istio-egressgateway", "www.baidu.com"),
    );
    at("Gateway", "istio-egressgateway", servers)
        + &at("ServiceEntry", "baidu", entry)
        + &at("VirtualService", "vs-baidu", &rules)
}

async fn led(builder: MeshBuilder, yaml: &str, uri: &str) -> (String, Option<String>) {
    let town = Town::of(builder, yaml);
    assert_eq!(town.get(uri).await.status(), 200);
    let heard = town.heard().pop().expect("it was sent");
    let (uri, host) = heard.led();
    (uri.to_owned(), host.map(str::to_owned))
}

fn there(uri: &str, host: Option<&str>) -> (String, Option<String>) {
    (uri.to_owned(), host.map(str::to_owned))
}

const GATEWAY: &str = "http://istio-egressgateway.istio-system.svc.cluster.local:80";

/// Exercises 28 and 29.
#[tokio::test(start_paused = true)]
async fn a_client_of_the_mesh_is_led_to_the_egress_gateway_and_keeps_the_hosts_name() {
    let of_gateway = there(&format!("{GATEWAY}/s?wd=a"), Some("www.baidu.com"));
    for uri in ["http://www.baidu.com/s?wd=a", "http://www.baidu.com:80/s?wd=a"] {
        assert_eq!(led(Mesh::builder(), &egress(), uri).await, of_gateway, "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_acts_for_the_egress_gateway_goes_to_the_host_itself() {
    let gateway = || Mesh::builder().gateway("istio/istio-egressgateway");
    let uri = "http://www.baidu.com/s?wd=a";
    // Whose endpoint is the name itself.
    let itself = there("http://www.baidu.com:80/s?wd=a", Some("www.baidu.com"));
    assert_eq!(led(gateway(), &egress(), uri).await, itself);
    // Of another namespace it is another gateway, and there is nothing for it.
    let other = Town::of(Mesh::builder().gateway("istio-system/istio-egressgateway"), &egress());
    other.told("never applies to this client: it is not for `istio-system/istio-egressgateway`");
    assert_eq!(other.get(uri).await.status(), 200);
    assert_eq!(other.heard()[0].led(), (&*itself.0, itself.1.as_deref()));
}

#[tokio::test(start_paused = true)]
async fn other_ports_are_not_taken_by_the_rules() {
    for gateways in [&[][..], &["istio/istio-egressgateway"]] {
        for uri in ["https://www.baidu.com/", "http://www.baidu.com:8080/"] {
            let builder = gateways.iter().fold(Mesh::builder(), |builder, name| builder.gateway(*name));
            assert_eq!(led(builder, &egress(), uri).await, there(uri, None), "{uri} of {gateways:?}");
        }
    }
}

/// The whole way: what the mesh's client sends is what the gateway gets.
#[tokio::test(start_paused = true)]
async fn a_request_goes_through_the_gateway_to_the_host() {
    let yaml = egress() + &reviews(&format!("- {}", to("v2")));
    let baidu = Upstreams::new()
        .host("www.baidu.com:80", Echo::new())
        .at("reviews", [("version", "v2")], Echo::new())
        .in_namespace("bookinfo");
    let gateway = Town::with(Mesh::builder().gateway("istio/istio-egressgateway"), &yaml, baidu.clone());
    // The gateway is a server: it knows the host by the header.
    let serves = tower::service_fn({
        let client = gateway.client.clone();
        move |request: Request<_>| {
            let (mut head, body) = request.into_parts();
            let path = head.uri.path_and_query().cloned().expect("a path");
            head.uri = path.as_str().parse().expect("a path");
            tower::ServiceExt::oneshot(client.clone(), Request::from_parts(head, body))
        }
    });
    let mesh = sidecar(Mesh::builder(), &yaml);
    let got = ask(&mesh.client(serves).over(Http.reading_errors()), get_at("http://www.baidu.com/")).await;
    assert_eq!((got.status(), baidu.seen()["www.baidu.com:80"].calls), (200, 1));
}

/// A mesh as the transport of another: what part of a host the outer one meant is nothing to another host.
#[tokio::test(start_paused = true)]
async fn a_part_of_a_host_is_not_looked_for_at_another_one_further_on() {
    let outer = sidecar(Mesh::builder(), &reviews(&format!("- {}", to("v3"))));
    let inner = Town::new(&routes("reviews", "- route: [{destination: {host: ratings}}]"));
    let got = ask(&outer.client(inner.client.clone()).over(Http.reading_errors()), get_at(REVIEWS)).await;
    assert_eq!((got.status(), inner.heard()[0].cluster.clone()), (200, None));
    // Where it goes on to the host itself it is still that part.
    let through = Town::new(&routes("reviews", "- route: [{destination: {host: reviews}}]"));
    let client = outer.client(through.client.clone()).over(Http.reading_errors());
    assert_eq!((ask(&client, get_at(REVIEWS)).await.status(), through.asked()), (200, [0, 0, 1]));
}

// ===== no HTTP there =====

/// Rules of `http` where a database listens.
fn database(documents: &[&str]) -> String {
    let at = |kind: &str, name: &str, spec: &str| document_in("vm", kind, name, spec);
    let rule = |gateway: &str, host: &str| {
        format!(
            "- match: [{{gateways: [{gateway}], port: 3306}}]\n  \
             route: [{{destination: {{host: {host}, port: {{number: 3306}}}}, weight: 100}}]\n"
        )
    };
    let rules = format!(
        "hosts: [mysql.vm.demo]\ngateways: [istio-eastwest, mesh]\nhttp:\n{}{}",
        rule("mesh", "istio-eastwestgateway.istio-system.svc.cluster.local"),
        rule("istio-eastwest", "mysql.vm.demo"),
    );
    let all = documents.iter().map(|kind| match *kind {
        "Gateway" => at(
            "Gateway",
            "istio-eastwest",
            "selector: {istio: eastwestgateway}\nservers:\n\
             - {port: {number: 3306, name: tcp, protocol: TCP}, hosts: [mysql.vm.demo]}",
        ),
        _ => at(
            "ServiceEntry",
            "mysql-se",
            "hosts: [mysql.vm.demo]\nports: [{number: 3306, name: mysql, protocol: TCP, targetPort: 3306}]\n\
             resolution: STATIC\nendpoints: [{address: 192.0.2.7}]",
        ),
    });
    all.collect::<String>() + &at("VirtualService", "vs-mysql", &rules)
}

/// Exercise 35: whoever says that it is TCP, traffic does not take the gateway, and that is told.
#[tokio::test(start_paused = true)]
async fn rules_of_http_do_not_lead_where_another_protocol_is_spoken() {
    let uri = "http://mysql.vm.demo:3306/";
    for documents in [&["Gateway", "ServiceEntry"][..], &["ServiceEntry"], &["Gateway"]] {
        for gateway in [None, Some("vm/istio-eastwest")] {
            let builder = gateway.map_or_else(Mesh::builder, |name| Mesh::builder().gateway(name));
            let town = Town::of(builder, &database(documents));
            assert_eq!(town.get(uri).await.status(), 200);
            let itself = match documents.contains(&"ServiceEntry") {
                true => ("http://192.0.2.7:3306/", Some("mysql.vm.demo:3306")),
                false => (uri, None),
            };
            assert_eq!(town.heard()[0].led(), itself, "{documents:?} {gateway:?}");
            town.told("never takes a request: no HTTP is spoken at");
        }
    }
    // Where nobody says so it is HTTP, as rules of `http` have it.
    let town = Town::new(&database(&[]));
    town.get(uri).await;
    let gateway = "http://istio-eastwestgateway.istio-system.svc.cluster.local:3306/";
    assert_eq!(town.heard()[0].led(), (gateway, Some("mysql.vm.demo:3306")));
}

/// The same of a service, by the name of its port: rules that ask for no port are not asked there either.
#[tokio::test(start_paused = true)]
async fn a_services_port_says_by_its_name_whether_rules_are_asked() {
    let ports = [(9080, "http"), (3306, "mysql"), (9000, "tcp-admin"), (9090, "grpc"), (9091, "unnamed")];
    let rule = format!("- {}\n  timeout: 0.5s", to("v2"));
    let yaml = service("reviews", &ports) + &reviews(&rule);
    let late = ["v1", "v2"].map(|name| (name, Echo::new().delay(ms(5000))));
    let town = Town::with(Mesh::builder(), &yaml, of_versions(late));
    for (port, is_asked) in [(9080, true), (3306, false), (9000, false), (9090, true), (9091, true)] {
        let got = town.get(&format!("http://reviews:{port}/")).await;
        let heard = town.heard().pop().expect("it was sent");
        assert_eq!((got.status() == 504, heard.cluster.is_some()), (is_asked, is_asked), "{port}");
    }
}

// ===== an ingress gateway =====

/// Everything that comes through the gateway goes to the ratings of a machine outside.
fn ingress() -> String {
    let spec = "hosts: ['*']\ngateways: [bookinfo-gateway]\nhttp:\n\
                - route: [{destination: {host: ratings, subset: v2-mysql-vm, port: {number: 9080}}}]";
    versions("ratings", &["v1", "v2-mysql-vm"]) + &document("VirtualService", "ratings", spec)
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_a_gateway_is_nothing_to_a_client_of_the_mesh() {
    let town = Town::new(&ingress());
    town.told("never applies to a client: it is for gateways, and `mesh` is not among them");
    let report = town.load(1, 60, "http://ratings:9080/ratings/0").await;
    assert!(report.upstreams["ratings version=v1"]["200"] > 0, "{report}");
    assert!(town.heard().iter().all(|heard| heard.cluster.is_none()));
    assert!(town.whom(get_at(REVIEWS)).await.starts_with("reviews"));
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_a_gateway_for_every_host_is_all_to_who_acts_for_it() {
    let town = Town::of(Mesh::builder().gateway("bookinfo/bookinfo-gateway"), &ingress());
    let hosts =
        ["ratings:9080", "ratings.bookinfo:9080", "reviews:9080", "shop.example.com", "10.0.0.1:8080"];
    for host in hosts {
        let whom = town.whom(get_at(&format!("http://{host}/"))).await;
        assert_eq!(whom, "ratings version=v2-mysql-vm", "{host}");
    }
    let heard = town.heard();
    assert!(heard.iter().all(|heard| heard.uri.contains("ratings") && heard.uri.contains(":9080")));
}

/// A gateway that there is a document of serves the hosts that it says, and no others.
#[tokio::test(start_paused = true)]
async fn a_gateways_own_document_says_which_hosts_it_serves() {
    let gateway = |hosts: &str| {
        let spec = format!("servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: {hosts}}}]");
        document("Gateway", "edge", &spec)
    };
    let answering = |hosts: &str| {
        let spec = format!("hosts: {hosts}\ngateways: [edge]\nhttp:\n- directResponse: {{status: 418}}");
        document("VirtualService", "a", &spec)
    };
    let served = async |serves: &str, rules: &str, host: &str| {
        let town = Town::of(Mesh::builder().gateway("bookinfo/edge"), &(gateway(serves) + &answering(rules)));
        town.get(&format!("http://{host}/")).await.status() == 418
    };
    assert!(served("['*']", "[a.example.com]", "a.example.com").await);
    assert!(served("['*.example.com']", "[a.example.com]", "a.example.com").await);
    assert!(!served("[b.example.com]", "[a.example.com]", "a.example.com").await);
    assert!(served("[b.example.com]", "[a.example.com, b.example.com]", "b.example.com").await);
    assert!(!served("['other/*']", "[a.example.com]", "a.example.com").await);
    assert!(served("['./*']", "[a.example.com]", "a.example.com").await);
}

/// Where a gateway speaks no HTTP, no rule is asked of those who act for it, whatever it asks for; a wider family may say so
/// beside a nearer one.
#[tokio::test(start_paused = true)]
async fn a_gateways_own_document_says_where_no_rule_is_asked() {
    let servers = "\
servers:
- {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example.com']}
- {port: {number: 3306, name: db, protocol: TCP}, hosts: ['./*']}
- {port: {number: 6379, name: cache, protocol: REDIS}, hosts: ['other/*']}
";
    let rules = "hosts: [a.example.com]\ngateways: [edge, mesh]\nhttp:\n- directResponse: {status: 418}";
    let yaml = document("Gateway", "edge", servers) + &document("VirtualService", "a", rules);
    let answers = async |builder, port| {
        let town = Town::of(builder, &yaml);
        town.get(&format!("http://a.example.com:{port}/")).await.status() == 418
    };
    for (port, is_asked) in [(80, true), (3306, false), (6379, true), (9080, true)] {
        assert_eq!(answers(Mesh::builder().gateway("bookinfo/edge"), port).await, is_asked, "{port}");
        // What a gateway speaks is nothing to who does not act for it.
        assert!(answers(Mesh::builder(), port).await, "{port}");
    }
}

/// A family of hosts behind a gateway is those of it that the gateway serves, each once.
#[tokio::test(start_paused = true)]
async fn of_a_family_a_gateway_serves_those_that_it_names() {
    let hosts =
        "hosts: [a.example.com, './a.example.com', b.example.com, '*.shop.example.com', c.example.org]";
    let servers = format!("servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, {hosts}}}]");
    let rules = "hosts: ['*.example.com']\ngateways: [edge]\nhttp:\n- directResponse: {status: 418}";
    let yaml = document("Gateway", "edge", &servers) + &document("VirtualService", "a", rules);
    let town = Town::of(Mesh::builder().gateway("bookinfo/edge"), &yaml);
    let served = ["a.example.com", "b.example.com", "x.shop.example.com"];
    for host in served {
        assert_eq!(town.get(&format!("http://{host}/")).await.status(), 418, "{host}");
    }
    for host in ["d.example.com", "c.example.org", "shop.example.com"] {
        assert_eq!(town.get(&format!("http://{host}/")).await.status(), 200, "{host}");
    }
}
