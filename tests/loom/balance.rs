//! Whose turn it is, asked at the same moment.

use loom::{sync::Arc, thread};

use crate::{
    model,
    policy::{
        Draw, Time,
        balance::{Ask, Distribute, Endpoint, Host, Locality, LocalityPattern, Placement, Settings, View},
    },
};

/// Hosts of these weights, in turn; each in a zone of its own, where zones share so.
fn view(weights: &[u32], zones: Option<&[u32]>) -> View {
    let pattern = |text: &str| text.parse::<LocalityPattern>().expect("a pattern");
    let endpoint = |(number, weight): (usize, &u32)| {
        let endpoint: Endpoint = format!("10.0.0.{number}:80").parse().expect("an endpoint");
        endpoint.weight(*weight).locality(Locality::new("r", &format!("z{number}"), ""))
    };
    let endpoints: Vec<_> = weights.iter().enumerate().map(endpoint).collect();
    let placement = zones.into_iter().fold(Placement::default(), |placement, zones| {
        let all = zones.iter().enumerate().fold(Distribute::from(pattern("*")), |all, (number, share)| {
            all.to(pattern(&format!("r/z{number}/*")), *share)
        });
        placement.distribute(all)
    });
    let host = |weight: &u32| Host {
        key: "",
        weight: *weight,
        healthy: true,
        standby: false,
        since: Time::default(),
    };
    let hosts: Vec<_> = weights.iter().map(host).collect();
    let settings = Settings::builder().round_robin().build().expect("these mean something");
    View::new(&settings, &placement.lay_out(&endpoints), &hosts, Time::default(), Draw::new(1 << 40))
}

/// How often each of two hosts is picked, when one thread asks so often and another so often.
fn picked(view: View, [one, other]: [usize; 2]) -> [usize; 2] {
    let view = Arc::new(view);
    let ask = |view: &View, times: usize| {
        let ask = Ask { draw: Draw::new(0), hash: None, attempt: 0 };
        let pick = |_| view.pick(&ask, |_| 0, Time::default).expect("somebody is there");
        (0..times).map(pick).collect::<Vec<_>>()
    };
    let theirs = {
        let view = Arc::clone(&view);
        thread::spawn(move || ask(&view, other))
    };
    let mut all = ask(&view, one);
    all.extend(theirs.join().expect("no panic"));
    [0, 1].map(|host| all.iter().filter(|picked| **picked == host).count())
}

#[test]
fn two_who_ask_in_turn_share_exactly() {
    model(|| assert_eq!(picked(view(&[1, 1], None), [3, 1]), [2, 2]));
}

#[test]
fn two_who_ask_in_turn_by_weight_share_exactly() {
    model(|| assert_eq!(picked(view(&[1, 2], None), [2, 1]), [1, 2]));
}

#[test]
fn two_who_ask_by_locality_share_exactly() {
    model(|| assert_eq!(picked(view(&[1, 1], Some(&[33, 66])), [1, 2]), [1, 2]));
}
