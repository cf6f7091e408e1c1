//! `tower-mesh endpoints`: who answers at each cluster, and who of them comes first.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde::Serialize;
use tower_mesh::{
    Mesh,
    layer::balance::{BalanceHandle, EndpointStatus},
    mesh::plan::{Destination, Dialect, Plan, Rule},
    policy::balance::Address,
    testing::upstreams::Upstream,
};

use self::text::{Text, listed};
use crate::{client::Client, json::json, policies::Policy, upstreams::FromFile};

/// The flags of `endpoints`.
#[derive(Debug, Args)]
pub(crate) struct Endpoints {
    /// Policies; `FILE@NAMESPACE` gives the documents of a file the namespace that they lack.
    #[arg(required = true, value_name = "POLICY.yaml")]
    policies: Vec<Policy>,

    #[command(flatten)]
    client: Client,

    /// An upstream that there is: `reviews:9080 version=v2`. May be repeated.
    #[arg(long = "upstream", value_name = "HOST[:PORT] [LABEL=VALUE …]")]
    upstreams: Vec<Upstream>,

    #[command(flatten)]
    from_file: FromFile,

    /// Also prints the labels of each endpoint.
    #[arg(long)]
    show_labels: bool,

    /// Fields that nobody knows are errors rather than notes.
    #[arg(long)]
    strict: bool,

    /// Prints the clusters as a JSON array.
    #[arg(long)]
    json: bool,
}

/// A host's endpoints at a port, or a part of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    /// As the mesh calls it.
    cluster: String,
    host: String,
    /// None: any that has nothing of its own.
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<String>,
    /// What its endpoints have in common.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    /// By what some come before others.
    #[serde(skip_serializing_if = "String::is_empty")]
    order: String,
    /// None: nobody knows them.
    endpoints: Option<Vec<Row>>,
    /// Why there is nobody, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    nobody: Option<String>,
}

/// An endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    address: String,
    locality: String,
    /// None: it gets nothing, since all requests go to other localities.
    priority: Option<u32>,
    weight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality_weight: Option<u32>,
    health: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    network: String,
    labels: BTreeMap<String, String>,
}

impl Endpoints {
    /// Lists them. What there is to tell about the policies goes to the standard error.
    pub(crate) fn run(self) -> Result<String, String> {
        let mesh = self.client.told(&self.policies, self.upstreams, &self.from_file, self.strict)?;
        let plan = mesh.plan();
        let clusters = plan.destinations.iter().flat_map(|host| clusters(&mesh, host));
        let clusters: Vec<_> = clusters.chain(led_to(&plan)).collect();
        if self.json {
            return json(&clusters);
        }
        if clusters.is_empty() {
            return Ok("(no policy and no upstream names a host)\n".to_owned());
        }
        let text = |cluster| Text { cluster, labels: self.show_labels }.to_string();
        Ok(clusters.iter().map(text).collect())
    }
}

/// All clusters of a host: at each port, all of it and each subset.
fn clusters(mesh: &Mesh, host: &Destination) -> Vec<Cluster> {
    let parts = || [None].into_iter().chain(host.subsets.iter().map(|subset| Some(&*subset.name)));
    ports(host)
        .into_iter()
        .flat_map(|port| parts().map(move |part| Cluster::of(mesh, host, port, part)))
        .collect()
}

/// Clusters that rules lead to, of hosts of which nothing else is said.
fn led_to(plan: &Plan) -> Vec<Cluster> {
    let known: BTreeSet<_> = plan.destinations.iter().map(|host| &*host.name).collect();
    let targets = plan.destinations.iter().flat_map(|host| &host.rules).flat_map(Rule::targets);
    let targets = targets.filter(|target| !target.host.is_empty() && !known.contains(&*target.host));
    let targets: BTreeSet<_> =
        targets.map(|target| (&*target.host, target.port, target.subset.as_deref())).collect();
    targets.into_iter().map(|(host, port, subset)| Cluster::unknown(host, port, subset)).collect()
}

/// The ports that it serves, or else those that anything is said of; none for all others.
fn ports(host: &Destination) -> BTreeSet<Option<u16>> {
    if !host.serves.is_empty() {
        return host.serves.iter().copied().map(Some).collect();
    }
    let own = host.ports.iter().map(|port| Some(port.number));
    let mut ports: BTreeSet<_> = own.chain(host.endpoints.iter().map(|backends| backends.port)).collect();
    if ports.is_empty() {
        ports.insert(None);
    }
    ports
}

