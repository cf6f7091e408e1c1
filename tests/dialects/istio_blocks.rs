//! Blocks as settings, without a mesh: a layer can be made of a fragment.

use std::time::Duration;

use tower_mesh::{
    config::{
        from_yaml,
        istio::{ConnectionPool, Fault, Retries},
        osm::{ConnectionSettings, RetryPolicy},
    },
    mesh::InvalidBlock,
    policy::{
        backoff::{Backoff, Jitter},
        fault, limits,
        retry::{self, Methods, RetryOn, Word},
    },
};

fn read<T>(text: &str) -> T
where
    T: serde::de::DeserializeOwned,
{
    from_yaml(text).expect("it is spelled right").0
}

fn told<T: std::fmt::Debug>(refused: Result<T, InvalidBlock>) -> String {
    refused.expect_err("it means nothing").to_string()
}

#[test]
fn a_connection_pool_is_limits() {
    let pool: ConnectionPool = read(
        "{tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 2, http2MaxRequests: 3, maxRetries: 4}, \
         towerMesh: {scope: endpoint}}",
    );
    let built = limits::Settings::builder().connections(1).pending(2).requests(3).retries(4);
    let built = built.scope(limits::Scope::Endpoint).build().expect("they mean something");
    assert_eq!(limits::Settings::try_from(&pool), Ok(built.clone()));
    assert_eq!(limits::Settings::try_from(pool), Ok(built));
    let upgraded: ConnectionPool = read("http: {h2UpgradePolicy: UPGRADE, http2MaxRequests: 3}");
    let settings = limits::Settings::try_from(upgraded).expect("it means something");
    assert_eq!(
        (settings.protocol(), settings.most(), settings.queue()),
        (limits::Upstream::Http2, Some(3), None)
    );
    assert_eq!(
        told(limits::Settings::try_from(read::<ConnectionPool>("tcp: {max_connections: -1}"))),
        "`tcp.maxConnections` is -1, but must be non-negative; 0 is no limit"
    );
}

#[test]
fn a_fault_is_faults() {
    let block: Fault = read(
        "{delay: {percentage: {value: 50}, fixedDelay: 5s}, abort: {percent: 10, httpStatus: 503}, \
         towerMesh: {exclusive: true, mostActive: 7}}",
    );
    let built = fault::Settings::builder().delay(Duration::from_secs(5), 50.0).abort(503, 10.0);
    let built = built.exclusive(true).most_active(7).build().expect("they mean something");
    assert_eq!(fault::Settings::try_from(&block), Ok(built.clone()));
    assert_eq!(fault::Settings::try_from(block), Ok(built));
    let asked = fault::Settings::builder().delay_by_header(100.0).abort_by_header(100.0).build();
    assert_eq!(fault::Settings::try_from(read::<Fault>("towerMesh: {byHeaders: true}")).ok(), asked.ok());
    assert_eq!(
        told(fault::Settings::try_from(read::<Fault>("abort: {grpcStatus: UNAVAILABEL}"))),
        "`abort.grpcStatus` is `UNAVAILABEL`, but must be a gRPC status by name, such as `UNAVAILABLE`; \
         did you mean `UNAVAILABLE`?"
    );
}

#[test]
fn retries_are_retries_of_the_present_mesh() {
    let block: Retries = read(
        "{attempts: 3, retryOn: \"reset,429\", perTryTimeout: 1s, backoff: 10ms, retryIgnorePreviousHosts: false, \
         towerMesh: {methods: safe, honourRetryAfter: 5s, bodyLimit: 10, hedging: true}}",
    );
    let built = retry::Settings::builder()
        .attempts(3)
        .on(RetryOn::NONE.word(Word::Reset).status(429))
        .per_try_timeout(Duration::from_secs(1))
        .backoff(Backoff::new(Duration::from_millis(10)))
        .methods(Methods::Safe)
        .honour_retry_after(Duration::from_secs(5))
        .body_limit(10)
        .hedging(true)
        .count_attempts(true)
        .build()
        .expect("they mean something");
    assert_eq!(retry::Settings::try_from(&block), Ok(built.clone()));
    assert_eq!(retry::Settings::try_from(block), Ok(built));
    let two = retry::Settings::try_from(read::<Retries>("attempts: 2")).expect("it means something");
    assert_eq!((two.on(), two.attempts()), (retry::Settings::istio_default().on(), 2));
    let off = retry::Settings::try_from(Retries::default()).expect("it means something");
    assert!(!off.retries_something());
}

#[test]
fn a_block_made_by_hand_is_judged_as_one_that_was_read() {
    let mut block = Retries::default();
    block.attempts = Some(1);
    block.backoff = "1.5ms".parse().ok();
    assert_eq!(
        told(retry::Settings::try_from(&block)),
        "`backoff` is 1.5ms, but must be at least 1ms, in whole milliseconds; write `2ms`"
    );
}

#[test]
fn osm_edges_connection_settings_are_limits() {
    let block: ConnectionSettings =
        read("{tcp: {maxConnections: 1}, http: {maxPendingRequests: 2, maxRequests: 0, maxRetries: 4}}");
    let built =
        limits::Settings::builder().connections(1).pending(2).retries(4).reply(limits::Reply::OsmEdge);
    let built = built.build().expect("they mean something");
    assert_eq!(limits::Settings::try_from(&block), Ok(built.clone()));
    assert_eq!(limits::Settings::try_from(block), Ok(built));
}

#[test]
fn osm_edges_retry_policy_is_retries() {
    let block: RetryPolicy =
        read("{retryOn: \"503,4xx\", numRetries: 5, perTryTimeout: 1s, retryBackoffBaseInterval: 20ms}");
    let built = retry::Settings::builder()
        .attempts(5)
        .on(RetryOn::osm("503,4xx").on)
        .per_try_timeout(Duration::from_secs(1))
        .backoff(Backoff::new(Duration::from_millis(20)).jitter(Jitter::None))
        .build()
        .expect("they mean something");
    assert_eq!(retry::Settings::try_from(&block), Ok(built.clone()));
    assert_eq!(retry::Settings::try_from(block), Ok(built));
    let silent = retry::Settings::try_from(RetryPolicy::default()).expect("it means something");
    assert!(silent.is_off() && silent.backoff() == Backoff::AT_ONCE);
}
