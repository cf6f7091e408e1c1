//! The line a location points at, with carets under what is meant, as a compiler prints it.

use std::fmt::{self, Write as _};

use super::source::Location;

/// Characters of a source line that are shown at most.
const SHOWN: usize = 120;
/// Characters shown before the carets when the line is cut there.
const BEFORE: usize = 60;

/// Writes gutter, line and carets; nothing if the text has no such line. Returns the gutter's width.
pub(super) fn write(f: &mut fmt::Formatter<'_>, location: &Location) -> Result<usize, fmt::Error> {
    let number = location.line().to_string();
    let gutter = number.len().max(2);
    let Some(line) = location.source.text.line(location.line()) else { return Ok(gutter) };
    let (shown, blank, carets) = window(line, location.column() - 1, location.width);
    writeln!(f, "{:gutter$} |", "")?;
    writeln!(f, "{number:>gutter$} | {shown}")?;
    writeln!(f, "{:gutter$} | {:blank$}{:^<carets$}", "", "", "")?;
    Ok(gutter)
}

/// The visible part of a line, the cells before the carets, and the number of carets.
fn window(line: &str, column: usize, width: usize) -> (String, usize, usize) {
    let length = line.trim_end().chars().count();
    let from = if length <= SHOWN || column < SHOWN / 2 { 0 } else { (column - BEFORE).min(length) };
    let mut shown = String::new();
    if from > 0 {
        shown.push('…');
    }
    let (mut blank, mut carets) = (cells(&shown), 0);
    for (index, character) in line.chars().enumerate().skip(from).take(SHOWN.min(length.saturating_sub(from)))
    {
        let start = shown.len();
        match character {
            '\t' => shown.push_str("    "),
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
        let taken = cells(&shown[start..]);
        if index < column {
            blank += taken;
        } else if index < column + width {
            carets += taken;
        }
    }
    if length > from + SHOWN {
        let _ = shown.write_char('…');
    }
    (shown, blank, carets.max(1))
}

/// Terminal cells: two for East Asian wide forms and emoji, none for marks that combine.
fn cells(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x0300..=0x036f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f
            | 0xff00..=0xff60
            | 0xffe0..=0xffe6
            | 0x1f300..=0x1faff
            | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_what_is_meant_behind_wide_characters_too() {
        assert_eq!(window("窗口: 1x", 4, 2), ("窗口: 1x".into(), 6, 2));
        assert_eq!(window("\ta: x", 4, 1), ("    a: x".into(), 7, 1));
        assert_eq!(window("a:", 9, 3), ("a:".into(), 2, 1));
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_meant() {
        let line = format!("{}X{}", "a".repeat(300), "b".repeat(300));
        let (shown, blank, carets) = window(&line, 300, 1);
        assert_eq!((shown.chars().count(), shown.chars().nth(blank), carets), (122, Some('X'), 1));
        assert!(shown.starts_with('…') && shown.ends_with('…'));
    }
}
