//! Where copies go.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

/// Where copies go: for each mirror a service, made when there is something to be copied.
///
/// It is asked on the way of the request, so it should do no more than clone. What is [given](To) services has no other
/// use for this; but where the transport comes with each request, as in a mesh, its mirrors are reached by a clone of it.
pub trait Targets<S> {
    /// What gets the copies.
    type Service;

    /// The service of this mirror (0 for the first), beside that which gets the original.
    fn target(&self, mirror: usize, inner: &S) -> Self::Service;
}

/// Copies go to these services, whatever gets the original.
pub struct To<M>(Box<[Mutex<M>]>);

impl<M> To<M> {
    pub(super) fn new(services: Vec<M>) -> Self {
        Self(services.into_iter().map(Mutex::new).collect())
    }
}

/// Each has a lock, so that services serve that cannot be shared; it is taken for a request that is copied.
impl<S, M: Clone> Targets<S> for To<M> {
    type Service = M;

    fn target(&self, mirror: usize, _: &S) -> M {
        self.0[mirror].lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<M> fmt::Debug for To<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "To({} services)", self.0.len())
    }
}
