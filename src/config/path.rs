//! Dotted paths such as `spec.http[0].match`, written and read in one place.
//!
//! A key that contains a dot, a bracket, a quote or a space is written `["like.this"]`.

use std::fmt;

/// One step down a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// A path while walking down: each step on its frame, linked upwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail<'a> {
    pub(super) up: Option<&'a Self>,
    pub(super) step: Step<'a>,
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(up) = self.up {
            up.fmt(f)?;
        }
        match self.step {
            Step::Item(index) => write!(f, "[{index}]"),
            Step::Key(key) if key.is_empty() || key.contains(['.', '[', ']', '"', ' ']) => {
                write!(f, "[\"{key}\"]")
            }
            Step::Key(key) if self.up.is_some() => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
        }
    }
}

/// `base` with `rest` behind it.
pub(super) fn join(base: &str, rest: &str) -> String {
    let dot = if base.is_empty() || rest.is_empty() || rest.starts_with('[') { "" } else { "." };
    format!("{base}{dot}{rest}")
}

/// The last step of a path as a name to call it by.
pub(super) fn last(path: &str) -> &str {
    match steps(path).as_slice() {
        [.., Step::Key(key)] => key,
        [.., Step::Key(key), Step::Item(_)] => path.rfind(key).map_or(path, |start| &path[start..]),
        _ => path,
    }
}

/// Reads a path; what cannot be read as one is taken as a key, which no tree will have.
pub(super) fn steps(path: &str) -> Vec<Step<'_>> {
    let (mut rest, mut steps) = (path, Vec::new());
    while !rest.is_empty() {
        let quoted = rest.strip_prefix("[\"").and_then(|inner| inner.split_once("\"]"));
        let item = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'));
        if let Some((key, after)) = quoted {
            steps.push(Step::Key(key));
            rest = after;
        } else if let Some((Ok(index), after)) = item.map(|(index, after)| (index.parse(), after)) {
            steps.push(Step::Item(index));
            rest = after;
        } else {
            let bare = rest.strip_prefix('.').unwrap_or(rest);
            let skipped = usize::from(bare.starts_with('['));
            let end = bare[skipped..].find(['.', '[']).map_or(bare.len(), |end| end + skipped);
            steps.push(Step::Key(&bare[..end]));
            rest = &bare[end..];
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_the_steps_it_was_written_from() {
        let spec = Trail { up: None, step: Step::Key("metadata") };
        let list = Trail { up: Some(&spec), step: Step::Key("mesh.io/x") };
        let item = Trail { up: Some(&list), step: Step::Item(3) };
        assert_eq!(item.to_string(), r#"metadata["mesh.io/x"][3]"#);
        assert_eq!(steps(&item.to_string()), [Step::Key("metadata"), Step::Key("mesh.io/x"), Step::Item(3)]);
        assert_eq!((last("spec.http[0]"), last("spec.host"), last("")), ("http[0]", "host", ""));
    }

    proptest::proptest! {
        #[test]
        fn no_path_panics(path in "[a-z.\\[\\]\"0-9é ]{0,20}") {
            let _ = last(&path);
        }
    }
}
