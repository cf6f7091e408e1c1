//! A chain of services in virtual time: a page asks for reviews, and these ask for ratings.
//!
//! `cargo run --example chain --features testing`. Each service calls the next through a mesh of its own, as each would
//! have a sidecar of its own. Ratings are late for one request of ten, reviews have half a second: which pages lack them?
#![allow(clippy::print_stdout, reason = "an example speaks to people")]

use std::time::Duration;

use tower::BoxError;
use tower_mesh::{
    Http, Mesh,
    testing::{Echo, Load},
};

const POLICIES: &str = include_str!("policies/bookinfo.yaml");

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let sidecar = |seed| Mesh::builder().file("bookinfo.yaml", POLICIES).seed(seed).build();
    let (page, reviews) = (sidecar(1)?, sidecar(2)?);
    print!("{}", page.plan());

    let ratings = Echo::new().named("ratings").latency(Duration::from_millis(5));
    let to_ratings = reviews.client(ratings).over(Http.reading_errors());
    let upstream = Echo::new().named("reviews").calling(to_ratings, "http://ratings:9080/ratings/0");
    let to_reviews = page.client(upstream.clone()).over(Http.reading_errors());
    let productpage = Echo::new().trying_to_call(to_reviews, "http://reviews:9080/reviews/0");

    let report =
        Load::workers(5).requests(200).qps(50.0).events(page.events()).run(productpage.clone()).await;
    println!("{report}");
    let seen = productpage.seen();
    println!("{} of {} pages lack their reviews", seen.onward_failed, seen.calls);
    Ok(())
}
