//! Which circuit a request goes through: the one there is, or that of its key.

use std::{fmt, hash::Hash, marker::PhantomData};

use http::{HeaderName, Request};

use crate::{
    layer::{
        clock,
        host::{HostPort, target},
    },
    policy::{
        Lane,
        circuit_breaker::{Admission, Circuit, Circuits, KeyTicket},
        key::{Owned, Seen},
    },
};

use super::station::{Key, Store};

/// Which circuit a request goes through. Sealed: [`One`], [`ByKey`], [`ByHost`], [`ByHeader`].
pub trait Scope: Clone + sealed::Sealed {
    /// Where the circuits are.
    type Store: Store;
}

/// Finds the circuit of a request.
pub trait Finds<Req>: Scope {
    #[doc(hidden)]
    fn admit(
        &self,
        store: &Self::Store,
        request: &Req,
        lane: Lane,
    ) -> Admission<<Self::Store as Store>::Ticket>;

    /// The key that the request has, to be told of.
    #[doc(hidden)]
    fn key(&self, request: &Req) -> <Self::Store as Store>::Key;
}

/// One circuit for all requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct One;

/// One for each key that a function finds in requests.
pub struct ByKey<K, F> {
    find: F,
    key: PhantomData<fn() -> K>,
}

/// One for each host and port that requests are for.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByHost;

/// One for each value of a header.
#[derive(Debug, Clone)]
pub struct ByHeader(pub(super) HeaderName);

/// The value of a header, as far as it tells requests apart: its first 256 bytes; nothing if there is no such header.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeaderKey(Box<[u8]>);

/// Longer values would let callers decide how much is remembered of them.
const LONGEST: usize = 256;

impl Scope for One {
    type Store = Circuit;
}

impl<Req> Finds<Req> for One {
    #[inline(always)]
    fn admit(&self, circuit: &Circuit, _: &Req, lane: Lane) -> Admission {
        circuit.admit(lane, clock::now)
    }

    fn key(&self, _: &Req) {}
}

impl<K, F> ByKey<K, F> {
    pub(super) const fn new(find: F) -> Self {
        Self { find, key: PhantomData }
    }
}

impl<K: Key, F: Clone> Scope for ByKey<K, F> {
    type Store = Circuits<K>;
}

impl<Req, K: Key, F: Fn(&Req) -> K + Clone> Finds<Req> for ByKey<K, F> {
    fn admit(&self, circuits: &Circuits<K>, request: &Req, _: Lane) -> Admission<KeyTicket> {
        circuits.admit_seen(Owned((self.find)(request)), clock::now())
    }

    fn key(&self, request: &Req) -> K {
        (self.find)(request)
    }
}

impl Scope for ByHost {
    type Store = Circuits<HostPort>;
}

impl<B> Finds<Request<B>> for ByHost {
    fn admit(&self, circuits: &Circuits<HostPort>, request: &Request<B>, _: Lane) -> Admission<KeyTicket> {
        circuits.admit_seen(target(request).unwrap_or_default(), clock::now())
    }

    fn key(&self, request: &Request<B>) -> HostPort {
        target(request).unwrap_or_default().own()
    }
}

impl Scope for ByHeader {
    type Store = Circuits<HeaderKey>;
}

impl ByHeader {
    fn seen<'r, B>(&self, request: &'r Request<B>) -> &'r [u8] {
        let value = request.headers().get(&self.0).map_or(&[][..], |value| value.as_bytes());
        &value[..value.len().min(LONGEST)]
    }
}

impl<B> Finds<Request<B>> for ByHeader {
    fn admit(&self, circuits: &Circuits<HeaderKey>, request: &Request<B>, _: Lane) -> Admission<KeyTicket> {
        circuits.admit_seen(self.seen(request), clock::now())
    }

    fn key(&self, request: &Request<B>) -> HeaderKey {
        self.seen(request).own()
    }
}

impl Seen<HeaderKey> for &[u8] {
    fn hashed(&self) -> &(impl Hash + ?Sized) {
        *self
    }

    fn is(&self, key: &HeaderKey) -> bool {
        *key.0 == **self
    }

    fn own(self) -> HeaderKey {
        HeaderKey(self.into())
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for HeaderKey {
    fn from(value: &T) -> Self {
        let value = value.as_ref();
        Self(value[..value.len().min(LONGEST)].into())
    }
}

impl fmt::Debug for HeaderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.0).fmt(f)
    }
}

impl<K, F: Clone> Clone for ByKey<K, F> {
    fn clone(&self) -> Self {
        Self::new(self.find.clone())
    }
}

impl<K, F> fmt::Debug for ByKey<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByKey")
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::One {}
    impl<K, F> Sealed for super::ByKey<K, F> {}
    impl Sealed for super::ByHost {}
    impl Sealed for super::ByHeader {}
}