/// A port of which nothing is said, to ask for all others.
fn other_port(host: &Destination) -> u16 {
    let addresses = host.endpoints.iter().flat_map(|backends| &backends.endpoints);
    let said: BTreeSet<_> =
        ports(host).into_iter().chain(addresses.map(|one| one.address().port())).collect();
    (1..u16::MAX).find(|port| !said.contains(&Some(*port))).unwrap_or(u16::MAX)
}

impl Cluster {
    fn of(mesh: &Mesh, of: &Destination, port: Option<u16>, subset: Option<&str>) -> Self {
        let mut cluster = Self::unknown(&of.name, port, subset);
        // As requests call it.
        cluster.host = of.hosts.first().unwrap_or(&of.name).clone();
        if of.dialect == Dialect::OsmEdge {
            cluster.cluster = format!("{}|{}", of.name, any_or(port));
        }
        let labels = subset.and_then(|name| of.subset(name)).map(|subset| subset.labels.clone());
        cluster.labels = labels.unwrap_or_default();
        let asked = port.unwrap_or_else(|| other_port(of));
        let is_known = mesh.endpoints(&cluster.host, asked).is_some_and(|set| set.is_known());
        match mesh.balance(&cluster.host, asked, subset) {
            None if is_known => cluster.nobody = Some(SENT_BY_CALLER.to_owned()),
            Some(handle) if is_known => cluster.fill(&handle, |address| match port {
                None if address.port() == Some(asked) => address.host().unwrap_or_default().to_owned(),
                _ => address.to_string(),
            }),
            _ => {}
        }
        cluster
    }

    /// One of whom nobody knows who answers.
    fn unknown(host: &str, port: Option<u16>, subset: Option<&str>) -> Self {
        Self {
            cluster: format!("outbound|{}|{}|{host}", any_or(port), subset.unwrap_or_default()),
            host: host.to_owned(),
            port,
            subset: subset.map(str::to_owned),
            labels: BTreeMap::new(),
            order: String::new(),
            endpoints: None,
            nobody: Some(UNKNOWN.to_owned()),
        }
    }

    fn fill(&mut self, handle: &BalanceHandle, address: impl Fn(&Address) -> String) {
        let mut all = handle.status();
        // As they come first; those to whom nothing goes are the last.
        let place = |status: &EndpointStatus| status.priority.unwrap_or(u32::MAX);
        all.sort_by(|one, other| {
            let locality = |status: &EndpointStatus| status.endpoint.in_locality().clone();
            place(one).cmp(&place(other)).then_with(|| locality(one).cmp(&locality(other)))
        });
        self.order = handle.settings().placement().to_string();
        self.nobody = all.is_empty().then(|| self.lacks());
        self.endpoints = Some(all.iter().map(|status| Row::of(status, &address)).collect());
    }

    /// Why none of those that are known is here.
    fn lacks(&self) -> String {
        if self.labels.is_empty() {
            return "nobody is there".to_owned();
        }
        format!("nobody is there: no endpoint that is known has {}", listed(&self.labels))
    }
}

const UNKNOWN: &str = "nobody knows who answers, so requests are left to the transport; tell of endpoints by a \
                       ServiceEntry, an EndpointSlice, or `--upstreams FILE`";

const SENT_BY_CALLER: &str = "nobody is picked: requests go where their caller sends them";

fn any_or(port: Option<u16>) -> String {
    port.map_or_else(|| "*".to_owned(), |port| port.to_string())
}

impl Row {
    fn of(status: &EndpointStatus, address: impl Fn(&Address) -> String) -> Self {
        let EndpointStatus { endpoint, priority, locality_weight, ejected_until, .. } = status;
        Self {
            address: address(endpoint.address()),
            locality: endpoint.in_locality().to_string(),
            priority: *priority,
            weight: endpoint.weighs(),
            locality_weight: *locality_weight,
            health: match ejected_until {
                Some(_) => "ejected",
                None if endpoint.is_ready() => "healthy",
                None => "not ready",
            },
            network: endpoint.in_network().to_owned(),
            labels: endpoint.labels().clone(),
        }
    }
}
