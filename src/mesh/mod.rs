//! A mesh: documents in, a client out.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tower::{ServiceExt, service_fn};
//! use tower_mesh::{Mesh, mesh};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let reviews = Mesh::from_yaml("
//! apiVersion: policy.openservicemesh.io/v1alpha1
//! kind: UpstreamTrafficSetting
//! metadata: {name: reviews, namespace: bookinfo}
//! spec:
//!   host: reviews.bookinfo.svc.cluster.local
//!   connectionSettings:
//!     http: {circuitBreaking: {errorAmountThreshold: 1, degradedStatusCode: 520}}
//! ")?;
//! for note in reviews.notes() {
//!     eprintln!("{note}");
//! }
//!
//! // Any client of HTTP requests will do: hyper-util's, or this one, which always fails.
//! let transport = service_fn(|_: Request<mesh::RequestBody<String>>| async {
//!     let failed = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
//!     Ok::<_, std::convert::Infallible>(failed.body(Full::<Bytes>::default()).unwrap())
//! });
//! let client = reviews.client(transport);
//!
//! let get = || Request::get("http://reviews.bookinfo:9080/0").body(String::new()).unwrap();
//! assert_eq!(client.clone().oneshot(get()).await?.status(), 503);
//! assert_eq!(client.clone().oneshot(get()).await?.status(), 520);
//! # Ok(()) }
//! ```

mod assemble;
mod body;
mod client;
mod cluster;
mod counted;
mod directory;
mod early;
mod endpoint;
mod era;
pub mod explain;
mod host;
mod lower;
mod note;
mod optional;
mod place;
pub mod plan;
mod site;
mod stack;

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use self::{assemble::Running, lower::Identity, stack::Stack};
pub use self::{
    client::{Client, RequestBody, ResponseBody, ResponseFuture},
    era::{ConsecutiveErrors, DefaultBalancing, DefaultRetries, Ejections, Era, UnknownEra},
    explain::Explanation,
    lower::InvalidBlock,
    note::{Code, Note, NoteKind},
    plan::Plan,
};
use crate::{
    config::{self, Document, Errors},
    events::Events,
    layer::{
        balance::{self, BalanceHandle, Changed, Endpoints, Resolve, Updating},
        circuit_breaker::CircuitBreakerHandle,
        draw::Draws,
        host::normal,
        limits::LimitsHandle,
        seat::Shared,
    },
    policy::balance::{Address, Endpoint, Locality},
};

/// Policies, compiled; a clone is the same mesh. See the [module docs](self).
#[derive(Clone)]
pub struct Mesh(Shared<Inner>);

struct Inner {
    identity: Identity,
    /// The endpoints that the program tells of.
    told: Arc<cluster::Told>,
    events: Events,
    running: ArcSwap<Running>,
    /// Tells that it is another one.
    applied: Arc<Changed>,
}

impl Mesh {
    /// The mesh of the documents of this text.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text, with line and column.
    pub fn from_yaml(text: &str) -> Result<Self, Errors> {
        Self::builder().yaml(text).build()
    }

    /// The mesh of these documents.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the documents, with line and column.
    pub fn from_documents(documents: impl IntoIterator<Item = Document>) -> Result<Self, Errors> {
        Self::builder().documents(documents).build()
    }

    /// A mesh that is told more: who the client is, how strict to be.
    pub fn builder() -> MeshBuilder {
        MeshBuilder { identity: Identity::default(), events: Events::new(), documents: Ok(Vec::new()) }
    }

    /// Puts other policies in the place of these, at once and for every client.
    ///
    /// Where a destination's policy is the same as before, its state stays: an open circuit stays open, with the same
    /// end. Elsewhere it begins anew. Limits are a policy by themselves, whatever rules lead to them; and a fault counts
    /// on where the same requests meet the same one. A call that is under way ends under the policy it began with.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the documents; then nothing has changed.
    pub fn apply(&self, documents: impl IntoIterator<Item = Document>) -> Result<(), Errors> {
        let documents: Vec<Document> = documents.into_iter().collect();
        let (plan, notes) = lower::lower(&documents, &self.0.identity)?;
        self.0.running.rcu(|before| {
            let Inner { identity, told, events, .. } = &*self.0;
            let chance = (events, identity.draws);
            Running::new(plan.clone(), notes.clone(), told, chance, Some(before))
        });
        self.0.applied.tell();
        Ok(())
    }

    /// [`apply`](Self::apply), from a text.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text; then nothing has changed.
    pub fn apply_yaml(&self, text: &str) -> Result<(), Errors> {
        self.apply(config::load(text, None)?)
    }

