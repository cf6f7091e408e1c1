//! Sets of endpoints that change while requests are under way; by hand, by names, by tower's discovery.

use std::{io, net::IpAddr};

use tower::discover::Change as Discovered;
use tower_mesh::layer::balance::{Resolve, Resolved, Take};

use super::*;

#[tokio::test(start_paused = true)]
async fn who_comes_is_asked_and_who_goes_is_not() {
    let town = Town::new(
        Settings::builder().round_robin().build().unwrap(),
        [Echo::new(), Echo::new(), Echo::new()],
    );
    let third = town.endpoints.remove(endpoint(3).address()).unwrap();
    Load::workers(1).requests(10).run(town.balance.clone()).await;
    assert_eq!(town.asked(), [5, 5, 0]);
    town.endpoints.insert(third);
    town.endpoints.remove(endpoint(1).address());
    Load::workers(1).requests(10).run(town.balance.clone()).await;
    assert_eq!(town.asked(), [5, 10, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_empty_and_one_that_nobody_knows_answer_alike() {
    let town = Town::new(Settings::default(), [Echo::new()]);
    assert_eq!(town.get().await.status, Some(200));
    town.endpoints.replace::<Endpoint>([]);
    assert_eq!(town.get().await.flags, Some(Flags::UH));
    town.endpoints.forget();
    assert_eq!(town.get().await.flags, Some(Flags::UH));
    assert_eq!(town.endpoints.remove(endpoint(1).address()), None);
    assert!(!town.endpoints.is_known(), "that says nothing of who there is");
    town.endpoints.insert(endpoint(1));
    assert_eq!(town.get().await.status, Some(200));
}

#[tokio::test(start_paused = true)]
async fn who_stays_keeps_what_is_known_of_him_though_his_weight_changes() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [Echo::new().status(500), Echo::new()]);
    town.load(10.0, secs(1)).await;
    let active = town.balance.clone();
    let mut call =
        Box::pin(active.oneshot(Request::get("/?delay=1h").body(Full::<Bytes>::default()).unwrap()));
    assert!(futures_util::poll!(&mut call).is_pending());
    town.endpoints.replace([endpoint(2).weight(7), endpoint(3), endpoint(1).weight(5)]);
    let status = town.balance.handle().status();
    let told: Vec<_> =
        status.iter().map(|it| (number(it.endpoint.address()), it.is_healthy(), it.active)).collect();
    assert_eq!(told, [(2, true, 1), (3, true, 0), (1, false, 0)]);
    assert_eq!(status[0].endpoint.weighs(), 7);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_ready_is_not_asked_and_counts_among_all() {
    let all = [(endpoint(1).ready(false), Echo::new()), (endpoint(2), Echo::new())];
    let town = Town::of(Settings::default(), all);
    Load::workers(1).requests(10).run(town.balance.clone()).await;
    assert_eq!(town.asked(), [0, 10]);
    assert_eq!(town.balance.handle().status().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_address_stands_once() {
    let set = Endpoints::new([endpoint(1), endpoint(2), endpoint(1).weight(3)]);
    let all = set.all();
    assert_eq!(
        all.iter().map(|it| (number(it.address()), it.weighs())).collect::<Vec<_>>(),
        [(1, 3), (2, 1)]
    );
}

/// A name that has one more address each time that it is asked.
struct Growing(Mutex<u8>);

impl Resolve for Growing {
    async fn resolve(&self, name: &str) -> io::Result<Resolved> {
        assert_eq!(name, "httpd.example.com");
        let mut count = self.0.lock().unwrap();
        *count += 1;
        if *count == 3 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let addresses = (1..=*count).map(|last| IpAddr::from([10, 0, 0, last]));
        Ok(Resolved::new(addresses).valid_for(secs(10)))
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_asked_again_when_their_answer_no_longer_holds() {
    let names = || ["httpd.example.com:80".parse::<Endpoint>().unwrap().label("app", "httpd")];
    let (endpoints, updating) = Endpoints::resolving(names(), Take::All, Growing(Mutex::new(0)));
    let hosts =
        |endpoints: &Endpoints| endpoints.all().iter().map(|it| it.address().to_string()).collect::<Vec<_>>();
    assert_eq!(hosts(&endpoints), ["httpd.example.com:80"]);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(hosts(&endpoints), ["10.0.0.1:80"]);
    tokio::time::sleep(secs(10)).await;
    assert_eq!(hosts(&endpoints), ["10.0.0.1:80", "10.0.0.2:80"]);
    assert!(endpoints.all().iter().all(|it| it.has_all([("app", "httpd")])));
    tokio::time::sleep(secs(10)).await;
    assert_eq!(hosts(&endpoints).len(), 2, "a failure changes nothing");
    tokio::time::sleep(secs(60)).await;
    assert_eq!(hosts(&endpoints).len(), 4, "it is asked again a minute later");
    drop(updating);
    tokio::time::sleep(secs(600)).await;
    assert_eq!(hosts(&endpoints).len(), 4, "nobody asks any more");

    let (endpoints, _updating) = Endpoints::resolving(names(), Take::First, Growing(Mutex::new(4)));
    tokio::time::sleep(secs(1)).await;
    assert_eq!(hosts(&endpoints), ["10.0.0.1:80"]);
}

#[tokio::test(start_paused = true)]
async fn services_come_and_go_as_tower_discovers_them() {
    let (found, discover) = tokio::sync::mpsc::unbounded_channel::<Discovered<std::net::SocketAddr, _>>();
    let discover = futures_util::stream::unfold(discover, |mut discover| async {
        discover.recv().await.map(|change| (Ok::<_, io::Error>(change), discover))
    });
    let (balance, updating) = Balance::discovering(Settings::default(), discover);
    let balance = balance.over(Http.reading_errors());
    assert_eq!(got(&balance, Request::get("/")).await.status, Some(503));
    let address = |number| format!("10.0.0.{number}:80").parse().unwrap();
    let [first, second] = [Echo::new(), Echo::new()];
    for (number, echo) in [(1, &first), (2, &second)] {
        found.send(Discovered::Insert(address(number), AnswerableLayer.layer(echo.clone()))).unwrap();
    }
    tokio::task::yield_now().await;
    for _ in 0..20 {
        assert_eq!(got(&balance, Request::get("/")).await.status, Some(200));
    }
    assert!(first.seen().calls > 0 && second.seen().calls > 0);
    let before = first.seen().calls;
    let other = Echo::new();
    found.send(Discovered::Remove(address(2))).unwrap();
    found.send(Discovered::Insert(address(1), AnswerableLayer.layer(other.clone()))).unwrap();
    tokio::task::yield_now().await;
    for _ in 0..20 {
        got(&balance, Request::get("/")).await;
    }
    assert_eq!((first.seen().calls, other.seen().calls), (before, 20), "another service at the same place");
    assert!(!updating.is_over());
    drop(found);
    tokio::task::yield_now().await;
    assert!(updating.is_over());
}
