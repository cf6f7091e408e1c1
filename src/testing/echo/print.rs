//! Scripts written out, to be read again.

use std::{fmt, time::Duration};

use http::{HeaderValue, StatusCode};

use super::{
    script::{Effect, Script},
    spread::Spread,
    timeline::Timeline,
};

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (at, script) in self.scripts() {
            let script = script.to_string();
            match (at.is_zero(), script.is_empty()) {
                (true, true) => continue,
                (true, false) => write!(f, "{script}")?,
                (false, true) => write!(f, "{between}{at:?}:")?,
                (false, false) => write!(f, "{between}{at:?}: {script}")?,
            }
            between = "; ";
        }
        Ok(())
    }
}

impl fmt::Display for Script {
    /// The parameters, always in the same order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = |span: Duration| format!("{span:?}");
        let mut all = Vec::new();
        let mut say = |name: &str, value: Option<String>| {
            all.extend(
                value.map(|value| if value.is_empty() { name.to_owned() } else { format!("{name}={value}") }),
            );
        };
        say("status", spread(self.status.as_ref(), |status: StatusCode| status.as_str().to_owned()));
        say("delay", spread(self.delay.as_ref(), span));
        say("size", spread(self.size.as_ref(), |size| size.to_string()));
        for (name, value) in &self.headers {
            say("header", Some(format!("{name}:{}", encoded(value))));
        }
        say("latency", self.latency.map(span));
        for every in &self.every {
            let effect = match every.effect {
                Effect::Status(status) => status.as_str().to_owned(),
                Effect::Delay(delay) => span(delay),
            };
            say("every", Some(format!("{}:{effect}", every.nth)));
        }
        for (name, chance) in [
            ("refuse", self.refuse),
            ("hang", self.hang),
            ("reset", self.reset),
            ("break-body", self.break_body),
        ] {
            say(
                name,
                chance.map(|percent| if percent >= 100.0 { String::new() } else { percent.to_string() }),
            );
        }
        say("slow-body", spread(self.slow_body.as_ref(), span));
        f.write_str(&all.join("&"))
    }
}

/// What is left of a hundred percent is written out too, since a text has no other way to say it.
fn spread<T: Copy>(spread: Option<&Spread<T>>, say: impl Fn(T) -> String) -> Option<String> {
    let spread = spread?;
    let shares: Vec<_> = spread.percents().collect();
    if shares.is_empty() {
        return spread.left_over().map(say);
    }
    let left = (100.0 - spread.total()).max(0.0);
    let rest = spread.left_over().filter(|_| left > 0.0).map(|value| (value, left));
    let all = shares.into_iter().chain(rest);
    Some(
        all.map(|(value, percent)| format!("{}:{}", say(value), round(percent)))
            .collect::<Vec<_>>()
            .join(","),
    )
}

/// Percentages have four digits at most: see [`sum`](super::spread::sum).
fn round(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e4
}

fn encoded(value: &HeaderValue) -> String {
    let one = |byte: &u8| match byte {
        b'%' | b'&' | b';' | b'+' | 0..=b' ' | 127.. => format!("%{byte:02X}"),
        plain => char::from(*plain).to_string(),
    };
    value.as_bytes().iter().map(one).collect()
}
