//! What a mesh is made of.

use super::{
    Mesh,
    era::Era,
    lower::{self, Identity},
    note::Note,
};
use crate::{
    config::{self, Document, Errors},
    events::Events,
    layer::{balance::Endpoints, draw::Draws},
    policy::balance::{Address, Endpoint, Locality},
};

/// Collects what a [`Mesh`] is made of.
#[derive(Debug)]
#[must_use = "a mesh comes out of `build`"]
pub struct MeshBuilder {
    identity: Identity,
    events: Events,
    documents: Result<Vec<Document>, Errors>,
}

impl MeshBuilder {
    pub(super) fn new() -> Self {
        Self { identity: Identity::default(), events: Events::new(), documents: Ok(Vec::new()) }
    }

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
        let lowered = lower::lower(&documents?, &identity)?;
        Ok(Mesh::running(identity, events, lowered))
    }
}