    /// What there is to tell about the documents, although nothing is wrong with them.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        self.0.running.load().notes.clone()
    }

    /// What this mesh does.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.0.running.load().plan.clone()
    }

    /// What becomes of a request, and why: see [`Plan::explain`].
    #[must_use]
    pub fn explain<B>(&self, request: &http::Request<B>) -> Explanation {
        self.0.running.load().plan.explain(request)
    }

    /// Where it tells what happens.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.0.events
    }

    /// To see and steer the circuit breaker before this host and port, if there is one.
    ///
    /// It is the circuit of the present policy: where [`apply`](Self::apply) brings another one, there is another
    /// breaker.
    ///
    /// ```
    /// # use tower_mesh::Mesh;
    /// let mesh = Mesh::from_yaml("
    /// apiVersion: policy.openservicemesh.io/v1alpha1
    /// kind: UpstreamTrafficSetting
    /// metadata: {name: reviews, namespace: bookinfo}
    /// spec:
    ///   host: reviews.bookinfo.svc.cluster.local
    ///   connectionSettings: {http: {circuitBreaking: {errorAmountThreshold: 1}}}
    /// ")?;
    /// let breaker = mesh.circuit_breaker("reviews.bookinfo", 9080).expect("a policy names it");
    /// breaker.force_open(); // until breaker.reset()
    /// assert!(mesh.circuit_breaker("ratings.bookinfo", 9080).is_none());
    /// # Ok::<(), tower_mesh::config::Errors>(())
    /// ```
    #[must_use]
    pub fn circuit_breaker(&self, host: &str, port: u16) -> Option<CircuitBreakerHandle> {
        self.0.running.load().at(&normal(host), port, Stack::circuit_breaker)?
    }

    /// To see the limits before this host and port, if a policy speaks of it.
    ///
    /// ```
    /// # use tower_mesh::Mesh;
    /// let mesh = Mesh::from_yaml("
    /// apiVersion: networking.istio.io/v1
    /// kind: DestinationRule
    /// metadata: {name: reviews, namespace: bookinfo}
    /// spec: {host: reviews, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}}
    /// ")?;
    /// let limits = mesh.limits("reviews.bookinfo", 9080).expect("a policy names it");
    /// assert_eq!(limits.status().pending_overflow, 0);
    /// assert!(mesh.limits("ratings.bookinfo", 9080).is_none());
    /// # Ok::<(), tower_mesh::config::Errors>(())
    /// ```
    #[must_use]
    pub fn limits(&self, host: &str, port: u16) -> Option<LimitsHandle> {
        self.0.running.load().at(&normal(host), port, Stack::limits)
    }

    /// To see who answers requests for this host and port, or for a subset of them, if anything speaks of the host: who
    /// there is, who is ejected, what is in flight to each.
    #[must_use]
    pub fn balance(&self, host: &str, port: u16, subset: Option<&str>) -> Option<BalanceHandle> {
        let clusters = self.0.running.load().clusters(&normal(host))?;
        clusters.cluster(port, subset).balance.map(|station| BalanceHandle::of(&station))
    }

    /// The endpoints behind this host and port, if anything speaks of the host: those that the program has told of, or
    /// else those that documents tell of.
    ///
    /// What is inserted into or removed from the latter stays so until [`apply`](Self::apply) tells of them anew.
    #[must_use]
    pub fn endpoints(&self, host: &str, port: u16) -> Option<Endpoints> {
        Some(self.0.running.load().clusters(&normal(host))?.endpoints(port))
    }

    /// Looks the names of endpoints up, those that documents tell of with a `resolution` of `DNS` or `DNS_ROUND_ROBIN`: at
    /// once, when an answer no longer holds, and when other documents are applied; by a task, for as long as what is
    /// returned is not dropped. It needs a tokio runtime.
    ///
    /// Without it a name is one endpoint, which the transport looks up when it connects; then it is ejected as one.
    ///
    /// ```
    /// use tower_mesh::{Mesh, layer::balance::SystemResolver};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_mesh::config::Errors> {
    /// let mesh = Mesh::from_yaml("
    /// apiVersion: networking.istio.io/v1
    /// kind: ServiceEntry
    /// metadata: {name: local}
    /// spec:
    ///   hosts: [app.example.com]
    ///   ports: [{number: 80, name: http, protocol: HTTP}]
    ///   resolution: DNS
    ///   endpoints: [{address: localhost}]
    /// ")?;
    /// let updating = mesh.resolving(SystemResolver);
    /// # drop(updating); Ok(()) }
    /// ```
    pub fn resolving(&self, resolver: impl Resolve) -> Updating {
        let mesh = self.0.clone();
        let applied = Arc::clone(&mesh.applied);
        balance::keep_resolved(move || mesh.running.load().named(), applied, resolver)
    }

    /// Wraps a transport: any service of HTTP requests that answers with bodies of `Bytes`.
    ///
    /// The transport is sent bodies that can be sent again, [`RequestBody`]; a client such as hyper's that takes any body
    /// needs no word about it. See [`Client::over`] for transports with errors of their own.
    pub fn client<T>(&self, transport: T) -> Client<T> {
        Client::new(self.0.clone(), transport)
    }
}

