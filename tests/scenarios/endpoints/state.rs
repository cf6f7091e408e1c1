//! What stays when endpoints or documents change.

use super::*;

fn rule(outlier: &str, more: &str) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: reviews}}, spec: {{host: reviews,
  trafficPolicy: {{outlierDetection: {outlier}{more}}}}}}}\n"
    )
}

fn entry(addresses: &[&str]) -> String {
    let endpoints: Vec<_> = addresses.iter().map(|address| format!("{{address: {address}}}")).collect();
    format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: reviews}}, spec: {{
  hosts: [reviews.default.svc.cluster.local], resolution: STATIC, ports: [{{number: 9080, name: http, protocol: HTTP}}],
  endpoints: [{}]}}}}\n",
        endpoints.join(", ")
    )
}

const OUTLIER: &str = "{consecutive5xxErrors: 1, baseEjectionTime: 1h, maxEjectionPercent: 100}";
const URL: &str = "http://reviews:9080/";

fn addressed() -> Upstreams {
    ["10.1.0.1", "10.1.0.2", "10.1.0.3"]
        .into_iter()
        .fold(Upstreams::new(), |all, address| all.host(&format!("{address}:9080"), Echo::new()))
}

fn mesh(yaml: &str) -> World {
    let upstreams = addressed();
    let mesh = Mesh::builder().yaml(yaml).seed(7).build().unwrap_or_else(|errors| panic!("{errors}"));
    World { mesh, upstreams }
}

