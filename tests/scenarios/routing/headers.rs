//! What rules change of headers, on the way there and back.

use super::*;

/// Reviews of which the first version answers with headers of its own.
fn answering() -> Upstreams {
    let upstream = || Echo::new().header("x-keep", "1").header("x-old", "1").header("x-many", "1");
    of_versions([("v1", upstream()), ("v2", upstream())])
}

/// What the upstream got and what the caller got, of one request under a rule with these lines.
async fn exchanged(lines: &str, request: Request<Full<Bytes>>) -> (Heard, Got) {
    let town = Town::with(Mesh::builder(), &reviews(&format!("- {lines}")), answering());
    let got = town.ask(request).await;
    (town.heard().pop().expect("it was sent"), got)
}

fn asked() -> Request<Full<Bytes>> {
    ["x-keep", "x-old", "x-many"].into_iter().fold(get_at(REVIEWS), |request, name| with(request, name, "1"))
}

fn lines<'g>(got: &'g Got, name: &str) -> Vec<&'g str> {
    got.head.headers.get_all(name).iter().map(|value| value.to_str().expect("a text")).collect()
}

// ===== a rule's =====

/// First something is removed, then set, then added.
#[tokio::test(start_paused = true)]
async fn headers_are_removed_then_set_then_added() {
    let operations =
        "{remove: [x-old, X-None], set: {x-many: '2', X-New: a}, add: {x-many: '3', x-old: back}}";
    let headers = format!("headers: {{request: {operations}, response: {operations}}}");
    let (heard, got) = exchanged(&format!("{}\n  {headers}", to("v1")), asked()).await;
    assert_eq!(heard.lines("x-many"), ["2", "3"]);
    assert_eq!(
        (heard.lines("x-old"), heard.lines("x-new"), heard.lines("x-keep")),
        (vec!["back"], vec!["a"], vec!["1"])
    );
    assert_eq!(lines(&got, "x-many"), ["2", "3"]);
    assert_eq!(
        (lines(&got, "x-old"), lines(&got, "x-new"), lines(&got, "x-keep")),
        (vec!["back"], vec!["a"], vec!["1"])
    );
}

#[tokio::test(start_paused = true)]
async fn requests_and_answers_are_changed_apart() {
    let headers = "headers: {request: {set: {x-to: there}}, response: {set: {x-from: there}}}";
    let (heard, got) = exchanged(&format!("{}\n  {headers}", to("v1")), asked()).await;
    assert_eq!((heard.header("x-to"), heard.header("x-from")), (Some("there"), None));
    assert_eq!((got.header("x-to"), got.header("x-from")), (None, Some("there")));
}

/// One percent sign; a variable of Envoy's that nobody knows here is told, and the header left as it is.
#[tokio::test(start_paused = true)]
async fn two_percent_signs_are_one_and_a_variable_is_left_alone() {
    let headers = "headers: {request: {set: {x-share: '50%% of %%', x-keep: '%START_TIME%'}}}";
    let yaml = reviews(&format!("- {}\n  {headers}", to("v1")));
    let town = Town::with(Mesh::builder(), &yaml, answering());
    town.ask(asked()).await;
    let heard = town.heard().pop().expect("it was sent");
    assert_eq!((heard.header("x-share"), heard.lines("x-keep")), (Some("50% of %"), vec!["1"]));
    town.told("`%START_TIME%` is a variable of Envoy's");
    let alone = yaml.replace("50%% of %%", "50%");
    assert!(Mesh::from_yaml(&alone).unwrap_err().to_string().contains("a `%` that stands alone"));
}

// ===== a place's =====

const OF_PLACE: &str = "headers: {request: {set: {x-who: place}, add: {x-all: place}}, \
                        response: {set: {x-who: place}, add: {x-all: place}}}";
const OF_RULE: &str = "headers: {request: {set: {x-who: rule}, add: {x-all: rule}}, \
                       response: {set: {x-who: rule}, add: {x-all: rule}}}";

/// Of the only place they come after the rule's own.
#[tokio::test(start_paused = true)]
async fn headers_of_the_only_place_come_after_those_of_the_rule() {
    let rule = format!("route: [{{destination: {{host: reviews, subset: v1}}, {OF_PLACE}}}]\n  {OF_RULE}");
    let (heard, got) = exchanged(&rule, asked()).await;
    assert_eq!((heard.lines("x-who"), heard.lines("x-all")), (vec!["place"], vec!["rule", "place"]));
    assert_eq!((lines(&got, "x-who"), lines(&got, "x-all")), (vec!["place"], vec!["rule", "place"]));
}

