//! What is told of a request is what becomes of it: compared for many requests with what a running mesh does.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, Uri,
    header::{CONTENT_TYPE, HOST},
    response::Parts,
};
use http_body::Body;
use http_body_util::BodyExt;
use tower::{Service, ServiceExt, service_fn};
use tower_mesh::{
    Mesh, Reason, Refusal,
    layer::cluster::Cluster,
    mesh::{
        Explanation,
        explain::{self, Answer, End, Forwarded, Place},
        plan::Station,
    },
    testing::{Echo, Upstreams},
};

use crate::documents;

const HOSTS: [&str; 22] = [
    "reviews",
    "Reviews.",
    "reviews.default",
    "reviews.default.svc",
    "reviews.default.svc.cluster.local",
    "reviews.corp",
    "details",
    "ratings",
    "egress.istio-system",
    "ported",
    "fortio",
    "fortio.default.svc.cluster",
    "api.example.com",
    "www.example.com",
    "example.com",
    "shop.example.com",
    "db.corp",
    "db",
    "printer.local",
    "elsewhere.example.org",
    "10.0.0.1",
    "[::1]",
];

const PORTS: [&str; 6] = ["", ":81", ":9080", ":8080", ":3306", ":7777"];

/// A method, a path, and headers.
type Way = (Method, &'static str, &'static [(&'static str, &'static str)]);

const WAYS: [Way; 14] = [
    (Method::GET, "/", &[]),
    (Method::GET, "/", &[("end-user", "jason"), ("cookie", "a=b")]),
    (Method::GET, "/", &[("x-envoy-max-retries", "1")]),
    (Method::GET, "/jason/1", &[("x-rule", "none")]),
    (Method::POST, "/jason/1", &[]),
    (Method::PUT, "/", &[]),
    (Method::GET, "/split/1", &[]),
    (Method::GET, "/old/1?full=1", &[]),
    (Method::GET, "/direct", &[]),
    (Method::POST, "/direct", &[("content-type", "application/grpc")]),
    (Method::GET, "/rewrite/1?full=1", &[("host", "asked.example.com")]),
    (Method::GET, "/fault", &[]),
    (Method::GET, "/copy", &[]),
    (Method::GET, "/?q=1", &[]),
];

/// A request as it arrives at an upstream.
#[derive(Debug)]
struct Arrived {
    uri: Uri,
    headers: HeaderMap,
    cluster: Option<String>,
}

/// What became of a request.
struct Seen {
    arrived: Option<Arrived>,
    copies: usize,
    answer: Parts,
    content: Bytes,
}

async fn seen<S, B>(client: S, heard: &Mutex<Vec<Arrived>>, request: &Request<()>) -> Seen
where
    S: Service<Request<String>, Response = Response<B>, Error: std::fmt::Debug>,
    B: Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let request = request.clone().map(|()| String::new());
    let (answer, body) = client.oneshot(request).await.expect("an answer").into_parts();
    let content = body.collect().await.expect("a body").to_bytes();
    // Copies are sent beside the original.
    tokio::task::yield_now().await;
    let heard: Vec<_> = heard.lock().expect("no panic").drain(..).collect();
    let is_copy = |arrived: &Arrived| arrived.uri.host().is_some_and(|host| host.starts_with("shadow."));
    let (copies, mut arrived): (Vec<_>, Vec<_>) = heard.into_iter().partition(is_copy);
    assert!(arrived.len() < 2, "nothing is tried again: {arrived:?}");
    Seen { arrived: arrived.pop(), copies: copies.len(), answer, content }
}