/// Collects what a [`Mesh`] is made of.
#[derive(Debug)]
#[must_use = "a mesh comes out of `build`"]
pub struct MeshBuilder {
    identity: Identity,
    events: Events,
    documents: Result<Vec<Document>, Errors>,
}

impl MeshBuilder {
    /// The client's own namespace (`default`): where bare names such as `reviews` are looked for, and where documents
    /// live that name none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.identity.namespace = namespace.into();
        self
    }

    /// What full names of services end in (`cluster.local`).
    pub fn cluster_domain(mut self, domain: impl Into<String>) -> Self {
        self.identity.domain = domain.into();
        self
    }

    /// The client's own labels (none): rules and policies can be for clients with some.
    pub fn labels<N: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.identity.labels.extend(labels.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Acts for a gateway, `istio-system/istio-egressgateway`, so that what is bound to it holds here. May be said several
    /// times. Who acts for a gateway is not in the mesh, unless `mesh` is named too; who names none is.
    pub fn gateway(mut self, gateway: impl Into<String>) -> Self {
        self.identity.gateways.push(gateway.into());
        self
    }

    /// Tells of the endpoints of a host, named as the client names it: `reviews`, or `reviews:9080` for those behind one of
    /// its ports. They may change at any time; what documents say of the same host's endpoints does not count then. May be
    /// said several times, of the same host too.
    ///
    /// ```
    /// use tower_mesh::{Endpoint, Endpoints, Mesh};
    ///
    /// let v1 = "10.0.0.1:9080".parse::<Endpoint>()?.label("version", "v1");
    /// let reviews = Endpoints::new([v1]);
    /// let mesh = Mesh::builder().endpoints("reviews", &reviews).build()?;
    /// reviews.insert("10.0.0.2:9080".parse::<Endpoint>()?.label("version", "v2")); // from any task
    /// assert_eq!(mesh.balance("reviews", 9080, None).expect("it is known").status().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Requests for a host whose endpoints nobody tells of are left to the transport: nobody is picked, and nobody ejected.
    pub fn endpoints(mut self, host: impl Into<String>, endpoints: &Endpoints) -> Self {
        self.identity.endpoints.push((host.into(), endpoints.clone()));
        self
    }

    /// Tells of one more endpoint of a host: see [`endpoints`](Self::endpoints), to whose set it is added if one was told of
    /// for this host. Of a service that has been named before it may be another name, once
    /// [`namespace`](Self::namespace) has been said.
    pub fn endpoint(mut self, host: impl Into<String>, endpoint: impl Into<Endpoint>) -> Self {
        let host = host.into();
        let meant = self.identity.meant(&host);
        let known = self.identity.endpoints.iter().find(|(of, _)| self.identity.meant(of) == meant);
        match known {
            Some((_, endpoints)) => endpoints.insert(endpoint),
            None => self.identity.endpoints.push((host, Endpoints::new([endpoint]))),
        }
        self
    }

    /// Tells of endpoints, each with its host and port: as [`Upstreams::endpoints`](crate::testing::Upstreams::endpoints)
    /// has them, for one.
    pub fn endpoints_at<E: Into<Endpoint>>(
        self,
        endpoints: impl IntoIterator<Item = (String, Option<u16>, E)>,
    ) -> Self {
        endpoints.into_iter().fold(self, |mesh, (host, port, endpoint)| match port {
            Some(port) => mesh.endpoint(format!("{host}:{port}"), endpoint),
            None => mesh.endpoint(host, endpoint),
        })
    }

    /// Where the client is, by which localities are near and far: `REGION/ZONE/SUBZONE`, or the first one or two of them.
    pub fn locality(mut self, locality: Locality) -> Self {
        self.identity.locality = locality;
        self
    }

    /// The network that the client is in, by which `failoverPriority` can put endpoints in an order.
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.identity.network = network.into();
        self
    }

    /// The address of the gateway that leads into another network. Endpoints that documents tell of in that network are
    /// asked there, if it is not the client's own, and those that have no address at all. To a balancer all that are behind
    /// one gateway are one endpoint, with the weight of all and the labels that they have in common; which of them answers
    /// is the gateway's business.
    ///
    /// ```
    /// let mesh = tower_mesh::Mesh::builder().network("network1").network_gateway("network2", "192.0.2.1:15443".parse()?).yaml("
    /// apiVersion: networking.istio.io/v1
    /// kind: ServiceEntry
    /// metadata: {name: httpd}
    /// spec:
    ///   hosts: [httpd.vm.demo]
    ///   ports: [{number: 80, name: http, protocol: HTTP}]
    ///   resolution: STATIC
    ///   endpoints: [{address: 10.0.0.1, network: network1}, {network: network2}]
    /// ").build()?;
    /// let there: Vec<_> = mesh.balance("httpd.vm.demo", 80, None).expect("it is known").status();
    /// assert_eq!(there[1].endpoint.address().to_string(), "192.0.2.1:15443");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn network_gateway(mut self, network: impl Into<String>, gateway: Address) -> Self {
        self.identity.gateways_of.insert(network.into(), gateway);
        self
    }

    /// Takes what nobody knows for an error rather than for a note.
    pub const fn strict(mut self, strict: bool) -> Self {
        self.identity.strict = strict;
        self
    }

    /// Makes chance repeat: the same seed, plan and timeline give the same decisions. Without it nobody can foretell them.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.identity.draws = Draws::seeded(seed);
        self
    }

    /// Reads the documents as the mesh of another time did: see [`Era`].
    pub const fn era(mut self, era: Era) -> Self {
        self.identity.era = era;
        self
    }

    /// Speaks HTTP/2 to every upstream, as the transport does, whatever the documents name a port: then requests share
    /// connections, and limits on connections do not act.
    pub const fn http2(mut self, http2: bool) -> Self {
        self.identity.http2 = http2;
        self
    }

    /// Tells upstreams how many milliseconds they have, by `x-envoy-expected-rq-timeout-ms` and, over gRPC, by
    /// `grpc-timeout`: those that documents of Istio speak of, since osm-edge knows no timeout.
    pub const fn tell_deadlines(mut self, tell: bool) -> Self {
        self.identity.tell_deadlines = tell;
        self
    }

    /// Tells these events, rather than its own.
    pub fn events(mut self, events: &Events) -> Self {
        self.events = events.clone();
        self
    }

    /// Adds documents.
    pub fn documents(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        if let Ok(all) = &mut self.documents {
            all.extend(documents);
        }
        self
    }

    /// Adds the documents of a text.
    pub fn yaml(self, text: &str) -> Self {
        self.text(config::load(text, None))
    }

    /// Adds the documents of a file's text; errors and notes will name the file.
    pub fn file(self, name: &str, text: &str) -> Self {
        self.text(config::load(text, Some(name)))
    }

    fn text(mut self, loaded: Result<Vec<Document>, Errors>) -> Self {
        match (&mut self.documents, loaded) {
            (Ok(all), Ok(documents)) => all.extend(documents),
            (Err(errors), Err(more)) => errors.extend(more),
            (documents, Err(errors)) => *documents = Err(errors),
            (Err(_), Ok(_)) => {}
        }
        self
    }

    /// What there is to tell about the documents: all that [`Mesh::notes`] tells, and what is looked for only when it is
    /// asked for, such as rules that are hidden by earlier ones. Where something is wrong, it comes with what nobody knew
    /// in reading, which may be the cause of it.
    ///
    /// ```
    /// use tower_mesh::{Mesh, mesh::Code};
    ///
    /// let (notes, sound) = Mesh::builder().yaml("
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: {name: reviews}
    /// spec:
    ///   hosts: [reviews]
    ///   http:
    ///   - match: [{uri: {prefix: /}}]
    ///     route: [{destination: {host: reviews}}]
    ///   - match: [{uri: {exact: /login}}]
    ///     route: [{destination: {host: login}}]
    /// ").check();
    /// assert!(sound.is_ok());
    /// assert_eq!(notes[0].code, Code::RuleShadowed);
    /// assert_eq!(notes[0].location.line(), 10);
    /// ```
    pub fn check(self) -> (Vec<Note>, Result<(), Errors>) {
        let identity = Identity { thorough: true, ..self.identity };
        match self.documents {
            Ok(documents) => lower::check(&documents, &identity),
            Err(errors) => (Vec::new(), Err(errors)),
        }
    }

    /// The mesh.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the texts and documents.
    pub fn build(self) -> Result<Mesh, Errors> {
        let Self { identity, events, documents } = self;
        let (plan, notes) = lower::lower(&documents?, &identity)?;
        let told: Arc<cluster::Told> = identity.endpoints.clone().into();
        let running = Running::new(plan, notes, &told, (&events, identity.draws), None);
        let running = ArcSwap::from_pointee(running);
        let applied = Arc::default();
        Ok(Mesh(Shared::new(Inner { identity, told, events, running, applied })))
    }
}

impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.0.running.load();
        f.debug_struct("Mesh")
            .field("identity", &self.0.identity)
            .field("plan", &running.plan)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("identity", &self.identity).finish_non_exhaustive()
    }
}
