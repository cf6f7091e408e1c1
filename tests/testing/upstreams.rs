//! Several upstreams behind one client.

use bytes::Bytes;
use http::{Request, header::HOST};
use http_body_util::Full;
use tower::ServiceExt;
use tower_mesh::{
    layer::{clock, cluster::Cluster},
    testing::{
        Echo, EchoError, Load, Upstreams,
        upstreams::{Upstream, UpstreamsFuture},
    },
};

use super::{ms, since};

const REVIEWS: &str = "http://reviews:9080/0";

/// Three versions of reviews, which can be told from one another by their status.
fn versions() -> Upstreams {
    Upstreams::new()
        .at("reviews:9080", [("version", "v1"), ("app", "reviews")], Echo::new().status(201))
        .at("reviews:9080", [("version", "v2"), ("app", "reviews")], Echo::new().status(202))
        .at("reviews:9080", [("version", "v3"), ("app", "reviews")], Echo::new().status(203))
}

/// The subset of reviews that has these labels, whatever it is called.
fn subset<const N: usize>(labels: [(&str, &str); N]) -> Cluster {
    Cluster::new("reviews.default.svc.cluster.local", 9080).subset("some", labels)
}

async fn call(upstreams: &Upstreams, request: Request<String>) -> Result<u16, EchoError> {
    upstreams.clone().oneshot(request).await.map(|response| response.status().as_u16())
}

async fn get(upstreams: &Upstreams, uri: &str) -> Result<u16, EchoError> {
    call(upstreams, Request::get(uri).body(String::new()).unwrap()).await
}

async fn led(upstreams: &Upstreams, cluster: Cluster) -> Result<u16, EchoError> {
    call(upstreams, Request::get(REVIEWS).extension(cluster).body(String::new()).unwrap()).await
}

#[test]
fn upstreams_are_one_type_that_can_be_shared_and_sent() {
    fn is<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn goes<T: Send + Sync>() {}
    is(&versions());
    goes::<UpstreamsFuture<Full<Bytes>>>();
}

