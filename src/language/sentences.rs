//! text → where its sentences stand
//!
//! Chunks end at them, answers are made of them, and citations are checked against them.

use unicode_segmentation::UnicodeSegmentation;

use crate::document::Span;

/// Where the sentences of a text stand, without the white space around them.
///
/// By UAX 29, within paragraphs: a blank line, a heading or a list item ends a sentence whatever its punctuation.
/// A sentence that ends in an abbreviation with a full stop is joined with the next.
pub fn sentences(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    // By the rules a line break ends a sentence; within a block it is a space.
    let flowing: String = text.chars().map(|it| if matches!(it, '\n' | '\r') { ' ' } else { it }).collect();
    for (start, block) in blocks(text) {
        let mut open: Option<Span> = None;
        let block = &flowing[start..start + block.len()];
        for (at, piece) in block.split_sentence_bound_indices() {
            let piece_span = Span::new(start + at, start + at + piece.len());
            let span = open.map_or(piece_span, |open| Span::new(open.start, piece_span.end));
            match ends_in_abbreviation(span.of(text)) {
                true => open = Some(span),
                false => {
                    found.extend(trim(text, span));
                    open = None;
                }
            }
        }
        found.extend(open.and_then(|span| trim(text, span)));
    }
    found
}

/// Stretches that no sentence reaches across. Lines of one paragraph stay together, since PDF and Markdown break
/// lines in the middle of sentences.
fn blocks(text: &str) -> Vec<(usize, &str)> {
    let mut blocks = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if begins_block(content) && at > start {
            blocks.push((start, &text[start..at]));
            start = at;
        }
        at += line.len();
        if content.is_empty() || content.starts_with('#') {
            blocks.push((start, &text[start..at]));
            start = at;
        }
    }
    if start < text.len() {
        blocks.push((start, &text[start..]));
    }
    blocks
}

fn begins_block(line: &str) -> bool {
    let numbered = line.trim_start_matches(|character: char| character.is_ascii_digit());
    line.is_empty()
        || ["# ", "## ", "### ", "#### ", "##### ", "###### ", "- ", "* ", "+ ", "• ", "> ", "| ", "```"]
            .iter()
            .any(|mark| line.starts_with(mark))
        || (numbered.len() < line.len() && (numbered.starts_with(". ") || numbered.starts_with(") ")))
}

fn ends_in_abbreviation(sentence: &str) -> bool {
    let Some(before) = sentence.trim_end().strip_suffix('.') else {
        return false;
    };
    let word = before.rsplit(|character: char| character.is_whitespace() || character == '(').next().unwrap_or("");
    const ABBREVIATIONS: [&str; 18] = [
        "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "vs", "etc", "e.g", "i.e", "cf", "Fig", "Eq", "No", "Inc", "al",
        "approx", "z.B",
    ];
    // A single capital is an initial, as in "J. Smith".
    ABBREVIATIONS.contains(&word) || (word.len() == 1 && word.chars().all(char::is_uppercase))
}

fn trim(text: &str, span: Span) -> Option<Span> {
    let content = span.of(text);
    let start = span.start + (content.len() - content.trim_start().len());
    let end = start + content.trim().len();
    (start < end).then_some(Span::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn sentences_end_at_punctuation_and_at_paragraphs() {
        let text = "# Title\nIt works. Does it?\nYes\n\nA list:\n- one\n- two";
        assert_eq!(split(text), ["# Title", "It works.", "Does it?", "Yes", "A list:", "- one", "- two"]);
    }

    #[test]
    fn a_sentence_goes_on_after_an_abbreviation_and_over_a_line_break() {
        assert_eq!(split("Dr. Smith met\nJ. Doe. They spoke."), ["Dr. Smith met\nJ. Doe.", "They spoke."]);
        assert_eq!(split("你好。世界很大。"), ["你好。", "世界很大。"]);
    }
}
