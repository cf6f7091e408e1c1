//! Which answers are tried again, and what a text says of it.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tower_mesh::policy::{
    Failure,
    retry::{Decision, Field, Pause, RetryOn, Settings, SettingsBuilder, Tried, UnknownWords, Word},
};

fn settings(on: &str) -> Settings {
    builder(on).build().expect("these mean something")
}

fn builder(on: &str) -> SettingsBuilder {
    Settings::builder().attempts(1).on(on.parse().expect("these are words"))
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    all.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

fn decide(settings: &Settings, status: u16, all: &[(&'static str, &str)]) -> Decision {
    let status = StatusCode::from_u16(status).expect("a status");
    settings.decide(&Tried::Answered { status, headers: &headers(all), grpc: true })
}

const AGAIN: Decision = Decision::Again(Pause::Backoff);

/// Each word, and what it says of every way in which a try ends without an answer.
#[test]
fn failures_are_tried_again_by_envoys_table() {
    let connect = Tried::Failed { failure: Failure::Connect, sent: false };
    let unsent = Tried::Failed { failure: Failure::Transport, sent: false };
    let reset = Tried::Failed { failure: Failure::Transport, sent: true };
    for word in Word::ALL {
        let expected = match word {
            Word::FiveXx | Word::GatewayError | Word::Reset => [true, true, true, true],
            Word::ResetBeforeRequest => [true, true, false, false],
            Word::ConnectFailure => [true, false, false, false],
            _ => [false; 4],
        };
        let settings = settings(word.name());
        let got = [connect, unsent, reset, Tried::TimedOut].map(|tried| settings.decide(&tried) == AGAIN);
        assert_eq!(got, expected, "{word}");
        assert_eq!(settings.decide(&Tried::Refused), Decision::Stands, "{word}");
    }
}

/// Each word, and the statuses between 100 and 599 that it covers.
#[test]
fn answers_are_tried_again_by_envoys_table() {
    for word in Word::ALL {
        let expected: Vec<u16> = match word {
            Word::FiveXx => (500..600).collect(),
            Word::GatewayError => vec![502, 503, 504],
            Word::Retriable4xx => vec![409],
            _ => vec![],
        };
        let settings = settings(word.name());
        let got: Vec<u16> = (100..600).filter(|status| decide(&settings, *status, &[]) == AGAIN).collect();
        assert_eq!(got, expected, "{word}");
    }
    assert_eq!(decide(&settings("418,5xx"), 418, &[]), AGAIN);
}

#[test]
fn grpc_statuses_are_tried_again_by_their_own_words() {
    for word in Word::ALL {
        let expected: Vec<u16> = match word {
            Word::Cancelled => vec![1],
            Word::DeadlineExceeded => vec![4],
            Word::ResourceExhausted => vec![8],
            Word::Internal => vec![13],
            Word::Unavailable => vec![14],
            _ => vec![],
        };
        let settings = settings(word.name());
        let again = |status: &u16| decide(&settings, 200, &[("grpc-status", &status.to_string())]) == AGAIN;
        assert_eq!((0..20).filter(again).collect::<Vec<_>>(), expected, "{word}");
    }
}

/// Case 57 of Envoy: before all other words.
#[test]
fn an_answer_that_tells_of_a_rate_limit_is_tried_again_by_that_word_alone() {
    let limited = [("x-envoy-ratelimited", "false"), ("grpc-status", "14")];
    assert_eq!(decide(&settings("5xx,503,unavailable"), 503, &limited), Decision::Stands);
    assert_eq!(decide(&settings("envoy-ratelimited"), 200, &limited), AGAIN);
    assert_eq!(decide(&settings("envoy-ratelimited"), 503, &[]), Decision::Stands);
}

/// Case 56 of Envoy, and gRPC's own way of asking.
#[test]
fn an_upstream_asks_for_time() {
    let most = Duration::from_secs(300);
    let settings = builder("5xx,unavailable").honour_retry_after(most).build().expect("these mean something");
    let pause = |name, value: &str| decide(&settings, 503, &[(name, value)]);
    assert_eq!(pause("retry-after", "5"), Decision::Again(Pause::AskedFor(Duration::from_secs(5))));
    for nothing in ["400", "0", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        assert_eq!(pause("retry-after", nothing), AGAIN, "{nothing}");
    }
    let exactly = Decision::Again(Pause::Exactly(Duration::from_millis(70)));
    assert_eq!(pause("grpc-retry-pushback-ms", "70"), exactly);
    assert_eq!(decide(&settings, 503, &[("retry-after", "5"), ("grpc-retry-pushback-ms", "70")]), exactly);
    for never in ["-1", "soon", "300001"] {
        assert_eq!(pause("grpc-retry-pushback-ms", never), Decision::Stands, "{never}");
    }
}

/// Numbers are statuses, and a word that is none is told of: also when it is only misspelled.
#[test]
fn a_text_says_words_and_statuses_and_what_it_does_not_say_is_told() {
    let read = RetryOn::read(" 503, reset,,conect-failure,99,1000,5XX ");
    assert_eq!(read.on, RetryOn::NONE.word(Word::Reset).status(503));
    assert_eq!(read.unknown, ["conect-failure", "99", "1000", "5XX"]);
    let error: UnknownWords = "gateway,503".parse::<RetryOn>().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`gateway` is not among the words for what is tried again: 5xx, gateway-error, ")
    );
    for word in Word::ALL {
        assert_eq!(RetryOn::read(word.name()).on.to_string(), word.name());
    }
    assert_eq!(
        "503,5xx,429".parse::<RetryOn>().expect("words").to_string(),
        "5xx,retriable-status-codes,429,503"
    );
    assert!(RetryOn::read("").on.is_empty());
}

#[test]
fn osm_edge_reads_classes_and_numbers() {
    let read = |text| RetryOn::osm(text);
    let all = |text| read(text).on.statuses().to_string();
    assert_eq!(read("5xx").on.statuses().iter().collect::<Vec<_>>(), (500..600).collect::<Vec<_>>());
    assert_eq!(all(""), all("5xx"));
    assert_eq!(all("503,429"), "429,503");
    assert_eq!(read("6xx,xx,reset").unknown, ["6xx", "xx", "reset"]);
    assert!(read("reset").on.statuses().is_empty());
}

#[test]
fn what_cannot_mean_anything_is_told() {
    let field = |builder: SettingsBuilder| builder.build().unwrap_err().field();
    let tiny = Duration::from_micros(999);
    assert_eq!(field(Settings::builder().attempts(1001)), Field::Attempts);
    assert_eq!(field(Settings::builder().per_try_timeout(tiny)), Field::PerTryTimeout);
    assert_eq!(field(Settings::builder().honour_retry_after(tiny)), Field::HonourRetryAfter);
    assert_eq!(field(Settings::builder().attempts(1).hedging(true)), Field::Hedging);
    let error = Settings::builder().attempts(5000).build().unwrap_err();
    assert_eq!(error.to_string(), "attempts is 5000, but must be no more than 1000");
}

/// As Istio does today, and did before: an application's 503.
#[test]
fn the_default_of_a_mesh_is_what_it_says() {
    let today = Settings::istio_default();
    assert_eq!((today.attempts(), today.avoid_previous_hosts(), today.per_try_timeout()), (2, true, None));
    let words = "connect-failure,refused-stream,retriable-status-codes,cancelled,unavailable";
    assert_eq!(today.on().to_string(), words);
    assert_eq!(decide(&today, 503, &[]), Decision::Stands);
    assert_eq!(decide(&Settings::istio_default_with_503(), 503, &[]), AGAIN);
    assert_eq!(today.decide(&Tried::TimedOut), Decision::Stands);
    assert!(Settings::off().is_off() && !today.is_off());
}

/// Cases 50 and 53 of Envoy: what a caller asks for is added or replaces, and is taken off.
#[test]
fn a_caller_asks_by_headers() {
    let mut asked = headers(&[
        ("x-envoy-retry-on", "gateway-error, nonsense, 503"),
        ("x-envoy-retry-grpc-on", "cancelled"),
        ("x-envoy-max-retries", "3"),
        ("x-envoy-retriable-status-codes", "   418 junk,200"),
        ("x-envoy-retriable-header-names", "x-a, x-b"),
        ("x-envoy-upstream-rq-per-try-timeout-ms", "250"),
        ("x-envoy-hedge-on-per-try-timeout", "true"),
        ("x-else", "stays"),
    ]);
    let settings = builder("reset").attempts(4).build().expect("these mean something");
    let own = settings.asked_by(&mut asked).expect("it asks");
    assert_eq!(own.attempts(), 3);
    assert_eq!(own.on().to_string(), "gateway-error,reset,cancelled,200");
    assert_eq!((own.retriable_headers().len(), own.hedging()), (2, true));
    assert_eq!(own.per_try_timeout(), Some(Duration::from_millis(250)));
    assert_eq!(asked.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["x-else"]);
    assert_eq!(settings.asked_by(&mut asked), None);
}

/// Two lines are one list to Envoy, and a list is no number.
#[test]
fn of_a_caller_who_asks_twice_only_lists_are_heard() {
    let names =
        ["x-envoy-max-retries", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-hedge-on-per-try-timeout"];
    let twice =
        names.into_iter().zip(["1", "100", "true"]).flat_map(|(name, value)| [(name, value), (name, "2")]);
    let lists = [("x-envoy-retry-on", "reset"), ("x-envoy-retry-on", "retriable-4xx")];
    let mut asked = headers(&twice.chain(lists).collect::<Vec<_>>());
    let settings = builder("5xx").attempts(4).build().expect("these mean something");
    let own = settings.asked_by(&mut asked).expect("it asks");
    assert_eq!((own.attempts(), own.per_try_timeout(), own.hedging()), (4, None, false));
    assert_eq!(own.on().to_string(), "5xx,reset,retriable-4xx");
    assert!(asked.is_empty());
}
