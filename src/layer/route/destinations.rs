//! The services that routes lead to, each with its own type where they are few and known.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::Picked;

/// Some services in an order, each known by its number, from 0.
pub trait Several {
    /// How many there are.
    fn count(&self) -> usize;
}

/// Services of which each can be sent a request.
///
/// An array or a `Vec` has services of one type: tower's `BoxCloneSyncService` if they differ and are many. A tuple of two
/// to six has each its own type, without a box. They are shared by all who route to them, so they must be `Sync` for that
/// to be sent between threads; the one that is picked is cloned, and the clone is readied for its one call.
pub trait Destinations<Req>: Several {
    /// What they answer.
    type Response;
    /// What they fail with.
    type Error;
    /// The answer to come.
    type Future: Future<Output = Result<Self::Response, Self::Error>>;

    /// Sends a request to the one of this number.
    ///
    /// # Panics
    ///
    /// There is none of this number.
    fn send(&self, number: usize, request: Req) -> Self::Future;
}

impl<S, const N: usize> Several for [S; N] {
    fn count(&self) -> usize {
        N
    }
}

impl<S: Service<Req> + Clone, Req, const N: usize> Destinations<Req> for [S; N] {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Picked<S, Req>;

    #[inline]
    fn send(&self, number: usize, request: Req) -> Picked<S, Req> {
        Picked::new(self[number].clone(), request)
    }
}

impl<S> Several for Vec<S> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl<S: Service<Req> + Clone, Req> Destinations<Req> for Vec<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Picked<S, Req>;

    #[inline]
    fn send(&self, number: usize, request: Req) -> Picked<S, Req> {
        Picked::new(self[number].clone(), request)
    }
}

/// A tuple of so many services of types of their own, and the answer of one of them.
macro_rules! tuple {
    ($future:ident, $projected:ident, $count:literal: $first:ident $($service:ident $number:tt)+) => {
        pin_project! {
            #[doc = concat!("The answer of one of ", $count, " services.")]
            #[project = $projected]
            pub enum $future<$first, $($service),+> {
                #[doc(hidden)]
                $first { #[pin] answer: $first },
                $(
                    #[doc(hidden)]
                    $service { #[pin] answer: $service },
                )+
            }
        }

        impl<$first, $($service),+> Future for $future<$first, $($service),+>
        where
            $first: Future,
            $($service: Future<Output = $first::Output>,)+
        {
            type Output = $first::Output;

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                match self.project() {
                    $projected::$first { answer } => answer.poll(cx),
                    $($projected::$service { answer } => answer.poll(cx),)+
                }
            }
        }

        impl<$first, $($service),+> fmt::Debug for $future<$first, $($service),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($future))
            }
        }

        impl<$first, $($service),+> Several for ($first, $($service),+) {
            fn count(&self) -> usize {
                $count
            }
        }

        impl<Req, $first, $($service),+> Destinations<Req> for ($first, $($service),+)
        where
            $first: Service<Req> + Clone,
            $($service: Service<Req, Response = $first::Response, Error = $first::Error> + Clone,)+
        {
            type Response = $first::Response;
            type Error = $first::Error;
            type Future = $future<Picked<$first, Req>, $(Picked<$service, Req>),+>;

            #[inline]
            fn send(&self, number: usize, request: Req) -> Self::Future {
                match number {
                    0 => $future::$first { answer: Picked::new(self.0.clone(), request) },
                    $($number => $future::$service { answer: Picked::new(self.$number.clone(), request) },)+
                    _ => panic!("there is no destination {number}, of {} in all", self.count()),
                }
            }
        }
    };
}

tuple!(OneOf2, OneOf2Projected, 2: A B 1);
tuple!(OneOf3, OneOf3Projected, 3: A B 1 C 2);
tuple!(OneOf4, OneOf4Projected, 4: A B 1 C 2 D 3);
tuple!(OneOf5, OneOf5Projected, 5: A B 1 C 2 D 3 E 4);
tuple!(OneOf6, OneOf6Projected, 6: A B 1 C 2 D 3 E 4 F 5);
