//! A `VirtualService`'s routes as a table, for routers that are composed by hand.

use super::{
    client::Client,
    delegate::Delegates,
    policies::Policies,
    registry::Registry,
    virtual_service::{self, Beside},
};
use crate::{
    config::{Document, Errors, Resource, istio::VirtualService},
    mesh::{
        lower::{Identity, Lowering},
        plan::Target,
    },
    policy::route::{RouteTable, Rule, Rules},
};

impl TryFrom<&VirtualService> for RouteTable<Target> {
    type Error = Errors;

    /// Routes alone: where requests go, and what is changed of them. Faults, timeouts, retries and mirrors are layers of
    /// their own; delegates are documents of their own, and lead nowhere here.
    ///
    /// Without `hosts` the routes are for any host. The names of destinations are completed as those of the namespace
    /// `default`; which service each is, the caller says.
    ///
    /// ```
    /// use tower_mesh::{config::{self, istio::VirtualService}, layer::route::Router, mesh::plan::Target};
    /// use tower_mesh::{policy::route::RouteTable, testing::Echo};
    ///
    /// let (routes, _) = config::from_yaml::<VirtualService>("
    /// http:
    /// - match: [{headers: {end-user: {exact: jason}}}]
    ///   route: [{destination: {host: reviews, subset: v2}}]
    /// - route: [{destination: {host: reviews, subset: v1}}]
    /// ")?;
    /// let table = RouteTable::<Target>::try_from(&routes)?;
    /// let table = table.map(|target| usize::from(target.subset.as_deref() == Some("v2")));
    /// let client = Router::new(table, [Echo::new().named("v1"), Echo::new().named("v2")])?;
    /// # let _ = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn try_from(spec: &VirtualService) -> Result<Self, Errors> {
        let identity = Identity::default();
        let mut lowering = Lowering::new(&identity);
        let document = Document::bare("routes", Resource::VirtualService(Box::new(spec.clone())));
        let (client, registry) = (Client::new(&identity), Registry::default());
        let delegates = Delegates::of(&[], &lowering);
        let policies = Policies::default();
        let beside =
            Beside { registry: &registry, client: &client, policies: &policies, delegates: &delegates };
        let (mut rules, mut left_out) = (Vec::new(), Vec::new());
        for (index, route) in spec.http.iter().enumerate().filter(|(_, route)| route.delegate.is_none()) {
            let named = virtual_service::named(&document, index, route, &lowering);
            virtual_service::rule(&named, &beside, &mut rules, &mut left_out, &mut lowering);
        }
        let mut hosts = Vec::new();
        for (index, host) in spec.hosts.iter().enumerate() {
            match virtual_service::host_pattern(host) {
                Some(pattern) => hosts.push(pattern),
                None => {
                    let (path, message) =
                        (format!("spec.hosts[{index}]"), format!("a host cannot be `{host}`"));
                    lowering.refuse(&document, &path, &message, virtual_service::HOST);
                }
            }
        }
        let errors = lowering.errors.into_iter().map(|error| error.without_place()).collect();
        let rules: Vec<_> =
            rules.into_iter().map(|rule| Rule::when_any(rule.conditions, rule.route)).collect();
        let table = match hosts.is_empty() {
            true => Self::new(rules),
            false => hosts
                .into_iter()
                .fold(Self::by_host(), |table, host| table.host(host, Rules::new(rules.iter().cloned()))),
        };
        Errors::unless_empty(errors, table)
    }
}
