//! an answer as it streams → the marks by which it cites, and its blocks of code
//!
//! Models cite as they please: `[1, 2]`, `[^1]`, `【1†L5】`, `(source 3)`, `Source 1:`, `¹`. All of these are read, and
//! nothing is told before it is complete, so that the marks of an answer are the same in whatever pieces it comes.
//! What stands between backticks is code: `list[1]` cites nothing.

use crate::document::Span;

/// A mark with more bytes inside its brackets than this is none.
const LONGEST_MARK: usize = 48;
/// In the order of their values.
const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// Where in a text the search for marks goes on.
#[derive(Debug, Default)]
pub struct Marks {
    scanned: usize,
}

/// A mark: the numbers that it names, each with its part of the mark's text.
pub(super) type Mark = Vec<(usize, Span)>;

/// What the search came upon.
enum Found {
    Mark(Mark, usize),
    /// A code span, or a block of it.
    Code {
        end: usize,
        fenced: bool,
    },
    /// Nothing, as far as this offset.
    Nothing(usize),
    /// What comes next decides.
    Unfinished,
}

/// The marks of a whole answer, and the answer with marks and blocks of code blanked out, so that sentences are found
/// as if they were not there; offsets stay.
pub(super) fn read(text: &str) -> (Vec<Mark>, String) {
    let mut bytes = text.as_bytes().to_vec();
    let mut code = Vec::new();
    let marks = Marks::default().next(text, true, &mut code);
    let spans = marks.iter().flatten().map(|&(_, span)| span).chain(code);
    for span in spans {
        bytes[span.start..span.end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    (marks, String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned()))
}

impl Marks {
    /// The marks that are complete in `text` from where the last call ended; blocks of code are told, too. Where the
    /// text is `finished`, nothing is waited for.
    pub(super) fn next(&mut self, text: &str, finished: bool, code: &mut Vec<Span>) -> Vec<Mark> {
        let mut marks = Vec::new();
        let begins = |character: char| {
            matches!(character, '[' | '【' | '(' | '`' | '~' | 'S' | 's') || SUPERSCRIPTS.contains(&character)
        };
        while let Some(offset) = text[self.scanned..].find(begins) {
            let start = self.scanned + offset;
            self.scanned = match at(text, start, finished) {
                Found::Mark(mark, end) => {
                    marks.push(mark);
                    end
                }
                Found::Code { end, fenced } => {
                    code.extend(fenced.then_some(Span::new(start, end)));
                    end
                }
                Found::Nothing(end) => end,
                Found::Unfinished => {
                    self.scanned = start;
                    return marks;
                }
            };
        }
        self.scanned = text.len();
        marks
    }
}

/// What stands at `start`, where something may begin.
fn at(text: &str, start: usize, finished: bool) -> Found {
    let rest = &text[start..];
    match rest.chars().next().unwrap_or(' ') {
        sign @ ('`' | '~') => code(text, start, sign, finished),
        'S' | 's' => named(text, start, finished),
        '[' => bracketed(text, start, ']', finished),
        '【' => bracketed(text, start, '】', finished),
        '(' => bracketed(text, start, ')', finished),
        _ => raised(text, start, finished),
    }
}

/// Code: a fence at the beginning of a line up to its like, or a span between as many backticks.
fn code(text: &str, start: usize, sign: char, finished: bool) -> Found {
    let rest = &text[start..];
    let length = rest.len() - rest.trim_start_matches(sign).len();
    let line = rest.split('\n').next().unwrap_or("");
    let begins_line = text[..start].rsplit('\n').next().unwrap_or("").trim_start_matches(LIST).is_empty();
    let may_fence = begins_line && length >= 3;
    if !finished && (length == rest.len() || (may_fence && line.len() == rest.len())) {
        return Found::Unfinished; // More of them may come, or an end on the same line.
    }
    let fenced = may_fence && !line[length..].contains('`');
    let nothing = Found::Nothing(start + length);
    if !fenced && sign == '~' {
        return nothing;
    }
    let mut at = start + length;
    for piece in text[at..].split_inclusive(if fenced { '\n' } else { sign }) {
        at += piece.len();
        let closing = match fenced {
            true => piece.trim(),
            false if piece.contains("\n\n") => return nothing, // No span reaches across paragraphs.
            false => &text[text[..at].trim_end_matches(sign).len()..at],
        };
        let closes = closing.trim_start_matches(sign).is_empty()
            && (closing.len() == length || (fenced && closing.len() > length))
            && (fenced || !text[at..].starts_with(sign));
        if closes {
            // The run of signs, or the line, may go on.
            let complete = finished || at < text.len() || (fenced && piece.ends_with('\n'));
            return if complete { Found::Code { end: at, fenced } } else { Found::Unfinished };
        }
    }
    match (finished, fenced) {
        (false, _) => Found::Unfinished,
        (true, true) => Found::Code { end: text.len(), fenced },
        (true, false) => nothing,
    }
}

/// What may stand before a fence on its line.
const LIST: &[char] = &[' ', '\t', '>', '-', '*', '+'];

fn bracketed(text: &str, start: usize, closing: char, finished: bool) -> Found {
    let opening = text[start..].chars().next().map_or(1, char::len_utf8);
    let inside_start = start + opening;
    let window_end = text.len().min(inside_start + LONGEST_MARK);
    let window_end = (window_end..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let Some(length) = text[inside_start..window_end].find([closing, '\n']) else {
        let may_be_completed = !finished && inside_start + LONGEST_MARK > text.len();
        return if may_be_completed { Found::Unfinished } else { Found::Nothing(inside_start) };
    };
    let inside_end = inside_start + length;
    let closed = text[inside_end..].starts_with(closing);
    match numbers(&text[inside_start..inside_end], closing == ')').filter(|_| closed) {
        Some(numbers) => {
            let end = inside_end + closing.len_utf8();
            Found::Mark(parted(&numbers, inside_start, Span::new(start, end)), end)
        }
        None => Found::Nothing(inside_start),
    }
}

/// `Source 1`, as it begins a line or follows "to" and the like; with a small letter only there.
fn named(text: &str, start: usize, finished: bool) -> Found {
    const NAME: &str = "ource ";
    let rest = &text[start + 1..];
    let before = text[..start].trim_end_matches(['*', '_']);
    let begins = !before.ends_with(char::is_alphanumeric);
    let called =
        text[start..].starts_with('S') || [" to ", " in ", " per ", " by "].iter().any(|it| before.ends_with(it));
    if !begins || !called || !(rest.starts_with(NAME) || NAME.starts_with(rest)) {
        return Found::Nothing(start + 1);
    }
    let number = rest.get(NAME.len()..).unwrap_or("");
    let digits = number.len() - number.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    if !finished && digits + 1 >= number.len() {
        return Found::Unfinished; // A number may go on, as in "Source 2.0".
    }
    let end = start + 1 + NAME.len() + digits;
    let after = &number[digits..];
    let goes_on = after.starts_with(|it: char| it.is_alphanumeric())
        || (after.starts_with('.') && after[1..].starts_with(|it: char| it.is_ascii_digit()));
    match number[..digits].parse() {
        Ok(named) if (1..=99).contains(&named) && !goes_on => {
            let end = end + usize::from(after.starts_with(':'));
            Found::Mark(vec![(named, Span::new(start, end))], end)
        }
        _ => Found::Nothing(start + 1),
    }
}

/// Raised digits behind a word or a full stop; not those of `m²` and `10²`.
fn raised(text: &str, start: usize, finished: bool) -> Found {
    let rest = &text[start..];
    let value = |character: char| SUPERSCRIPTS.iter().position(|&it| it == character);
    let length = rest.len() - rest.trim_start_matches(|it| value(it).is_some()).len();
    let before = &text[..start];
    let word = before.chars().rev().take_while(|it| it.is_alphabetic()).count();
    let stands_free = before.ends_with(|it: char| !it.is_alphanumeric()) && !before.ends_with(['^', '-', ')', ']']);
    if !finished && length == rest.len() {
        return Found::Unfinished;
    }
    let number = rest[..length].chars().filter_map(value).fold(0usize, |number, it| number.saturating_mul(10) + it);
    match (1..=99).contains(&number) && (word >= 4 || stands_free) {
        true => Found::Mark(vec![(number, Span::new(start, start + length))], start + length),
        false => Found::Nothing(start + length),
    }
}

/// The numbers named inside brackets, with their offsets: `1`, `1, 2`, `1-3`, `source 2`, `2†L5`. Round brackets
/// are a mark only with a word: `(source 2)`.
fn numbers(inside: &str, mut needs_word: bool) -> Option<Vec<(usize, usize)>> {
    let inside_marks = inside.split('†').next().unwrap_or(inside);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let (mut range, mut word) = (false, false);
    let mut rest = inside_marks;
    while !rest.is_empty() {
        let offset = inside_marks.len() - rest.len();
        let digits = rest.len() - rest.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let letters = rest.len() - rest.trim_start_matches(char::is_alphabetic).len();
        if digits > 0 {
            let number: usize = rest[..digits].parse().ok().filter(|number| (1..=99).contains(number))?;
            if std::mem::take(&mut range) {
                let from = found.last()?.0;
                found.extend((from + 1..number).map(|between| (between, offset)));
            }
            found.push((number, offset));
            rest = &rest[digits..];
        } else if letters > 0 {
            let known = ["and", "see", "source", "sources", "passage", "passages", "quelle", "quellen", "ref"];
            let name = rest[..letters].to_lowercase();
            match known.iter().position(|known| *known == name)? {
                0 => {}
                1 => needs_word = true,
                _ => word = true,
            }
            rest = &rest[letters..];
        } else {
            let character = rest.chars().next()?;
            match character {
                ',' | ';' | ' ' | '&' | ':' | '#' | '^' | '[' | ']' => {}
                '-' | '–' if !found.is_empty() => range = true,
                _ => return None,
            }
            rest = &rest[character.len_utf8()..];
        }
    }
    (!found.is_empty() && !range && found.len() <= 20 && (word || !needs_word)).then_some(found)
}

/// Parts the text of a mark among its numbers, so that each becomes a link of its own. Numbers of a range are not all
/// written: they stand together for the whole mark.
fn parted(numbers: &[(usize, usize)], inside_start: usize, whole: Span) -> Mark {
    if numbers.windows(2).any(|pair| pair[0].1 == pair[1].1) {
        return numbers.iter().map(|&(number, _)| (number, whole)).collect();
    }
    let start_of = |index: usize| match index {
        0 => whole.start,
        _ => numbers.get(index).map_or(whole.end, |&(_, offset)| inside_start + offset),
    };
    numbers
        .iter()
        .enumerate()
        .map(|(index, &(number, _))| (number, Span::new(start_of(index), start_of(index + 1).max(start_of(index)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks_of(text: &str) -> Vec<Mark> {
        read(text).0
    }

    fn numbers_in(text: &str) -> Vec<usize> {
        marks_of(text).into_iter().flatten().map(|(number, _)| number).collect()
    }

    #[test]
    fn marks_are_read_in_the_forms_that_models_write() {
        for (text, expected) in [
            ("A [1].", vec![1]),
            ("A [1, 2] b [3][4]", vec![1, 2, 3, 4]),
            ("A 【2】 and 【3†source】", vec![2, 3]),
            ("A (source 3) and [Source 1; 2] (see sources 4 and 5)", vec![3, 1, 2, 4, 5]),
            ("A [1-3]", vec![1, 2, 3]),
            ("A [^1] b[^2][^3].", vec![1, 2, 3]),
            ("It costs 2 euros¹. So it is.² And more ¹²", vec![1, 2, 12]),
            ("Source 1: it is so.\n**Source 2:** it is not. According to source 3, it may be.", vec![1, 2, 3]),
            ("none: [0], [100], [x], [1.5a], (2), [see 1], [ ], array[i]", vec![]),
            ("none: 5 m², 10² and x²; open source 2; Source 2.0, Source 1a, Resource 3, (a + b)²", vec![]),
        ] {
            assert_eq!(numbers_in(text), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_in_code_is_no_mark() {
        for (text, expected) in [
            ("`a[1]` and ``b`[2]`` but [3]", vec![3]),
            ("```rust\nlet x = a[1];\n```\nSo it is [2].", vec![2]),
            ("~~~\na[1]\n```\na[2]\n~~~\n[3]", vec![3]),
            ("- ```\n  a[1]\n  ```\n- b [2]", vec![2]),
            ("```\na[1] is never closed", vec![]),
            ("A ` alone [1].\n\nAnd ` again [2].", vec![1, 2]),
            ("```inline [1]``` [2]", vec![2]),
        ] {
            assert_eq!(numbers_in(text), expected, "{text}");
        }
        let (_, blank) = read("Do so:\n```\na[1];\n```\nIt is done [2].");
        assert_eq!(blank.split_whitespace().collect::<Vec<_>>().join(" "), "Do so: It is done .");
    }

    #[test]
    fn numbers_of_a_range_stand_for_the_whole_mark() {
        let marks = marks_of("A [1-4].");
        assert_eq!(marks, [[1, 2, 3, 4].map(|number| (number, Span::new(2, 7))).to_vec()]);
    }

    #[test]
    fn a_mark_that_comes_in_pieces_is_found_once() {
        let text =
            "Öl kostet 3 € [1, 2]. Das 【2】 auch¹². `a[1]` ``b`` Source 12: gut.\n```\na[3]\n```\nSource 3 [4]. [";
        let mut marks = Marks::default();
        let mut found = Vec::new();
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            found.extend(marks.next(&text[..end], false, &mut Vec::new()));
        }
        assert_eq!(found, marks_of(text));
        assert_eq!(found.len(), 6);
        assert_eq!(found[0][0].1.of(text), "[1, ");
        assert_eq!(found[0][1].1.of(text), "2]");
        assert_eq!(found[2][0].1.of(text), "¹²");
    }
}
