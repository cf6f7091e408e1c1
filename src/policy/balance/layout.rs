//! Endpoints in groups: who comes first, and who shares with whom.

use super::{Endpoint, Locality, LocalityPattern};

/// Endpoints in groups, in the order of their priority and of their locality.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// The groups; none is without members.
    pub groups: Vec<Group>,
    /// Whether requests of one priority are shared among its groups by their weights; else its hosts are one pool.
    pub weighted: bool,
    /// Endpoints to which nothing goes, by their numbers.
    pub left_out: Vec<u32>,
}

/// Endpoints of one locality that come equally early.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// Where they are.
    pub locality: Locality,
    /// 0 for those who come first, and without a gap.
    pub priority: u32,
    /// What they weigh together, or the share that was given to them.
    pub weight: u32,
    /// The endpoints, by their numbers, in order.
    pub members: Vec<u32>,
}

impl Layout {
    /// How many priorities there are.
    #[must_use]
    pub fn priorities(&self) -> u32 {
        self.groups.last().map_or(0, |last| last.priority + 1)
    }

    /// Groups by rank and locality.
    pub(super) fn new(endpoints: &[Endpoint], rank: impl Fn(&Endpoint) -> u32) -> Self {
        let ranked = (0_u32..).zip(endpoints).map(|(number, endpoint)| (rank(endpoint), endpoint, number));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_by_key(|(rank, endpoint, _)| (*rank, endpoint.in_locality()));

        let mut groups: Vec<Group> = Vec::new();
        let (mut priority, mut last) = (0, None);
        for together in
            ranked.chunk_by(|one, next| one.0 == next.0 && one.1.in_locality() == next.1.in_locality())
        {
            let (rank, first, _) = together[0];
            priority += u32::from(last.is_some_and(|last| last != rank));
            last = Some(rank);
            groups.push(Group {
                locality: first.in_locality().clone(),
                priority,
                weight: together
                    .iter()
                    .fold(0, |sum: u32, (_, endpoint, _)| sum.saturating_add(endpoint.weighs())),
                members: together.iter().map(|(.., number)| *number).collect(),
            });
        }
        Self { groups, ..Self::default() }
    }

    /// Gives shares to those who are meant, and nothing to others.
    pub(super) fn distribute(&mut self, to: &[(LocalityPattern, u32)]) {
        let target_of = |group: &Group| to.iter().position(|(pattern, _)| pattern.matches(&group.locality));
        let (mut kept, mut sums) = (Vec::with_capacity(self.groups.len()), vec![0_u64; to.len()]);
        for group in std::mem::take(&mut self.groups) {
            match target_of(&group) {
                Some(target) => {
                    sums[target] += u64::from(group.weight);
                    kept.push((target, group));
                }
                None => self.left_out.extend(group.members),
            }
        }
        let shared = |(target, group): (usize, Group)| {
            // Several localities divide a share by what they weigh; none of them is rounded down to nothing.
            let share = (u64::from(group.weight) * u64::from(to[target].1)).div_ceil(sums[target]);
            Group { weight: u32::try_from(share).unwrap_or(u32::MAX), ..group }
        };
        self.groups = kept.into_iter().map(shared).collect();
        self.left_out.sort_unstable();
    }
}
