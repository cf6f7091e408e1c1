//! Over services that are not HTTP.

use tower::{BoxError, Layer, ServiceExt, service_fn};
use tower_mesh::{FallbackLayer, Plain};

use super::*;

#[derive(Debug, PartialEq)]
enum Failed {
    Broken,
    Refused(Refusal),
}

impl Failed {
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Broken => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn broken(_: ()) -> Result<String, Failed> {
    Err(Failed::Broken)
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_an_error_becomes_any_result_and_other_errors_stand() {
    let told = Told::new();
    let layer =
        FallbackLayer::instead(Plain.reading(Failed::refusal), |refusal| Ok(refusal.reason().to_string()));
    let service = (layer.told("reviews", &told.events), fragile().over(Plain)).layer(service_fn(broken));
    assert_eq!(service.clone().oneshot(()).await, Err(Failed::Broken));
    assert_eq!(told.named(), [""; 0]);
    assert_eq!(service.clone().oneshot(()).await, Ok("circuit_open".to_owned()));
    assert_eq!(told.named(), [FELL_BACK]);
}

#[tokio::test(start_paused = true)]
async fn a_boxed_error_is_looked_into() {
    let layers = (FallbackLayer::instead(Plain.boxed(), |_| Ok(7)), fragile().over(Plain.boxed()));
    let service = layers.layer(service_fn(async |_: ()| Err::<u32, BoxError>("broken".into())));
    assert_eq!(service.clone().oneshot(()).await.expect_err("the upstream's").to_string(), "broken");
    assert_eq!(service.oneshot(()).await.expect("a fallback"), 7);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_chosen_is_replaced() {
    let reading = || Plain.reading(Failed::refusal);
    let none = FallbackLayer::instead(reading(), |_| Ok("none".to_owned())).only(|_| false);
    let service = (none, fragile().over(Plain)).layer(service_fn(broken));
    service.clone().oneshot(()).await.expect_err("broken");
    assert!(matches!(service.oneshot(()).await, Err(Failed::Refused(_))));
}

/// There are no flags in an error: a refusal that comes out of a fallback is one like any other.
#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_made_of_another_is_taken_by_the_outer_one() {
    let reading = || Plain.reading(Failed::refusal);
    let inner = FallbackLayer::instead(reading(), |refusal| Err(refusal.clone().details("inner").into()));
    let outer = FallbackLayer::instead(reading(), |refusal| Ok(refusal.why().to_owned()));
    let service = (outer, inner, fragile().over(Plain)).layer(service_fn(broken));
    service.clone().oneshot(()).await.expect_err("broken");
    assert_eq!(service.oneshot(()).await, Ok("inner".to_owned()));
}
