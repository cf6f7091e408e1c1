//! Faults under load and one by one, as layers composed by hand. The numbered cases are Envoy's: `docs/cases.md`.

mod answers;
mod composed;
mod shares;
mod waiting;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::Full;
use tower_mesh::{
    FaultLayer,
    policy::fault::{Settings, SettingsBuilder},
};

use crate::caller::{ask, get};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn faults(settings: SettingsBuilder) -> FaultLayer {
    FaultLayer::new(settings.build().expect("the settings mean something"))
}

fn delay(time: Duration, percent: f64) -> SettingsBuilder {
    Settings::builder().delay(time, percent)
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
