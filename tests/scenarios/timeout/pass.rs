//! What is in time costs no timer: these calls run where there is none, outside of any runtime.

use futures_util::FutureExt;
use http::Response;
use tower::{Layer, service_fn};
use tower_mesh::Plain;

use super::*;

async fn quick<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    Ok(Response::new(Full::from("quick")))
}

async fn hangs<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    std::future::pending().await
}

fn every() -> SettingsBuilder {
    limits().total(ms(500)).head(ms(400)).idle(ms(300))
}

fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("it was there at once")
}

#[test]
fn an_answer_that_is_there_at_once_sets_no_timer_and_neither_does_its_body() {
    let service = timeout(every()).layer(service_fn(quick));
    let response = at_once(service.oneshot(get())).expect("an answer");
    assert_eq!(at_once(response.into_body().collect()).expect("a body").to_bytes(), "quick");
    let uploads = timeout(every()).starting_at_request_end().layer(service_fn(quick));
    at_once(uploads.oneshot(Request::new(Full::<Bytes>::from("sent")))).expect("an answer");
    let plain = timeout(every()).over(Plain.boxed()).layer(service_fn(async |n: u8| Ok::<_, BoxError>(n)));
    assert_eq!(at_once(plain.oneshot(7)).expect("an answer"), 7);
}

#[test]
fn what_is_not_limited_sets_no_timer_however_long_it_takes() {
    let off = limits().grpc_timeout(false);
    for settings in [off, limits(), off.tell_deadline(true)] {
        assert!(timeout(settings).layer(service_fn(hangs)).oneshot(get()).now_or_never().is_none());
        let starting = timeout(settings).starting_at_request_end().layer(service_fn(hangs));
        assert!(starting.oneshot(get()).now_or_never().is_none());
    }
}

/// So that the two above can fail.
#[test]
#[should_panic(expected = "there is no reactor running")]
fn a_call_that_waits_sets_a_timer() {
    let _ = timeout(limits().total(ms(500))).layer(service_fn(hangs)).oneshot(get()).now_or_never();
}

/// Nobody holds a whole second stack of timers on a request's way.
#[test]
fn what_goes_with_a_call_is_small() {
    let call = timeout(every()).layer(service_fn(quick)).call(get());
    let bare = quick(get());
    let more = size_of_val(&call) - size_of_val(&bare);
    assert!(more <= 256, "{more} bytes go with a call");
}