#[tokio::test(start_paused = true)]
async fn a_request_reaches_those_that_have_the_labels_it_was_led_by() {
    let upstreams = versions();
    for _ in 0..5 {
        assert_eq!(led(&upstreams, subset([("version", "v2")])).await, Ok(202));
        assert_eq!(led(&upstreams, subset([("app", "reviews"), ("version", "v3")])).await, Ok(203));
    }
    assert_eq!(led(&upstreams, subset([("version", "v4")])).await, Err(EchoError::Refused));
    assert_eq!(led(&upstreams, subset([("version", "v1"), ("zone", "a")])).await, Err(EchoError::Refused));
    let seen = upstreams.seen();
    assert_eq!(seen["reviews:9080 version=v2 app=reviews"].by_status[&202], 5);
    assert_eq!(seen["reviews:9080 version=v1 app=reviews"].calls, 0);
    let missed: Vec<_> = seen.missed.iter().map(|(whom, count)| (whom.as_str(), *count)).collect();
    assert_eq!(missed, [("reviews:9080 version=v1 zone=a", 1), ("reviews:9080 version=v4", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_led_to_no_subset_reaches_all_of_the_host_evenly() {
    for seed in [1, 2, 3] {
        let upstreams = versions().host("ratings:9080", Echo::new()).seed(seed);
        let report = Load::workers(3).requests(300).uri(REVIEWS).run(upstreams.clone()).await;
        for status in [201, 202, 203] {
            // Four standard deviations of a third of 300.
            assert!((68..=132).contains(&report.count(status)), "{:?}", report.codes());
        }
        assert_eq!((report.count(200), upstreams.seen()["ratings:9080"].calls), (0, 0));
    }
    assert!((201..=203).contains(&led(&versions(), subset([])).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_picks_the_same_whatever_other_hosts_are_asked() {
    async fn picks(upstreams: Upstreams, between: bool) -> Vec<u16> {
        let mut picks = Vec::new();
        for _ in 0..40 {
            picks.push(get(&upstreams, REVIEWS).await.unwrap());
            if between {
                get(&upstreams, "http://ratings:9080/").await.unwrap();
            }
        }
        picks
    }
    let two = |upstreams: Upstreams| {
        upstreams.host("ratings:9080", Echo::new()).host("ratings:9080", Echo::new()).seed(7)
    };
    let first = picks(versions().seed(7), false).await;
    assert_eq!(picks(versions().seed(7), false).await, first);
    assert_eq!(picks(two(versions()), true).await, first);
    assert_ne!(picks(versions().seed(8), false).await, first);
    // Told something more, they draw from the beginning.
    let upstreams = versions().seed(7);
    assert_eq!(picks(upstreams.clone(), false).await, first);
    assert_ne!(picks(upstreams.clone(), false).await, first);
    assert_eq!(picks(upstreams.in_namespace("default"), false).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_seed_is_also_the_luck_of_those_that_have_none_of_their_own() {
    async fn bad(upstreams: Upstreams) -> Vec<u64> {
        Load::workers(1).requests(100).uri(REVIEWS).run(upstreams.clone()).await;
        upstreams.seen().each.values().map(|seen| seen.by_status.get(&503).copied().unwrap_or(0)).collect()
    }
    let luckless = || Echo::new().status_percent(503, 50.0);
    let two = |echo: Echo| {
        let own = luckless().named("own").seed(1);
        Upstreams::new().host("reviews:9080", echo).at("reviews:9080", [("version", "v2")], own)
    };
    let first = bad(two(luckless()).seed(7)).await;
    assert_eq!(bad(two(luckless()).seed(7)).await, first);
    // What has a seed keeps it: of as many calls as many are bad.
    async fn alone(seed: u64) -> Vec<u64> {
        bad(Upstreams::new().host("reviews", Echo::new().status_percent(503, 50.0).seed(1)).seed(seed)).await
    }
    assert_eq!(alone(7).await, alone(8).await);
    async fn lent(seed: u64) -> Vec<u64> {
        bad(Upstreams::new().host("reviews", Echo::new().status_percent(503, 50.0)).seed(seed)).await
    }
    assert_eq!(lent(7).await, lent(7).await);
    assert_ne!(lent(7).await, lent(8).await);
}

#[tokio::test(start_paused = true)]
async fn two_of_the_same_place_and_labels_are_two() {
    let echo = || Echo::new().status_percent(503, 50.0);
    let upstreams = Upstreams::new().host("reviews", echo()).host("Reviews.", echo()).seed(7);
    Load::workers(1).requests(100).uri(REVIEWS).run(upstreams.clone()).await;
    let seen = upstreams.seen();
    let (first, second) = (&seen["reviews"], &seen["reviews #2"]);
    assert_eq!(first.calls + second.calls, 100);
    assert!(first.calls.abs_diff(second.calls) < 40);
    // Nor do they fail alike.
    assert_ne!(first.by_status.get(&503), second.by_status.get(&503));
}

#[tokio::test(start_paused = true)]
async fn the_names_of_a_service_are_one_host_to_a_client_of_its_namespace() {
    const NAMES: [&str; 4] =
        ["reviews", "reviews.bookinfo", "reviews.bookinfo.svc", "Reviews.Bookinfo.svc.cluster.local."];
    for own in NAMES {
        let upstreams = Upstreams::new().host(own, Echo::new()).in_namespace("bookinfo");
        for name in NAMES {
            assert_eq!(get(&upstreams, &format!("http://{name}:9080/0")).await, Ok(200), "{own}, {name}");
        }
        for name in ["ratings", "reviews.default", "reviews.bookinfo.example.com"] {
            let answer = get(&upstreams, &format!("http://{name}:9080/0")).await;
            assert_eq!(answer, Err(EchoError::Refused), "{own}, {name}");
        }
    }
    let elsewhere = Upstreams::new().host("reviews.bookinfo", Echo::new());
    assert_eq!(get(&elsewhere, "http://reviews:9080/0").await, Err(EchoError::Refused));
    assert_eq!(get(&elsewhere, "http://reviews.bookinfo.svc.cluster.local/0").await, Ok(200));
    let renamed = elsewhere.in_namespace("Bookinfo").cluster_domain("mesh.test");
    assert_eq!(get(&renamed, "http://reviews.bookinfo.svc.mesh.test/0").await, Ok(200));
    assert_eq!(get(&renamed, "http://reviews/0").await, Ok(200));
    assert_eq!(get(&renamed, "http://reviews.bookinfo.svc.cluster.local/0").await, Err(EchoError::Refused));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_named_is_the_only_one() {
    let upstreams = Upstreams::new()
        .host("reviews:9080", Echo::new().status(201))
        .host("ratings", Echo::new().status(202))
        .host("details:80", Echo::new().status(203))
        .host("api.example.com:443", Echo::new().status(204))
        .host("[::1]:8080", Echo::new().status(205));
    for (uri, answer) in [
        ("http://reviews:9080/", Ok(201)),
        ("http://reviews:9081/", Err(EchoError::Refused)),
        ("http://reviews/", Err(EchoError::Refused)),
        ("http://ratings:9080/", Ok(202)),
        ("http://ratings/", Ok(202)),
        ("http://details/", Ok(203)),
        ("https://details/", Err(EchoError::Refused)),
        ("https://api.example.com/", Ok(204)),
        ("https://other.example.com/", Err(EchoError::Refused)),
        ("http://[::1]:8080/", Ok(205)),
    ] {
        assert_eq!(get(&upstreams, uri).await, answer, "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_uri_says_where_a_request_goes_or_else_the_host_header() {
    let upstreams = versions().host("ratings", Echo::new());
    let to = |uri: &str, host: &str| Request::get(uri).header(HOST, host).body(String::new()).unwrap();
    assert_eq!(call(&upstreams, to("/0", "ratings:9080")).await, Ok(200));
    // A mesh leads by the URI, and leaves the header as the caller wrote it.
    assert_eq!(call(&upstreams, to("http://ratings.default.svc.cluster.local/", "reviews")).await, Ok(200));
    assert_eq!(get(&upstreams, "/0").await, Err(EchoError::Refused));
    assert_eq!(upstreams.seen().missed["no host"], 1);
}

#[tokio::test(start_paused = true)]
async fn who_fits_nobody_is_refused_at_once_or_answered_by_the_others() {
    let start = clock::now();
    assert_eq!(get(&Upstreams::new(), REVIEWS).await, Err(EchoError::Refused));
    assert_eq!(since(start), ms(0));
    let others = versions().otherwise(Echo::new().named("the rest"));
    assert_eq!(get(&others, "http://nobody/").await, Ok(200));
    assert_eq!(led(&others, subset([("version", "v4")])).await, Ok(200));
    assert_eq!(led(&others, subset([("version", "v1")])).await, Ok(201));
    assert_eq!((others.seen()["the rest"].calls, others.seen().missed.len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_seen_is_told_by_name_since_any_moment() {
    let v1 = Echo::new().delay(ms(20));
    let upstreams = Upstreams::new().at("reviews", [("version", "v1")], v1.clone());
    get(&upstreams, REVIEWS).await.unwrap();
    get(&upstreams, "http://nobody/").await.unwrap_err();
    let before = upstreams.seen();
    get(&upstreams, REVIEWS).await.unwrap();
    let since = upstreams.seen().since(&before);
    assert_eq!((since["reviews version=v1"].calls, since.missed.len()), (1, 0));
    get(&upstreams, "http://nobody/").await.unwrap_err();
    assert_eq!(upstreams.seen().since(&before).missed["nobody:80"], 1);
    assert_eq!(upstreams.seen().missed["nobody:80"], 2);
    assert_eq!(upstreams.clone().seed(7).seen().missed.len(), 0);
    // Whoever made it still sees what it sees.
    assert_eq!(v1.seen(), upstreams.clone().seed(7).seen()["reviews version=v1"]);
    assert_eq!(v1.seen().calls, 2);
}

#[test]
#[should_panic(expected = "no upstream is called `reviews`: there are [\"ratings:9080\"]")]
fn what_nobody_is_called_panics() {
    let _ = &Upstreams::new().host("ratings:9080", Echo::new()).seen()["reviews"];
}

#[test]
#[should_panic(expected = "not where an upstream can be: `two words` names no one host")]
fn a_place_that_is_none_panics() {
    let _ = Upstreams::new().host("two words", Echo::new());
}

#[tokio::test(start_paused = true)]
async fn a_report_tells_the_share_of_each_of_several() {
    let upstreams = Upstreams::new()
        .at("reviews:9080", [("version", "v1")], Echo::new().every(10, 511))
        .at("reviews:9080", [("version", "v3")], Echo::new().refuse())
        .host("ratings:9080", Echo::new())
        .seed(7);
    let load = Load::workers(1).requests(200).uri(REVIEWS).percentiles([]);
    let report = load.run(upstreams.clone()).await.with_upstreams(&upstreams.seen());
    insta::assert_snapshot!(report, @r"
    Aggregated Function Time : count 200 avg 0.00048 +/- 0.0004996 min 0 max 0.001 sum 0.096
    Code  -1 : 104 (52.0 %)
    Code 200 : 87 (43.5 %)
    Code 511 : 9 (4.5 %)
    Errors
      connection refused  104 (52.0 %)
    Upstreams
                               calls   share   -1  200  511
      ratings:9080                 0   0.0 %    0    0    0
      reviews:9080 version=v1     96  48.0 %    0   87    9
      reviews:9080 version=v3    104  52.0 %  104    0    0
    All done 200 calls (plus 0 warmup) 0.480 ms avg, 2083.3 qps
    ");
    let (v1, v3) = ("reviews:9080 version=v1", "reviews:9080 version=v3");
    assert!((report.share(v1) + report.share(v3) - 100.0).abs() < 1e-9);
    assert_eq!((report.share("ratings:9080"), report.share("nobody")), (0.0, 0.0));
    let json = serde_json::to_value(&report).unwrap();
    insta::assert_snapshot!(json["upstream_calls"], @r#"{"ratings:9080":0,"reviews:9080 version=v1":96,"reviews:9080 version=v3":104}"#);
    let read: tower_mesh::testing::Report = serde_json::from_value(json).unwrap();
    assert!((read.share(v1) - report.share(v1)).abs() < 1e-9);
}

#[test]
fn an_upstream_is_read_from_a_text() {
    let read = |text: &str| text.parse::<Upstream>().unwrap();
    let v2 = read(
        "  Reviews.bookinfo.:9080   version=v2  echo=status=511:20&delay=200ms app.kubernetes.io/name=x ",
    );
    assert_eq!((v2.host(), v2.port()), ("reviews.bookinfo", Some(9080)));
    let labels: Vec<_> = v2.labels().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(labels, [("version", "v2"), ("app.kubernetes.io/name", "x")]);
    let script: Echo = "status=511:20&delay=200ms".parse().unwrap();
    assert_eq!(format!("{:?}", v2.echo()), format!("{script:?}"));
    assert_eq!(v2.to_string(), "reviews.bookinfo:9080 version=v2 app.kubernetes.io/name=x");
    assert_eq!(read("reviews canary=").labels(), [("canary".to_owned(), String::new())]);
    assert_eq!(
        (read("reviews").port(), read("[::1]:80").port(), read("[::1]").host()),
        (None, Some(80), "[::1]")
    );
}

#[test]
fn a_text_that_is_no_upstream_says_what_would_be_one() {
    let texts = [
        "",
        ":9080 version=v2",
        "version=v2",
        "http://reviews:9080/",
        "*.example.com",
        "reviews..bookinfo",
        "::1",
        "reviews:",
        "reviews:http",
        "reviews:0",
        "reviews:65536",
        "reviews v2",
        "reviews =v2",
        "reviews version=v1,app=x",
        "reviews version=v1 version=v2",
        "reviews echo=stauts=511",
        "reviews echo=status=511 echo=delay=1s",
    ];
    let wrong = |text: &&str| format!("{text:35} {}\n", text.parse::<Upstream>().unwrap_err());
    insta::assert_snapshot!(texts.iter().map(wrong).collect::<String>(), @r"
                                        the host is missing: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    :9080 version=v2                    the host is missing: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    version=v2                          `version=v2` names no one host: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    http://reviews:9080/                `http://reviews:9080/` names no one host: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    *.example.com                       `*.example.com` names no one host: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    reviews..bookinfo                   `reviews..bookinfo` names no one host: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    ::1                                 `::1` names no one host: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`
    reviews:                            the port is missing: write a number from 1 to 65535, or only the host for every port
    reviews:http                        `http` is no port: write a number from 1 to 65535, or only the host for every port
    reviews:0                           `0` is no port: write a number from 1 to 65535, or only the host for every port
    reviews:65536                       `65536` is no port: write a number from 1 to 65535, or only the host for every port
    reviews v2                          `v2` is no label: write `LABEL=VALUE`, such as `version=v2`, and a space between two
    reviews =v2                         `=v2` is no label: write `LABEL=VALUE`, such as `version=v2`, and a space between two
    reviews version=v1,app=x            `version=v1,app=x` is no label: write `LABEL=VALUE`, such as `version=v2`, and a space between two
    reviews version=v1 version=v2       the label `version` is given twice
    reviews echo=stauts=511             in `echo=`: stauts=511: no such parameter; there are status, delay, size, close, header, latency, every, refuse, hang, reset, slow-body, break-body
    reviews echo=status=511 echo=delay=1s `echo=` is given twice: join its parameters by `&`
    ");
}

// ===== addresses =====

/// Two hosts, with two and three upstreams, and what a mesh is told of them.
fn placed() -> Upstreams {
    let far = Upstream::new("reviews:9080", [("version", "v3")], Echo::new().status(203));
    let far = far.address("10.9.0.7").locality("r1/z2").weight(3).network("n2");
    versions().with(far).host("ratings", Echo::new().status(204)).host("10.1.1.1:80", Echo::new().status(205))
}

#[test]
fn each_has_an_address_of_its_own_or_the_one_that_it_was_given() {
    let told = placed().endpoints().into_iter().map(|(host, port, endpoint)| {
        let labels: Vec<_> =
            endpoint.labels().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (address, locality) = (endpoint.address(), endpoint.in_locality());
        let (weight, network) = (endpoint.weighs(), endpoint.in_network());
        format!("{host} {port:?} at {address}: {} in `{locality}` ×{weight} {network:?}\n", labels.join(","))
    });
    insta::assert_snapshot!(told.collect::<String>(), @r#"
    reviews Some(9080) at 10.0.1.1:9080: app=reviews,version=v1 in `` ×1 ""
    reviews Some(9080) at 10.0.1.2:9080: app=reviews,version=v2 in `` ×1 ""
    reviews Some(9080) at 10.0.1.3:9080: app=reviews,version=v3 in `` ×1 ""
    reviews Some(9080) at 10.9.0.7:9080: version=v3 in `r1/z2` ×3 "n2"
    ratings None at 10.0.2.1:  in `` ×1 ""
    10.1.1.1 Some(80) at 10.1.1.1:80:  in `` ×1 ""
    "#);
    assert_eq!(placed().seen().addresses["ratings"].to_string(), "10.0.2.1");
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_for_by_address_answers_whatever_the_subset() {
    let upstreams = placed();
    for (uri, answer) in [
        ("http://10.0.1.1:9080/", Ok(201)),
        ("http://10.0.1.3:9080/", Ok(203)),
        ("http://10.9.0.7:9080/", Ok(203)),
        ("http://10.0.2.1:1234/", Ok(204)),
        ("http://10.1.1.1/", Ok(205)),
        // An address is at its port alone, and nobody is at others.
        ("http://10.0.1.1:9081/", Err(EchoError::Refused)),
        ("http://10.0.1.4:9080/", Err(EchoError::Refused)),
    ] {
        assert_eq!(get(&upstreams, uri).await, answer, "{uri}");
        let cluster = subset([("version", "v2")]);
        let request = Request::get(uri).header(HOST, "reviews:9080").extension(cluster);
        assert_eq!(call(&upstreams, request.body(String::new()).unwrap()).await, answer, "{uri}");
    }
    assert_eq!(upstreams.seen()["reviews:9080 version=v3"].calls, 2);
}

#[tokio::test(start_paused = true)]
async fn several_at_one_address_are_told_apart_as_at_one_host() {
    let at = |version, status| {
        Upstream::new("reviews", [("version", version)], Echo::new().status(status)).address("10.9.0.7:9080")
    };
    let upstreams = Upstreams::new().with(at("v1", 201)).with(at("v2", 202)).seed(1);
    let to = |version| Request::get("http://10.9.0.7:9080/").extension(subset([("version", version)]));
    for _ in 0..5 {
        assert_eq!(call(&upstreams, to("v2").body(String::new()).unwrap()).await, Ok(202));
    }
    assert_eq!(call(&upstreams, to("v3").body(String::new()).unwrap()).await, Err(EchoError::Refused));
    assert!(matches!(get(&upstreams, "http://10.9.0.7:9080/").await, Ok(201 | 202)));
}

#[test]
fn where_an_upstream_cannot_be_is_told() {
    let any = || Upstream::new("reviews", [("", ""); 0], Echo::new());
    let wrong = [
        any().try_address("10.0.0.1:http").unwrap_err(),
        any().try_address("unix:///run/app.sock").unwrap_err(),
        any().try_locality("a/b/c/d").unwrap_err(),
    ];
    insta::assert_snapshot!(wrong.map(|error| format!("{error}\n")).concat(), @r"
    `10.0.0.1:http` is no address: write `10.0.0.1:9080`, `[::1]:9080`, `name:9080`, or one of these without its port, or `unix:///path`
    `unix:///run/app.sock` is a socket's path: an upstream is at a host, such as `10.0.0.7:9080`
    `a/b/c/d` is no locality: write `REGION/ZONE/SUBZONE`, or the first one or two of them
    ");
}

#[test]
fn a_name_takes_the_place_of_place_and_labels() {
    let named = || Upstream::new("reviews:9080", [("version", "v1")], Echo::new()).named("the good one");
    let seen = Upstreams::new().with(named()).with(named()).seen();
    assert_eq!(seen.each.keys().collect::<Vec<_>>(), ["the good one", "the good one #2"]);
}

#[tokio::test(start_paused = true)]
async fn a_report_tells_the_shares_over_time() {
    let ill = Echo::new().from(ms(2000), |echo| echo.status(503)).from(ms(3000), Echo::hang);
    let upstreams = Upstreams::new().host("reviews", Echo::new()).host("reviews", ill).seed(7);
    let load = Load::open().rate(20.0).duration(ms(4000)).uri("http://reviews/").timeout(ms(10));
    let report = load.run(upstreams.clone()).await.with_upstreams(&upstreams.seen());
    let shares = report.shares_over_time();
    assert_eq!(shares.bucket(), 1);
    insta::assert_snapshot!(shares, @r"
      #1 reviews
      #2 reviews #2
         calls       #1       #2
    0 s     20   45.0 %   55.0 %
    1 s     20   45.0 %   55.0 %
    2 s     20   45.0 %   55.0 %
    3 s     20   65.0 %   35.0 %
    ");
    // What never answered was asked too.
    let third = &shares.upstreams()["reviews #2"][&3];
    assert_eq!(third.keys().collect::<Vec<_>>(), ["-1"]);
    let sum: f64 = ["reviews", "reviews #2"].iter().filter_map(|name| shares.share(name, 3)).sum();
    assert!((sum - 100.0).abs() < 1e-9);
    assert_eq!((shares.share("reviews", 9), shares.share("nobody", 3)), (None, Some(0.0)));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["shares_over_time"]["bucket_s"], 1);
    assert_eq!(json["shares_over_time"]["upstreams"]["reviews #2"]["3"]["-1"], third["-1"]);
    let read: tower_mesh::testing::Report = serde_json::from_value(json).unwrap();
    assert_eq!(read.shares_over_time(), shares);
}

#[tokio::test(start_paused = true)]
async fn a_long_run_has_wide_buckets() {
    let upstreams = Upstreams::new().host("a", Echo::new()).host("a", Echo::new()).seed(7);
    for (minutes, bucket) in [(5, 1), (6, 2), (60, 20)] {
        let before = upstreams.seen();
        let load = Load::open().rate(1.0).duration(ms(minutes * 60_000)).uri("http://a/");
        let report = load.run(upstreams.clone()).await.with_upstreams(&upstreams.seen().since(&before));
        assert_eq!(report.shares_over_time().bucket(), bucket);
        let calls = report.shares_over_time().upstreams().values().flat_map(|rows| rows.values());
        assert_eq!(calls.flat_map(|codes| codes.values()).sum::<u64>(), minutes * 60);
    }
}
