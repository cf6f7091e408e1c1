//! Which rules a request is asked by: those of its host.

use super::{Action, Field, Found, Head, HostPattern, Hosts, Leg, Route, Rules, SettingsError};

/// Routes by host, and routes for every other host.
///
/// The host decides alone: where none of its rules takes a request, nobody else's does.
///
/// ```
/// use http::Request;
/// use tower_mesh::policy::route::{Condition, Head, Route, RouteTable, Rule, TextMatch};
///
/// let v2 = Condition::new().header("end-user", TextMatch::exact("jason"))?;
/// let table = RouteTable::new([Rule::always(Route::to("elsewhere"))])
///     .host("reviews".parse()?, [Rule::when(v2, Route::to("v2"))]);
///
/// let found = |request: &Request<()>| table.find(&Head::of(request)).is_some();
/// assert!(found(&Request::get("http://reviews/0").header("end-user", "jason").body(())?));
/// assert!(!found(&Request::get("http://reviews/0").body(())?));
/// assert!(found(&Request::get("http://ratings/0").body(())?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RouteTable<T> {
    all: Vec<Of<T>>,
    hosts: Hosts<usize>,
    /// Of every other host.
    others: Option<usize>,
}

/// Whose rules these are, and the rules.
#[derive(Debug, Clone)]
struct Of<T> {
    /// None if they are for every other host.
    host: Option<HostPattern>,
    rules: Rules<Route<T>>,
}

/// Where a route, and a leg of it, stands in a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) host: usize,
    pub(crate) rule: usize,
    pub(crate) leg: usize,
}

impl<T> RouteTable<T> {
    /// These, for every host that has none of its own, and for requests that name none.
    #[must_use]
    pub fn new(rules: impl Into<Rules<Route<T>>>) -> Self {
        let mut table = Self::by_host();
        table.others = Some(table.add(None, rules.into()));
        table
    }

    /// None yet: what is for no host that is added has no route.
    #[must_use]
    pub fn by_host() -> Self {
        Self { all: Vec::new(), hosts: Hosts::default(), others: None }
    }

    /// These for this host, or this family of hosts; and no longer what was said for it before.
    #[must_use]
    pub fn host(mut self, host: HostPattern, rules: impl Into<Rules<Route<T>>>) -> Self {
        let rules = rules.into();
        match self.hosts.at(&host) {
            Some(number) => self.all[*number].rules = rules,
            None => {
                self.hosts.insert(&host, self.all.len());
                self.add(Some(host), rules);
            }
        }
        self
    }

    fn add(&mut self, host: Option<HostPattern>, rules: Rules<Route<T>>) -> usize {
        self.all.push(Of { host, rules });
        self.all.len() - 1
    }

    /// The first rule of its host that takes a request.
    #[must_use]
    pub fn find(&self, head: &Head<'_>) -> Option<Found<'_, Route<T>>> {
        self.find_with_host(head).map(|(_, found)| found)
    }

    /// The same, and whose rule it is.
    #[inline(always)]
    pub(crate) fn find_with_host(&self, head: &Head<'_>) -> Option<(usize, Found<'_, Route<T>>)> {
        if self.hosts.is_empty() {
            let others = self.others?;
            return Some((others, self.all[others].rules.find(head)?));
        }
        let target = head.target();
        let own = target.as_ref().and_then(|(host, _)| self.hosts.find(host)).copied();
        let number = own.or(self.others)?;
        let head = target.map_or(*head, |(_, port)| head.to_port(port));
        Some((number, self.all[number].rules.find(&head)?))
    }

    /// What stands at this place.
    pub(crate) fn at(&self, place: Place) -> Option<(&Route<T>, Option<&Leg<T>>)> {
        let route = self.all.get(place.host)?.rules.as_slice().get(place.rule)?.then();
        let leg = match route.action() {
            Action::Forward(legs) => legs.get(place.leg),
            _ => None,
        };
        Some((route, leg))
    }

    /// All routes, with whose they are and their number there.
    fn routes(&self) -> impl Iterator<Item = (Option<&HostPattern>, usize, &Route<T>)> {
        self.all.iter().flat_map(|of| {
            let rules = of.rules.as_slice().iter().enumerate();
            rules.map(|(number, rule)| (of.host.as_ref(), number, rule.then()))
        })
    }

    /// Whether a request's way can depend on chance.
    pub(crate) fn draws(&self) -> bool {
        self.routes().any(|(.., route)| matches!(route.action(), Action::Forward(legs) if !legs.is_certain()))
    }

    /// The same, but leading to other things.
    #[must_use]
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> RouteTable<U> {
        let Self { all, hosts, others } = self;
        let all = all
            .into_iter()
            .map(|Of { host, rules }| Of { host, rules: rules.map(|route| route.map(&mut each)) });
        RouteTable { all: all.collect(), hosts, others }
    }
}

impl RouteTable<usize> {
    /// Whether there are as many destinations as the routes lead to.
    ///
    /// # Errors
    ///
    /// A route leads to one that is not there.
    pub fn lead_to(&self, count: usize) -> Result<(), SettingsError> {
        for (host, number, route) in self.routes() {
            let Action::Forward(legs) = route.action() else { continue };
            let to = legs.iter().map(|(leg, _)| *leg.destination());
            if let Some(to) = to.into_iter().find(|to| *to >= count) {
                let of = host.map_or("every other host".to_owned(), |host| format!("`{host}`"));
                let found = format!("{to}, of {count} in all, in rule {number} of {of}");
                return Err(SettingsError::new(Field::Destination, found));
            }
        }
        Ok(())
    }
}
