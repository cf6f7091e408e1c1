//! What is done with any bytes: read as YAML, or made into routes and a request for them. Nothing may panic or grow.
//!
//! `tests/fuzz.rs` tries some hundred texts at each run of the tests; `fuzz/` looks for worse ones for as long as one
//! likes, by the same functions.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_mesh::{
    RouterLayer,
    layer::{draw::Draws, route::Router},
    policy::route::{
        Condition, DirectAnswer, Head, HeaderChanges, HostPattern, Leg, PathRewrite, Redirect, RedirectPort,
        Rewrite, Route, RouteTable, Rule, Rules, TextMatch, ValueMatch,
    },
};

/// These bytes as documents, and as a mesh; whether they are one.
#[cfg(feature = "yaml")]
pub(crate) fn documents(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match tower_mesh::config::load(&text, Some("any.yaml")) {
        Ok(documents) => documents.iter().for_each(|document| {
            document.findings.iter().for_each(|finding| bounded(&finding.to_string(), text.len()));
        }),
        Err(errors) => bounded(&errors.to_string(), text.len()),
    }
    match tower_mesh::Mesh::builder().yaml(&text).build() {
        Ok(mesh) => {
            mesh.notes().iter().for_each(|note| bounded(&note.to_string(), text.len()));
            drop(mesh.plan().to_string());
            true
        }
        Err(errors) => {
            bounded(&errors.to_string(), text.len());
            false
        }
    }
}

/// Each byte of a text can be wrong in a few ways, and each way has a message of a few lines around it.
#[cfg(feature = "yaml")]
fn bounded(message: &str, text: usize) {
    assert!(!message.is_empty() && message.len() <= 10_000 * (text + 1), "{} bytes of {text}", message.len());
}

/// Routes and a request of these bytes; whether a route takes the request.
pub(crate) fn routes(bytes: &[u8]) -> bool {
    let mut any = Any(bytes);
    let rules: Vec<_> = (0..any.below(16)).map(|_| any.rule()).collect();
    let request = any.request();
    let head = Head::of(&request);
    let conditions: Vec<_> = rules.iter().flat_map(Rule::conditions).collect();
    for condition in &conditions {
        let (is_met, unmet) = (condition.is_met(&head), condition.unmet(&head));
        assert_eq!(unmet.map(|unmet| unmet.to_string().is_empty()), (!is_met).then_some(false));
        assert!(!condition.to_string().is_empty());
        assert!(!(is_met && condition.is_impossible()), "{condition}: {request:?}");
        let covered = conditions.iter().filter(|other| condition.covers(other));
        // What asks for no path is nobody's.
        let is_taken = |other: &&&Condition| is_met || !other.is_met(&head) || !head.path().starts_with('/');
        assert!(covered.into_iter().all(|other| is_taken(&other)), "{condition}: {request:?}");
    }
    for rule in &rules {
        let path = rule.then().rewrite().path_and_query(request.uri(), rule.conditions().first());
        assert!(path.is_none_or(|path| path.as_str().len() <= usize::from(u16::MAX)));
    }
    let rules = Rules::new(rules);
    let found = rules.find(&head).map(|found| found.number);
    assert_eq!(found, rules.find_one_by_one(&head).map(|found| found.number));
    let table = match any.below(3) {
        0 => RouteTable::new(rules),
        _ => (0..any.below(4)).fold(RouteTable::by_host(), |table, _| table.host(any.host(), rules.clone())),
    };
    called(table, request, any.byte());
    found.is_some()
}

/// Sends a request through both forms of a router. Whoever answers, does so at once.
fn called(table: RouteTable<usize>, request: Request<Full<Bytes>>, seed: u8) {
    let (a, b) = (upstream("a"), upstream("b"));
    let draws = Draws::seeded(seed.into());
    let alone = Router::new(table.clone(), (a, b)).expect("routes lead to two").drawing(draws);
    let answer = alone.oneshot(request.clone()).now_or_never().expect("an answer");
    assert!(answer.is_ok_and(|answer| answer.status().as_u16() >= 200));
    let beside = RouterLayer::new(table, [upstream("a"), upstream("a")]).expect("routes lead to two");
    let answer = beside.layer(upstream("a")).oneshot(request).now_or_never().expect("an answer");
    assert!(answer.is_ok_and(|answer| answer.status().as_u16() >= 200));
}

type Answer = Ready<Result<Response<Full<Bytes>>, Infallible>>;

fn upstream(
    name: &'static str,
) -> impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible, Future = Answer>
+ Clone {
    service_fn(move |_| {
        ready(Ok(Response::builder().header("x", name).body(name.into()).expect("a response")))
    })
}

/// What is left of some bytes; without any, the simplest of everything.
struct Any<'b>(&'b [u8]);

