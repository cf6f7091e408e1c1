//! Who is picked, as it was seen on a real Envoy.

use tower_mesh::{
    layer::balance::SocketPath,
    policy::balance::{Algorithm, Choices, Cookie, HashKey, HashKeys, SettingsBuilder, SlowStart},
};

use super::*;

/// Endpoints with these weights, asked so often one after another: how often each was.
async fn shares(settings: SettingsBuilder, weights: &[u32], calls: u64) -> Vec<f64> {
    let town = weighted(settings, weights, |_| Echo::new());
    Load::workers(1).requests(calls).run(town.balance.clone()).await;
    town.asked().iter().map(|asked| 100.0 * *asked as f64 / calls as f64).collect()
}

fn weighted(settings: SettingsBuilder, weights: &[u32], echo: impl Fn(usize) -> Echo) -> Town {
    let all =
        weights.iter().zip(1..).map(|(weight, number)| (endpoint(number).weight(*weight), echo(number)));
    Town::of(settings.build().unwrap(), all)
}

fn all_near(shares: &[f64], wanted: &[f64], by: f64) {
    let near = shares.iter().zip(wanted).all(|(share, wanted)| (share - wanted).abs() <= by);
    assert!(near, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn in_turn_each_is_asked_as_often() {
    let town = weighted(Settings::builder().round_robin(), &[1; 5], |_| Echo::new());
    let mut order = Vec::new();
    for _ in 0..15 {
        let before = town.asked();
        town.get().await;
        order.push(town.asked().iter().zip(&before).position(|(now, before)| now > before).unwrap());
    }
    assert_eq!(order[..5], order[5..10]);
    assert_eq!(order[..5], order[10..]);
    let mut sorted = order[..5].to_vec();
    sorted.sort_unstable();
    assert_eq!(sorted, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn weights_are_exact_shares_in_turn_and_by_load_where_nobody_waits() {
    let wanted = [6.67, 13.33, 20.0, 26.67, 33.33];
    all_near(&shares(Settings::builder().round_robin(), &[1, 2, 3, 4, 5], 1500).await, &wanted, 0.1);
    all_near(&shares(Settings::builder(), &[1, 2, 3, 4, 5], 1500).await, &wanted, 0.1);
}

#[tokio::test(start_paused = true)]
async fn under_load_weights_count_less() {
    let town =
        weighted(Settings::builder(), &[1, 2, 3, 4, 5], |_| Echo::new().latency(Duration::from_millis(10)));
    Load::workers(10).requests(5000).run(town.balance.clone()).await;
    let shares: Vec<_> = town.asked().iter().map(|asked| *asked as f64 / 50.0).collect();
    all_near(&shares, &[9.9, 16.5, 20.7, 24.7, 28.0], 1.5);
}

#[tokio::test(start_paused = true)]
async fn by_chance_weights_do_not_count() {
    all_near(&shares(Settings::builder().random(), &[1, 2, 3, 4, 5], 5000).await, &[20.0; 5], 2.0);
}

#[tokio::test(start_paused = true)]
async fn of_two_by_chance_all_get_about_as_much_when_idle() {
    all_near(&shares(Settings::builder(), &[1; 5], 5000).await, &[20.0; 5], 2.0);
}

/// The share of a host that is fifty times as slow, under ten callers.
async fn of_the_slow(choices: Choices) -> f64 {
    let settings = Settings::builder().least_request_of(choices);
    let town = weighted(settings, &[1; 5], |number| {
        Echo::new().latency(Duration::from_millis(if number == 1 { 500 } else { 10 }))
    });
    Load::workers(10).requests(5000).run(town.balance.clone()).await;
    town.asked()[0] as f64 / 50.0
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_gets_less_the_more_are_looked_at() {
    let [two, five, all] = [
        of_the_slow(Choices::Of(2)).await,
        of_the_slow(Choices::Of(5)).await,
        of_the_slow(Choices::All).await,
    ];
    assert!((2.0..8.0).contains(&two), "{two}");
    assert!(five < two, "{five}");
    assert!(all <= five && all > 0.0, "{all}");
}

// ===== keys =====

fn by_user() -> HashKeys {
    HashKeys::of(HashKey::Header(http::HeaderName::from_static("end-user")))
}

async fn whom(town: &Town, user: &str) -> usize {
    let before = town.asked();
    got(&town.balance, Request::get("/").header("end-user", user)).await;
    town.asked().iter().zip(&before).position(|(now, before)| now > before).expect("somebody")
}

#[tokio::test(start_paused = true)]
async fn one_key_finds_one_host_by_ring_and_by_table_and_without_a_key_it_is_chance() {
    for settings in [Settings::builder().ring_hash(by_user()), Settings::builder().maglev(by_user())] {
        let town = weighted(settings, &[1; 5], |_| Echo::new());
        for user in ["jason", "bob", "alice"] {
            let first = whom(&town, user).await;
            for _ in 0..20 {
                assert_eq!(whom(&town, user).await, first);
            }
        }
        let before = town.asked();
        for _ in 0..100 {
            town.get().await;
        }
        assert!(town.asked().iter().zip(&before).all(|(now, before)| now > before), "all are asked");
    }
}

#[tokio::test(start_paused = true)]
async fn when_a_host_leaves_the_table_moves_its_own_keys_and_few_others() {
    let settings = Settings::builder().maglev(by_user());
    let town = weighted(settings, &[1; 5], |_| Echo::new());
    let users: Vec<_> = (0..500).map(|user| user.to_string()).collect();
    let mut before = Vec::new();
    for user in &users {
        before.push(whom(&town, user).await);
    }
    town.endpoints.remove(endpoint(3).address());
    let mut moved = 0;
    for (user, before) in users.iter().zip(&before) {
        let now = whom(&town, user).await;
        assert_ne!(now, 2);
        moved += u64::from(*before != 2 && now != *before);
    }
    assert!(moved < 25, "{moved} of the others");
}

#[tokio::test(start_paused = true)]
async fn a_cookie_is_made_for_who_has_none_and_leads_to_the_same_host() {
    let cookie = Cookie::new("user").unwrap().path("/").unwrap().ttl(secs(60));
    let settings = Settings::builder().ring_hash(HashKeys::of(HashKey::Cookie(cookie)));
    let town = weighted(settings, &[1; 5], |_| Echo::new());
    let ask = |request: http::request::Builder| {
        town.balance.clone().oneshot(request.body(Full::<Bytes>::default()).unwrap())
    };
    let Ok(response) = ask(Request::get("/")).await else { panic!("there is an answer") };
    let made = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(made.contains("; Max-Age=60; Path=/; HttpOnly"), "{made}");
    let first = town.asked().iter().position(|asked| *asked == 1).unwrap();
    let pair = made.split(';').next().unwrap();
    for _ in 0..10 {
        let Ok(response) = ask(Request::get("/").header("cookie", pair)).await else {
            panic!("there is an answer")
        };
        assert!(!response.headers().contains_key("set-cookie"));
    }
    assert_eq!(town.asked()[first], 11);
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_known_by_its_address_and_a_request_by_its_query() {
    use tower_mesh::layer::balance::Caller;

    let settings = Settings::builder().maglev(HashKeys::of(HashKey::SourceIp));
    let town = weighted(settings, &[1; 5], |_| Echo::new());
    for _ in 0..10 {
        got(&town.balance, Request::get("/").extension(Caller([10, 1, 2, 3].into()))).await;
    }
    assert_eq!(town.asked().iter().filter(|asked| **asked > 0).count(), 1);

    let settings = Settings::builder().maglev(HashKeys::of(HashKey::QueryParameter("user".to_owned())));
    let town = weighted(settings, &[1; 5], |_| Echo::new());
    for _ in 0..10 {
        got(&town.balance, Request::get("/?page=1&user=jason")).await;
    }
    assert_eq!(town.asked().iter().filter(|asked| **asked > 0).count(), 1);
}

// ===== who is new =====

#[tokio::test(start_paused = true)]
async fn who_is_new_gets_its_share_little_by_little() {
    let slow = SlowStart::builder(secs(60)).build().unwrap();
    let settings = Settings::builder().round_robin().slow_start(slow).build().unwrap();
    let town = Town::new(settings, [Echo::new(), Echo::new()]);
    tokio::time::sleep(secs(120)).await;
    let newcomer = endpoint(3);
    town.endpoints.insert(newcomer.clone());
    let share = async |time: Duration| {
        let before = town.asked().iter().sum::<u64>();
        let report = town.load(100.0, time).await;
        let known = town.asked().iter().sum::<u64>() - before;
        100.0 * (report.requests - known) as f64 / report.requests as f64
    };
    let [first, later] = [share(secs(6)).await, share(secs(54)).await];
    assert!((3.0..7.0).contains(&first), "{first} % at a tenth of its weight");
    assert!(later > 15.0 && later < 30.0, "{later} %");
    let full = share(secs(30)).await;
    assert!((32.0..35.0).contains(&full), "{full} %");
}

#[test]
fn what_cannot_mean_anything_is_told_so() {
    let error = Settings::builder().least_request_of(Choices::Of(1)).build().unwrap_err();
    assert_eq!(error.to_string(), "number of choices is 1, but must be at least 2");
    let error = Settings::builder().panic_percent(101).build().unwrap_err();
    assert_eq!(error.to_string(), "panic percentage is 101, but must be a percentage from 0 to 100");
    let error = Settings::builder().algorithm(Algorithm::RingHash { minimum: 0 }).build().unwrap_err();
    assert_eq!(error.to_string(), "size of the ring is 0, but must be from 1 to 8388608");
    let error = Settings::builder().overprovisioning(99).build().unwrap_err();
    assert_eq!(error.to_string(), "overprovisioning is 99, but must be a percentage from 100 to 1000000");
}

/// What a URI cannot say is said beside it: the host stays the one that was asked for.
#[tokio::test]
async fn a_transport_is_told_the_path_of_a_socket() {
    let endpoints = Endpoints::new(["unix:///run/app.sock".parse::<Endpoint>().expect("an endpoint")]);
    let heard = tower::service_fn(|request: Request<Full<Bytes>>| async move {
        let path = request.extensions().get::<SocketPath>().map(|SocketPath(path)| path.to_string());
        let told = format!("{} at {}", request.uri(), path.unwrap_or_default());
        Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(told))))
    });
    let client = BalanceLayer::new(Settings::default(), &endpoints).layer(heard);
    let request = Request::get("http://app/a").body(Full::default()).expect("a request");
    let told = client.oneshot(request).await.expect("an answer").into_body().collect().await.expect("a body");
    assert_eq!(told.to_bytes(), "http://app/a at unix:///run/app.sock");
}
