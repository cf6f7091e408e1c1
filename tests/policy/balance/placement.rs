//! Who comes first for a client that is somewhere.

use tower_mesh::policy::balance::{Distribute, Endpoint, Layout, Locality, LocalityPattern, Placement};

fn at(text: &str) -> Locality {
    text.parse().expect("a locality")
}

fn pattern(text: &str) -> LocalityPattern {
    text.parse().expect("a pattern")
}

fn endpoints(localities: &[&str]) -> Vec<Endpoint> {
    let endpoint = "10.0.0.1:80".parse::<Endpoint>().expect("an endpoint");
    localities.iter().map(|text| endpoint.clone().locality(at(text))).collect()
}

fn client(text: &str) -> Placement {
    Placement::of(at(text)).outlier_detection(true)
}

/// Each endpoint's priority.
fn priorities(layout: &Layout, count: usize) -> Vec<u32> {
    let mut found = vec![u32::MAX; count];
    for group in &layout.groups {
        group.members.iter().for_each(|member| found[*member as usize] = group.priority);
    }
    found
}

fn near(placement: &Placement, localities: &[&str]) -> Vec<u32> {
    priorities(&placement.lay_out(&endpoints(localities)), localities.len())
}

fn weights(layout: &Layout) -> Vec<(String, u32)> {
    layout.groups.iter().map(|group| (group.locality.to_string(), group.weight)).collect()
}

#[test]
fn a_pattern_means_what_is_written_and_any_of_the_rest() {
    for (text, meant, others) in [
        ("*", &["", "us", "us/z1/s1"][..], &[][..]),
        ("us", &["us", "us/z1", "us/z1/s1"], &["", "eu", "usa"]),
        ("us/*", &["us", "us/z1", "us/z1/s1"], &["eu/z1"]),
        ("us/z1", &["us/z1", "us/z1/s1"], &["us", "us/z2", "eu/z1"]),
        ("us/z1/*", &["us/z1", "us/z1/s1"], &["us/z2/s1"]),
        ("us/z1/s1", &["us/z1/s1"], &["us/z1", "us/z1/s2"]),
    ] {
        let pattern = pattern(text);
        assert_eq!(pattern.to_string(), text);
        meant.iter().for_each(|it| assert!(pattern.matches(&at(it)), "{text} means {it}"));
        others.iter().for_each(|it| assert!(!pattern.matches(&at(it)), "{text} does not mean {it}"));
    }
}