impl Any<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = usize::from(self.below(40)).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes.to_vec()
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Few, so that conditions and requests speak of the same.
    fn name(&mut self) -> String {
        match self.below(4) {
            0 => self.text(),
            number => format!("x-{number}"),
        }
    }

    fn wants(&mut self) -> TextMatch {
        let (kind, text) = (self.below(6), self.text());
        match kind {
            0 => TextMatch::exact(&text),
            1 => TextMatch::exact(&text).ignoring_case(),
            2 => TextMatch::prefix(&text),
            3 => TextMatch::prefix(&text).ignoring_case(),
            _ => TextMatch::regex(&text).unwrap_or(TextMatch::prefix("/")),
        }
    }

    fn value(&mut self) -> ValueMatch {
        if self.below(4) == 0 { ValueMatch::Present } else { self.wants().into() }
    }

    fn condition(&mut self) -> Condition {
        (0..self.below(5)).fold(Condition::new(), |condition, _| match self.below(8) {
            0 | 1 => condition.path(self.wants()),
            2 => condition.method(self.wants()),
            3 => condition.authority(self.wants()),
            4 => condition.parameter(&self.name(), self.value()),
            5 => condition.port(self.byte().into()),
            6 => condition.clone().header(&self.name(), self.value()).unwrap_or(condition),
            _ => condition.clone().without_header(&self.name(), self.value()).unwrap_or(condition),
        })
    }

    fn rule(&mut self) -> Rule<Route<usize>> {
        let conditions: Vec<_> = (0..self.below(4)).map(|_| self.condition()).collect();
        Rule::when_any(conditions, self.route())
    }

    fn route(&mut self) -> Route<usize> {
        let route = match self.below(6) {
            0 => DirectAnswer::new(200 + u16::from(self.byte()), &self.bytes()).map(Route::answer).ok(),
            1 => self.redirect().map(Route::redirect),
            2 => {
                let legs = [self.leg(0), self.leg(1)];
                Route::split(legs).ok()
            }
            number => Some(Route::to(usize::from(number % 2))),
        };
        let route = route.unwrap_or(Route::to(0)).rewriting(self.rewrite());
        route.changing_requests(self.changes()).changing_responses(self.changes())
    }

    fn leg(&mut self, to: usize) -> Leg<usize> {
        Leg::to(to).weighing(self.byte().into()).changing_requests(self.changes())
    }

    fn redirect(&mut self) -> Option<Redirect> {
        let redirect = (0..1 + self.below(4)).fold(Redirect::builder(), |redirect, _| match self.below(6) {
            0 => redirect.path(&self.text()),
            1 => redirect.prefix(&self.text()),
            2 => redirect.authority(&self.text()),
            3 => redirect.scheme("https"),
            4 => redirect.port(RedirectPort::Number(self.byte().into())),
            _ => redirect.port(RedirectPort::OfRequest),
        });
        redirect.build().ok()
    }

    fn rewrite(&mut self) -> Rewrite {
        let rewrite = match self.below(4) {
            0 => Rewrite::new().path(PathRewrite::matched(&self.text())),
            1 => {
                let path = PathRewrite::regex(&self.text(), &self.text());
                path.map_or(Rewrite::new(), |path| Rewrite::new().path(path))
            }
            _ => Rewrite::new(),
        };
        if self.below(4) == 0 { rewrite.clone().authority(&self.text()).unwrap_or(rewrite) } else { rewrite }
    }

    fn changes(&mut self) -> HeaderChanges {
        let changes = (0..self.below(3)).fold(HeaderChanges::builder(), |changes, _| match self.below(3) {
            0 => changes.remove(&self.name()),
            1 => changes.set(&self.name(), &self.text()),
            _ => changes.add(&self.name(), &self.text()),
        });
        changes.build().unwrap_or_default()
    }

    fn host(&mut self) -> HostPattern {
        self.text().parse().unwrap_or_else(|_| "*".parse().expect("every host"))
    }

    /// Whatever is no part of a request is left out of it.
    fn request(&mut self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::default());
        let method = [Method::GET, Method::POST, Method::HEAD, Method::OPTIONS, Method::CONNECT];
        *request.method_mut() = method[usize::from(self.below(5))].clone();
        let start = ["", "/", "http://", "https://"][usize::from(self.below(4))];
        let uri =
            [start.as_bytes(), &self.bytes(), if self.below(8) == 0 { &LONG[..] } else { &[] }].concat();
        *request.uri_mut() = Uri::try_from(uri).unwrap_or(Uri::from_static("/"));
        for _ in 0..self.below(6) {
            let name = if self.below(4) == 0 { "host".to_owned() } else { self.name() };
            let value = HeaderValue::from_bytes(&self.bytes());
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
                request.headers_mut().append(name, value);
            }
        }
        request
    }
}

/// What a nasty client appends.
static LONG: [u8; 20_000] = [b'a'; 20_000];