/// Of one of several they come first, and hold for whom that place was drawn for.
#[tokio::test(start_paused = true)]
async fn headers_of_one_of_several_places_come_first_and_hold_for_it_alone() {
    let rule = format!(
        "- route:\n  - {{destination: {{host: reviews, subset: v1}}, weight: 50, {OF_PLACE}}}\n  \
         - {{destination: {{host: reviews, subset: v2}}, weight: 50}}\n  {OF_RULE}"
    );
    let town = Town::with(Mesh::builder().seed(1), &reviews(&rule), answering());
    let mut of_first = 0;
    for _ in 0..40 {
        let got = town.ask(asked()).await;
        let heard = town.heard().pop().expect("it was sent");
        let first = heard.cluster.as_ref().is_some_and(|cluster| cluster.subset_name() == "v1");
        let all = if first { vec!["place", "rule"] } else { vec!["rule"] };
        assert_eq!((heard.lines("x-who"), &heard.lines("x-all")), (vec!["rule"], &all));
        assert_eq!((lines(&got, "x-who"), lines(&got, "x-all")), (vec!["rule"], all));
        of_first += u32::from(first);
    }
    assert!((1..40).contains(&of_first));
}

// ===== once, and on what upstreams say =====

#[tokio::test(start_paused = true)]
async fn a_line_is_added_once_however_often_a_request_is_tried() {
    let headers = "headers: {request: {add: {x-all: a}}, response: {add: {x-all: a}}}";
    let rule = format!("- {}\n  {headers}\n  retries: {{attempts: 2, retryOn: '503'}}", to("v1"));
    let town = Town::with(Mesh::builder(), &reviews(&rule), of_versions([("v1", Echo::new().status(503))]));
    let got = town.ask(asked()).await;
    assert_eq!((got.status(), lines(&got, "x-all")), (503, vec!["a"]));
    let heard = town.heard();
    assert_eq!(heard.len(), 3);
    heard.iter().for_each(|heard| assert_eq!(heard.lines("x-all"), ["a"]));
}

#[tokio::test(start_paused = true)]
async fn answers_of_the_mesh_itself_are_not_changed() {
    let headers = "headers: {response: {set: {x-from: there}, remove: [content-type]}}";
    let abort = "fault: {abort: {percentage: {value: 100}, httpStatus: 503}}";
    let of = async |lines: &str, upstream: Echo| {
        let yaml = reviews(&format!("- {lines}\n  {headers}"));
        let upstreams = of_versions([("v1", upstream)]);
        let got = Town::with(knowing(&upstreams, &["v1"]), &yaml, upstreams).get(REVIEWS).await;
        (got.flags(), got.header("x-from").map(str::to_owned))
    };
    let here = to("v1");
    assert_eq!(of(&here, Echo::new().status(503)).await, ("-".to_owned(), Some("there".to_owned())));
    assert_eq!(of(&format!("{here}\n  timeout: 0.5s"), Echo::new().hang()).await, ("UT".to_owned(), None));
    assert_eq!(of(&format!("{here}\n  {abort}"), Echo::new()).await, ("FI".to_owned(), None));
    assert_eq!(of(&to("v9"), Echo::new()).await, ("NC".to_owned(), None));
    assert_eq!(of(&to("v3"), Echo::new()).await, ("UH".to_owned(), None));
    // After retries it is still the upstream's.
    let again = format!("{here}\n  retries: {{attempts: 1, retryOn: '503'}}");
    assert_eq!(of(&again, Echo::new().status(503)).await, ("URX".to_owned(), Some("there".to_owned())));
}

// ===== the authority =====

#[tokio::test(start_paused = true)]
async fn a_host_that_is_set_is_what_the_upstream_is_told_and_not_where_to_connect() {
    for name in ["host", "Host", "':authority'"] {
        for verb in ["set", "add"] {
            let headers = format!("headers: {{request: {{{verb}: {{{name}: ratings.example.com}}}}}}");
            let (heard, _) = exchanged(&format!("{}\n  {headers}", to("v1")), asked()).await;
            assert_eq!(heard.led(), (REVIEWS, Some("ratings.example.com")), "{verb} {name}");
            assert_eq!(heard.lines("host").len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_says_the_authority_counts_before_its_place() {
    let host = |verb: &str, value: &str| format!("request: {{{verb}: {{host: {value}}}}}");
    let told = async |lines: String| {
        let (heard, _) = exchanged(&lines, asked()).await;
        heard.header("host").map(str::to_owned)
    };
    let place = format!(
        "route: [{{destination: {{host: reviews, subset: v1}}, headers: {{{}}}}}]",
        host("set", "d.com")
    );
    let rule = |what: &str| format!("headers: {{{what}}}");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told(place.clone()).await, some("d.com"));
    assert_eq!(told(format!("{place}\n  {}", rule(&host("add", "c.com")))).await, some("c.com"));
    let added = "request: {add: {':authority': b.com}}";
    assert_eq!(told(format!("{place}\n  {}", rule(added))).await, some("b.com"));
    assert_eq!(told(format!("{place}\n  rewrite: {{authority: a.com}}")).await, some("a.com"));
}
