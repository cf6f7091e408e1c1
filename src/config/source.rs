//! Where something stands: a text, a document in it, a line and a column.
//!
//! A [`Location`] carries its text along, so that whoever holds one can print the line it points at.

use std::{fmt, ops::Range, sync::Arc};

use super::snippet;

/// A line and a column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    pub(super) const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }
}

/// One document of one text.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    pub(super) file: Option<Arc<str>>,
    pub(super) text: Arc<Text>,
    pub(super) document: usize,
    pub(super) documents: usize,
    /// The lines of the document, counted from 0.
    pub(super) lines: Range<usize>,
}

impl Source {
    /// Name of the file, if it was given one.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Which document of the text, from 1; empty ones do not count.
    pub fn document(&self) -> usize {
        self.document
    }

    /// The whole text, without a byte-order mark.
    pub fn text(&self) -> &str {
        &self.text.text
    }
}

/// A text, and where its lines begin: whoever prints a thousand places in it reads it once.
#[derive(PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: Box<str>,
    starts: Vec<usize>,
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into(), starts: lines(text).map(|(start, _)| start).collect() }
    }

    /// Line `number` (from 1) without its end.
    pub(super) fn line(&self, number: usize) -> Option<&str> {
        let rest = &self.text[*self.starts.get(number.checked_sub(1)?)?..];
        lines(rest).next().map(|(_, line)| line)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .field("document", &self.document)
            .finish_non_exhaustive()
    }
}

/// A place in a document: prints as `policy.yaml:14:32 (document 2)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub(super) source: Arc<Source>,
    pub(super) at: Position,
    /// How many characters are meant, at least 1.
    pub(super) width: usize,
}

impl Location {
    /// The document.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Line and column.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Line, from 1.
    pub fn line(&self) -> usize {
        self.at.line
    }

    /// Column in characters, from 1.
    pub fn column(&self) -> usize {
        self.at.column
    }

    /// The line it points at, with carets under what is meant.
    pub fn excerpt(&self) -> impl fmt::Display + '_ {
        struct Excerpt<'l>(&'l Location);

        impl fmt::Display for Excerpt<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                snippet::write(f, self.0).map(drop)
            }
        }

        Excerpt(self)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.at;
        match self.source.file() {
            Some(file) => write!(f, "{file}:{line}:{column}")?,
            None => write!(f, "line {line}, column {column}")?,
        }
        if self.source.documents > 1 {
            write!(f, " (document {})", self.source.document)?;
        }
        Ok(())
    }
}

/// The lines of a text with the byte each begins at, ended by `\n`, `\r\n` or, as YAML has it, a lone `\r`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let (begin, end) = (start, rest.find(['\n', '\r']).unwrap_or(rest.len()));
        start += end + if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        Some((begin, &rest[..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ways_to_end_a_line() {
        let found: Vec<_> = lines("a\nbé\r\n\rc").collect();
        assert_eq!(found, [(0, "a"), (2, "bé"), (7, ""), (8, "c")]);
        assert_eq!(lines("").count(), 0);
        let text = Text::new("a\nbé\r\n\rc");
        let line = |number| text.line(number);
        assert_eq!([0, 1, 2, 3, 4, 5].map(line), [None, Some("a"), Some("bé"), Some(""), Some("c"), None]);
    }
}
