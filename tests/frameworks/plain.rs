//! Over services that are not HTTP: a refusal is the service's own error.

use std::{error::Error, fmt};

use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_mesh::{Plain, Reason, Refusal};

use crate::fragile;

#[derive(Debug)]
enum Failed {
    Broken,
    Refused(Refusal),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_ones_own_stays_what_it_is() {
    let service = ServiceBuilder::new()
        .layer(fragile().over(Plain))
        .service(service_fn(async |_: &'static str| Err::<u32, _>(Failed::Broken)));
    assert!(matches!(service.clone().oneshot("one").await, Err(Failed::Broken)));
    let Err(Failed::Refused(refusal)) = service.oneshot("two").await else { panic!("it is refused") };
    assert_eq!(refusal.reason(), Reason::CircuitOpen);
    assert!(refusal.wait().is_some_and(|wait| wait.as_secs() == 30), "it says when to come back");
}

#[tokio::test(start_paused = true)]
async fn a_boxed_error_is_boxed_once() {
    let service = ServiceBuilder::new()
        .layer(fragile().over(Plain.boxed()))
        .service(service_fn(async |_: u32| Err::<u32, BoxError>("broken".into())));
    assert_eq!(service.clone().oneshot(1).await.unwrap_err().to_string(), "broken");
    let error = service.oneshot(2).await.unwrap_err();
    assert!(error.downcast_ref::<Refusal>().is_some(), "not an error around an error");
}

/// So that a refusal from further in opens no circuit further out.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_found_among_the_sources_of_a_boxed_error() {
    #[derive(Debug)]
    struct Wrapped(Refusal);
    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }
    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let refusal = Refusal::new(Reason::CircuitOpen, http::StatusCode::CONFLICT);
    let service = ServiceBuilder::new().layer(fragile().over(Plain.boxed())).service(service_fn(
        move |wrapped: bool| {
            let error: BoxError = if wrapped { Wrapped(refusal.clone()).into() } else { "broken".into() };
            async { Err::<(), _>(error) }
        },
    ));
    for _ in 0..3 {
        assert_eq!(service.clone().oneshot(true).await.unwrap_err().to_string(), "wrapped");
    }
    assert_eq!(service.clone().oneshot(false).await.unwrap_err().to_string(), "broken");
    assert!(service.oneshot(true).await.unwrap_err().downcast_ref::<Refusal>().is_some());
}

/// A `Buffer` keeps a place for each service that was readied. One of a single place stands still for ever if a layer
/// readies one clone and calls another.
#[tokio::test(start_paused = true)]
async fn a_buffer_of_one_place_is_never_used_up() {
    let service = ServiceBuilder::new()
        .layer(fragile().over(Plain.boxed()))
        .buffer(1)
        .service(service_fn(async |n: u32| if n < 10 { Ok(n) } else { Err("broken") }));
    let mut kept = service.clone();
    for n in 0..10 {
        assert_eq!(kept.ready().await.unwrap().call(n).await.unwrap(), n);
        assert_eq!(service.clone().oneshot(n).await.unwrap(), n);
    }
    assert_eq!(service.clone().oneshot(10).await.unwrap_err().to_string(), "broken");
    assert!(service.oneshot(11).await.unwrap_err().is::<Refusal>());
}
