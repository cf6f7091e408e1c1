//! What was probably meant by a value that cannot be.

use super::{
    duration::GoDuration,
    tree::{Node, Number, Value},
};

/// A hint for a value that should have been `expected`.
pub(super) fn value(expected: &str, node: &Node) -> Option<String> {
    match (&node.value, expected) {
        (Value::Text(text), _) if text.contains(QUOTES) => quotes(text),
        (Value::Number(Number::Unsigned(0), _), what) if what.starts_with("a duration") => write("0s"),
        (Value::Number(_, written), what) if what.starts_with("a duration") => write(&format!("{written}s")),
        (Value::Number(Number::Float(number), _), "a whole number")
            if number.fract() == 0.0 && number.abs() < 1e15 =>
        {
            write(&format!("{number:.0}"))
        }
        (Value::Text(text), "a whole number") => {
            let digits = text.replace([',', '_', ' ', '\''], "");
            digits.parse::<i64>().ok().filter(|_| digits != *text).and_then(|_| write(&digits))
        }
        (Value::Text(text), "a number") => percent(text).or_else(|| comma(text)),
        (Value::Text(text), "a list") => write(&format!("[{text:?}]")),
        (Value::Map(_), "a list") => Some("begin each item with `- `".into()),
        (Value::List(_), "a mapping") => {
            Some("a mapping is written `key: value`, without `- ` or brackets".into())
        }
        _ => None,
    }
}

/// A hint for a text that is not a duration.
pub(super) fn duration(text: &str) -> Option<String> {
    if text.contains(QUOTES) {
        return quotes(text);
    }
    // A duration that is only too short or too fine.
    if let Ok(duration) = text.parse::<GoDuration>() {
        return match duration.whole_millis().err()?.meant() {
            Some(meant) => write(&meant.to_string()),
            None => Some("if none is meant, leave the field out".into()),
        };
    }
    let packed: String = text.split_whitespace().collect::<String>().to_lowercase();
    let split = packed.find(|c: char| c.is_alphabetic()).unwrap_or(packed.len());
    let (amount, unit) = packed.split_at(split);
    let unit = match unit {
        "" | "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "d" | "day" | "days" => {
            let hours = amount.parse::<u32>().ok()?.checked_mul(24)?;
            return Some(format!("Go knows no days: write `{hours}h`"));
        }
        other => other,
    };
    let meant = format!("{amount}{unit}");
    meant.parse::<GoDuration>().ok().and_then(|_| write(&meant))
}

/// What word processors make of quotes.
pub(super) const QUOTES: [char; 6] = ['“', '”', '„', '‘', '’', '«'];

fn quotes(text: &str) -> Option<String> {
    let quote = text.chars().find(|c| QUOTES.contains(c))?;
    Some(format!("{quote} (U+{:04X}) is a typographic quote: write \" or '", u32::from(quote)))
}

fn percent(text: &str) -> Option<String> {
    let number = text.strip_suffix('%')?.trim().parse::<f64>().ok().filter(|number| number.is_finite())?;
    write(&(number / 100.0).to_string())
}

fn comma(text: &str) -> Option<String> {
    let point = text.replacen(',', ".", 1);
    point.parse::<f64>().ok().filter(|number| number.is_finite()).and_then(|_| write(&point))
}

fn write(meant: &str) -> Option<String> {
    Some(format!("write `{meant}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_that_was_nearly_right_gets_the_right_text() {
        for (text, hint) in [
            ("60", Some("write `60s`")),
            ("1 m", Some("write `1m`")),
            ("5min", Some("write `5m`")),
            ("30 Seconds", Some("write `30s`")),
            ("2d", Some("Go knows no days: write `48h`")),
            ("soon", None),
            ("", None),
            ("1.5ms", Some("write `2ms`")),
            ("0s", Some("if none is meant, leave the field out")),
            ("“1m”", Some("“ (U+201C) is a typographic quote: write \" or '")),
        ] {
            assert_eq!(duration(text).as_deref(), hint, "{text:?}");
        }
    }
}
