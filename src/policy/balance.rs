//! Who of several endpoints answers a request: pure decisions over what is known of them.

mod address;
mod endpoint;
mod host_id;
mod locality;

pub use self::{
    address::{Address, AddressError},
    endpoint::Endpoint,
    host_id::HostId,
    locality::{Locality, LocalityError},
};
