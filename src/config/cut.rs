//! A text cut into its documents.
//!
//! `---` and `...` at the beginning of a line end a document wherever they stand, in quoted and block texts too, so the
//! cut needs no parser to be exact.

use std::ops::Range;

use super::source::lines;

/// The lines and bytes of each document.
pub(super) fn cut(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let mut pieces = Vec::new();
    let (mut line, mut byte, mut begun, mut count) = (0, 0, false, 0);
    for (number, (start, content)) in lines(text).enumerate() {
        let (begins, ends) = (marks(content, "---"), marks(content, "...") && is_quiet(&content[3..]));
        if begun && (begins || ends) {
            pieces.push((line..number, byte..start));
            (line, byte) = (number, start);
        }
        if ends {
            byte = start + content.len();
        }
        // Directives and comments belong to the document that follows them.
        begun = !ends && (begun || !(content.starts_with('%') || is_quiet(content)));
        count = number + 1;
    }
    pieces.push((line..count, byte..text.len()));
    pieces
}

fn marks(line: &str, mark: &str) -> bool {
    line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

fn is_quiet(text: &str) -> bool {
    text.trim_start().is_empty() || text.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(usize, &str)> {
        cut(text).into_iter().map(|(lines, bytes)| (lines.start, &text[bytes])).collect()
    }

    #[test]
    fn a_marker_ends_a_document_and_what_is_quiet_belongs_to_the_next() {
        assert_eq!(pieces("a\n---\nb\n"), [(0, "a\n"), (1, "---\nb\n")]);
        assert_eq!(pieces("# c\n%YAML 1.2\n---\na\n"), [(0, "# c\n%YAML 1.2\n---\na\n")]);
        assert_eq!(pieces("a\n...\n# c\n---\r\nb"), [(0, "a\n"), (1, "\n# c\n---\r\nb")]);
        assert_eq!(pieces("--- a\n---b\n"), [(0, "--- a\n---b\n")]);
        assert_eq!(pieces(""), [(0, "")]);
    }
}
