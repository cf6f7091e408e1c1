//! Who of several endpoints answers a request: pure decisions over what is known of them.
//!
//! A [`View`] is a picture of the endpoints at a moment: it is made when something changes, and requests pick from it.
//! Whom requests may go to at all is worked out from where the client and the endpoints are ([`Placement`]), from who is
//! ill ([`outlier`](super::outlier)), and from how much of what comes first is well ([`Shares`]).

mod address;
mod builder;
mod cookie;
mod edf;
mod endpoint;
mod failover_priority;
mod hash_key;
mod host_id;
pub(crate) mod label;
mod layout;
mod locality;
mod locality_pattern;
mod maglev;
mod placement;
mod pool;
mod priorities;
mod ring_hash;
mod settings;
mod slow_start;
mod view;

pub use self::{
    address::{Address, AddressError},
    builder::{Field, SettingsBuilder, SettingsError},
    cookie::{Cookie, CookieError},
    endpoint::Endpoint,
    hash_key::{HashKey, HashKeys, Hashed, MadeCookies},
    host_id::HostId,
    layout::{Group, Layout},
    locality::{Locality, LocalityError},
    locality_pattern::{LocalityPattern, LocalityPatternError},
    maglev::{Maglev, TableSize, TableSizeError},
    placement::{Distribute, Placement},
    pool::lighter_of_two,
    priorities::{Counts, Shares, locality_weight, shares},
    ring_hash::Ring,
    settings::{Algorithm, Choices, Settings},
    slow_start::{SlowStart, SlowStartBuilder, SlowStartError, SlowStartField},
    view::{Ask, Host, View},
};
