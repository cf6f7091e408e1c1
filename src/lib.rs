//! Service-mesh resilience as tower layers: the mesh's own YAML, no sidecar.

mod events;
pub mod layer;
pub mod policy;
mod refusal;
mod sync;

#[cfg(feature = "yaml")]
pub mod config;
#[cfg(feature = "yaml")]
pub mod mesh;

pub use events::{Event, EventKind, Events, Listening};
pub use layer::{
    answerable::AnswerableLayer,
    circuit_breaker::CircuitBreakerLayer,
    protocol::{Http, Plain},
};
#[cfg(feature = "yaml")]
pub use mesh::Mesh;
pub use refusal::{Flags, Grpc, Reason, Refusal};

#[cfg(feature = "testing")]
pub mod testing;
