//! A breaker over a service whose error no refusal becomes.

use tower::{Service, ServiceBuilder, service_fn};
use tower_mesh::{CircuitBreakerLayer, Plain, policy::circuit_breaker::Settings};

#[derive(Debug)]
pub struct Failed;

#[cfg(cured)]
impl From<tower_mesh::Refusal> for Failed {
    fn from(_: tower_mesh::Refusal) -> Self {
        Self
    }
}

fn serves<S: Service<u32>>(_: &S) {}

pub fn make(settings: Settings) {
    let service = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(settings).over(Plain))
        .service(service_fn(async |_: u32| Ok::<u32, Failed>(1)));
    serves(&service);
}
