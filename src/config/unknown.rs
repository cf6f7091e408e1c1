//! Names nobody knows, and the known name that was probably meant.

/// The accepted name nearest to `name`: the same but for case and `_`/`-`, the one it begins, or a few letters away.
pub(crate) fn nearest<'a>(name: &str, accepted: &[&'a str]) -> Option<&'a str> {
    let plain = plain(name);
    if plain.is_empty() {
        return None;
    }
    let measured = accepted.iter().map(|&candidate| (distance(&plain, &self::plain(candidate)), candidate));
    let (best, candidate) = measured.min_by_key(|&(distance, _)| distance)?;
    let allowed = plain.len().max(candidate.len()).div_ceil(4).min(4);
    if best <= allowed {
        return Some(candidate);
    }
    let mut begun =
        accepted.iter().filter(|candidate| plain.len() >= 3 && self::plain(candidate).starts_with(&*plain));
    let first = begun.next()?;
    begun.next().is_none().then_some(*first)
}

/// `a`, `b` and `c` as a list in words.
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).take(80).flat_map(char::to_lowercase).collect()
}

/// Edit distance with neighbours swapped at the price of one.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<_>, Vec<_>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<_>>()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let change = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_meant_is_found() {
        let names = ["errorAmountThreshold", "errorRatioThreshold", "statTimeWindow", "degradedStatusCode"];
        for (name, meant) in [
            ("ErrorAmountThreshold", Some("errorAmountThreshold")),
            ("error_amount_threshold", Some("errorAmountThreshold")),
            ("errorRatoiThreshold", Some("errorRatioThreshold")),
            ("statWindow", Some("statTimeWindow")),
            ("degradedStatus", Some("degradedStatusCode")),
            ("error", None),
            ("outlierDetection", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &names), meant, "{name}");
        }
    }
}
