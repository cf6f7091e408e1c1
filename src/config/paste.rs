//! Hints for what people paste: listings with line numbers, shell lines, typographic quotes.
//!
//! Asked only when a document failed to load, so a text that loads never gets one. Each kind is told once, with its
//! first place.

use super::{hint::QUOTES, source::Source};

/// The hints for the lines of one document, in the order of the text.
pub(super) fn hints(source: &Source) -> Vec<String> {
    let numbers = source.lines.clone().map(|index| index + 1);
    let lines: Vec<_> = numbers.filter_map(|number| Some((number, source.text.line(number)?))).collect();
    let mut found: Vec<(usize, String)> = Vec::new();
    found.extend(numbered(&lines));
    for look in [colon, shell, fence, tab, blank, quote] {
        found.extend(lines.iter().find_map(|&(number, line)| Some((number, look(number, line)?))));
    }
    found.sort_by_key(|(line, _)| *line);
    found.into_iter().map(|(_, hint)| hint).collect()
}

/// Numbers that count up line by line.
fn numbered(lines: &[(usize, &str)]) -> Option<(usize, String)> {
    let written = lines.iter().filter(|(_, line)| !line.trim().is_empty());
    let numbers: Vec<_> = written.map(|&(line, text)| (line, leading_number(text))).collect();
    let counted = |pair: &[(usize, Option<u64>)]| matches!((pair[0].1, pair[1].1), (Some(a), Some(b)) if a.checked_add(1) == Some(b));
    let first = match numbers.as_slice() {
        [only] => Some(only).filter(|(_, number)| *number == Some(1)),
        several => several.windows(2).find(|pair| counted(pair)).map(|pair| &pair[0]),
    };
    let &(line, Some(number)) = first? else { return None };
    let hint = format!(
        "line {line} begins with the number {number}: this looks like a listing pasted with its line numbers; remove them"
    );
    Some((line, hint))
}

/// The number a line begins with, if something of YAML follows it.
fn leading_number(line: &str) -> Option<u64> {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_ascii_digit())?;
    let rest = line[end..].strip_prefix(['.', ':', '|', ')']).unwrap_or(&line[end..]);
    let followed = rest.starts_with(char::is_whitespace)
        && rest.trim_start().starts_with(|c: char| c.is_alphabetic() || "-#\"'{".contains(c));
    line[..end].parse().ok().filter(|_| followed)
}

fn colon(number: usize, line: &str) -> Option<String> {
    let (key, _) = code(line).split_once('：')?;
    let name = key.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == ' ');
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-./\"' ".contains(c));
    plain.then(|| format!("full-width colon U+FF1A at {number}:{}: write `: `", key.chars().count() + 1))
}

fn shell(number: usize, line: &str) -> Option<String> {
    let text = line.trim();
    let command = ["$ ", "kubectl ", "cat <<", "cat >", "echo ", "sudo ", "curl "]
        .iter()
        .any(|start| text.starts_with(start));
    let marker = matches!(text, "EOF" | "END" | "YAML")
        || text.contains("<<EOF")
        || text.contains("<<'EOF'")
        || text.contains("<<-EOF");
    let shown: String = text.chars().take(60).collect();
    (command || marker).then(|| {
        format!("line {number}, `{shown}`, belongs to a shell: keep only the YAML between such lines")
    })
}

fn fence(number: usize, line: &str) -> Option<String> {
    let text = line.trim_start();
    (text.starts_with("```") || text.starts_with("~~~")).then(|| {
        format!(
            "line {number} begins with {}, a mark of Markdown: keep only the YAML between the marks",
            &text[..3]
        )
    })
}

fn tab(number: usize, line: &str) -> Option<String> {
    let indent = &line[..line.len() - line.trim_start().len()];
    indent.contains('\t').then(|| format!("a tab indents line {number}: YAML wants spaces"))
}

fn blank(number: usize, line: &str) -> Option<String> {
    let indent = &line[..line.len() - line.trim_start().len()];
    let column = indent.chars().position(|c| !c.is_ascii_whitespace())?;
    let blank = u32::from(indent.chars().nth(column)?);
    Some(format!(
        "a blank that is no space (U+{blank:04X}) indents line {number} at {number}:{}: write spaces",
        column + 1
    ))
}

fn quote(number: usize, line: &str) -> Option<String> {
    let column = code(line).chars().position(|c| QUOTES.contains(&c))?;
    let quote = line.chars().nth(column)?;
    Some(format!("typographic quote U+{:04X} at {number}:{}: write \" or '", u32::from(quote), column + 1))
}

/// A line without its comment.
fn code(line: &str) -> &str {
    let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
    &line[..comment.map_or(line.len(), |(at, _)| at)]
}
