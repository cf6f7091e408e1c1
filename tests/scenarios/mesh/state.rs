//! The state of a mesh: whose it is, how long it lasts, and that nothing of it is left behind.

use std::collections::BTreeSet;

use futures_util::{future::join_all, poll};

use super::*;

fn hanging(yaml: &str) -> Play {
    Play::new(yaml, Echo::new().hang())
}

/// A call that has begun: it must be kept.
macro_rules! begun {
    ($call:expr) => {{
        let mut call = Box::pin($call);
        assert!(poll!(&mut call).is_pending());
        call
    }};
}

// ===== new policies =====

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_stays_so_under_a_policy_that_means_the_same() {
    let play = hanging(&pool(ONE_AND_ONE));
    let first = begun!(play.client.clone().oneshot(get()));
    let same = format!("# looks different, means the same\n{}", pool(ONE_AND_ONE))
        + &route_to("other", "timeout: 1s");
    play.mesh.apply_yaml(&same).expect("policies");
    let second = begun!(play.client.clone().oneshot(get()));
    assert_eq!((play.limits().active(), play.limits().waiting()), (1, 1));
    assert_eq!(play.get().await.seen(), seen(503, "UO", 0));

    // Another policy begins anew; who is under way ends under the one it began with.
    let before = play.limits();
    play.mesh.apply_yaml(&pool("{tcp: {maxConnections: 2}}")).expect("a policy");
    assert_eq!((play.limits().active(), play.limits().waiting()), (0, 0));
    let third = begun!(play.client.clone().oneshot(get()));
    assert_eq!((play.limits().active(), before.active(), before.waiting()), (1, 1, 1));
    drop(first);
    assert_eq!((before.active(), before.waiting()), (1, 0), "the place was handed over");
    drop((second, third));
    assert_eq!((before.active(), play.limits().active(), play.upstream.seen().active), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_under_the_timeout_it_began_with() {
    let play = hanging(&route("timeout: 0.5s"));
    let (got, ()) = futures_util::join!(play.get(), async {
        tokio::time::sleep(ms(100)).await;
        play.mesh.apply_yaml(&route("timeout: 9s")).expect("a policy");
    });
    assert_eq!(got.after, 500);
    assert_eq!(play.get().await.after, 9000);
}

// ===== whose it is =====

#[tokio::test(start_paused = true)]
async fn a_route_for_a_family_is_for_those_of_its_hosts_that_no_other_speaks_of() {
    let yaml = route_to("*.at.all", "timeout: 2s") + &route_to("one.at.all", "timeout: 0.5s");
    let play = hanging(&yaml);
    for (uri, after) in
        [("http://one.at.all/", 500), ("http://ONE.at.all.:1/", 500), ("http://anything.at.all/", 2000)]
    {
        assert_eq!(play.ask(get_at(uri)).await.seen(), seen(504, "UT", after), "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn ports_have_limits_of_their_own() {
    let play = hanging(&pool(ONE_AND_ONE));
    let at = |port| get_at(&format!("http://httpbin:{port}/"));
    let calls =
        (begun!(play.client.clone().oneshot(at(8000))), begun!(play.client.clone().oneshot(at(9000))));
    let count = |port| play.mesh.limits(HOST, port).expect("limits").status();
    assert_eq!((count(8000).active, count(8000).waiting), (1, 0));
    assert_eq!((count(9000).active, count(9000).waiting), (1, 0));
    drop(calls);
}

#[tokio::test(start_paused = true)]
async fn a_ports_own_settings_replace_those_of_the_host() {
    let rule = format!(
        "connectionPool: {ONE_AND_ONE}\n\
         portLevelSettings: [{{port: {{number: 9000}}, connectionPool: {{http: {{http2MaxRequests: 3}}}}}}]"
    );
    let play = Play::new(&rule_for(HOST, &rule), Echo::new().latency(ms(5)));
    let most_at = async |port| {
        let load = Load::open().at([ms(0); 5]).uri(format!("http://httpbin:{port}/"));
        load.run(play.client.clone()).await.count(200)
    };
    assert_eq!((most_at(8000).await, most_at(9000).await), (2, 3));
}

/// Callers may name any port, and each has limits of its own: up to a number, and then the others share them.
#[tokio::test(start_paused = true)]
async fn ports_that_anybody_may_name_are_bounded() {
    let own = "connectionPool: {http: {http2MaxRequests: 1}}\n\
               portLevelSettings: [{port: {number: 9999}, connectionPool: {http: {http2MaxRequests: 3}}}]";
    let play = Play::new(&rule_for(HOST, own), Echo::new().latency(ms(5)));
    let at_once = async |ports: Vec<u16>| {
        let calls =
            ports.into_iter().map(|port| ask(&play.client, get_at(&format!("http://httpbin:{port}/"))));
        join_all(calls).await.iter().filter(|got| got.status() == 200).count()
    };
    assert_eq!(at_once((1..=200).collect()).await, 64 + 1);
    assert_eq!(at_once(vec![1, 64, 65, 200]).await, 3, "the first of them keep their own");
    assert_eq!(at_once(vec![9999; 5]).await, 3, "those of which policies speak have their own in any case");
}

/// A request writes an address of this kind in brackets, a document does not.
#[tokio::test(start_paused = true)]
async fn a_route_for_an_ipv6_address_is_applied() {
    let play = hanging(&route_to("::1", "timeout: 0.5s"));
    assert_eq!(play.ask(get_at("http://[::1]:8080/")).await.seen(), seen(504, "UT", 500));
}

/// For people who mean "each pod ten": where one name stands for several hosts, each has its own.
#[tokio::test(start_paused = true)]
async fn each_host_of_a_rule_for_every_host_has_limits_of_its_own() {
    let five_of_each = |block: &str| {
        let play = Play::new(&rule_for("*", &format!("connectionPool: {block}")), Echo::new().latency(ms(5)));
        async move {
            let load = |host: &str| {
                Load::open().at([ms(0); 5]).uri(format!("http://{host}:8000/")).run(play.client.clone())
            };
            let (v1, v2) = futures_util::join!(load("10.0.0.1"), load("10.0.0.2"));
            (v1.count(200) + v2.count(200), play.upstream.seen().max_active)
        }
    };
    assert_eq!(five_of_each("{http: {http2MaxRequests: 2}}").await, (4, 4));
    // Where no endpoints are known this is the same.
    let each = "{http: {http2MaxRequests: 2}, towerMesh: {scope: endpoint}}";
    assert_eq!(five_of_each(each).await, (4, 4));
}

#[tokio::test(start_paused = true)]
async fn all_clients_of_a_mesh_share_its_limits_and_two_meshes_share_nothing() {
    let yaml = pool(ONE_AND_ONE);
    let play = hanging(&yaml);
    let other = play.mesh.client(play.upstream.clone());
    let calls = (begun!(play.client.clone().oneshot(get())), begun!(other.clone().oneshot(get())));
    assert_eq!(ask(&other.clone(), get()).await.status(), 503);
    let elsewhere = hanging(&yaml);
    let third = begun!(elsewhere.client.clone().oneshot(get()));
    assert_eq!((play.limits().waiting(), elsewhere.limits().waiting()), (1, 0));
    drop((calls, third));
}

/// Where no policy speaks of a host its requests pass as they are.
#[tokio::test(start_paused = true)]
async fn what_no_policy_speaks_of_passes_untouched() {
    let play = Play::new(&route_to("other", "timeout: 1s"), Echo::new().status(503).delay(ms(5000)));
    let got = play.ask(with(get(), "x-envoy-upstream-rq-timeout-ms", "100")).await;
    assert_eq!(got.seen(), seen(503, "-", 5000));
    let heard = play.heard();
    let names: BTreeSet<_> = heard[0].headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, BTreeSet::from(["x-envoy-upstream-rq-timeout-ms"]));
}

// ===== nothing is left behind =====

const ALL: &str = "fault: {delay: {percentage: {value: 100}, fixedDelay: 1s}}
timeout: 60s
retries: {attempts: 3, perTryTimeout: 30s, retryOn: 5xx, backoff: 10s}";

/// A call that goes away frees what it holds, wherever it is: in a fault's delay, in the queue, at the upstream, in a
/// wait before another try, in the body.
#[tokio::test(start_paused = true)]
async fn a_call_that_goes_away_leaves_nothing_behind_wherever_it_was() {
    let rule = "connectionPool: {tcp: {maxConnections: 1}, http: {maxRetries: 3}}";
    let yaml = route(ALL) + &rule_for(HOST, rule);
    let play = |upstream| Play::of(Mesh::builder().seed(11), &yaml, upstream);
    let whole = |play: &Play| {
        let client = play.client.clone();
        async move { client.oneshot(get()).await.expect("a head").into_body().collect().await }
    };

    let delayed = play(Echo::new());
    for_a_while(whole(&delayed), 500).await;
    assert_eq!(delayed.upstream.seen().calls, 0);
    delayed.is_at_rest();

    let hung = play(Echo::new().hang());
    let first = whole(&hung);
    for_a_while(
        async {
            let (_, _) = futures_util::join!(first, whole(&hung));
        },
        2000,
    )
    .await;
    assert_eq!(
        (hung.upstream.seen().calls, hung.upstream.seen().abandoned),
        (1, 1),
        "one waited for its place"
    );
    hung.is_at_rest();

    let failing = play(Echo::new().status(503));
    let looks = async {
        tokio::time::sleep(ms(1002)).await;
        failing.limits().status()
    };
    let call = for_a_while(whole(&failing), 1003);
    let ((), status) = futures_util::join!(call, looks);
    assert_eq!((status.active, status.retries), (0, 1), "it waited for another try");
    failing.is_at_rest();

    let dawdling = play(Echo::new().size(8).slow_body(ms(10_000)));
    for_a_while(whole(&dawdling), 5000).await;
    assert_eq!(dawdling.upstream.seen().abandoned, 1);
    dawdling.is_at_rest();

    // After all that a call finds its place at once.
    assert_eq!(dawdling.get().await.after, 11_001);
}
