//! the YAML block at the top of a Markdown file → its title and metadata
//!
//! Static-site generators and note-taking programs write it: `tags: [maps, loans]`. Read is what metadata can hold,
//! single values and lists of them, each on lines of its own; of what nests nothing is made.

use crate::document::{Metadata, Scalar, Value};

/// What stands for the document itself is not metadata: an `id` in front matter is the site's, not the desk's.
const OWN: [&str; 7] = ["id", "name", "title", "url", "format", "language", "pages"];
/// Every passage carries its document's metadata: what is larger is no description, but text in the wrong place.
const MOST_FIELDS: usize = 100;
const MOST_VALUES: usize = 100;
const LONGEST_VALUE: usize = 2_000;

/// What is said of the document above its text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) metadata: Metadata,
}

pub(super) fn read(text: &str) -> FrontMatter {
    let mut read = FrontMatter::default();
    let Some(block) = block(text) else {
        return read;
    };
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, rest)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t', '#', '-'])) else {
            continue;
        };
        let name = unquoted(name.trim());
        let rest = without_comment(rest.trim());
        let value = if rest.is_empty() {
            let mut items = Vec::new();
            while let Some(item) = lines.peek().and_then(|line| line.trim_start().strip_prefix("- ")) {
                items.extend(scalar(without_comment(item.trim())));
                lines.next();
            }
            (!items.is_empty()).then_some(Value::Many(items))
        } else if let Some(list) = rest.strip_prefix('[') {
            list.strip_suffix(']').map(|list| Value::Many(items(list).filter_map(scalar).collect()))
        } else {
            scalar(rest).map(Value::One)
        };
        let Some(mut value) = value else { continue };
        if let Value::Many(items) = &mut value {
            items.truncate(MOST_VALUES);
        }
        if name == "title" && read.title.is_none() {
            read.title = Some(unquoted(rest).to_owned());
        } else if !name.is_empty() && !OWN.contains(&name) && read.metadata.len() < MOST_FIELDS {
            read.metadata.insert(name.to_owned(), value);
        }
    }
    read
}

/// What stands between the first line, `---`, and the next of its kind.
fn block(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (first, rest) = text.split_once('\n')?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Some(&rest[..end]);
        }
        end += line.len();
    }
    None
}

/// Without what stands behind ` #`, unless it is in quotes.
fn without_comment(value: &str) -> &str {
    match value.find(" #") {
        Some(at) if !value.starts_with(['"', '\'', '[']) => value[..at].trim_end(),
        _ => value,
    }
}

fn unquoted(value: &str) -> &str {
    let inside = |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

/// A value that stands on one line; nothing for what nests, for `null`, and for what is too long.
fn scalar(value: &str) -> Option<Scalar> {
    let plain = unquoted(value);
    if plain.is_empty() || plain.len() > LONGEST_VALUE {
        return None;
    }
    if plain.len() < value.len() {
        return Some(Scalar::Text(plain.to_owned()));
    }
    match value {
        "true" | "True" => Some(Scalar::Bool(true)),
        "false" | "False" => Some(Scalar::Bool(false)),
        "null" | "~" => None,
        _ if value.starts_with(['{', '[', '|', '>', '&', '*', '!', '%', '@', '`']) => None,
        _ => Some(number(value).map_or_else(|| Scalar::Text(value.to_owned()), Scalar::Number)),
    }
}

/// A number as people write it; `007` is a name.
fn number(value: &str) -> Option<f64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let named = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let begins = digits.starts_with(|first: char| first.is_ascii_digit());
    // As JSON has them: its reader is there anyway, that of the standard library brings ten kilobytes of tables.
    serde_json::from_str(value).ok().filter(|number: &f64| begins && !named && number.is_finite())
}

/// The items of a list on one line, cut at commas outside of quotes.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let at_comma = move |character: char| match quote {
        Some(open) if character == open => {
            quote = None;
            false
        }
        Some(_) => false,
        None if matches!(character, '"' | '\'') => {
            quote = Some(character);
            false
        }
        None => character == ',',
    };
    list.split(at_comma).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    #[test]
    fn values_and_lists_are_read_as_yaml_has_them() {
        let read = read(concat!(
            "---\r\ntitle: \"Maps: a guide\"\nyear: 2020 # the second edition\ndate: 2020-05-01\nrating: 4.5\ndraft: false\n",
            "isbn: 007\nquoted: '2020'\ntags: [maps, \"loans, long\", 3]\nauthors:\n  - Ada\n  - Grace # and others\n",
            "none: null\nnested:\n  inner: 1\nobject: {a: 1}\nblock: |\n  text\n# a comment: here\nurl: x\nempty:\n---\nyear: 1\n"
        ));
        assert_eq!(read.title.as_deref(), Some("Maps: a guide"));
        let expected = [
            ("year", Value::One(Scalar::Number(2020.0))),
            ("date", Value::One(text("2020-05-01"))),
            ("rating", Value::One(Scalar::Number(4.5))),
            ("draft", Value::One(Scalar::Bool(false))),
            ("isbn", Value::One(text("007"))),
            ("quoted", Value::One(text("2020"))),
            ("tags", Value::Many(vec![text("maps"), text("loans, long"), Scalar::Number(3.0)])),
            ("authors", Value::Many(vec![text("Ada"), text("Grace")])),
        ];
        assert_eq!(read.metadata, expected.map(|(name, value)| (name.to_owned(), value)).into());
    }

    #[test]
    fn a_block_that_does_not_end_is_text() {
        assert_eq!(read("---\ntitle: x\n"), FrontMatter::default());
        assert_eq!(read("title: x\n---\n"), FrontMatter::default());
        assert_eq!(read(""), FrontMatter::default());
    }

    #[test]
    fn what_is_too_large_to_be_a_description_is_left_out() {
        let fields: String = (0..1_000).map(|at| format!("field{at}: {at}\n")).collect();
        assert_eq!(read(&format!("---\n{fields}---\n")).metadata.len(), MOST_FIELDS);
        assert!(read(&format!("---\na: {}\n---\n", "x".repeat(LONGEST_VALUE + 1))).metadata.is_empty());
        let list = read(&format!("---\na: [{}]\n---\n", "x,".repeat(1_000)));
        assert_eq!(list.metadata["a"].scalars().len(), MOST_VALUES);
    }
}
