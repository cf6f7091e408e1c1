//! In an axum server: a header or a weight splits traffic off to another `Router`.

use axum::{Router, routing::get};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_mesh::{
    RouterLayer,
    layer::{self, draw::Draws},
    policy::route::{Condition, Leg, PathRewrite, Redirect, Rewrite, Route, RouteTable, Rule, TextMatch},
};

use crate::{get as ask, is_refused};

fn reviews(name: &'static str) -> Router {
    Router::new().route("/reviews/{id}", get(async move || name))
}

fn under(prefix: &str) -> Condition {
    Condition::new().path(TextMatch::prefix(prefix))
}

async fn answer(app: &Router, request: axum::extract::Request) -> (StatusCode, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_header_splits_one_users_requests_off() {
    let jason = Condition::new().header("end-user", TextMatch::exact("jason")).unwrap();
    let table = RouteTable::new([Rule::when(jason, Route::to(0))]);
    let app = reviews("v1").layer(RouterLayer::new(table, [reviews("v2")]).unwrap());
    let mut jasons = ask("/reviews/0");
    jasons.headers_mut().insert("end-user", "jason".parse().unwrap());
    assert_eq!(answer(&app, jasons).await, (StatusCode::OK, "v2".to_owned()));
    assert_eq!(answer(&app, ask("/reviews/0")).await, (StatusCode::OK, "v1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_weight_splits_a_share_of_all_requests_off() {
    let share = Route::split([Leg::to(0).weighing(90), Leg::to(1).weighing(10)]).unwrap();
    let table = RouteTable::new([Rule::always(share)]);
    let layer = RouterLayer::new(table, (reviews("v1"), reviews("v2"))).unwrap().drawing(Draws::seeded(7));
    let app = Router::new().route("/{*path}", get(StatusCode::NOT_FOUND)).layer(layer);
    let mut seconds = 0;
    for _ in 0..1000 {
        seconds += u32::from(answer(&app, ask("/reviews/0")).await.1 == "v2");
    }
    // Five standard deviations.
    assert!((53..=147).contains(&seconds), "{seconds}");
}

/// axum matches its own routes before it calls a layer; around the whole router a rewrite is there in time.
#[tokio::test(start_paused = true)]
async fn around_a_router_a_path_is_rewritten_before_it_is_matched() {
    let rewrite = Rewrite::new().path(PathRewrite::matched("/reviews"));
    let moved = Redirect::builder().path("/reviews/0").build().unwrap();
    let table = RouteTable::new([
        Rule::when(under("/old/reviews"), Route::to(0).rewriting(rewrite)),
        Rule::when(under("/start"), Route::redirect(moved)),
    ]);
    let service = layer::route::Router::new(table, [reviews("v1")]).unwrap();
    let app = Router::new().fallback_service(service);
    assert_eq!(answer(&app, ask("/old/reviews/0")).await, (StatusCode::OK, "v1".to_owned()));
    let redirected = app.clone().oneshot(ask("http://shop/start")).await.unwrap();
    assert_eq!(redirected.headers()["location"], "http://shop/reviews/0");
    assert_eq!((redirected.status(), is_refused(&redirected)), (StatusCode::MOVED_PERMANENTLY, true));
    let nobody = app.clone().oneshot(ask("/nobody")).await.unwrap();
    assert_eq!((nobody.status(), is_refused(&nobody)), (StatusCode::NOT_FOUND, true));
}

#[tokio::test(start_paused = true)]
async fn what_is_split_off_is_answered_by_the_other_routers_own_rules() {
    let table = RouteTable::new([Rule::when(under("/reviews"), Route::to(0))]);
    let app = reviews("v1").layer(RouterLayer::new(table, [reviews("v2")]).unwrap());
    let mut post = ask("/reviews/0");
    *post.method_mut() = Method::POST;
    assert_eq!(answer(&app, post).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
