//! Faults under load and one by one, as layers composed by hand.

mod answers;
mod composed;
mod shares;
mod waiting;

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{
    FaultLayer, Flags, Refusal,
    policy::fault::{Settings, SettingsBuilder},
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn faults(settings: SettingsBuilder) -> FaultLayer {
    FaultLayer::new(settings.build().expect("the settings mean something"))
}

fn delay(time: Duration, percent: f64) -> SettingsBuilder {
    Settings::builder().delay(time, percent)
}

fn get() -> Request<Full<Bytes>> {
    Request::new(Full::default())
}

fn asking(headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let request =
        headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
    request.body(Full::default()).expect("a request")
}

fn grpc() -> Request<Full<Bytes>> {
    let request = Request::post("/").header(CONTENT_TYPE, "application/grpc+proto");
    request.body(Full::from("message")).expect("a request")
}

/// What a caller gets.
#[derive(Debug)]
struct Got {
    head: Parts,
    content: Bytes,
}

impl Got {
    fn flags(&self) -> String {
        self.head.extensions.get::<Flags>().copied().unwrap_or_default().to_string()
    }

    fn refusal(&self) -> Option<&Refusal> {
        self.head.extensions.get()
    }

    /// The headers, in the order of their names.
    fn headers(&self) -> Vec<(&str, &str)> {
        let text =
            |(name, value)| (http::HeaderName::as_str(name), http::HeaderValue::to_str(value).expect("text"));
        let mut headers: Vec<_> = self.head.headers.iter().map(text).collect();
        headers.sort_unstable();
        headers
    }

    /// Status, content and flags.
    fn seen(&self) -> (u16, &str, String) {
        (self.head.status.as_u16(), std::str::from_utf8(&self.content).expect("a text"), self.flags())
    }
}

async fn ask<S, R>(service: &S, request: Request<Full<Bytes>>) -> Got
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error: fmt::Debug> + Clone,
    R: Body<Data = Bytes, Error: fmt::Debug>,
{
    let (head, body) = service.clone().oneshot(request).await.expect("an answer").into_parts();
    Got { head, content: body.collect().await.expect("a body").to_bytes() }
}
