//! Any bytes: read as documents, or made into routes and a request. No panic, nothing that grows.
//!
//! Bytes alone are seldom more than nonsense. So the same is tried with a soup of words that mean something, and with
//! documents in which something was changed.

#[path = "fuzz/targets.rs"]
mod targets;

use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};

/// Words with nonsense between them.
fn soup(words: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<u8>> {
    let word = select(words).prop_map(|word| word.as_bytes().to_vec());
    let piece = prop_oneof![8 => word, 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

const OF_ROUTES: &[&str] = &[
    "\x01",
    "\x02",
    "\x03",
    "\x04",
    "\x05",
    "\x06",
    "\x0a",
    "\x10",
    "/",
    "/a",
    "/a/b",
    "a",
    ".*",
    "(a|b)+",
    "(.*)",
    r"\1\1\1",
    r"\0",
    "a{9}{9}{9}",
    r"[^/]+",
    "((a*)*)*",
    "(?i)a",
    "(?x)#",
    ")",
    "(",
    "?a=b&c",
    "*",
    "*.com",
    "a.com:80",
    "[::1]:80",
    "x-1",
    "host",
    ":path",
    " ",
    "\t",
    "\r\n",
    "\0",
    "é",
    "%20",
    "http://",
    "application/grpc",
];

proptest! {
    #[test]
    fn any_bytes_are_routes_and_a_request(bytes in vec(any::<u8>(), 0..1500)) {
        targets::routes(&bytes);
    }

    #[test]
    fn any_words_are_routes_and_a_request(bytes in soup(OF_ROUTES, 400)) {
        targets::routes(&bytes);
    }
}

/// How many of so many are so.
fn share<T>(strategy: impl Strategy<Value = T>, of: usize, is_so: impl Fn(T) -> bool) -> usize {
    let mut runner = TestRunner::deterministic();
    (0..of).filter(|_| is_so(strategy.new_tree(&mut runner).expect("bytes").current())).count()
}

#[test]
fn words_are_more_than_nonsense() {
    let taken = share(soup(OF_ROUTES, 400), 200, |bytes| targets::routes(&bytes));
    assert!((40..180).contains(&taken), "{taken} of 200 requests are taken");
}

#[cfg(feature = "yaml")]
mod documents {
    use super::*;

    const OF_DOCUMENTS: &[&str] = &[
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "\n- ",
        "\n    - ",
        " ",
        ": ",
        ": ",
        ":",
        "- ",
        "? ",
        ", ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "<<: ",
        "!!str ",
        "!x ",
        "| \n",
        "> \n",
        "\"",
        "'",
        "# ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\t",
        "\u{feff}",
        "\u{2028}",
        "\0",
        "null",
        "~",
        "true",
        "no",
        "0",
        "-1",
        "1e999",
        "0x10",
        "1_000",
        ".nan",
        "2024-01-01",
        "5s",
        "1.5h",
        "100ms",
        "-3s",
        "apiVersion",
        "networking.istio.io/v1alpha3",
        "networking.istio.io/v1",
        "policy.openservicemesh.io/v1alpha1",
        "discovery.k8s.io/v1",
        "v1",
        "kind",
        "VirtualService",
        "DestinationRule",
        "UpstreamTrafficSetting",
        "ServiceEntry",
        "WorkloadEntry",
        "WorkloadGroup",
        "EndpointSlice",
        "Service",
        "List",
        "items",
        "metadata",
        "name",
        "namespace",
        "spec",
        "hosts",
        "host",
        "http",
        "match",
        "uri",
        "exact",
        "prefix",
        "regex",
        "headers",
        "route",
        "destination",
        "subset",
        "weight",
        "fault",
        "delay",
        "fixedDelay",
        "percentage",
        "value",
        "abort",
        "httpStatus",
        "timeout",
        "retries",
        "attempts",
        "perTryTimeout",
        "retryOn",
        "trafficPolicy",
        "connectionPool",
        "tcp",
        "maxConnections",
        "outlierDetection",
        "consecutive5xxErrors",
        "loadBalancer",
        "simple",
        "consistentHash",
        "httpCookie",
        "localityLbSetting",
        "distribute",
        "failover",
        "endpoints",
        "addresses",
        "address",
        "ports",
        "locality",
        "template",
        "connectionSettings",
        "circuitBreaking",
        "errorAmountThreshold",
        "errorRatioThreshold",
        "statTimeWindow",
        "degradedTimeWindow",
        "reviews",
        "*",
    ];

    const WHOLE: &[&str] = &[
        include_str!("../examples/policies/bookinfo.yaml"),
        include_str!("../examples/policies/circuit-breaker.yaml"),
        include_str!("../examples/policies/half-open.yaml"),
    ];

    /// A document of which a part is taken out, or doubled, or in which a word is put.
    fn changed() -> impl Strategy<Value = Vec<u8>> {
        let cut = (any::<prop::sample::Index>(), 0usize..40, 0..4, select(OF_DOCUMENTS));
        (select(WHOLE), vec(cut, 0..6)).prop_map(|(text, cuts)| {
            cuts.into_iter().fold(text.as_bytes().to_vec(), |text, (at, length, how, word)| {
                let at = at.index(text.len() + 1);
                let end = (at + length).min(text.len());
                let put = match how {
                    0 => &[][..],
                    1 => &text[at..end].repeat(2),
                    _ => word.as_bytes(),
                };
                [&text[..at], put, &text[end..]].concat()
            })
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_documents_or_errors(bytes in vec(any::<u8>(), 0..400)) {
            targets::documents(&bytes);
        }

        #[test]
        fn any_words_are_documents_or_errors(bytes in soup(OF_DOCUMENTS, 120)) {
            targets::documents(&bytes);
        }

        #[test]
        fn any_change_of_a_document_is_one_or_an_error(bytes in changed()) {
            targets::documents(&bytes);
        }
    }

    #[test]
    fn changed_documents_are_more_than_nonsense() {
        let whole = share(changed(), 200, |bytes| targets::documents(&bytes));
        assert!((20..180).contains(&whole), "{whole} of 200 texts are a mesh");
    }

    #[test]
    fn documents_that_are_not_changed_are_a_mesh() {
        for text in WHOLE {
            assert!(targets::documents(text.as_bytes()));
        }
    }
}
