//! Under a tonic client: it understands a refusal, and its channel's error stays what it is.

use std::convert::Infallible;

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, HeaderValue, Request, Response, uri::PathAndQuery};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::net::TcpListener;
use tonic::{
    Code, Status,
    body::Body,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_mesh::AnswerableLayer;

use crate::fragile;

/// Messages that are their own encoding, so that no generated code is needed.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Asks for `/reviews/<status>`, over any service that tonic takes.
macro_rules! ask {
    ($service:expr, $path:literal) => {{
        let mut client = Grpc::new($service);
        client.ready().await.expect("it is ready");
        client
            .unary(tonic::Request::new(Bytes::from_static(b"?")), PathAndQuery::from_static($path), Raw)
            .await
            .map(tonic::Response::into_inner)
    }};
}

/// Answers as a tonic server does: a message, and in the trailers the status that the path names.
async fn reviews(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let status = HeaderValue::from_str(request.uri().path().rsplit('/').next().unwrap()).unwrap();
    let frames = [
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"\0\0\0\0\x05stars"))),
        Ok(Frame::trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), status)]))),
    ];
    let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
    Ok(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_tonic_client_understands_a_refusal() {
    let service = ServiceBuilder::new()
        .layer(fragile().judging_trailers())
        .layer(AnswerableLayer)
        .service(service_fn(reviews));
    assert_eq!(ask!(service.clone(), "/reviews/0").unwrap(), "stars");
    assert_eq!(ask!(service.clone(), "/reviews/13").unwrap_err().code(), Code::Internal);
    let refused = ask!(service, "/reviews/0").unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "Coming soon ..."));
}

#[tokio::test(start_paused = true)]
async fn a_tonic_client_is_judged_at_the_head_too() {
    let service = ServiceBuilder::new().layer(fragile()).layer(AnswerableLayer).service(service_fn(reviews));
    for _ in 0..2 {
        assert_eq!(ask!(service.clone(), "/reviews/13").unwrap_err().code(), Code::Internal);
    }
    assert_eq!(ask!(service, "/reviews/0").unwrap(), "stars");
}

#[tokio::test]
async fn the_channels_own_error_comes_through_and_then_a_refusal() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let channel: Channel = Endpoint::try_from(nowhere).unwrap().connect_lazy();
    let service =
        ServiceBuilder::new().layer(fragile().judging_trailers()).layer(AnswerableLayer).service(channel);

    let error: tonic::transport::Error =
        service.clone().oneshot(Request::new(Body::empty())).await.err().unwrap();
    assert_eq!(error.to_string(), "transport error");
    let refused = ask!(service, "/reviews/0").unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "Coming soon ..."));
}
