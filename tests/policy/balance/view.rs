//! Who is picked of a few.

use tower_mesh::policy::{
    Draw, Time,
    balance::{Ask, Endpoint, HashKey, HashKeys, Host, Locality, Placement, Settings, SettingsBuilder, View},
};

const NOW: Time = Time::from_nanos(0);

/// So many hosts that are alike, and well.
fn alike(settings: SettingsBuilder, count: usize, draw: Draw) -> View {
    let endpoints: Vec<Endpoint> = vec!["10.0.0.1:80".parse().expect("an endpoint"); count];
    let host = Host { key: "10.0.0.1:80", weight: 1, healthy: true, standby: false, since: NOW };
    let layout = Placement::default().lay_out(&endpoints);
    View::new(&settings.build().expect("they mean something"), &layout, &vec![host; count], NOW, draw)
}

fn pick(view: &View, draw: Draw, active: impl Fn(u32) -> u32) -> u32 {
    view.pick(&Ask { draw, hash: None, attempt: 0 }, active, || NOW).expect("somebody")
}

fn draws(count: u64) -> impl Iterator<Item = Draw> {
    (1..=count).map(|number| Draw::new(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Case 95 of Envoy: two are drawn, perhaps the same one twice; who has strictly fewer requests is picked, else the first.
#[test]
fn of_two_that_are_drawn_who_has_fewer_is_picked_and_of_equals_the_first() {
    let view = alike(Settings::builder(), 2, Draw::new(1));
    // The upper half of a draw is the one, the lower half the other.
    let drawn = |first: u64, second: u64| Draw::new((first << 63) | (second << 31));
    for (first, second, active, picked) in [
        (0, 1, [3, 2], 1),
        (1, 0, [3, 2], 1),
        (0, 1, [2, 2], 0),
        (1, 0, [2, 2], 1),
        (0, 0, [3, 2], 0),
        (1, 1, [2, 3], 1),
    ] {
        let host = pick(&view, drawn(first, second), |host| active[host as usize]);
        assert_eq!(host, picked, "{first} and {second} of {active:?}");
    }
}

/// Seen on Envoy, S12.1.
#[test]
fn turns_begin_anywhere() {
    let mut began = [0; 5];
    for draw in draws(1000) {
        let view = alike(Settings::builder().round_robin(), 5, draw);
        let turns: Vec<_> = (0..10).map(|_| pick(&view, Draw::new(0), |_| 0)).collect();
        began[turns[0] as usize] += 1;
        assert!(turns.windows(2).all(|two| two[1] == (two[0] + 1) % 5), "{turns:?}");
    }
    assert!(began.iter().all(|count| (120..280).contains(count)), "{began:?}");
}

/// Semantics P8: half of the near hosts are ill, so they keep 70 of 100 keys; a key that leaves does so each time.
#[test]
fn a_key_picks_the_priority_too() {
    let near: Locality = "near".parse().expect("a locality");
    let far: Locality = "far".parse().expect("a locality");
    let keys = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"];
    let endpoints = keys
        .iter()
        .zip([&near, &near, &far, &far])
        .map(|(key, locality)| key.parse::<Endpoint>().expect("an endpoint").locality(locality.clone()));
    let hosts = keys.map(|key| Host { key, weight: 1, healthy: key != keys[1], standby: false, since: NOW });
    let layout = Placement::of(near.clone()).outlier_detection(true).lay_out(&endpoints.collect::<Vec<_>>());
    let settings = Settings::builder().ring_hash(HashKeys::of(HashKey::Header(http::header::HOST)));
    let view = View::new(&settings.build().expect("they mean something"), &layout, &hosts, NOW, Draw::new(1));
    for (number, chance) in draws(1000).enumerate() {
        let hash = Draw::new(number as u64 + 1).bits().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let picked = view.pick(&Ask { draw: chance, hash: Some(hash), attempt: 0 }, |_| 0, || NOW);
        match hash % 100 {
            0..70 => assert_eq!(picked, Some(0), "{hash}"),
            _ => assert!(matches!(picked, Some(2 | 3)), "{hash}"),
        }
    }
}
