//! A policy under load: two minutes of it, in milliseconds.
//!
//! `cargo run --features testing --example virtual_time`
#![allow(clippy::print_stdout, reason = "an example speaks to people")]

use std::time::Duration;

use tower::Layer;
use tower_mesh::{
    CircuitBreakerLayer, Events,
    policy::circuit_breaker::Settings,
    testing::{Echo, Load},
};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::builder()
        .window(Duration::from_secs(10))
        .error_ratio(0.10)
        .minimum_requests(200)
        .open_for(Duration::from_secs(30))
        .build()?;
    let events = Events::new();
    let breaker = CircuitBreakerLayer::new(settings).told("reviews", &events);
    let upstream = Echo::new().status_percent(503, 20.0).seed(7);

    let load = Load::workers(10).qps(100.0).duration(Duration::from_secs(120)).events(&events);
    let report = load.run(breaker.layer(upstream.clone())).await;
    println!("{}", report.with_upstream("reviews", &upstream.seen()));
    Ok(())
}
