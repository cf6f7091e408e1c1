//! SVG as text.

use std::fmt::Write as _;

pub(super) const WIDTH: f64 = 900.0;
/// Left of it stand the names.
pub(super) const LEFT: f64 = 196.0;
pub(super) const RIGHT: f64 = WIDTH - 18.0;
const MARGIN: f64 = 14.0;

pub(super) const INK: &str = "#1b1f24";
pub(super) const FAINT: &str = "#59636e";

/// A picture that grows downwards.
pub(super) struct Svg {
    body: String,
    /// What grows above the rest: grid lines that must not hide anything stand here.
    below: String,
    /// Where the next thing goes.
    pub(super) y: f64,
}

impl Svg {
    pub(super) const fn new() -> Self {
        Self { body: String::new(), below: String::new(), y: MARGIN }
    }

    pub(super) fn put(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    pub(super) fn put_below(&mut self, element: &str) {
        self.below.push_str(element);
        self.below.push('\n');
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), attributes: &str, text: &str) {
        let text = format!(r#"<text x="{}" y="{}" {attributes}>{}</text>"#, num(x), num(y), escaped(text));
        self.put(&text);
    }

    pub(super) fn title(&mut self, text: &str) {
        self.y += 14.0;
        self.text((MARGIN, self.y), r#"font-size="17" font-weight="600""#, text);
        self.y += 4.0;
    }

    pub(super) fn small(&mut self, text: &str) {
        self.y += 15.0;
        self.text((MARGIN, self.y), &format!(r#"fill="{FAINT}""#), text);
        self.y += 6.0;
    }

    /// The name of a part of the picture.
    pub(super) fn heading(&mut self, text: &str, more: &str) {
        self.y += 24.0;
        let (y, text, more) = (num(self.y), escaped(text), escaped(more));
        let (x, bold) = (num(MARGIN), r#"font-weight="600""#);
        self.put(&format!(r#"<text x="{x}" y="{y}"><tspan {bold}>{text}</tspan> <tspan fill="{FAINT}">{more}</tspan></text>"#));
        self.y += 8.0;
    }

    /// A name left of a lane that begins here, and what there is to tell of it beneath.
    pub(super) fn label(&mut self, name: &str, more: &str) {
        let (x, top) = (num(MARGIN), self.y);
        self.put(&format!(
            r#"<text x="{x}" y="{}">{}<title>{}</title></text>"#,
            num(top + 12.0),
            escaped(&shortened(name)),
            escaped(name)
        ));
        self.text((MARGIN, top + 26.0), &format!(r#"font-size="11" fill="{FAINT}""#), more);
    }

    /// The whole; the names of fonts are those that systems have.
    pub(super) fn finished(self, title: &str) -> String {
        let Self { body, below, y } = self;
        let (width, height) = (num(WIDTH), num(y + MARGIN));
        let fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="{fonts}" font-size="12" fill="{INK}" role="img" aria-label="{title}">
<defs>
<pattern id="out" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#f6e9f1"/><rect width="2.5" height="7" fill="#cc79a7"/></pattern>
<pattern id="half" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#f1ebf7"/><rect width="2.5" height="6" fill="#6a3d9a"/></pattern>
</defs>
<rect width="{width}" height="{height}" fill="#ffffff"/>
{below}{body}</svg>
"##,
            title = escaped(title)
        )
    }
}

/// Bars of one colour, side by side: those that touch are one outline, so that no line of the ground shows between them.
#[derive(Default)]
pub(super) struct Bars {
    path: String,
    /// Of those that touch: left, right, top, bottom.
    run: Vec<[f64; 4]>,
}

impl Bars {
    /// A bar right of all before.
    pub(super) fn add(&mut self, (x, width): (f64, f64), (top, bottom): (f64, f64)) {
        if width <= 0.0 || bottom - top <= 0.0 {
            return;
        }
        if self.run.last().is_some_and(|[_, right, ..]| x - right > 1e-6) {
            self.close();
        }
        self.run.push([x, x + width, top, bottom]);
    }

    fn close(&mut self) {
        let (Some([left, _, _, bottom]), run) = (self.run.first(), &self.run) else { return };
        let _ = write!(self.path, "M{} {}", num(*left), num(*bottom));
        for [_, right, top, _] in run {
            let _ = write!(self.path, "V{}H{}", num(*top), num(*right));
        }
        for [left, _, _, bottom] in run.iter().rev() {
            let _ = write!(self.path, "V{}H{}", num(*bottom), num(*left));
        }
        self.path.push('z');
        self.run.clear();
    }

    pub(super) fn path(mut self, colour: &str) -> Option<String> {
        self.close();
        let path = &self.path;
        (!path.is_empty()).then(|| format!(r#"<path fill="{colour}" d="{path}"/>"#))
    }
}

/// With two digits at most, and no zeros at the end.
pub(super) fn num(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// What XML would take for its own, or would not take at all.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(letter),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// What of a name has room left of a lane: how it begins and how it ends.
fn shortened(name: &str) -> String {
    const ROOM: usize = 28;
    let letters: Vec<_> = name.chars().collect();
    if letters.len() <= ROOM {
        return name.to_owned();
    }
    let (head, tail) = (&letters[..10], &letters[letters.len() - (ROOM - 11)..]);
    head.iter().chain(['…'].iter()).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, -0.001, 1.0, 1.5, 1.256, 100.0].map(num);
        assert_eq!(numbers, ["0", "0", "1", "1.5", "1.26", "100"]);
    }

    #[test]
    fn what_xml_does_not_take_is_not_there() {
        assert_eq!(
            escaped("<a b=\"c\">&'\u{0}\u{1b}\u{ffff}"),
            "&lt;a b=&quot;c&quot;&gt;&amp;'\u{fffd}\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn a_long_name_keeps_what_tells_it_from_others() {
        let name = "reviews.bookinfo.svc.cluster.local:9080 version=v2 #2";
        assert_eq!(shortened(name), "reviews.bo…080 version=v2 #2");
        assert_eq!(shortened("reviews:9080 version=v2"), "reviews:9080 version=v2");
    }
}
