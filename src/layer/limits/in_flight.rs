//! A connection that was given away is in flight for as long as somebody says so.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::Extensions;

use super::place::Place;

/// Keeps a call in flight beyond its response: for whoever took the connection over.
///
/// An answer of 101, or a good one to a CONNECT, ends the exchange of messages; what follows on the connection is out of
/// a layer's sight. So the call keeps its place for as long as anybody holds this. It stands in the extensions of the
/// response, for a client, and of the request, for the server's handler: of a CONNECT, and of a GET with an `upgrade`
/// header. If the answer is no upgrade, it keeps nothing: the call ends with its body, as every other.
///
/// ```
/// use axum::{Router, extract::Request, http::StatusCode, response::IntoResponse, routing::get};
/// use tower_mesh::{InFlight, LimitsLayer, policy::limits::Settings};
///
/// async fn chat(request: Request) -> impl IntoResponse {
///     // Without limits nothing is counted, and nothing is there.
///     let in_flight = request.extensions().get::<InFlight>().cloned();
///     let upgrade = hyper::upgrade::on(request);
///     tokio::spawn(async move {
///         let _in_flight = in_flight; // until the conversation is over
///         if let Ok(_connection) = upgrade.await {
///             // talk
///         }
///     });
///     let switch = [("connection", "upgrade"), ("upgrade", "chat")];
///     (StatusCode::SWITCHING_PROTOCOLS, switch)
/// }
///
/// let app: Router = Router::new()
///     .route("/chat", get(chat))
///     .layer(LimitsLayer::new(Settings::builder().requests(100).build()?));
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
///
/// A client takes it from the response, before the response is given to `hyper::upgrade::on`.
#[derive(Clone, Default)]
pub struct InFlight(
    /// Of each layer with limits that the request went through.
    Vec<Arc<Slot>>,
);

/// Room for a place, which is there once a connection was given away.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Place>>);

impl InFlight {
    /// Says in these extensions of a request that the connection may be given away: room for the place.
    #[cold]
    pub(super) fn promised(extensions: &mut Extensions) -> Arc<Slot> {
        let slot = Arc::default();
        Self::add(extensions, &slot);
        slot
    }

    /// The connection was given away, as these extensions of the response will tell.
    #[cold]
    pub(super) fn given(extensions: &mut Extensions, slot: Option<Arc<Slot>>, place: Place) -> Arc<Slot> {
        let slot = slot.unwrap_or_default();
        *slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Self::add(extensions, &slot);
        slot
    }

    fn add(extensions: &mut Extensions, slot: &Arc<Slot>) {
        extensions.get_or_insert_default::<Self>().0.push(Arc::clone(slot));
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight")
    }
}
