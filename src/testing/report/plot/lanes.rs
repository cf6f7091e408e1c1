//! A lane for each circuit and each upstream.

use std::collections::BTreeSet;

use super::{
    Codes, Plot, Rows,
    spans::{Span, State},
    svg::{Bars, LEFT, RIGHT, Svg, escaped, num},
};

/// More lanes than that nobody reads.
const LANES: usize = 60;
const CIRCUIT: f64 = 16.0;
const UPSTREAM: f64 = 34.0;
const GAP: f64 = 7.0;

impl Plot<'_> {
    pub(super) fn circuits(&self, svg: &mut Svg) {
        if self.circuits.is_empty() {
            return;
        }
        svg.heading("Circuits", "when they were not closed");
        for (subject, spans) in self.circuits.iter().take(LANES) {
            let open: f64 =
                spans.iter().filter(|span| span.state == State::Open).map(|span| span.to - span.from).sum();
            let times = spans.iter().filter(|span| span.state == State::Open).count();
            lane(svg, CIRCUIT + 12.0);
            svg.label(subject, &format!("open for {} s, {}", num(open / 1e3), often(times)));
            svg.y += 6.0;
            self.spans(svg, spans, CIRCUIT);
            svg.y += CIRCUIT + 6.0 + GAP;
        }
        left_out(svg, self.circuits.len());
    }

    pub(super) fn upstreams(&self, svg: &mut Svg) {
        let names: BTreeSet<_> = self.upstreams.keys().chain(self.ejections.keys()).copied().collect();
        if names.is_empty() {
            return;
        }
        let full = self.full_share();
        svg.heading(
            "Upstreams",
            &format!("each one's share of the calls, by when they arrived; a full lane is {full} %"),
        );
        let empty = Rows::new();
        for name in names.iter().copied().take(LANES) {
            let rows = self.upstreams.get(name).unwrap_or(&empty);
            let spans = self.ejections.get(name).map_or(&[][..], Vec::as_slice);
            lane(svg, UPSTREAM);
            let calls: u64 = rows.values().flat_map(Codes::values).sum();
            let out = if spans.is_empty() { String::new() } else { format!(", out {}", often(spans.len())) };
            svg.label(name, &format!("{calls} calls, {:.1} %{out}", self.report.share(name)));
            svg.put(r#"<g shape-rendering="crispEdges">"#);
            for (code, colour) in self.colours.stacked() {
                self.bars(rows, code, full, svg.y + UPSTREAM)
                    .path(colour)
                    .iter()
                    .for_each(|path| svg.put(path));
            }
            svg.put("</g>");
            self.spans(svg, spans, UPSTREAM);
            svg.y += UPSTREAM + GAP;
        }
        left_out(svg, names.len());
    }

    /// The bars of one code, in a lane that ends at `bottom`.
    fn bars(&self, rows: &Rows, code: &str, full: f64, bottom: f64) -> Bars {
        let mut bars = Bars::default();
        for (row, codes) in rows {
            let height = |count: u64| UPSTREAM * 100.0 * count as f64 / (full * self.all(*row).max(1) as f64);
            let count = codes.get(code).copied().unwrap_or(0);
            let under = self.colours.under(codes, code);
            let (x, width) = self.scale.bar(*row);
            bars.add((x, width), (bottom - height(under + count), bottom - height(under)));
        }
        bars
    }

    /// What all were asked in this bar.
    fn all(&self, row: u64) -> u64 {
        self.asked.get(&row).copied().unwrap_or(0)
    }

    /// What a lane's whole height stands for, in percent: so much that the largest share has room.
    fn full_share(&self) -> f64 {
        let shares =
            self.upstreams.values().flatten().map(|(row, codes)| {
                100.0 * codes.values().sum::<u64>() as f64 / self.all(*row).max(1) as f64
            });
        let most = shares.fold(0.0, f64::max);
        if most > 10.0 { (most / 10.0).ceil() * 10.0 } else { most.ceil().max(1.0) }
    }

    fn spans(&self, svg: &mut Svg, spans: &[Span], height: f64) {
        for Span { state, from, to, told } in spans {
            let [left, right] = [from, to].map(|ms| self.scale.x(*ms));
            // What is over at once must be seen too.
            let width = (right - left).max(1.5);
            let (x, y, w, h) = (num(left), num(svg.y), num(width), num(height));
            let (fill, stroke, told) = (state.fill(), state.stroke(), escaped(told));
            svg.put(&format!(
                r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{fill}" fill-opacity="0.85" stroke="{stroke}"><title>{told}</title></rect>"#
            ));
        }
    }
}

/// The ground of a lane.
fn lane(svg: &mut Svg, height: f64) {
    let (x, y, width) = (num(LEFT), num(svg.y), num(RIGHT - LEFT));
    svg.put_below(&format!(
        r##"<rect x="{x}" y="{y}" width="{width}" height="{}" fill="#f4f6f8"/>"##,
        num(height)
    ));
}

fn often(times: usize) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    }
}

fn left_out(svg: &mut Svg, lanes: usize) {
    if lanes > LANES {
        svg.small(&format!("and {} more", lanes - LANES));
    }
}
