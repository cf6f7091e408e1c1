//! What of a request decides which host answers it, where the same is to find the same.

use std::{
    io::{Cursor, Write as _},
    net::IpAddr,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use xxhash_rust::xxh64::{Xxh64, xxh64};

use super::{Cookie, cookie};
use crate::policy::Draw;

/// What of a request decides which host answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashKey {
    /// A header: all its lines, in whatever order they come.
    Header(HeaderName),
    /// A cookie, which can be made for those who have none.
    Cookie(Cookie),
    /// From which address it comes.
    SourceIp,
    /// A parameter of the query: the first of its name, as it was sent.
    QueryParameter(String),
}

/// Keys that decide together; each has its part, in their order. Those that a request does not have have none, and a
/// request that has none of them has no hash: anybody may answer it.
///
/// The hash is the one that Envoy computes, so it finds the same host in the same [`Ring`](super::Ring).
///
/// ```
/// use http::{HeaderMap, HeaderName};
/// use tower_mesh::policy::{Draw, balance::{HashKey, HashKeys}};
///
/// let keys = HashKeys::of(HashKey::Header(HeaderName::from_static("end-user")));
/// let mut headers = HeaderMap::new();
/// let hash = |headers: &HeaderMap| keys.hash(headers, None, None, || Draw::new(0)).hash;
/// assert_eq!(hash(&headers), None);
/// headers.insert("end-user", "jason".parse()?);
/// assert_eq!(hash(&headers), Some(0xbae9_0e08_41dc_abff));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HashKeys(Vec<(HashKey, bool)>);

/// What a request's keys came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hashed {
    /// The hash, if it has any of the keys.
    pub hash: Option<u64>,
    /// The cookies that have to be made with its answer.
    pub made: Option<MadeCookies>,
}

/// Cookies that were missing and have to be made with the answer, all of one value.
/// [`HashKeys::set_cookies`] writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeCookies {
    value: u64,
    /// A bit for each of the keys.
    which: u64,
}

impl HashKeys {
    /// No key: no request has a hash.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// This key alone.
    #[must_use]
    pub fn of(key: HashKey) -> Self {
        Self::none().and(key)
    }

    /// The same with this key too, whose part is mixed with that of those before. A cookie is made for the first 64.
    #[must_use]
    pub fn and(self, key: HashKey) -> Self {
        self.with(key, false)
    }

    /// The same with this key too, and if then there is a hash, what comes later has no part in it.
    #[must_use]
    pub fn and_stop(self, key: HashKey) -> Self {
        self.with(key, true)
    }

    fn with(mut self, key: HashKey, terminal: bool) -> Self {
        self.0.push((key, terminal));
        self
    }

    /// Whether there is no key, so that no request has a hash.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, and whether each ends the search if by then there is a hash.
    pub fn iter(&self) -> impl Iterator<Item = (&HashKey, bool)> {
        self.0.iter().map(|(key, terminal)| (key, *terminal))
    }

    /// The hash of a request with these headers, this query, and from this address. Asks for a draw, once, if a cookie
    /// has to be made: it is the cookie's value.
    #[must_use]
    pub fn hash(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        source: Option<IpAddr>,
        mut draw: impl FnMut() -> Draw,
    ) -> Hashed {
        let (mut hash, mut made) = (None, None);
        for (number, (key, terminal)) in self.0.iter().enumerate() {
            let own = match key {
                HashKey::Header(name) => of_header(headers, name),
                HashKey::SourceIp => source.map(of_address),
                HashKey::QueryParameter(name) => query.and_then(|query| of_parameter(query, name)),
                HashKey::Cookie(cookie) => match cookie.value_in(headers) {
                    Some(value) => Some(xxh64(value, 0)),
                    None if cookie.lives().is_some() && number < 64 => {
                        let made = made.get_or_insert_with(|| MadeCookies { value: draw().bits(), which: 0 });
                        made.which |= 1 << number;
                        Some(xxh64(cookie::value(made.value).as_bytes(), 0))
                    }
                    None => None,
                },
            };
            if let Some(own) = own {
                hash = Some(hash.unwrap_or(0_u64).rotate_left(1) ^ own);
            }
            if *terminal && hash.is_some() {
                break;
            }
        }
        Hashed { hash, made }
    }

    /// The headers of an answer that make these cookies.
    pub fn set_cookies(&self, made: MadeCookies) -> impl Iterator<Item = HeaderValue> {
        let keys =
            self.0.iter().take(64).enumerate().filter(move |(number, _)| made.which >> number & 1 == 1);
        keys.filter_map(move |(_, (key, _))| match key {
            HashKey::Cookie(cookie) => Some(cookie.set_cookie(made.value)),
            _ => None,
        })
    }
}

impl From<HashKey> for HashKeys {
    fn from(key: HashKey) -> Self {
        Self::of(key)
    }
}

fn of_header(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let mut lines = headers.get_all(name).into_iter();
    let first = lines.next()?;
    Some(match lines.next() {
        None => xxh64(first.as_bytes(), 0),
        Some(second) => {
            of_lines([first, second].into_iter().chain(lines).map(HeaderValue::as_bytes).collect())
        }
    })
}

/// The same whatever order they came in.
#[cold]
fn of_lines(mut lines: Vec<&[u8]>) -> u64 {
    lines.sort_unstable();
    let mut hasher = Xxh64::new(0);
    lines.into_iter().for_each(|line| hasher.update(line));
    hasher.digest()
}

/// Of the address as it is written.
fn of_address(address: IpAddr) -> u64 {
    let mut text = Cursor::new([0_u8; 48]);
    // None is longer than 45 letters.
    let _ = write!(text, "{address}");
    let length = text.position() as usize;
    xxh64(&text.get_ref()[..length], 0)
}

fn of_parameter(query: &str, name: &str) -> Option<u64> {
    let mut parameters = query.split('&').map(|part| part.split_once('=').unwrap_or((part, "")));
    parameters.find_map(|(key, value)| (key == name).then(|| xxh64(value.as_bytes(), 0)))
}
