//! Scripts as text: fortio's echo parameters, and ours beside them.

use std::{borrow::Cow, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode};

use super::{
    error::ScriptError,
    script::{Effect, Every, Script},
    span,
    spread::{Spread, sum},
};

/// A request may ask for a size: it must not be able to ask for all memory.
const LARGEST: usize = 16 << 20;

const PARAMETERS: &str = "status, delay, size, close, header, latency, every, refuse, hang, reset, slow-body, \
                          break-body";
/// What a script need not say how often.
const CHANCES: [&str; 5] = ["refuse", "hang", "reset", "close", "break-body"];
const STATUS: &str = "a status such as 511, or statuses with percentages such as 503:20,429:10";
const SPAN: &str = "a duration such as 200ms, or durations with percentages such as 10ms:20,0.5s:5";
const SIZE: &str = "a number of bytes up to 16777216, or numbers with percentages such as 512:20,16384:10";
const CHANCE: &str = "a percentage such as 20, or true, false, true:20";
const EVERY: &str = "a status or a duration for every so many requests, such as 5:511 or 5:200ms";

impl Script {
    /// Every parameter must mean something.
    pub(super) fn strict(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::default();
        for (name, value) in pairs(text) {
            let value = if value.is_empty() && CHANCES.contains(&&*name) { "true".into() } else { value };
            script.set(&name, &value)?;
        }
        Ok(script)
    }

    /// Parameters that mean nothing are not there, as in fortio's server.
    pub(super) fn lenient(query: &str) -> Self {
        let mut script = Self::default();
        for (name, value) in pairs(query) {
            let _ = script.set(&name, &value);
        }
        script
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ScriptError> {
        let wrong = |why: Wrong| ScriptError::new(name, value, why.says());
        let taken = match name {
            "status" => put(&mut self.status, spread(value, STATUS, status).map_err(wrong)?),
            "delay" => put(&mut self.delay, spread(value, SPAN, span::parse).map_err(wrong)?),
            "size" => put(&mut self.size, spread(value, SIZE, size).map_err(wrong)?),
            "slow-body" => put(&mut self.slow_body, spread(value, SPAN, span::parse).map_err(wrong)?),
            "latency" => {
                let latency =
                    span::parse(value).ok_or(Wrong::Expected("a duration such as 5ms")).map_err(wrong)?;
                put(&mut self.latency, latency)
            }
            "refuse" => put(&mut self.refuse, chance(value).map_err(wrong)?),
            "hang" => put(&mut self.hang, chance(value).map_err(wrong)?),
            // fortio closes the connection after the answer, which in a process has no meaning of its own.
            "reset" | "close" => put(&mut self.reset, chance(value).map_err(wrong)?),
            "break-body" => put(&mut self.break_body, chance(value).map_err(wrong)?),
            "every" => {
                self.every.extend(every(value).map_err(wrong)?);
                true
            }
            "header" => {
                self.headers.push(header(value).map_err(wrong)?);
                true
            }
            _ => {
                return Err(ScriptError::new(
                    name,
                    value,
                    format!("no such parameter; there are {PARAMETERS}"),
                ));
            }
        };
        if taken { Ok(()) } else { Err(ScriptError::new(name, value, "is given twice")) }
    }
}

enum Wrong {
    Expected(&'static str),
    Sum(f64),
}

impl Wrong {
    fn says(self) -> String {
        match self {
            Self::Expected(what) => format!("expected {what}"),
            Self::Sum(total) => format!("the percentages sum up to {total}, above 100"),
        }
    }
}

/// The first one counts, as in fortio's server.
fn put<T>(slot: &mut Option<T>, value: T) -> bool {
    let free = slot.is_none();
    slot.get_or_insert(value);
    free
}

fn spread<T: Copy>(
    text: &str,
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Spread<T>, Wrong> {
    let wrong = || Wrong::Expected(expected);
    if !text.contains([':', ',']) {
        return Ok(Spread::default().rest(read(text).ok_or_else(wrong)?));
    }
    let (mut all, mut total) = (Spread::default(), 0.0);
    for entry in text.split(',') {
        let (value, percentage) = entry.split_once(':').ok_or_else(wrong)?;
        let percentage = percent(percentage).ok_or_else(wrong)?;
        total = sum(total, percentage);
        all = all.share(read(value).ok_or_else(wrong)?, percentage);
    }
    if total > 100.0 { Err(Wrong::Sum(total)) } else { Ok(all) }
}

fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok()?;
    (0.0..=100.0).contains(&number).then_some(number)
}

fn chance(text: &str) -> Result<f64, Wrong> {
    match text {
        "true" => Some(100.0),
        "false" => Some(0.0),
        _ => percent(text.strip_prefix("true:").unwrap_or(text)),
    }
    .ok_or(Wrong::Expected(CHANCE))
}

fn status(text: &str) -> Option<StatusCode> {
    StatusCode::from_bytes(text.as_bytes()).ok()
}

fn size(text: &str) -> Option<usize> {
    text.parse().ok().filter(|size| *size <= LARGEST)
}

fn every(text: &str) -> Result<Vec<Every>, Wrong> {
    let one = |entry: &str| {
        let (nth, effect) = entry.split_once(':')?;
        let delay = |text| span::parse(text).filter(|delay| *delay > Duration::ZERO).map(Effect::Delay);
        let effect = status(effect).map(Effect::Status).or_else(|| delay(effect))?;
        Some(Every { nth: nth.parse().ok().filter(|nth| *nth > 0)?, effect })
    };
    text.split(',').map(one).collect::<Option<_>>().ok_or(Wrong::Expected(EVERY))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), Wrong> {
    text.split_once(':')
        .and_then(|(name, value)| Some((name.trim().parse().ok()?, value.trim().parse().ok()?)))
        .ok_or(Wrong::Expected("a header such as x-version:v1"))
}

/// Names and values, decoded; a whole path may stand before them.
fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// A percent sign that no two hexadecimal digits follow stands for itself: `511:20%` is what it looks like.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let (mut bytes, mut left) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, rest @ ..] = left {
        let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
        left = match (first, rest) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                after
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest
            }
            _ => {
                bytes.push(*first);
                rest
            }
        };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
