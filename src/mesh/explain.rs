//! Why a request goes where it goes.
//!
//! Names, families, order, conditions, weights and labels decide together, and they stand in several documents. So when a
//! request goes where nobody expected it, reading the documents once more rarely helps. Here one request is told its
//! way, without being sent: which destination its host means, which rule takes it, and of each rule that it met before
//! that what it lacked; then what it passes, where it goes, or what it is answered.
//!
//! An [`Explanation`] is plain data: it prints for people, serialises for machines, and can be compared in a test.

mod answer;
mod choice;
mod cluster;
mod end;
mod near;
mod text;

use http::Request;
use serde::Serialize;

pub use self::{
    answer::Answer,
    choice::{Chosen, Found, LeftOut, PassedOver, Stands, Taken},
    cluster::{Cluster, Nobody, Staff},
    end::{Copies, End, Forwarded, Place},
    near::Untouched,
};
use self::{choice::Choice, end::Ground};
use super::{
    directory::Directory,
    era::Era,
    plan::{Destination, Dialect, Plan},
    stack,
};
use crate::{
    layer::{head::head_of, host::target, protocol::HttpMemo},
    policy::route::Head,
};

/// What becomes of a request, and why: see [`Plan::explain`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The request's method.
    pub method: String,
    /// Its URI, as it was sent.
    pub uri: String,
    /// As which mesh the documents were read.
    pub era: Era,
    /// The host that it names, in lower case and without a final dot; none, if it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The destination that the host means; none, if no policy speaks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Chosen>,
    /// Whether HTTP is spoken at the port, as far as is known; where it is not, no rule is asked.
    pub speaks_http: bool,
    /// The headers that are taken off before anything looks at them, since requests are not trusted with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_off: Vec<String>,
    /// The rules that do not take it, up to the one that does.
    pub passed_over: Vec<PassedOver>,
    /// The rule that takes it; none, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// How many more rules there are that are not asked.
    pub not_asked: usize,
    /// The destination's rules that are for other clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What becomes of it.
    pub end: End,
}

impl Plan {
    /// What becomes of a request, and why. It is the same that a [`Client`](crate::mesh::Client) of this plan does,
    /// but for what is drawn: of destinations by weight all are told, with their shares.
    ///
    /// ```
    /// use http::Request;
    /// use tower_mesh::{Mesh, mesh::explain::End};
    ///
    /// let mesh = Mesh::builder().file("reviews.yaml", "
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: {name: reviews}
    /// spec:
    ///   hosts: [reviews]
    ///   http:
    ///   - match: [{headers: {end-user: {exact: jason}}}]
    ///     route: [{destination: {host: reviews, subset: v2}}]
    ///   - redirect: {uri: /login}
    /// ").build()?;
    ///
    /// let request = Request::get("http://reviews:9080/0").header("end-user", "bob").body(())?;
    /// let explanation = mesh.plan().explain(&request);
    /// assert_eq!(explanation.to_string(), "\
    /// GET http://reviews:9080/0
    /// era: request headers not trusted, default retries of what was not sent, least request by default, \
    /// ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    /// `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 9080
    /// rule 1, default/reviews http[0] at reviews.yaml:8:5, is passed over:
    ///   header `end-user` must be `jason`, but is `bob`
    /// rule 2, default/reviews http[1] at reviews.yaml:10:5, takes it: every request
    ///   answered 301, location: http://reviews:9080/login
    /// ");
    ///
    /// let End::Answered(answer) = explanation.end else { panic!("nobody is asked") };
    /// assert_eq!(answer.headers["location"], "http://reviews:9080/login");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation {
        explain(self, head_of(request))
    }
}

fn explain(plan: &Plan, asked: Request<()>) -> Explanation {
    let target = target(&asked).map(|(host, port)| (host.into_owned(), port));
    let told = |end: End| {
        let (host, port) = target.clone().unzip();
        Explanation {
            method: asked.method().to_string(),
            uri: asked.uri().to_string(),
            era: plan.era,
            host,
            port,
            destination: None,
            speaks_http: true,
            taken_off: Vec::new(),
            passed_over: Vec::new(),
            taken: None,
            not_asked: 0,
            left_out: Vec::new(),
            end,
        }
    };
    let directory = Directory::of(plan);
    let meant = target.as_ref().and_then(|(host, port)| Some((directory.find(host)?, host, *port)));
    let Some((meant, host, port)) = meant else {
        let host = target.as_ref().map(|(host, _)| &**host);
        return told(End::Untouched(Untouched::in_plan(plan, host)));
    };
    let (destination, found) = Found::of(meant, host, &plan.home);
    // A host of a family is a destination of its own.
    let own = match found.is_by_family() {
        true => Destination { name: host.clone(), ..destination.clone() },
        false => destination.clone(),
    };
    let memo = HttpMemo::of(asked.method(), asked.headers());
    let mut told = told(End::Forwarded(Forwarded::as_asked(&own, port, memo)));
    told.destination = Some(Chosen::of(&own, found));
    if own.dialect == Dialect::Istio {
        told.by_rules(plan, &own, port, asked);
    }
    told
}

impl Explanation {
    /// What the rules of a destination make of a request.
    fn by_rules(&mut self, plan: &Plan, own: &Destination, port: u16, mut asked: Request<()>) {
        if !plan.era.trust_request_headers {
            let before = asked.headers().clone();
            stack::strip(asked.headers_mut());
            let gone = before.keys().filter(|name| !asked.headers().contains_key(*name));
            self.taken_off = gone.map(ToString::to_string).collect();
        }
        let ground = Ground { plan, own, port, asked: &asked };
        let choice = Choice::of(own, &Head::of(&asked).to_port(port), port);
        self.speaks_http = own.speaks_http(port);
        self.left_out = own.left_out.iter().map(LeftOut::of).collect();
        self.not_asked = choice.not_asked;
        self.taken = choice.told();
        match choice {
            // It goes as it was asked for.
            Choice { none_is_for_the_port: true, .. } => {}
            Choice { taken: Some((rule, condition)), .. } => self.end = ground.end_of(rule, condition),
            Choice { taken: None, .. } => self.end = ground.no_route(),
        }
        self.passed_over = choice.passed_over;
    }
}
