//! Who of many endpoints comes first for a client that is somewhere, and who next.

use std::{collections::BTreeMap, fmt};

use super::{
    Endpoint, Layout, Locality, LocalityPattern,
    failover_priority::{Wanted, label},
};

/// Where a client is, and what it is told of who is near: who comes first for it, and who next.
///
/// Without more the nearest endpoints come first: those of the client's subzone, then of its zone, of its region, all
/// others. That is only of use if the ill ones are found out, so it needs outlier detection; without, everybody comes
/// first. Shares by locality do not need it.
///
/// ```
/// use tower_mesh::policy::balance::{Distribute, Endpoint, Placement};
///
/// let endpoint = |address: &str, locality: &str| {
///     Ok::<_, Box<dyn std::error::Error>>(address.parse::<Endpoint>()?.locality(locality.parse()?))
/// };
/// let endpoints = [endpoint("a:80", "us/z1")?, endpoint("b:80", "us/z2")?, endpoint("c:80", "eu/z1")?];
///
/// let near = Placement::of("us/z1".parse()?).outlier_detection(true);
/// let layout = near.lay_out(&endpoints);
/// let members: Vec<_> = layout.groups.iter().map(|group| (group.priority, &group.members[..])).collect();
/// assert_eq!(members, [(0, &[0][..]), (1, &[1]), (2, &[2])]);
///
/// let shared = Distribute::from("us/*".parse()?).to("us/*".parse()?, 90).to("eu/*".parse()?, 10);
/// let layout = Placement::of("us/z1".parse()?).distribute(shared).lay_out(&endpoints);
/// let weights: Vec<_> = layout.groups.iter().map(|group| (group.locality.to_string(), group.weight)).collect();
/// assert_eq!(weights, [("eu/z1".to_owned(), 10), ("us/z1".to_owned(), 45), ("us/z2".to_owned(), 45)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    locality: Locality,
    labels: BTreeMap<String, String>,
    network: String,
    disabled: bool,
    outlier_detection: bool,
    distribute: Vec<Distribute>,
    failover: Vec<(String, String)>,
    failover_priority: Vec<String>,
}

/// How the requests of clients that are somewhere are shared among localities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribute {
    from: LocalityPattern,
    pub(super) to: Vec<(LocalityPattern, u32)>,
}

impl Distribute {
    /// For clients in these localities; nothing goes anywhere yet.
    #[must_use]
    pub const fn from(from: LocalityPattern) -> Self {
        Self { from, to: Vec::new() }
    }

    /// The same, and so much goes to these localities; no locality is meant twice.
    #[must_use]
    pub fn to(mut self, to: LocalityPattern, weight: u32) -> Self {
        self.to.push((to, weight));
        self
    }

    /// For clients of which localities.
    #[must_use]
    pub const fn clients(&self) -> &LocalityPattern {
        &self.from
    }

    /// What goes where.
    #[must_use]
    pub fn targets(&self) -> &[(LocalityPattern, u32)] {
        &self.to
    }
}

impl Placement {
    /// A client in this locality, without labels, that is told nothing.
    #[must_use]
    pub fn of(client: Locality) -> Self {
        Self { locality: client, ..Self::default() }
    }

    /// The same with these labels of the client too.
    #[must_use]
    pub fn labels<N: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.labels.extend(labels.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The same with the client in this network.
    #[must_use]
    pub fn network(self, network: impl Into<String>) -> Self {
        Self { network: network.into(), ..self }
    }

    /// The same, whether localities matter at all (they do).
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { disabled: !enabled, ..self }
    }

    /// The same, whether the ill are found out (they are not): without, nobody comes before another.
    #[must_use]
    pub fn outlier_detection(self, on: bool) -> Self {
        Self { outlier_detection: on, ..self }
    }

    /// The same, and requests are shared so; the first that is for the client's locality counts, and who comes first
    /// does not count then.
    #[must_use]
    pub fn distribute(mut self, distribute: Distribute) -> Self {
        self.distribute.push(distribute);
        self
    }

    /// The same, and from this region it goes to that one before all others.
    #[must_use]
    pub fn failover(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.failover.push((from.into(), to.into()));
        self
    }

