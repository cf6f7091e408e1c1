//! What an error says of how a call failed.
//!
//! Whether a connection came about decides whether a request may be tried again: what was never sent cannot have done
//! anything. Clients tell it by errors of their own, which stand on the operating system's.

use std::{any::Any, error::Error, io};

use crate::{layer::BoxError, policy::Failure};

/// What hyper's clients say of an error that came while they connected, whatever its cause.
const CONNECTING: [&str; 2] = ["client error (Connect)", "tcp connect error"];

/// And of one that came when there was a connection.
const SENDING: &str = "client error (SendRequest)";

/// How a call failed that ended in this error: [`Failure::Connect`] if its chain of sources shows that no connection came
/// about, else [`Failure::Transport`].
///
/// ```
/// use std::io;
/// use tower_mesh::{layer::protocol::failure_of, policy::Failure};
///
/// assert_eq!(failure_of(&io::Error::from(io::ErrorKind::ConnectionRefused)), Failure::Connect);
/// assert_eq!(failure_of(&io::Error::from(io::ErrorKind::ConnectionReset)), Failure::Transport);
/// ```
#[must_use]
pub fn failure_of(error: &(dyn Error + 'static)) -> Failure {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = said_by(error) {
            return failure;
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // What it wraps is passed over by `source`.
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    Failure::Transport
}

/// What one error says by itself, whatever it stands on.
fn said_by(error: &(dyn Error + 'static)) -> Option<Failure> {
    let Some(error) = error.downcast_ref::<io::Error>() else {
        // The types are those of crates that are not ours to name; a connect timeout shows in nothing else.
        let said = error.to_string();
        return match &*said {
            SENDING => Some(Failure::Transport),
            said if CONNECTING.contains(&said) => Some(Failure::Connect),
            _ => None,
        };
    };
    // A host that cannot be reached any more is told of connections too, in the middle of an exchange.
    let refused = matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::AddrNotAvailable);
    refused.then_some(Failure::Connect)
}

/// The same of an error of which nothing is known but its type.
#[cold]
pub(super) fn failure_of_any(error: &dyn Any) -> Failure {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return failure_of(error);
    }
    error.downcast_ref::<BoxError>().map_or(Failure::Transport, |error| failure_of(&**error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error that says something and stands on another.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Says(&'static str, #[source] Option<BoxError>);

    fn over(says: &'static str, source: impl Into<BoxError>) -> Says {
        Says(says, Some(source.into()))
    }

    fn refused() -> io::Error {
        io::ErrorKind::ConnectionRefused.into()
    }

    #[test]
    fn it_is_found_however_deep_it_stands() {
        assert_eq!(failure_of(&over("outer", over("inner", refused()))), Failure::Connect);
        assert_eq!(failure_of(&io::Error::other(refused())), Failure::Connect, "wrapped by another");
        assert_eq!(failure_of(&over("outer", io::Error::other(over("inner", refused())))), Failure::Connect);
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(failure_of(&over("outer", reset)), Failure::Transport);
        assert_eq!(failure_of(&Says("nothing", None)), Failure::Transport);
    }

    /// A connect that took too long is an error of time, as a read that did: what hyper says tells them apart.
    #[test]
    fn a_connect_that_took_too_long_is_told_from_a_read() {
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        assert_eq!(failure_of(&late()), Failure::Transport);
        assert_eq!(failure_of(&over("client error (Connect)", late())), Failure::Connect);
        assert_eq!(failure_of(&over("client error (SendRequest)", late())), Failure::Transport);
    }

    /// What was sent must not be sent again as if it had not been.
    #[test]
    fn a_connection_whose_other_end_is_gone_was_one() {
        for kind in
            [io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable, io::ErrorKind::NotConnected]
        {
            let gone = || io::Error::from(kind);
            assert_eq!(failure_of(&gone()), Failure::Transport);
            assert_eq!(failure_of(&over("client error (SendRequest)", gone())), Failure::Transport);
            assert_eq!(failure_of(&over("client error (Connect)", gone())), Failure::Connect);
        }
        assert_eq!(failure_of(&over("client error (SendRequest)", refused())), Failure::Transport);
    }

    #[test]
    fn of_a_type_that_is_not_known_nothing_is_known() {
        assert_eq!(failure_of_any(&refused()), Failure::Connect);
        assert_eq!(failure_of_any(&BoxError::from(refused())), Failure::Connect);
        assert_eq!(failure_of_any(&over("mine", refused())), Failure::Transport);
    }
}
