//! One call: ready, called, read to the end of the body, and what came of it.

use std::{error::Error, future::poll_fn, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::time::timeout;
use tower_service::Service;

use super::Plan;
use crate::{
    layer::{BoxError, clock},
    policy::Time,
    refusal::{Flags, Refusal},
    testing::read_to_the_end,
};

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// When it ended.
    pub(crate) at: Time,
    /// From the call, which a service's readiness preceded, to the end of the body.
    pub(crate) latency: Duration,
    pub(crate) result: Result<u16, String>,
    pub(crate) refused: Option<&'static str>,
    pub(crate) flags: Flags,
}

/// Calls once. A call is as good as its body: one that breaks off is an error, whatever its status was.
pub(super) async fn call<S, B>(service: &mut S, plan: &Plan) -> Answer
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body<Error: Into<BoxError>>,
{
    let mut called = clock::now();
    // What the head says of itself holds also for an answer whose body then fails.
    let mut flags = Flags::NONE;
    let attempt = async {
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
        called = clock::now();
        let (head, body) = service.call(plan.request.clone()).await.map_err(Into::into)?.into_parts();
        flags = head.extensions.get().copied().unwrap_or_default();
        read_to_the_end(body).await?;
        Ok::<_, BoxError>(head)
    };
    let result = match timeout(plan.patience, attempt).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {:?}", plan.patience).into()),
    };
    let at = clock::now();
    let refusal = match &result {
        Ok(head) => head.extensions.get::<Refusal>(),
        Err(error) => chain(error.as_ref()).find_map(|cause| cause.downcast_ref::<Refusal>()),
    };
    Answer {
        at,
        latency: at.since(called),
        refused: refusal.map(|refusal| refusal.reason().name()),
        flags: refusal.map_or(flags, |refusal| flags | refusal.flags()),
        result: result.map(|head| head.status.as_u16()).map_err(|error| told(error.as_ref())),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The error and its causes in one line, each said once.
fn told(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .map(ToString::to_string)
        .reduce(|all, cause| if all.contains(&cause) { all } else { format!("{all}: {cause}") })
        .unwrap_or_default()
}
