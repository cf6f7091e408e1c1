//! Who answers, from the mesh's own documents: hosts that fail and return, regions that hang and come back.

mod breakers;
mod ejections;
mod localities;
mod state;
mod virtual_machines;

use std::time::Duration;

use http::{Request, header::HOST};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_mesh::{
    Endpoint, Endpoints, Flags, Mesh, Refusal,
    layer::clock,
    mesh::{Client, Era, MeshBuilder},
    policy::balance::Locality,
    testing::{Echo, Load, Report, Upstreams, upstreams::Upstream},
};

/// A mesh of these documents that knows these upstreams, and a client of it.
struct World {
    mesh: Mesh,
    upstreams: Upstreams,
}

impl World {
    fn new(yaml: &str, upstreams: Upstreams) -> Self {
        Self::built(yaml, upstreams, |builder| builder)
    }

    fn built(yaml: &str, upstreams: Upstreams, tell: impl FnOnce(MeshBuilder) -> MeshBuilder) -> Self {
        let builder = Mesh::builder().yaml(yaml).endpoints_at(upstreams.endpoints()).seed(7);
        let mesh = tell(builder).build().unwrap_or_else(|errors| panic!("{errors}"));
        Self { mesh, upstreams: upstreams.seed(7) }
    }

    fn client(&self) -> Client<Upstreams, tower_mesh::layer::protocol::HttpReadingErrors> {
        self.mesh.client(self.upstreams.clone()).over(tower_mesh::Http.reading_errors())
    }

    /// So many calls a second to this URL, for so long.
    async fn load(&self, url: &str, rate: f64, time: Duration) -> Report {
        let before = self.upstreams.seen();
        let load = Load::open().rate(rate).duration(time).uri(url).events(self.mesh.events());
        load.run(self.client()).await.with_upstreams(&self.upstreams.seen().since(&before))
    }

    /// One call: its status, flags, details and body.
    async fn get(&self, url: &str) -> (u16, Flags, String, String) {
        let request = Request::get(url).body(Full::<bytes::Bytes>::default()).expect("a request");
        let response = self.client().oneshot(request).await.unwrap_or_else(|error| panic!("{error}"));
        let flags = response.extensions().get().copied().unwrap_or(Flags::NONE);
        let why = response.extensions().get::<Refusal>().map(|refusal| refusal.why().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, flags, why.unwrap_or_default(), String::from_utf8_lossy(&body).into_owned())
    }

    /// What there is to tell of the documents, as one text.
    fn notes(&self) -> String {
        self.mesh.notes().iter().map(|note| format!("{note}\n")).collect()
    }
}

/// When this happened, in the order in which it did.
fn when(report: &Report, kind: &str) -> Vec<u64> {
    report.events.iter().filter(|event| event.kind == kind).map(|event| event.at_ms).collect()
}

fn at(place: &str, region: u32, echo: Echo) -> Upstream {
    Upstream::new(place, [("version", "v1")], echo)
        .locality(&format!("us-central{region}/z{region}/sz0{region}"))
}

fn region(number: u32) -> Locality {
    format!("us-central{number}/z{number}").parse().expect("a locality")
}

const fn secs(time: u64) -> Duration {
    Duration::from_secs(time)
}
