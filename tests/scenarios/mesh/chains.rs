//! Chains: a page asks for reviews, and reviews for ratings. Each hop has a mesh of its own, as each pod has a sidecar of
//! its own, and all have the same documents.

use std::pin::Pin;

use super::*;

const REVIEWS: &str = "http://reviews:9080/reviews/0";
const RATINGS: &str = "http://ratings:9080/ratings/0";

/// The services of the exercise, and the page's own client of reviews.
struct Bookinfo {
    page: Echo,
    reviews: Echo,
    ratings: Echo,
    to_reviews: Client<Echo>,
}

impl Bookinfo {
    /// Services whose answers take a millisecond each.
    fn new(yaml: &str) -> Self {
        Self::of(Mesh::builder, yaml, Echo::new().named("ratings"))
    }

    fn of(builder: impl Fn() -> MeshBuilder, yaml: &str, ratings: Echo) -> Self {
        let client = |upstream: &Echo| sidecar(builder(), yaml).client(upstream.clone());
        let reviews = Echo::new().named("reviews").calling(client(&ratings), RATINGS);
        let to_reviews = client(&reviews);
        let page = Echo::new().named("productpage").trying_to_call(to_reviews.clone(), REVIEWS);
        Self { page, reviews, ratings, to_reviews }
    }

    /// A page that tries once more itself, as the exercise's does.
    fn trying_twice(self) -> Self {
        let page = Echo::new().named("productpage").trying_to_call(Twice(self.to_reviews.clone()), REVIEWS);
        Self { page, ..self }
    }

    async fn page(&self) -> Got {
        ask(&self.page, get()).await
    }

    async fn reviews(&self) -> Got {
        ask(&self.to_reviews, get_at(REVIEWS)).await
    }
}

/// A client that calls once more where it got no good answer.
#[derive(Clone)]
pub(crate) struct Twice<S>(pub(crate) S);

impl<S, B> Service<Request<Full<Bytes>>> for Twice<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Send, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Send,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let (first, again) = (self.0.call(request.clone()), self.0.clone());
        Box::pin(async move {
            match first.await {
                Ok(response) if response.status().as_u16() < 500 => Ok(response),
                _ => again.oneshot(request).await,
            }
        })
    }
}

fn delayed_ratings(time: &str) -> String {
    route_to("ratings", &format!("fault: {{delay: {{percentage: {{value: 100}}, fixedDelay: {time}}}}}"))
}

/// A page that lacks its reviews, and says so.
#[track_caller]
pub(crate) fn lacks_reviews(page: &Got) {
    assert_eq!((page.status(), page.header("x-missing")), (200, Some("reviews:9080")));
    assert!(page.content().ends_with("missing: reviews:9080\n"));
}

#[tokio::test(start_paused = true)]
async fn a_healthy_chain_makes_a_whole_page() {
    let yaml = delayed_ratings("0.3s") + &route_to("reviews", "timeout: 0.5s");
    let bookinfo = Bookinfo::new(&yaml).trying_twice();
    let page = bookinfo.page().await;
    assert_eq!((page.seen(), page.header("x-missing")), (seen(200, "-", 303), None));
    let calls = [&bookinfo.page, &bookinfo.reviews, &bookinfo.ratings].map(|echo| echo.seen().calls);
    assert_eq!(calls, [1, 1, 1]);
}

/// The exercise: reviews have half a second, ratings are delayed by two, and the page tries once more on top.
/// Seen on Envoy, S4.6.
#[tokio::test(start_paused = true)]
async fn a_delay_on_the_next_hop_exceeds_the_timeout_and_a_page_that_tries_twice_waits_twice() {
    let yaml = delayed_ratings("2s") + &route_to("reviews", "timeout: 0.5s");
    let bookinfo = Bookinfo::new(&yaml).trying_twice();
    let reviews = bookinfo.reviews().await;
    assert_eq!((reviews.seen(), reviews.content()), (seen(504, "UT", 500), "upstream request timeout"));
    assert_eq!(reviews.reason(), Some(Reason::Timeout));

    let page = bookinfo.page().await;
    lacks_reviews(&page);
    assert_eq!(page.after, 1001);
    let seen = bookinfo.reviews.seen();
    assert_eq!((seen.calls, seen.abandoned, seen.active), (3, 3, 0));
    assert_eq!(bookinfo.ratings.seen().calls, 0, "who waits in a delay has not called yet");
}

/// The same by the page's mesh: each of two tries has half a second.
#[tokio::test(start_paused = true)]
async fn a_mesh_that_tries_once_more_takes_as_long_and_a_little_chance() {
    let retries = "retries: {attempts: 1, perTryTimeout: 0.5s, retryOn: 5xx}";
    let bookinfo = Bookinfo::new(&(delayed_ratings("2s") + &route_to("reviews", retries)));
    let page = bookinfo.page().await;
    lacks_reviews(&page);
    assert!((1001..1001 + 25).contains(&page.after), "{}", page.after);
    assert_eq!(bookinfo.reviews.seen().abandoned, 2);
    assert_eq!(bookinfo.reviews().await.flags(), "URX,UT");
}

