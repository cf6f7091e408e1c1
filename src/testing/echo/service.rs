//! One request's way through an upstream: read, wait, ask others, answer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::{
    Began, Echo,
    body::EchoBody,
    error::EchoError,
    onward::{self, Came, Trip},
    script::{Fate, Lot, Script},
    seen::Ticket,
};
use crate::layer::clock;

impl<B: Body> Service<Request<B>> for Echo {
    type Response = Response<EchoBody>;
    type Error = EchoError;
    type Future = EchoFuture<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EchoError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> EchoFuture<B> {
        let now = clock::now();
        let began = request.extensions().get::<Began>().copied();
        let start = self.start.or_at(began.map_or(now, |began| began.0));
        let (script, onward) = self.does.at(now.since(start));
        let (ticket, ordinal) = self.tally.arrive(now.since(began.map_or(start, |began| began.0)));
        let asked = request.uri().query().map(|query| Script::lenient(query).over(script));
        let script = asked.as_ref().unwrap_or(script);
        let lot = script.lot(ordinal, self.draws());
        let mut headers = HeaderMap::new();
        if lot.size.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        } else if let Some(content_type) = request.headers().get(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        headers.extend(script.headers.iter().cloned());
        // Who does not answer well anyway asks nobody first.
        let trip = onward.filter(|_| lot.fate == Fate::Answered && is_good(lot.status));
        let trip = trip.map(|onward| Trip::new(onward, request.headers(), began, &self.tally));
        let call = Call { lot, headers, read: BytesMut::new(), trip, ticket };
        EchoFuture { body: Some(request.into_body()), wait: None, call: Some(call) }
    }
}

#[derive(Debug)]
struct Call {
    lot: Lot,
    headers: HeaderMap,
    read: BytesMut,
    trip: Option<Trip>,
    ticket: Ticket,
}

pin_project! {
    /// A request at an [`Echo`].
    #[derive(Debug)]
    pub struct EchoFuture<B> {
        #[pin]
        body: Option<B>,
        #[pin]
        wait: Option<Sleep>,
        call: Option<Call>,
    }
}

impl<B: Body> Future for EchoFuture<B> {
    type Output = Result<Response<EchoBody>, EchoError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(call) = this.call else { panic!("`EchoFuture` was polled after it had answered") };
        match call.lot.fate {
            // Who is refused has sent nothing, and need not wait to learn it.
            Fate::Refused => {
                return Poll::Ready(this.call.take().map_or(Err(EchoError::Refused), Call::refuse));
            }
            Fate::Hung => return Poll::Pending,
            Fate::Answered | Fate::Reset => {}
        }
        while let Some(body) = this.body.as_mut().as_pin_mut() {
            match ready!(body.poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let (None, Ok(data)) = (call.lot.size, frame.into_data()) {
                        call.read.put(data);
                    }
                }
                Some(Err(_)) => {
                    *this.call = None;
                    return Poll::Ready(Err(EchoError::Request));
                }
                None => {
                    this.body.set(None);
                    if !call.lot.after.is_zero() {
                        this.wait.set(Some(sleep(call.lot.after)));
                    }
                }
            }
        }
        if let Some(wait) = this.wait.as_mut().as_pin_mut() {
            ready!(wait.poll(cx));
            this.wait.set(None);
        }
        let came = match &mut call.trip {
            Some(trip) => ready!(trip.poll(cx)),
            None => Came::default(),
        };
        Poll::Ready(this.call.take().map_or(Err(EchoError::Reset), |call| call.answer(came)))
    }
}

impl Call {
    fn refuse(self) -> Result<Response<EchoBody>, EchoError> {
        self.ticket.refused();
        Err(EchoError::Refused)
    }

    fn answer(self, came: Came) -> Result<Response<EchoBody>, EchoError> {
        let Self { lot, mut headers, read, ticket, trip: _ } = self;
        if lot.fate == Fate::Reset {
            ticket.reset();
            return Err(EchoError::Reset);
        }
        let (status, content) = match came.failed {
            Some((status, text)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
                (status, Bytes::from(text))
            }
            None => {
                let content = lot.size.map_or_else(|| read.freeze(), |size| Bytes::from(vec![b'x'; size]));
                (lot.status, onward::told(&came.missing, &mut headers, content))
            }
        };
        ticket.answered(status);
        let mut response = Response::new(EchoBody::new(content, lot.slow_body, lot.broken, ticket));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

fn is_good(status: StatusCode) -> bool {
    status.as_u16() < 400
}
