//! Numbers as Go's `%g` prints them, so that a report can be laid beside one of fortio.

/// `%.{digits}g`: so many significant digits at most, no zeros at the end, powers of ten where the number is small.
pub(super) fn g(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let scientific = format!("{value:.*e}", digits.max(1) - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::g;

    #[test]
    fn numbers_look_as_go_prints_them() {
        for (value, digits, expected) in [
            (0.2, 6, "0.2"),
            (0.001_234_567, 6, "0.00123457"),
            (0.000_012, 6, "1.2e-05"),
            (1234.0, 6, "1234"),
            (1_234_567.0, 6, "1.23457e+06"),
            (99.9, 6, "99.9"),
            (0.999_999_9, 6, "1"),
            (0.0, 6, "0"),
        ] {
            assert_eq!(g(value, digits), expected);
        }
    }
}
