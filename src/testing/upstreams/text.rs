//! Upstreams as text: `reviews:9080 version=v2 echo=status=503:20`.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::Upstream;
use crate::{
    policy::balance::{Address, Locality},
    testing::{Echo, echo::ScriptError},
};

const FORM: &str = "write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, such as `reviews:9080 version=v2`";
const PORT: &str = "write a number from 1 to 65535, or only the host for every port";

/// A text that is no upstream: what is wrong, and what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UpstreamError(String);

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let mut words = text.split_whitespace();
        let (host, port) = place(words.next().unwrap_or_default())?;
        let (mut labels, mut echo) = (Vec::<(String, String)>::new(), None);
        for word in words {
            if let Some(script) = word.strip_prefix("echo=") {
                let script = script.parse::<Echo>().map_err(|error| refused(&error))?;
                if echo.replace(script).is_some() {
                    return Err(UpstreamError(
                        "`echo=` is given twice: join its parameters by `&`".to_owned(),
                    ));
                }
                continue;
            }
            let (name, value) = label(word)?;
            if labels.iter().any(|(other, _)| other == name) {
                return Err(UpstreamError(format!("the label `{name}` is given twice")));
            }
            labels.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self::of(host, port, labels, echo.unwrap_or_default()))
    }
}

/// `HOST` or `HOST:PORT`.
pub(super) fn place(text: &str) -> Result<(&str, Option<u16>), UpstreamError> {
    // The last colon divides, but not one inside an IPv6 literal.
    let (host, port) = match text.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.is_empty() {
        return Err(UpstreamError(format!("the host is missing: {FORM}")));
    }
    if !is_host(host) {
        return Err(UpstreamError(format!("`{text}` names no one host: {FORM}")));
    }
    let number = |port: &str| match port.parse().ok().filter(|port| *port > 0) {
        Some(number) => Ok(number),
        None if port.is_empty() => Err(UpstreamError(format!("the port is missing: {PORT}"))),
        None => Err(UpstreamError(format!("`{port}` is no port: {PORT}"))),
    };
    Ok((host, port.map(number).transpose()?))
}

/// A name, or an address; one in brackets may be of IPv6.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// An address at which a request can be sent.
pub(super) fn address(text: &str) -> Result<Address, UpstreamError> {
    let address: Address = text.parse().map_err(|error| UpstreamError(format!("{error}")))?;
    if address.host().is_none() {
        let why = "an upstream is at a host, such as `10.0.0.7:9080`";
        return Err(UpstreamError(format!("`{text}` is a socket's path: {why}")));
    }
    Ok(address)
}

pub(super) fn locality(text: &str) -> Result<Locality, UpstreamError> {
    text.parse().map_err(|error| UpstreamError(format!("{error}")))
}

/// The address that a host is named by, if it is.
pub(super) fn literal(host: &str) -> Option<Address> {
    let is_literal = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    if is_literal { host.parse().ok() } else { None }
}

/// A label as Kubernetes takes it, so that `a=1,b=2` is no label that nothing ever has.
fn label(word: &str) -> Result<(&str, &str), UpstreamError> {
    let is_plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let pair =
        word.split_once('=').filter(|(name, value)| !name.is_empty() && is_plain(name) && is_plain(value));
    pair.ok_or_else(|| {
        UpstreamError(format!(
            "`{word}` is no label: write `LABEL=VALUE`, such as `version=v2`, and a space between two"
        ))
    })
}

fn refused(error: &ScriptError) -> UpstreamError {
    UpstreamError(format!("in `echo=`: {error}"))
}
