//! A colour for each code, which those who see no red or no green can tell apart too.

use std::collections::BTreeMap;

use super::Codes;

/// Of Okabe and Ito's palette, each with lighter and darker kin.
const GOOD: [&str; 3] = ["#0072b2", "#56b4e9", "#a6d8f5"];
const ELSEWHERE: [&str; 2] = ["#009e73", "#7fceb8"];
const CALLERS: [&str; 3] = ["#e69f00", "#f4cf7c", "#f0e442"];
const SERVERS: [&str; 4] = ["#d55e00", "#8a3d00", "#f2a36b", "#b07aa1"];
const NOBODY: [&str; 1] = ["#333a41"];

pub(super) struct Colours(BTreeMap<String, &'static str>);

impl Colours {
    pub(super) fn of<'a>(codes: impl Iterator<Item = &'a String>) -> Self {
        let mut counts = BTreeMap::<u8, usize>::new();
        let colour = |code: &'a String| {
            let class = code.as_bytes().first().copied().unwrap_or_default();
            let count = counts.entry(class).or_default();
            let kin: &[&'static str] = match class {
                b'1' | b'2' => &GOOD,
                b'3' => &ELSEWHERE,
                b'4' => &CALLERS,
                b'-' => &NOBODY,
                _ => &SERVERS,
            };
            let colour = kin[*count % kin.len()];
            *count += 1;
            (code.clone(), colour)
        };
        Self(codes.map(colour).collect())
    }

    /// As bars are stacked: good answers at the bottom, none at the top.
    pub(super) fn stacked(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let all = |missing: bool| self.0.iter().filter(move |(code, _)| code.starts_with('-') == missing);
        all(false).chain(all(true)).map(|(code, colour)| (code.as_str(), *colour))
    }

    /// How many of these are stacked under those of a code.
    pub(super) fn under(&self, codes: &Codes, code: &str) -> u64 {
        let under = self.stacked().take_while(|(other, _)| *other != code);
        under.map(|(other, _)| codes.get(other).copied().unwrap_or(0)).sum()
    }
}