#[test]
fn what_is_no_pattern_is_told_so() {
    for text in ["", "/", "us/", "us//s1", "*/z1", "us/*/s1", "us*", "us/z*", "**", "a/b/c/d", "u s"] {
        let error = text.parse::<LocalityPattern>().unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{text}` means no localities")), "{error}");
    }
}

#[test]
fn patterns_overlap_if_a_locality_can_be_meant_by_both() {
    let overlap = |one: &str, other: &str| pattern(one).overlaps(&pattern(other));
    for (one, other) in [("*", "us/z1"), ("us", "us/z1/s1"), ("us/*", "us/z1"), ("us/z1/*", "us/*")] {
        assert!(overlap(one, other) && overlap(other, one), "{one} and {other}");
    }
    assert!(!overlap("us/z1", "us/z2") && !overlap("us/z1/s1", "eu"));
}

#[test]
fn the_nearest_come_first() {
    let localities = ["us/z1/s1", "us/z1/s2", "us/z2/s1", "eu/z1/s1", ""];
    assert_eq!(near(&client("us/z1/s1"), &localities), [0, 1, 2, 3, 3]);
    // A zone counts in its region only, a subzone in its zone, and who is nowhere in particular is elsewhere.
    assert_eq!(near(&client("eu/z2/s1"), &localities), [1, 1, 1, 0, 1]);
    assert_eq!(near(&client(""), &localities), [1, 1, 1, 1, 0]);
    assert_eq!(near(&client("us/z1"), &["us/z1", "us/z1/s1"]), [0, 1]);
}

#[test]
fn priorities_have_no_gaps() {
    assert_eq!(near(&client("us/z1/s1"), &["eu/z1", "us/z1/s2"]), [1, 0]);
    assert_eq!(near(&client("us/z1/s1"), &["eu/z1", "asia"]), [0, 0]);
    let layout = client("us").lay_out(&[]);
    assert_eq!((layout.priorities(), layout.groups.len()), (0, 0));
}

#[test]
fn a_region_can_have_another_one_that_comes_next() {
    let localities = ["us/z1", "eu/z1", "asia/z1"];
    let placement = client("us/z1").failover("eu", "us").failover("us", "asia").failover("us", "eu");
    assert_eq!(near(&placement, &localities), [0, 2, 1]);
    assert_eq!(near(&client("us/z1").failover("eu", "us"), &localities), [0, 1, 1]);
}

#[test]
fn nobody_comes_first_if_the_ill_are_not_found_out() {
    let localities = ["us/z1", "eu/z1"];
    for told in
        [client("us/z1"), client("us/z1").failover("us", "eu"), client("us/z1").failover_priority(["a"])]
    {
        let placement = told.outlier_detection(false);
        assert_eq!(near(&placement, &localities), [0, 0]);
        assert!(!placement.lay_out(&endpoints(&localities)).weighted);
    }
    let off =
        client("us/z1").enabled(false).distribute(Distribute::from(pattern("*")).to(pattern("us"), 100));
    let layout = off.lay_out(&endpoints(&localities));
    assert_eq!((priorities(&layout, 2), layout.weighted, layout.left_out.len()), (vec![0, 0], false, 0));
}

#[test]
fn weights_of_localities_count_where_they_were_asked_for() {
    let weighted = |placement: Placement| placement.lay_out(&endpoints(&["us"])).weighted;
    assert!(!weighted(client("us")));
    assert!(weighted(client("us").failover("eu", "us")));
    assert!(weighted(client("us").failover_priority(["a"])));
    let shared = client("us").distribute(Distribute::from(pattern("eu")).to(pattern("*"), 100));
    assert!(weighted(shared.clone()) && weighted(shared.outlier_detection(false)));
}

#[test]
fn groups_are_told_by_priority_and_locality_with_what_they_weigh() {
    let mut hosts = endpoints(&["us/z2", "us/z1", "eu", "us/z2", "us/z3"]);
    hosts[3] = hosts[3].clone().weight(5);
    let layout = client("us/z1").lay_out(&hosts);
    assert_eq!(
        weights(&layout),
        [("us/z1", 1), ("us/z2", 6), ("us/z3", 1), ("eu", 1)].map(|(l, w)| (l.to_owned(), w))
    );
    let members: Vec<_> = layout.groups.iter().map(|group| (group.priority, group.members.clone())).collect();
    assert_eq!(members, [(0, vec![1]), (1, vec![0, 3]), (1, vec![4]), (2, vec![2])]);
    assert_eq!(layout.priorities(), 3);
}

#[test]
fn a_share_is_divided_by_what_localities_weigh_and_rounded_up() {
    let shares = Distribute::from(pattern("us/*"))
        .to(pattern("us/s1/*"), 80)
        .to(pattern("us/s2"), 15)
        .to(pattern("us/s3"), 5);
    let hosts = endpoints(&["us/s1/a", "us/s1/b", "us/s2", "us/s3", "us/s4", "eu"]);
    let layout = Placement::of(at("us/s1")).distribute(shares.clone()).lay_out(&hosts);
    let expected = [("us/s1/a", 40), ("us/s1/b", 40), ("us/s2", 15), ("us/s3", 5)];
    assert_eq!(weights(&layout), expected.map(|(locality, weight)| (locality.to_owned(), weight)));
    assert_eq!((&layout.left_out[..], layout.priorities()), (&[4, 5][..], 1));

    let hosts = endpoints(&["us/s1/a", "us/s1/b", "us/s1/c", "us/s1/c"]);
    let layout = Placement::of(at("us")).distribute(shares).lay_out(&hosts);
    assert_eq!(layout.groups.iter().map(|group| group.weight).collect::<Vec<_>>(), [20, 20, 40]);
    let thirds = Distribute::from(pattern("*")).to(pattern("*"), 100);
    let layout = Placement::default().distribute(thirds).lay_out(&endpoints(&["a", "b", "c"]));
    assert_eq!(layout.groups.iter().map(|group| group.weight).collect::<Vec<_>>(), [34, 34, 34]);
}

#[test]
fn the_first_share_for_the_client_counts_and_without_one_all_stay_as_they_are() {
    let placement = |client: &str| {
        Placement::of(at(client))
            .distribute(Distribute::from(pattern("us/z1")).to(pattern("us"), 100))
            .distribute(Distribute::from(pattern("us/*")).to(pattern("eu"), 100))
    };
    let layout = |client| placement(client).lay_out(&endpoints(&["us", "eu", "eu"]));
    assert_eq!(layout("us/z1").left_out, [1, 2]);
    assert_eq!(layout("us/z2").left_out, [0]);
    assert_eq!(weights(&layout("asia")), [("eu".to_owned(), 2), ("us".to_owned(), 1)]);
}

#[test]
fn shares_go_before_who_comes_first() {
    let placement =
        client("us").failover("us", "eu").distribute(Distribute::from(pattern("us")).to(pattern("*"), 100));
    assert_eq!(near(&placement, &["us", "eu", "asia"]), [0, 0, 0]);
}

fn labelled(labels: &[(&str, &str)]) -> Endpoint {
    "10.0.0.1:80".parse::<Endpoint>().expect("an endpoint").with_labels(labels.iter().copied())
}

#[test]
fn labels_in_common_are_counted_from_the_first() {
    let hosts = [
        labelled(&[("a", "1"), ("b", "1"), ("c", "1")]),
        labelled(&[("a", "1"), ("b", "1"), ("c", "2")]),
        labelled(&[("a", "1"), ("b", "2"), ("c", "1")]),
        labelled(&[("a", "2"), ("b", "1"), ("c", "1")]),
        labelled(&[]),
    ];
    let own = [("a", "1"), ("b", "1"), ("c", "1")];
    let placement = client("").labels(own);
    let found = |labels: &[&str]| {
        priorities(&placement.clone().failover_priority(labels.iter().copied()).lay_out(&hosts), hosts.len())
    };
    assert_eq!(found(&["a", "b", "c"]), [0, 1, 2, 3, 3]);
    // Missing with both is equal; another value can be asked for.
    assert_eq!(found(&["d"]), [0, 0, 0, 0, 0]);
    assert_eq!(found(&["a=2", "b"]), [1, 1, 1, 0, 1]);
    assert_eq!(found(&["a="]), [1, 1, 1, 1, 0]);
}

#[test]
fn where_somebody_is_counts_as_labels() {
    let hosts = endpoints(&["us/z1/s1", "us/z1/s2", "us/z2/s1", "eu/z1/s1"]);
    let labels =
        ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];
    let layout = client("us/z1/s1").failover_priority(labels).lay_out(&hosts);
    assert_eq!(priorities(&layout, 4), [0, 1, 2, 3]);
    assert!(layout.weighted);
    // What is known goes before what is written.
    let lying = [labelled(&[(labels[0], "us")]).locality(at("eu")), labelled(&[(labels[0], "us")])];
    assert_eq!(priorities(&client("us").failover_priority([labels[0]]).lay_out(&lying), 2), [1, 0]);
}

#[test]
fn another_network_is_as_far_as_all_labels_together() {
    let host = |network: &str, a: &str| labelled(&[("a", a)]).network(network);
    let hosts = [host("n1", "1"), host("n1", "2"), host("n2", "1"), host("n2", "2")];
    let found = |labels: [&str; 2]| {
        let placement = client("").labels([("a", "1")]).network("n1").failover_priority(labels);
        priorities(&placement.lay_out(&hosts), 4)
    };
    assert_eq!(found(["topology.istio.io/network", "a"]), [0, 1, 2, 3]);
    // Only as the first, and without a value; elsewhere it is a label like others.
    assert_eq!(found(["topology.istio.io/network=n1", "a"]), [0, 1, 2, 2]);
    assert_eq!(found(["a", "topology.istio.io/network"]), [0, 2, 1, 2]);
}

#[test]
fn a_locality_is_split_where_labels_differ() {
    let host = |a: &str, weight| labelled(&[("a", a)]).locality(at("us/z1")).weight(weight);
    let hosts = [host("1", 2), host("2", 3), host("1", 4)];
    let layout = client("us/z1").labels([("a", "1")]).failover_priority(["a"]).lay_out(&hosts);
    let groups: Vec<_> =
        layout.groups.iter().map(|group| (group.priority, group.weight, &group.members[..])).collect();
    assert_eq!(groups, [(0, 6, &[0, 2][..]), (1, 3, &[1])]);
}

#[test]
fn regions_count_among_those_whose_labels_are_equal() {
    let host = |a: &str, locality| labelled(&[("a", a)]).locality(at(locality));
    let hosts = [host("1", "us"), host("2", "us"), host("1", "eu"), host("2", "asia"), host("1", "asia")];
    let placement = client("us").labels([("a", "1")]).failover_priority(["a"]);
    assert_eq!(
        priorities(&placement.lay_out(&hosts), 5),
        [0, 1, 0, 1, 0],
        "labels take the place of regions"
    );
    assert_eq!(priorities(&placement.failover("us", "eu").lay_out(&hosts), 5), [0, 3, 1, 4, 2]);
}

#[test]
fn labels_do_not_count_for_a_client_of_whom_nothing_is_known() {
    let hosts = [labelled(&[("a", "1")]).locality(at("eu")), labelled(&[])];
    let unknown = client("").failover_priority(["a"]);
    assert_eq!(priorities(&unknown.lay_out(&hosts), 2), [0, 0]);
    assert_eq!(priorities(&unknown.failover("us", "eu").lay_out(&hosts), 2), [1, 0], "regions do");
}
