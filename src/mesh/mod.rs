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
mod builder;
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
    builder::MeshBuilder,
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
        host::normal,
        limits::LimitsHandle,
        seat::Shared,
    },
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
        MeshBuilder::new()
    }

    /// One that does what a plan says.
    fn running(identity: Identity, events: Events, (plan, notes): (Plan, Vec<Note>)) -> Self {
        let told: Arc<cluster::Told> = identity.endpoints.clone().into();
        let running = Running::new(plan, notes, &told, (&events, identity.draws), None);
        let running = ArcSwap::from_pointee(running);
        Self(Shared::new(Inner { identity, told, events, running, applied: Arc::default() }))
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