    /// The same, and those come first who have most of these labels in common with the client, counted from the first:
    /// each is a `LABEL` or a `LABEL=VALUE` to be compared with instead.
    #[must_use]
    pub fn failover_priority<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.failover_priority.extend(labels.into_iter().map(Into::into));
        self
    }

    /// Where the client is.
    #[must_use]
    pub const fn client(&self) -> &Locality {
        &self.locality
    }

    /// Whether requests of this client are shared among localities by what was said of them.
    #[must_use]
    pub fn shares_by_locality(&self) -> bool {
        !self.disabled && self.distribute.iter().any(|distribute| distribute.from.matches(&self.locality))
    }

    /// Whether requests of any clients are shared so: then those of the others go to localities by what these weigh.
    #[must_use]
    pub const fn is_by_locality(&self) -> bool {
        !self.disabled && !self.distribute.is_empty()
    }

    /// Who of these endpoints comes first, and who next.
    ///
    /// It takes as long as sorting them.
    #[must_use]
    pub fn lay_out(&self, endpoints: &[Endpoint]) -> Layout {
        let distributes = !self.disabled && !self.distribute.is_empty();
        let fails_over = !self.disabled && !distributes && self.outlier_detection;
        let is_said = !self.failover.is_empty() || !self.failover_priority.is_empty();
        let mut layout = if fails_over {
            let (wanted, regions) = (self.wanted(), self.regions_matter());
            let rank = |endpoint: &Endpoint| {
                let tier = wanted.tier(endpoint);
                // Of regions there are five ranks.
                if regions { tier * 5 + self.remoteness(endpoint.in_locality()) } else { tier }
            };
            Layout::new(endpoints, rank)
        } else {
            Layout::new(endpoints, |_| 0)
        };
        layout.weighted = distributes || fails_over && is_said;
        let fitting = |distribute: &&Distribute| distribute.from.matches(&self.locality);
        if let Some(distribute) = self.distribute.iter().find(fitting).filter(|_| distributes) {
            layout.distribute(&distribute.to);
        }
        layout
    }

    /// Labels take the place of regions, unless both were asked for.
    fn regions_matter(&self) -> bool {
        self.failover_priority.is_empty() || !self.failover.is_empty()
    }

    /// How far away it is, 0 to 4.
    fn remoteness(&self, other: &Locality) -> u32 {
        let own = &self.locality;
        if own.region() != other.region() {
            let target = self.failover.iter().find(|(from, _)| from == own.region());
            return if target.is_some_and(|(_, to)| to != other.region()) { 4 } else { 3 };
        }
        match (own.zone() == other.zone(), own.subzone() == other.subzone()) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 2,
        }
    }

    /// What labels are compared with; nothing, if nothing is known of the client.
    fn wanted(&self) -> Wanted<'_> {
        let is_known = !(self.labels.is_empty() && self.locality.is_unknown() && self.network.is_empty());
        let entries = if is_known { &self.failover_priority[..] } else { &[] };
        Wanted::new(entries, |name| label(name, &self.labels, &self.locality, &self.network))
    }
}

impl fmt::Display for Placement {
    /// What it comes to for this client; nothing, where localities do not matter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = |distribute: &&Distribute| distribute.from.matches(&self.locality);
        if self.disabled {
            return Ok(());
        }
        if !self.distribute.is_empty() {
            let Some(distribute) = self.distribute.iter().find(fitting) else {
                return f.write_str("by locality, each by what its endpoints weigh");
            };
            let shares: Vec<_> =
                distribute.to.iter().map(|(to, share)| format!("{share} % to {to}")).collect();
            return write!(f, "by locality {}", shares.join(", "));
        }
        if !self.outlier_detection {
            return Ok(());
        }
        if !self.failover_priority.is_empty() {
            return write!(f, "first those that agree in {}", self.failover_priority.join(", then "));
        }
        if self.locality.is_unknown() {
            return Ok(());
        }
        write!(f, "the nearest to {} first", self.locality)?;
        match self.failover.iter().find(|(from, _)| from == self.locality.region()) {
            Some((_, to)) => write!(f, ", then {to}"),
            None => Ok(()),
        }
    }
}
