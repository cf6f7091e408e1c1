//! Where an endpoint is.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

/// Where an endpoint is: a host with a port, or without one, which is then the port that is asked for; or the path of a
/// socket on this machine.
///
/// ```
/// use tower_mesh::policy::balance::Address;
///
/// let address: Address = "10.0.0.1:9080".parse()?;
/// assert_eq!((address.host(), address.port()), (Some("10.0.0.1"), Some(9080)));
/// let address: Address = "[::1]".parse()?;
/// assert_eq!(address.at_port(80).to_string(), "[::1]:80");
/// assert_eq!("unix:///run/app.sock".parse::<Address>()?.host(), None);
/// # Ok::<(), tower_mesh::policy::balance::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// As it is written, without the port.
    text: Arc<str>,
    port: Option<u16>,
}

/// The text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no address: write `10.0.0.1:9080`, `[::1]:9080`, `name:9080`, or one of these without its port, or \
         `unix:///path`"
)]
pub struct AddressError(String);

const UNIX: &str = "unix://";

impl Address {
    /// At this IP address, with a port of its own perhaps.
    #[must_use]
    pub fn of(ip: IpAddr, port: Option<u16>) -> Self {
        let text = match ip {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        Self { text: text.into(), port }
    }

    /// The host, an IPv6 address in brackets; none, if it is a socket's path.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        (!self.text.starts_with(UNIX)).then_some(&*self.text)
    }

    /// The port, if it has one of its own.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The same at this port, whatever port it had; a socket's path has none.
    #[must_use]
    pub fn at_port(&self, port: u16) -> Self {
        let port = self.host().map(|_| port);
        Self { text: Arc::clone(&self.text), port }
    }

    /// The same, at this port if it has none of its own.
    #[must_use]
    pub fn or_port(&self, port: u16) -> Self {
        if self.port.is_some() { self.clone() } else { self.at_port(port) }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.to_owned());
        if let Some(path) = text.strip_prefix(UNIX) {
            let is_path = path.len() > 1 && (path.starts_with('/') || path.starts_with('@'));
            return if is_path { Ok(Self { text: text.into(), port: None }) } else { Err(wrong()) };
        }
        if text.parse::<std::net::Ipv6Addr>().is_ok() {
            return Ok(Self { text: format!("[{text}]").into(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        // The whole must be what stands between the scheme and the path of a URI.
        let authority: http::uri::Authority = host.parse().map_err(|_| wrong())?;
        if authority.host() != host || host.is_empty() {
            return Err(wrong());
        }
        let port = match port {
            None => None,
            Some(port) => match port.parse::<u16>() {
                Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => Some(number),
                _ => return Err(wrong()),
            },
        };
        Ok(Self { text: host.to_ascii_lowercase().into(), port })
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::of(address.ip(), Some(address.port()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_the_same() {
        for text in [
            "10.0.0.1:9080",
            "10.0.0.1",
            "reviews-v1.bookinfo:80",
            "localhost",
            "[::1]:80",
            "[fe80::1]",
            "unix:///run/app.sock",
            "unix://@abstract",
        ] {
            assert_eq!(text.parse::<Address>().expect(text).to_string(), text);
        }
        assert_eq!("::1".parse::<Address>().expect("an address").to_string(), "[::1]");
        let socket: SocketAddr = "[::1]:80".parse().expect("an address");
        assert_eq!(Address::from(socket), "[::1]:80".parse().expect("an address"));
    }

    #[test]
    fn what_is_no_address_is_told_so() {
        for text in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a/b",
            "a b",
            "u@a:1",
            "unix://",
            "unix://run",
            "a:b:1",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is no address")), "{error}");
        }
    }

    #[test]
    fn a_port_of_its_own_counts_before_the_one_that_is_asked_for() {
        let [with, without, socket] =
            ["a:1", "a", "unix:///a"].map(|text| text.parse::<Address>().expect(text));
        assert_eq!([with.or_port(2), without.or_port(2)].map(|it| it.port()), [Some(1), Some(2)]);
        assert_eq!(with.at_port(2).port(), Some(2));
        assert_eq!(socket.at_port(2), socket);
    }
}
