//! Where endpoints are laid: each in one place, priorities without gaps, however odd the wishes.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};
use tower_mesh::policy::balance::{Distribute, Endpoint, Locality, LocalityPattern, Placement};

const PARTS: [&str; 3] = ["", "a", "b"];
const LABELS: [&str; 6] = [
    "topology.istio.io/network",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "v",
    "v=1",
    "w",
];

fn locality() -> impl Strategy<Value = Locality> {
    [select(&PARTS[..]), select(&PARTS[..]), select(&PARTS[..])]
        .prop_map(|[region, zone, subzone]| Locality::new(region, zone, subzone))
}

fn pattern() -> impl Strategy<Value = LocalityPattern> {
    select(&["*", "a", "b/*", "a/a", "a/b/*", "b/b/b"][..]).prop_map(|text| text.parse().expect("a pattern"))
}

prop_compose! {
    fn endpoint()(locality in locality(), weight in 1_u32..10, label in select(&PARTS[..]), network in select(&PARTS[..]))
        -> Endpoint
    {
        let endpoint: Endpoint = "10.0.0.1:80".parse().expect("an endpoint");
        endpoint.locality(locality).weight(weight).label("v", label).network(network)
    }
}

prop_compose! {
    fn placement()(
        client in locality(), outliers: bool, enabled in prop::bool::weighted(0.9),
        shares in prop::collection::vec((pattern(), prop::collection::vec((pattern(), 1_u32..=100), 0..3)), 0..2),
        regions in prop::collection::vec((select(&PARTS[..]), select(&PARTS[..])), 0..3),
        labels in prop::collection::vec(select(&LABELS[..]), 0..4), network in select(&PARTS[..])
    ) -> Placement {
        let placement = Placement::of(client).outlier_detection(outliers).enabled(enabled).network(network).labels([("v", "a")]);
        let placement = placement.failover_priority(labels);
        let placement = regions.into_iter().fold(placement, |placement, (from, to)| placement.failover(from, to));
        shares.into_iter().fold(placement, |placement, (from, to)| {
            let to = to.into_iter().fold(Distribute::from(from), |all, (to, weight)| all.to(to, weight));
            placement.distribute(to)
        })
    }
}

proptest! {
    #[test]
    fn every_endpoint_is_in_one_group_or_left_out(
        placement in placement(), endpoints in prop::collection::vec(endpoint(), 0..60)
    ) {
        let layout = placement.lay_out(&endpoints);
        let members = layout.groups.iter().flat_map(|group| &group.members).chain(&layout.left_out);
        let mut found: Vec<_> = members.copied().collect();
        found.sort_unstable();
        prop_assert_eq!(found, (0..endpoints.len() as u32).collect::<Vec<_>>());
        for group in &layout.groups {
            prop_assert!(!group.members.is_empty() && group.weight > 0);
            prop_assert!(group.members.is_sorted());
            prop_assert!(group.members.iter().all(|it| *endpoints[*it as usize].in_locality() == group.locality));
        }
        prop_assert!(layout.left_out.is_empty() || layout.weighted);
    }

    #[test]
    fn priorities_have_no_gaps_and_groups_are_in_order(
        placement in placement(), endpoints in prop::collection::vec(endpoint(), 0..60)
    ) {
        let layout = placement.lay_out(&endpoints);
        let keys: Vec<_> = layout.groups.iter().map(|group| (group.priority, &group.locality)).collect();
        prop_assert!(keys.windows(2).all(|two| two[0] < two[1]));
        let priorities: BTreeSet<_> = keys.iter().map(|(priority, _)| *priority).collect();
        prop_assert_eq!(priorities.into_iter().collect::<Vec<_>>(), (0..layout.priorities()).collect::<Vec<_>>());
    }

    #[test]
    fn what_nobody_asked_for_leaves_all_alike(client in locality(), endpoints in prop::collection::vec(endpoint(), 1..30)) {
        let layout = Placement::of(client).failover("a", "b").failover_priority(["v"]).lay_out(&endpoints);
        prop_assert_eq!((layout.priorities(), layout.weighted, layout.left_out.len()), (1, false, 0));
        let weight: u32 = layout.groups.iter().map(|group| group.weight).sum();
        prop_assert_eq!(weight, endpoints.iter().map(Endpoint::weighs).sum::<u32>());
    }

    /// Shares for all places are given out whole, but for rounding up.
    #[test]
    fn a_share_is_given_out_whole(endpoints in prop::collection::vec(endpoint(), 1..30), weight in 1_u32..=100) {
        let all: LocalityPattern = "*".parse().expect("a pattern");
        let layout = Placement::default().distribute(Distribute::from(all.clone()).to(all, weight)).lay_out(&endpoints);
        let given: u32 = layout.groups.iter().map(|group| group.weight).sum();
        prop_assert!(given >= weight && given < weight + layout.groups.len() as u32);
    }

    /// The nearer never comes after the farther.
    #[test]
    fn the_nearer_comes_first(client in locality(), endpoints in prop::collection::vec(endpoint(), 2..30)) {
        let layout = Placement::of(client.clone()).outlier_detection(true).lay_out(&endpoints);
        let shared = |other: &Locality| match () {
            () if client.region() != other.region() => 0,
            () if client.zone() != other.zone() => 1,
            () if client.subzone() != other.subzone() => 2,
            () => 3,
        };
        for two in layout.groups.windows(2) {
            prop_assert!(shared(&two[0].locality) >= shared(&two[1].locality));
            prop_assert_eq!(shared(&two[0].locality) == shared(&two[1].locality), two[0].priority == two[1].priority);
        }
    }
}
