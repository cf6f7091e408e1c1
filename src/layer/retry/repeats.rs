//! How a request is made into several tries.

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};
use http_body::Body;

use super::Attempt;
use crate::layer::{
    body::{self, Sent},
    protocol::{Judged, OverHttp, Plain, Protocol, Reading, Reads},
};

/// A protocol whose requests can be tried again.
///
/// HTTP requests can, whatever their body: it is kept while it is [sent](Sent). Others must be `Clone`.
#[diagnostic::on_unimplemented(
    message = "a `{Req}` cannot be tried again over `{Self}`",
    note = "an HTTP request needs an `http_body::Body`; over `Plain` a request must be `Clone`"
)]
pub trait Repeats<Req>: Protocol + Reads<Req> {
    /// What the inner service gets.
    type Try;
    /// What is needed to make another one.
    #[doc(hidden)]
    type Spare;

    /// The request, to be tried once.
    #[doc(hidden)]
    fn once(&self, request: Req) -> Self::Try;

    /// The request, to be tried first, and perhaps again.
    #[doc(hidden)]
    fn first(&self, request: Req, body_limit: usize) -> Self::Try;

    /// What is needed to make it again.
    #[doc(hidden)]
    fn spare(&self, first: &Self::Try) -> Self::Spare;

    /// The request again, with other headers, after it was [claimed](Self::claim).
    #[doc(hidden)]
    fn again(&self, spare: &Self::Spare, attempt: Attempt, headers: impl FnOnce(&mut HeaderMap))
    -> Self::Try;

    /// Whether the request can be made again: beside those under way, or instead of those before.
    #[doc(hidden)]
    fn can_repeat(&self, spare: &Self::Spare, beside: bool) -> bool {
        let _ = (spare, beside);
        true
    }

    /// Claims the request for another try, if it can be made again: beside those under way, or instead of those before.
    #[doc(hidden)]
    fn claim(&self, spare: &Self::Spare, beside: bool) -> bool {
        let _ = (spare, beside);
        true
    }

    #[doc(hidden)]
    fn method<'r>(&self, request: &'r Req) -> Option<&'r Method> {
        let _ = request;
        None
    }
}

/// What is needed to make an HTTP request again.
#[expect(missing_debug_implementations, reason = "nobody sees it")]
pub struct Spare<B> {
    // One by one: a whole head is cloned only of a request that is taken apart, and that moves it twice.
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    body: body::Spare<B>,
}

impl<B: Body> Spare<B> {
    #[inline]
    fn of(first: &Request<Sent<B>>) -> Self {
        Self {
            method: first.method().clone(),
            uri: first.uri().clone(),
            version: first.version(),
            headers: first.headers().clone(),
            extensions: first.extensions().clone(),
            body: first.body().spare(),
        }
    }
}

impl<P: OverHttp, B: Body> Repeats<Request<B>> for P {
    type Try = Request<Sent<B>>;
    type Spare = Spare<B>;

    #[inline]
    fn once(&self, request: Request<B>) -> Request<Sent<B>> {
        request.map(Sent::through)
    }

    #[inline]
    fn first(&self, request: Request<B>, body_limit: usize) -> Request<Sent<B>> {
        request.map(|body| Sent::first(body, body_limit))
    }

    #[inline]
    fn spare(&self, first: &Request<Sent<B>>) -> Spare<B> {
        Spare::of(first)
    }

    fn again(
        &self,
        spare: &Spare<B>,
        attempt: Attempt,
        headers: impl FnOnce(&mut HeaderMap),
    ) -> Request<Sent<B>> {
        let mut request = Request::new(spare.body.again());
        *request.method_mut() = spare.method.clone();
        *request.uri_mut() = spare.uri.clone();
        *request.version_mut() = spare.version;
        *request.headers_mut() = spare.headers.clone();
        *request.extensions_mut() = spare.extensions.clone();
        headers(request.headers_mut());
        request.extensions_mut().insert(attempt);
        request
    }

    fn can_repeat(&self, spare: &Spare<B>, beside: bool) -> bool {
        spare.body.is_kept(beside)
    }

    fn claim(&self, spare: &Spare<B>, beside: bool) -> bool {
        spare.body.claim(beside)
    }

    #[inline]
    fn method<'r>(&self, request: &'r Request<B>) -> Option<&'r Method> {
        Some(request.method())
    }
}

macro_rules! over_others {
    ($([$($generic:ident)?] $protocol:ty),*) => {$(
        impl<Req: Clone, $($generic)?> Repeats<Req> for $protocol {
            type Try = Req;
            type Spare = Req;

            #[inline]
            fn once(&self, request: Req) -> Req {
                request
            }

            #[inline]
            fn first(&self, request: Req, _: usize) -> Req {
                request
            }

            #[inline]
            fn spare(&self, first: &Req) -> Req {
                first.clone()
            }

            fn again(&self, spare: &Req, _: Attempt, _: impl FnOnce(&mut HeaderMap)) -> Req {
                spare.clone()
            }
        }
    )*};
}

over_others!([] Plain, [E] Reading<E>);

impl<Req, P: Repeats<Req>, F: Clone> Repeats<Req> for Judged<P, F> {
    type Try = P::Try;
    type Spare = P::Spare;

    #[inline]
    fn once(&self, request: Req) -> P::Try {
        self.inner().once(request)
    }

    #[inline]
    fn first(&self, request: Req, body_limit: usize) -> P::Try {
        self.inner().first(request, body_limit)
    }

    #[inline]
    fn spare(&self, first: &P::Try) -> P::Spare {
        self.inner().spare(first)
    }

    fn again(&self, spare: &P::Spare, attempt: Attempt, headers: impl FnOnce(&mut HeaderMap)) -> P::Try {
        self.inner().again(spare, attempt, headers)
    }

    fn can_repeat(&self, spare: &P::Spare, beside: bool) -> bool {
        self.inner().can_repeat(spare, beside)
    }

    fn claim(&self, spare: &P::Spare, beside: bool) -> bool {
        self.inner().claim(spare, beside)
    }

    fn method<'r>(&self, request: &'r Req) -> Option<&'r Method> {
        self.inner().method(request)
    }
}
