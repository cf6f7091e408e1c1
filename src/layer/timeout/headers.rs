//! What a timeout reads off a request's head, and writes on it.

use std::time::Duration;

use http::{Extensions, HeaderValue};

use super::upload::{Progress, Signal};
use crate::{
    layer::{clock, protocol::Reads},
    policy::{
        Time,
        time::millis,
        timeout::{Limits, Said, Settings, grpc_timeout},
    },
};

/// What a timeout around all tries leaves for those around each: an extension of the request.
#[derive(Debug, Clone)]
struct FurtherOut {
    total: Duration,
    since: Time,
    upload: Option<Signal>,
}

/// Whether a timeout further out has told the upstream how long it has.
pub(crate) fn tells(extensions: &Extensions) -> bool {
    extensions.get::<FurtherOut>().is_some()
}

impl FurtherOut {
    /// How much of its time has passed.
    fn passed(&self) -> Duration {
        let since = match self.upload.as_ref().map(Signal::glance) {
            Some((Progress::WaitsForCaller, _)) => return Duration::ZERO,
            Some((_, moved)) => self.since.max(moved),
            None => self.since,
        };
        clock::now().since(since)
    }
}

/// The limits of this request, and whether its caller would rather have an empty answer than a 504.
pub(super) fn look<P: Reads<Req>, Req>(
    settings: &Settings,
    protocol: &P,
    request: &mut Req,
    is_grpc: bool,
) -> (Limits, bool) {
    let Some(headers) = protocol.headers(request) else { return (settings.limits(), false) };
    let trusted = Said::trusted(headers, settings);
    let said = Said::read_trusted(headers, trusted, is_grpc && settings.reads_grpc_timeout());
    if trusted.total() {
        headers.remove(Said::TOTAL);
    }
    if trusted.head() {
        headers.remove(Said::HEAD);
        headers.remove(Said::EMPTY_ANSWER);
    }
    (settings.effective(said), said.empty_answer)
}

/// Tells the next hop, and those further in, how long they have.
#[inline(never)]
pub(super) fn tell<P: Reads<Req>, Req>(
    protocol: &P,
    request: &mut Req,
    limits: Limits,
    is_grpc: bool,
    upload: Option<&Signal>,
) {
    let mut further_out = None;
    if let Some(extensions) = protocol.extensions(request) {
        further_out = extensions.get().map(|further: &FurtherOut| (further.total, further.passed()));
        if let Some(total) = limits.total() {
            extensions.insert(FurtherOut { total, since: clock::now(), upload: upload.cloned() });
        }
    }
    let Some(headers) = protocol.headers(request) else { return };
    let Some(expected) = limits.expected(further_out) else {
        headers.remove(Said::EXPECTED);
        return;
    };
    headers.insert(Said::EXPECTED, HeaderValue::from(millis(expected)));
    if is_grpc && let Ok(value) = HeaderValue::try_from(grpc_timeout(expected)) {
        headers.insert(Said::GRPC, value);
    }
}
