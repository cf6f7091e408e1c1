//! Which answers are tried again, in the words of a mesh.

use std::{fmt, str::FromStr};

use super::Statuses;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One of Envoy's words for what is tried again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Word {
            $($(#[$doc])* $name,)*
        }

        impl Word {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it is written in a policy.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

words! {
    /// A status of 500 to 599, or no answer.
    FiveXx = "5xx",
    /// A status of 502, 503 or 504, or no answer.
    GatewayError = "gateway-error",
    /// No answer.
    Reset = "reset",
    /// No answer, and nothing of the request had been sent.
    ResetBeforeRequest = "reset-before-request",
    /// No connection came about.
    ConnectFailure = "connect-failure",
    /// A status of 409.
    Retriable4xx = "retriable-4xx",
    /// An HTTP/2 stream was refused. No error shows that here, so by itself the word does nothing.
    RefusedStream = "refused-stream",
    /// A status of a list.
    RetriableStatusCodes = "retriable-status-codes",
    /// An answer with a header of a list.
    RetriableHeaders = "retriable-headers",
    /// An answer with `x-envoy-ratelimited`, which no other word covers.
    EnvoyRatelimited = "envoy-ratelimited",
    /// For HTTP/3 alone: never here.
    Http3PostConnectFailure = "http3-post-connect-failure",
    /// gRPC status 1 in the head.
    Cancelled = "cancelled",
    /// gRPC status 4 in the head.
    DeadlineExceeded = "deadline-exceeded",
    /// gRPC status 13 in the head.
    Internal = "internal",
    /// gRPC status 8 in the head.
    ResourceExhausted = "resource-exhausted",
    /// gRPC status 14 in the head.
    Unavailable = "unavailable",
}

impl Word {
    /// The word that is written so.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.name() == text)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which answers are tried again: words, and a list of statuses.
///
/// ```
/// use tower_mesh::policy::retry::{RetryOn, Word};
///
/// let on: RetryOn = "503,reset".parse()?;
/// assert!(on.has(Word::Reset) && on.statuses().has(503));
/// assert_eq!(on.to_string(), "reset,retriable-status-codes,503");
///
/// let error = "503,conect-failure".parse::<RetryOn>().unwrap_err();
/// assert_eq!(error.words(), ["conect-failure"]);
/// # Ok::<(), tower_mesh::policy::retry::UnknownWords>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RetryOn {
    words: u32,
    statuses: Statuses,
    /// Whether no answer is taken for the status by which a mesh tells of it.
    by_status: bool,
}

/// What a text says, and what in it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// What it says.
    pub on: RetryOn,
    /// The words that are none, as they are written.
    pub unknown: Vec<String>,
}

impl RetryOn {
    /// Nothing is tried again.
    pub const NONE: Self = Self { words: 0, statuses: Statuses::NONE, by_status: false };

    /// These and this word.
    #[must_use]
    pub const fn word(mut self, word: Word) -> Self {
        self.words |= word.bit();
        self
    }

    /// These and this status.
    #[must_use]
    pub const fn status(self, status: u16) -> Self {
        let listed = self.word(Word::RetriableStatusCodes);
        Self { statuses: self.statuses.with(status), ..listed }
    }

    /// All that either says.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            words: self.words | other.words,
            statuses: self.statuses.or(other.statuses),
            by_status: self.by_status || other.by_status,
        }
    }

    /// What Envoy and Istio read in such a text: words and statuses between commas. A status stands for
    /// `retriable-status-codes` with that status in its list.
    #[must_use]
    pub fn read(text: &str) -> Read {
        let (mut on, mut unknown) = (Self::NONE, Vec::new());
        for entry in entries(text) {
            match (Word::read(entry), status(entry)) {
                (Some(word), _) => on = on.word(word),
                (None, Some(status)) => on = on.status(status),
                (None, None) => unknown.push(entry.to_owned()),
            }
        }
        Read { on, unknown }
    }

    /// What osm-edge reads in such a text: statuses and classes of them such as `5xx` between commas, and `5xx` in an
    /// empty one.
    ///
    /// Words match nothing there, and are unknown here. That no answer came is tried again where 503 is, and that none
    /// came in time where 504 is: a mesh would tell of it so. osm-edge does not.
    ///
    /// ```
    /// use tower_mesh::policy::retry::RetryOn;
    ///
    /// let read = RetryOn::osm("4xx, 503, connect-failure");
    /// assert!(read.on.statuses().has(404) && read.on.statuses().has(503) && !read.on.statuses().has(500));
    /// assert_eq!(read.unknown, ["connect-failure"]);
    /// ```
    #[must_use]
    pub fn osm(text: &str) -> Read {
        let (mut statuses, mut unknown) = (Statuses::NONE, Vec::new());
        let mut all = entries(text).peekable();
        if all.peek().is_none() {
            statuses = statuses.with_all(500..=599);
        }
        for entry in all {
            match (class(entry), status(entry)) {
                (Some(class), _) => statuses = statuses.with_all(class * 100..=class * 100 + 99),
                (None, Some(status)) => statuses = statuses.with(status),
                (None, None) => unknown.push(entry.to_owned()),
            }
        }
        let on = Self { statuses, by_status: true, ..Self::NONE.word(Word::RetriableStatusCodes) };
        Read { on, unknown }
    }

    /// Whether this word is among them.
    #[inline]
    #[must_use]
    pub const fn has(&self, word: Word) -> bool {
        self.words & word.bit() != 0
    }

    /// Whether no answer is tried again for the sake of the status by which a mesh would tell of it.
    #[must_use]
    pub const fn has_unanswered(&self, status: u16) -> bool {
        self.by_status && self.statuses.has(status)
    }

    /// The list of statuses.
    #[must_use]
    pub const fn statuses(&self) -> &Statuses {
        &self.statuses
    }

    /// Whether nothing is tried again.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// The same words, with this list of statuses.
    pub(super) const fn listing(self, statuses: Statuses) -> Self {
        Self { statuses, ..self }
    }

    /// All the statuses that are tried again: by the list or by a word.
    pub(super) fn matching(&self) -> Statuses {
        let mut all = if self.has(Word::RetriableStatusCodes) { self.statuses } else { Statuses::NONE };
        for (word, statuses) in
            [(Word::FiveXx, 500..=599), (Word::GatewayError, 502..=504), (Word::Retriable4xx, 409..=409)]
        {
            if self.has(word) {
                all = all.with_all(statuses);
            }
        }
        all
    }

    pub(super) const fn has_any(&self, words: &[Word]) -> bool {
        let mut at = 0;
        while at < words.len() {
            if self.has(words[at]) {
                return true;
            }
            at += 1;
        }
        false
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// A status that HTTP knows the class of.
pub(super) fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| matches!(status, 100..=599))
}

fn class(text: &str) -> Option<u16> {
    text.strip_suffix("xx")?.parse().ok().filter(|class| matches!(class, 1..=5))
}

/// Words that mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not among the words for what is tried again: {}, and statuses such as 503", quoted(.words), known())]
pub struct UnknownWords {
    words: Vec<String>,
}

impl UnknownWords {
    /// They, as they are written.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn known() -> String {
    Word::ALL.iter().map(|word| word.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for RetryOn {
    type Err = UnknownWords;

    /// As [`read`](Self::read), but every word must mean something.
    fn from_str(text: &str) -> Result<Self, UnknownWords> {
        let Read { on, unknown } = Self::read(text);
        if unknown.is_empty() { Ok(on) } else { Err(UnknownWords { words: unknown }) }
    }
}

impl fmt::Display for RetryOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Word::ALL.iter().filter(|word| self.has(**word)).map(ToString::to_string);
        let statuses = self.statuses.iter().map(|status| status.to_string());
        f.write_str(&words.chain(statuses).collect::<Vec<_>>().join(","))
    }
}