fn health(world: &World) -> Vec<(String, bool)> {
    let handle = world.mesh.balance("reviews", 9080, None).expect("it is known");
    let status = handle.status();
    status.iter().map(|it| (it.endpoint.address().to_string(), it.is_healthy())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_stays_in_the_documents_stays_ejected_and_the_others_come_and_go() {
    let world = mesh(&(rule(OUTLIER, "") + &entry(&["10.1.0.1"])));
    assert_eq!(world.get(&format!("{URL}?status=500")).await.0, 500);
    assert_eq!(health(&world), [("10.1.0.1:9080".to_owned(), false)]);
    world
        .mesh
        .apply_yaml(&(rule(OUTLIER, "") + &entry(&["10.1.0.2", "10.1.0.1"])))
        .expect("they mean something");
    assert_eq!(health(&world), [("10.1.0.2:9080".to_owned(), true), ("10.1.0.1:9080".to_owned(), false)]);
    assert_eq!(world.get(URL).await.0, 200);
    // Another policy is another cluster.
    let other = "{consecutive5xxErrors: 2, baseEjectionTime: 1h, maxEjectionPercent: 100}";
    world
        .mesh
        .apply_yaml(&(rule(other, "") + &entry(&["10.1.0.2", "10.1.0.1"])))
        .expect("they mean something");
    assert!(health(&world).iter().all(|(_, is_healthy)| *is_healthy));
}

#[tokio::test(start_paused = true)]
async fn where_documents_no_longer_say_who_answers_requests_are_the_transport_s_again() {
    let world = mesh(&(rule(OUTLIER, "") + &entry(&["10.1.0.1"])));
    assert_eq!(world.get(URL).await.0, 200);
    let before = world.upstreams.seen().missed.len();
    world.mesh.apply_yaml(&rule(OUTLIER, "")).expect("it means something");
    let request = Request::get(URL)
        .header(HOST, "reviews:9080")
        .body(Full::<bytes::Bytes>::default())
        .expect("a request");
    let asked = world.client().oneshot(request).await;
    assert!(asked.is_err(), "nobody is at the name itself");
    assert_eq!(world.upstreams.seen().missed.len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_program_tells_counts_before_documents_and_may_change_at_any_time() {
    let told = tower_mesh::Endpoints::new(["10.1.0.2:9080".parse::<Endpoint>().unwrap()]);
    let yaml = rule(OUTLIER, "") + &entry(&["10.1.0.1"]);
    let builder = Mesh::builder().yaml(&yaml).endpoints("reviews", &told);
    let world = World { mesh: builder.build().expect("they mean something"), upstreams: addressed() };
    assert_eq!(health(&world), [("10.1.0.2:9080".to_owned(), true)]);
    told.insert("10.1.0.3:9080".parse::<Endpoint>().unwrap());
    assert_eq!(health(&world).len(), 2);
    let report = world.load(URL, 50.0, secs(2)).await;
    let calls = &report.upstream_calls();
    assert!(
        calls["10.1.0.2:9080"] > 20 && calls["10.1.0.3:9080"] > 20 && calls["10.1.0.1:9080"] == 0,
        "{calls:?}"
    );
    assert!(world.mesh.endpoints("reviews", 9080).expect("it is known").is(&told));
}

/// Over a mesh too, the second try goes elsewhere: by default where no connection came about.
#[tokio::test(start_paused = true)]
async fn a_retry_goes_to_another_endpoint() {
    let upstreams = Upstreams::new().at("reviews:9080", [("pod", "1")], Echo::new().refuse()).at(
        "reviews:9080",
        [("pod", "2")],
        Echo::new(),
    );
    let world = World::new(&rule("{consecutive5xxErrors: 0}", ""), upstreams);
    let report = world.load(URL, 50.0, secs(10)).await;
    assert_eq!(report.count(200), report.requests);
    assert!(report.upstream_calls()["reviews:9080 pod=1"] > 100, "each of these was tried again");
}

#[tokio::test(start_paused = true)]
async fn one_user_always_meets_the_same_endpoint_where_the_rule_hashes_by_header() {
    let hash = ", loadBalancer: {consistentHash: {httpHeaderName: end-user}}";
    let upstreams = (1..=5)
        .fold(Upstreams::new(), |all, pod| all.at("reviews:9080", [("pod", pod.to_string())], Echo::new()));
    let world = World::new(&rule(OUTLIER, hash), upstreams);
    for user in ["jason", "bob"] {
        let load = Load::workers(1).requests(20).uri(URL).header("end-user", user);
        let before = world.upstreams.seen();
        let report = load.run(world.client()).await.with_upstreams(&world.upstreams.seen().since(&before));
        let asked: Vec<_> = report.upstream_calls().values().filter(|calls| **calls > 0).collect();
        assert_eq!(asked, [&20], "{user}");
    }
}

/// Two addresses for a name, then three, of which the mesh is told by whoever looks names up.
struct Names(std::sync::Mutex<u8>);

impl tower_mesh::layer::balance::Resolve for Names {
    async fn resolve(&self, name: &str) -> std::io::Result<tower_mesh::layer::balance::Resolved> {
        assert_eq!(name, "www.example.com");
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let addresses = (1..=*count).map(|last| std::net::IpAddr::from([10, 1, 0, last]));
        Ok(tower_mesh::layer::balance::Resolved::new(addresses).valid_for(secs(30)))
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_documents_are_looked_up_while_somebody_wants_it_whatever_documents_come() {
    let documents = |resolution: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: www}}, spec: {{
  hosts: [www.example.com], resolution: {resolution}, ports: [{{number: 80, name: http, protocol: HTTP}}]}}}}"
        )
    };
    let world = mesh(&documents("DNS"));
    let addresses = || {
        let handle = world.mesh.balance("www.example.com", 80, None).expect("it is known");
        handle.status().iter().map(|it| it.endpoint.address().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(addresses(), ["www.example.com:80"], "the transport looks it up");
    let updating = world.mesh.resolving(Names(std::sync::Mutex::new(1)));
    tokio::time::sleep(secs(1)).await;
    assert_eq!(addresses(), ["10.1.0.1:80", "10.1.0.2:80"]);
    tokio::time::sleep(secs(30)).await;
    assert_eq!(addresses().len(), 3);
    world.mesh.apply_yaml(&documents("DNS_ROUND_ROBIN")).expect("it means something");
    tokio::time::sleep(secs(1)).await;
    assert_eq!(addresses(), ["10.1.0.1:80"], "the first alone, and nobody was asked again for it");
    drop(updating);
    tokio::time::sleep(secs(300)).await;
    assert_eq!(addresses(), ["10.1.0.1:80"]);
}
