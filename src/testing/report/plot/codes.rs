//! What callers got: answers by code, stacked over time; the legend, and the axis beneath all.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Plot,
    scale::{marks, step},
    spans::State,
    svg::{Bars, FAINT, LEFT, RIGHT, Svg, escaped, num},
};

const HEIGHT: f64 = 190.0;

impl Plot<'_> {
    /// A swatch and a word for each colour that occurs.
    pub(super) fn legend(&self, svg: &mut Svg) {
        let codes = self.report.codes();
        let share = |count: u64| 100.0 * count as f64 / self.report.requests.max(1) as f64;
        let mut all: Vec<_> = self
            .colours
            .stacked()
            .map(|(code, colour)| {
                let count = codes.get(code).copied().unwrap_or(0);
                let name = if code.starts_with('-') { "no answer" } else { code };
                let counted =
                    if count > 0 { format!(": {count} ({:.1} %)", share(count)) } else { String::new() };
                (colour, format!("{name}{counted}"))
            })
            .collect();
        let spans = self.circuits.values().chain(self.ejections.values()).flatten();
        let states: BTreeSet<_> = spans.map(|span| span.state).collect();
        all.extend(states.into_iter().map(|state| (state.fill(), state.legend().to_owned())));
        let mut x = 14.0;
        svg.y += 20.0;
        for (colour, text) in all {
            // Letters of this size are about so wide.
            let width = 32.0 + 6.4 * text.chars().count() as f64;
            if x + width > RIGHT {
                (x, svg.y) = (14.0, svg.y + 19.0);
            }
            let (left, top) = (num(x), num(svg.y - 10.0));
            svg.put(&format!(
                r#"<rect x="{left}" y="{top}" width="12" height="12" rx="2" fill="{colour}"/>"#
            ));
            svg.text((x + 17.0, svg.y), "", &text);
            x += width;
        }
        svg.y += 2.0;
    }

    pub(super) fn codes(&self, svg: &mut Svg) {
        svg.heading("Answers a second", "by when the calls ended");
        let seconds = self.scale.bucket as f64 / 1e3;
        let most = self.answers.values().map(|codes| codes.values().sum::<u64>()).max().unwrap_or(0);
        let most = (most as f64 / seconds).max(1.0);
        let step = step(most, 4.0);
        let full = (most / step).ceil() * step;
        let (top, bottom) = (svg.y + 4.0, svg.y + 4.0 + HEIGHT);
        let height = |rate: f64| HEIGHT * rate / full;
        for mark in marks(full, step) {
            let y = bottom - height(mark);
            let (line, left, right) = (num(y), num(LEFT), num(RIGHT));
            svg.put_below(&format!(r##"<path stroke="#e3e7eb" d="M{left} {line}H{right}"/>"##));
            let attributes = format!(r#"text-anchor="end" font-size="11" fill="{FAINT}""#);
            svg.text((LEFT - 7.0, y + 4.0), &attributes, &num(mark));
        }
        svg.put(r#"<g shape-rendering="crispEdges">"#);
        for (code, colour) in self.colours.stacked() {
            let mut bars = Bars::default();
            for (row, codes) in &self.answers {
                let count = codes.get(code).copied().unwrap_or(0) as f64;
                let under = self.colours.under(codes, code);
                let (x, width) = self.scale.bar(*row);
                let (under, own) = (height(under as f64 / seconds), height(count / seconds));
                bars.add((x, width), (bottom - under - own, bottom - under));
            }
            bars.path(colour).iter().for_each(|path| svg.put(path));
        }
        svg.put("</g>");
        self.hints(svg, top);
        svg.y = bottom;
    }

    /// Over each bar something to point at, which tells its numbers.
    fn hints(&self, svg: &mut Svg, top: f64) {
        let mut hints = String::from(r#"<g fill="none" pointer-events="all">"#);
        for (row, codes) in &self.answers {
            let (x, width) = self.scale.bar(*row);
            if width <= 0.0 {
                continue;
            }
            let [from, to] = [*row, row + 1].map(|row| num((row * self.scale.bucket) as f64 / 1e3));
            let counts: String = codes.iter().map(|(code, count)| format!("\n{code}: {count}")).collect();
            let told = escaped(&format!("{from} s to {to} s{counts}"));
            let (x, y, width, height) = (num(x), num(top), num(width), num(HEIGHT));
            let _ = write!(
                hints,
                r#"<rect x="{x}" y="{y}" width="{width}" height="{height}"><title>{told}</title></rect>"#
            );
        }
        svg.put(&(hints + "</g>"));
    }

    /// The seconds, beneath everything that began at `top`, with a line through all for each mark.
    pub(super) fn axis(&self, svg: &mut Svg, top: f64) {
        let end = self.scale.end / 1e3;
        let step = step(end, 10.0);
        svg.y += 6.0;
        let (from, to) = (num(top + 30.0), num(svg.y));
        for mark in marks(end, step) {
            let x = self.scale.x(mark * 1e3);
            let line = num(x);
            svg.put_below(&format!(r##"<path stroke="#e3e7eb" d="M{line} {from}V{to}"/>"##));
            let text = format!("{} s", num(mark));
            svg.text((x, svg.y + 14.0), r#"text-anchor="middle" font-size="11""#, &text);
        }
        svg.y += 18.0;
    }
}

impl State {
    pub(super) const fn fill(self) -> &'static str {
        match self {
            Self::Open => "#6a3d9a",
            Self::HalfOpen => "url(#half)",
            Self::Ejected => "url(#out)",
        }
    }

    pub(super) const fn stroke(self) -> &'static str {
        match self {
            Self::Open => "#48266b",
            Self::HalfOpen => "#6a3d9a",
            Self::Ejected => "#a0527d",
        }
    }

    const fn legend(self) -> &'static str {
        match self {
            Self::Open => "circuit open",
            Self::HalfOpen => "circuit half-open",
            Self::Ejected => "ejected",
        }
    }
}