fn requests() -> impl Iterator<Item = Request<()>> {
    let places = HOSTS.iter().flat_map(|host| PORTS.iter().map(move |port| format!("http://{host}{port}")));
    places.flat_map(|place| {
        WAYS.iter().map(move |(method, path, headers)| {
            let request = Request::builder().method(method).uri(format!("{place}{path}"));
            let request =
                headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            request.body(()).expect("a request")
        })
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_a_request_is_what_becomes_of_it() {
    let mut reached = BTreeSet::new();
    for (who, mesh) in documents::clients() {
        let mesh = mesh.build().expect("a mesh");
        let plan = mesh.plan();
        let heard: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let upstreams = Upstreams::new().otherwise(Echo::new());
        let transport = {
            let heard = Arc::clone(&heard);
            service_fn(move |request: Request<_>| {
                let cluster = request.extensions().get::<Cluster>().map(ToString::to_string);
                let (uri, headers) = (request.uri().clone(), request.headers().clone());
                heard.lock().expect("no panic").push(Arrived { uri, headers, cluster });
                upstreams.clone().oneshot(request)
            })
        };
        let client = mesh.client(transport);
        for request in requests() {
            let explanation = mesh.explain(&request);
            let told = || format!("{who}: {explanation}{:?}", request.headers());
            assert_eq!(explanation, plan.explain(&request), "{}", told());
            let seen = seen(client.clone(), &heard, &request).await;
            compare(&mesh, &request, &explanation, &seen).unwrap_or_else(|what| panic!("{what}: {}", told()));
            reached.insert(end_of(&explanation, &seen));
        }
    }
    // All that there is to be compared was there.
    let ends: Vec<_> = reached.iter().map(String::as_str).collect();
    insta::assert_snapshot!(ends.join("\n"), @r"
    answered 200 -
    answered 200 direct
    answered 301 old
    answered 404 -
    answered 418 direct
    forwarded 200 -
    forwarded 200 api
    forwarded 200 asked
    forwarded 200 copied
    forwarded 200 edge
    forwarded 200 eighty-one
    forwarded 200 family
    forwarded 200 inside
    forwarded 200 jason
    forwarded 200 labelled
    forwarded 200 plain
    forwarded 200 rewritten
    forwarded 200 split
    nobody 200 family
    nobody 200 ported
    nobody 500 asked
    nobody 500 copied
    nobody 500 family
    nobody 500 jason
    nobody 500 labelled
    nobody 500 ported
    nobody 500 queried
    nobody 500 split
    nobody 503 split
    nobody 555 faulty
    untouched
    ");
}

/// What stands for the many requests that end alike.
fn end_of(explanation: &Explanation, seen: &Seen) -> String {
    let name = explanation.destination.as_ref().map_or("-", |chosen| &chosen.name);
    let kind = match &explanation.end {
        End::Forwarded(_) => seen.arrived.as_ref().map_or("nobody", |_| "forwarded"),
        End::Answered(_) => "answered",
        _ => "untouched",
    };
    let rule = explanation
        .taken
        .as_ref()
        .map_or("-", |taken| taken.stands.name.split('`').nth(1).unwrap_or("plain"));
    if name == "-" { kind.to_owned() } else { format!("{kind} {} {rule}", seen.answer.status.as_u16()) }
}

/// Whether this is so; if not, it is named.
fn is(so: bool, what: &str) -> Result<(), String> {
    if so { Ok(()) } else { Err(what.to_owned()) }
}

fn compare(mesh: &Mesh, request: &Request<()>, told: &Explanation, seen: &Seen) -> Result<(), String> {
    let (host, port) = (told.host.as_deref().expect("a host"), told.port.expect("a port"));
    is(mesh.limits(host, port).is_some() == told.destination.is_some(), "the destination is another one")?;
    let refusal = seen.answer.extensions.get::<Refusal>();
    match (&told.end, &seen.arrived) {
        (End::Untouched(_), Some(arrived)) => {
            is(arrived.uri == *request.uri() && arrived.headers == *request.headers(), "it is touched")?;
            is(arrived.cluster.is_none() && refusal.is_none(), "it is led")
        }
        (End::Answered(answer), None) => answers(answer, seen),
        (End::Forwarded(forwarded), None) => {
            let aborts = forwarded.stations.iter().any(|station| matches!(station, Station::Fault(_)));
            if refusal.is_some_and(|refusal| refusal.reason() == Reason::FaultAbort) {
                return is(aborts, "there is a fault");
            }
            let nobody = forwarded.places.iter().filter(|place| place.weight > 0);
            let nobody = nobody.filter_map(|place| place.cluster.nobody.as_ref());
            is(nobody.clone().any(|nobody| answers(&nobody.answer, seen).is_ok()), "nobody should be there")
        }
        (End::Forwarded(forwarded), Some(arrived)) => {
            let breaks = matches!(forwarded.stations.first(), Some(Station::CircuitBreaker(_)));
            is(mesh.circuit_breaker(host, port).is_some() == breaks, "there is another breaker")?;
            is(refusal.is_none(), "it is refused")?;
            let fits = |place: &&Place| leads(mesh, place, request, told, arrived);
            let place = forwarded.places.iter().find(fits).ok_or("it arrives elsewhere")?;
            let copies = forwarded.copies.iter().filter(|copies| copies.cluster.nobody.is_none());
            is(copies.count() == seen.copies, "there are other copies")?;
            arrives(forwarded, place, request, told, arrived)?;
            comes_back(place, seen)
        }
        _ => Err("whether it arrives".to_owned()),
    }
}

/// Whether an answer is the one that was seen.
fn answers(answer: &Answer, seen: &Seen) -> Result<(), String> {
    let refusal = seen.answer.extensions.get::<Refusal>().ok_or("it is no local answer")?;
    is(answer.reason == refusal.reason().name(), "it has another reason")?;
    is(answer.flags == refusal.flags().to_string(), "it has other flags")?;
    is(answer.status == seen.answer.status, "it has another status")?;
    is(answer.content.as_bytes() == seen.content, "it has another content")?;
    let headers = &seen.answer.headers;
    let same = answer.headers.iter().all(|(name, value)| headers.get(name).is_some_and(|seen| seen == value));
    is(same && answer.headers.len() == headers.keys_len(), "it has other headers")
}

/// Whether a request that goes to this place arrives so.
fn leads(mesh: &Mesh, place: &Place, request: &Request<()>, told: &Explanation, arrived: &Arrived) -> bool {
    let cluster = &place.cluster;
    if cluster.endpoints.is_some() {
        // Whoever is led to an endpoint is told no more.
        let at = |address: &str| arrived.uri.authority().is_some_and(|arrived| *arrived == *address);
        return place.weight > 0
            && cluster.nobody.is_none()
            && arrived.cluster.is_none()
            && addresses(mesh, cluster).iter().any(|address| at(address));
    }
    let name = told.destination.as_ref().map_or("", |chosen| &chosen.name);
    // Whoever stays where it was sent to is told nothing.
    let stays =
        Some(cluster.port) == told.port && (cluster.host == name || cluster.cluster.starts_with(name));
    let authority = match stays {
        true => request.uri().authority().expect("an authority").to_string(),
        false => format!("{}:{}", cluster.host, cluster.port),
    };
    let subset = cluster.subset.is_some().then_some(&cluster.cluster);
    place.weight > 0
        && cluster.nobody.is_none()
        && arrived.uri.authority().is_some_and(|arrived| *arrived == *authority)
        && arrived.cluster.as_ref() == subset
}

/// Where the endpoints of a cluster are.
fn addresses(mesh: &Mesh, cluster: &explain::Cluster) -> Vec<String> {
    let plan = mesh.plan();
    let host = plan.destinations.iter().find(|one| one.name == cluster.host).expect("a destination");
    let endpoints = host.backends(cluster.port).expect("they are known").endpoints.iter();
    let own = endpoints.filter(|endpoint| endpoint.has_all(&cluster.labels));
    own.map(|endpoint| endpoint.address().or_port(cluster.port).to_string()).collect()
}

fn arrives(
    forwarded: &Forwarded,
    place: &Place,
    request: &Request<()>,
    told: &Explanation,
    arrived: &Arrived,
) -> Result<(), String> {
    let path = |uri: &Uri| uri.path_and_query().map(ToString::to_string);
    let expected = forwarded.path.clone().or_else(|| path(request.uri()));
    is(path(&arrived.uri) == expected, "it arrives with another path")?;
    let header = |name: &str| arrived.headers.get(name).map(|value| value.to_str().expect("a text"));
    if let Some(authority) = &forwarded.authority {
        is(header(HOST.as_str()) == Some(authority), "it arrives with another authority")?;
    }
    // A rule that is named says so.
    let rule = told.taken.as_ref().and_then(|taken| taken.stands.name.split('`').nth(1));
    is(header("x-rule") == rule.or(text(request.headers(), "x-rule")), "another rule takes it")?;
    for name in ["x-rule", "x-leg", "cookie"] {
        let before = text(request.headers(), name);
        is(header(name) == after(&place.request_headers, name, before), "it arrives with other headers")?;
    }
    let gone = told.taken_off.iter().all(|name| header(name).is_none());
    is(gone, "what is taken off arrives")?;
    is(header(CONTENT_TYPE.as_str()) == text(request.headers(), "content-type"), "the rest is as it was")
}

fn comes_back(place: &Place, seen: &Seen) -> Result<(), String> {
    let answered = text(&seen.answer.headers, "x-answered");
    is(answered == after(&place.response_headers, "x-answered", None), "it comes back with other headers")
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().expect("a text"))
}

/// A header's value after the changes that are told.
fn after<'c>(changes: &'c [String], name: &str, before: Option<&'c str>) -> Option<&'c str> {
    changes.iter().fold(before, |value, change| {
        let (verb, header) = change.split_once(" `").expect("a verb");
        let header = header.strip_suffix('`').expect("a header");
        let (changed, given) = header.split_once(": ").unwrap_or((header, ""));
        match verb {
            _ if changed != name => value,
            "remove" => None,
            // Of several lines the first is looked at.
            "add" => value.or(Some(given)),
            _ => Some(given),
        }
    })
}