/// Ratings are delayed by seven seconds; the page gives reviews three, and tries once more.
#[tokio::test(start_paused = true)]
async fn a_page_that_gives_up_after_three_seconds_twice_lacks_reviews_after_six() {
    let retries = "retries: {attempts: 1, perTryTimeout: 3s, retryOn: 'gateway-error,reset,connect-failure'}";
    let bookinfo = Bookinfo::new(&(delayed_ratings("7s") + &route_to("reviews", retries)));
    let page = bookinfo.page().await;
    lacks_reviews(&page);
    assert!((6001..6001 + 25).contains(&page.after), "{}", page.after);
    let seen = bookinfo.reviews.seen();
    assert_eq!((seen.calls, seen.abandoned, seen.active), (2, 2, 0));
    assert_eq!(bookinfo.ratings.seen().calls, 0);

    // With the words that Istio takes where none are said, a late try is not made again.
    let retries = "retries: {attempts: 1, perTryTimeout: 3s}";
    let bookinfo = Bookinfo::new(&(delayed_ratings("7s") + &route_to("reviews", retries)));
    assert_eq!(bookinfo.page().await.after, 3001);
    assert_eq!(bookinfo.reviews.seen().calls, 1);
}

/// Without limits on time the page is slow, and whole.
#[tokio::test(start_paused = true)]
async fn without_a_timeout_a_delay_on_the_next_hop_is_waited_for() {
    let bookinfo = Bookinfo::new(&delayed_ratings("7s"));
    let page = bookinfo.page().await;
    assert_eq!((page.seen(), page.header("x-missing")), (seen(200, "-", 7003), None));
}

/// Three tries of three tries each: how retries on every hop press on the last.
#[tokio::test(start_paused = true)]
async fn retries_on_every_hop_multiply() {
    let failing = || Echo::new().named("ratings").status(503);
    let both = route_to("reviews", "") + &route_to("ratings", "");
    let old = Bookinfo::of(|| Mesh::builder().era("1.14".parse().unwrap()), &both, failing());
    lacks_reviews(&old.page().await);
    assert_eq!((old.reviews.seen().calls, old.ratings.seen().calls), (3, 9));

    let present = Bookinfo::of(Mesh::builder, &both, failing());
    lacks_reviews(&present.page().await);
    assert_eq!((present.reviews.seen().calls, present.ratings.seen().calls), (1, 1));
}

/// Reviews have a circuit before ratings; the page's mesh knows only the answers.
#[tokio::test(start_paused = true)]
async fn a_page_whose_reviews_are_refused_further_in_sees_an_answer_and_no_refusal() {
    let abort = "fault: {abort: {percentage: {value: 100}, httpStatus: 503}}";
    let bookinfo = Bookinfo::new(&(route_to("ratings", abort) + &route_to("reviews", "")));
    let reviews = bookinfo.reviews().await;
    assert_eq!((reviews.status(), reviews.flags(), reviews.refusal()), (503, "-".to_owned(), None));
    assert!(reviews.content().contains("ratings:9080 answered 503"));
}

/// A whole mesh as the transport of another, in one process: what the inner one refuses the outer one takes for the
/// upstream's answer.
#[tokio::test(start_paused = true)]
async fn what_another_mesh_refuses_further_in_is_no_refusal_of_ours() {
    let abort = route("fault: {abort: {percentage: {value: 100}, httpStatus: 503}}");
    let inner = sidecar(Mesh::builder(), &abort);
    let mut told = inner.events().stream();
    let alone = inner.client(Echo::new());
    let seen_alone = ask(&alone, get()).await;
    assert_eq!((seen_alone.flags(), seen_alone.reason()), ("FI".to_owned(), Some(Reason::FaultAbort)));
    drop(told.recv().await);

    // An abort of its own it would not try again.
    let outer = sidecar(Mesh::builder(), &route("retries: {attempts: 2, retryOn: '503'}"));
    let got = ask(&outer.client(alone.clone()), get()).await;
    assert_eq!((got.status(), got.flags(), got.refusal()), (503, "URX".to_owned(), None));
    assert_eq!(got.content(), "fault filter abort");
    for _ in 0..3 {
        assert!(told.recv().await.is_some(), "it was tried three times");
    }

    // So it is where no policy speaks of the host.
    let free = sidecar(Mesh::builder(), "");
    let got = ask(&free.client(alone), get()).await;
    assert_eq!((got.status(), got.flags(), got.refusal()), (503, "-".to_owned(), None));
}

/// Limits of one hop refuse, and the page is whole but for what was refused.
#[tokio::test(start_paused = true)]
async fn where_reviews_may_ask_one_at_a_time_the_page_misses_what_is_refused() {
    let yaml = rule_for("ratings", &format!("connectionPool: {ONE_AND_ONE}"));
    let bookinfo = Bookinfo::of(Mesh::builder, &yaml, Echo::new().named("ratings").latency(ms(5)));
    let pages = futures_util::future::join_all((0..5).map(|_| bookinfo.page())).await;
    assert!(pages.iter().all(|page| page.status() == 200));
    let whole = pages.iter().filter(|page| page.header("x-missing").is_none()).count();
    assert_eq!((whole, bookinfo.ratings.seen().max_active), (2, 1));
    assert_eq!(bookinfo.reviews.seen().by_status[&503], 3);
}
