//! what stands in quotes → whether a chunk has it, word by word
//!
//! Positions of words would double the index, and hardly a question has a phrase. So the chunks that have all of its
//! words are read. A frequent phrase is looked for in thousands of them: only around what its longest word begins with in
//! all its forms is a text cut into words, and each form is stemmed once.

use std::collections::HashMap;

use super::keywords::{Keywords, Text};
use super::lists::form_parts;
use crate::document::{Language, Span};
use crate::language::{Term, is_unspaced, plain, tokens};
use crate::order::sort;

/// The phrases of a question as texts in one language have them.
#[derive(Debug)]
pub(super) struct Phrases {
    language: Language,
    /// What their words are compared by, each once: stems, and stop words as they are.
    words: Vec<String>,
    phrases: Vec<Phrase>,
    /// For each form that was met its place among the words, if it has one.
    met: HashMap<Box<[u8]>, Option<usize>>,
}

#[derive(Debug)]
struct Phrase {
    /// Places among the words of all phrases.
    words: Vec<Option<usize>>,
    /// What one of its words begins with in every form that is indexed, in lower case and without accents.
    anchor: String,
}

impl Phrases {
    /// Of the forms of each phrase.
    pub(super) fn new(phrases: &[Vec<String>], language: Language) -> Self {
        let mut words: Vec<String> = phrases.iter().flatten().map(|form| compared(form, language)).collect();
        sort(&mut words, String::cmp);
        words.dedup();
        let place = |form: &String| words.binary_search(&compared(form, language)).ok();
        let phrase = |forms: &Vec<String>| Phrase { words: forms.iter().map(place).collect(), anchor: String::new() };
        let phrases = phrases.iter().map(phrase).collect();
        Self { language, words, phrases, met: HashMap::new() }
    }

    /// To be looked for in texts that are indexed there.
    pub(super) fn anchored(mut self, indexes: &[&Keywords]) -> Self {
        let beginnings: Vec<String> =
            self.words.iter().map(|word| common_beginning(word, self.language, indexes)).collect();
        for phrase in &mut self.phrases {
            let longest = phrase.words.iter().flatten().max_by_key(|&&word| beginnings[word].len());
            phrase.anchor = longest.map(|&word| beginnings[word].clone()).unwrap_or_default();
        }
        self
    }

    /// The language of the texts that they can be looked for in.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// Whether a chunk has each of them in its title, in one of its headings or in its body.
    pub(super) fn are_in(&mut self, text: &Text) -> bool {
        let mut parts = [text.body, text.title].into_iter().chain(text.headings.iter().map(String::as_str));
        let mut missing: Vec<&Phrase> = self.phrases.iter().collect();
        while let Some(part) = parts.next().filter(|_| !missing.is_empty()) {
            let mut places = Places { words: &self.words, language: self.language, met: &mut self.met };
            missing.retain(|phrase| !phrase.is_in(part, &mut places));
        }
        missing.is_empty()
    }

    /// Where they stand in a text.
    pub(super) fn spans(&mut self, text: &str) -> Vec<Span> {
        if self.phrases.is_empty() {
            return Vec::new();
        }
        let mut places = Places { words: &self.words, language: self.language, met: &mut self.met };
        let (mut at, mut written) = (Vec::new(), Vec::new());
        tokens(text, &mut |span, form| {
            at.push(span);
            written.push(places.of(form));
        });
        let mut spans = Vec::new();
        for phrase in self.phrases.iter().map(|phrase| &phrase.words) {
            let whole = |begin: usize| Span::new(at[begin].start, at[begin + phrase.len() - 1].end);
            let is_there = |begin: &usize| written[*begin..].starts_with(phrase);
            spans.extend((0..written.len()).filter(is_there).map(whole));
        }
        spans
    }
}

impl Phrase {
    fn is_in(&self, text: &str, places: &mut Places) -> bool {
        let lower = text.to_ascii_lowercase();
        let is_space = |character: char| character.is_ascii_whitespace();
        let mut written = Vec::new();
        let mut reached = 0;
        while let Some(hit) = next_hit(&lower, reached, &self.anchor) {
            let start = text[reached..hit].rfind(is_space).map_or(reached, |at| reached + at + 1);
            let end = text[hit..].find(is_space).map_or(text.len(), |at| hit + at);
            reached = end;
            let piece = &text[start..end];
            // Words of scripts without spaces reach over white space.
            let unspaced = |piece: &&str| !piece.is_ascii() && piece.chars().any(is_unspaced);
            if !piece.is_ascii() && !unspaced(&piece) && !plain(piece).contains(&self.anchor) {
                continue;
            }
            let mut around = self.reach(&mut text[..start].split_ascii_whitespace().rev());
            around.reverse();
            around.push(piece);
            around.append(&mut self.reach(&mut text[end..].split_ascii_whitespace()));
            let is_cut = around.iter().any(unspaced) || self.anchor.is_empty();
            let whole = [text];
            written.clear();
            for piece in if is_cut { &whole } else { around.as_slice() } {
                tokens(piece, &mut |_, form| written.push(places.of(form)));
            }
            let is_among = written.windows(self.words.len()).any(|words| words == self.words);
            if is_among || is_cut {
                return is_among;
            }
        }
        false
    }

    /// Of pieces one after another those that may be of the phrase. A piece that has a word has one at least.
    fn reach<'text>(&self, pieces: &mut dyn Iterator<Item = &'text str>) -> Vec<&'text str> {
        let mut words = 1;
        let within = |piece: &&str| {
            let within = words < self.words.len();
            words += usize::from(piece.chars().any(char::is_alphanumeric));
            within
        };
        pieces.take_while(within).collect()
    }
}

/// The places of forms among words.
struct Places<'a> {
    words: &'a [String],
    language: Language,
    met: &'a mut HashMap<Box<[u8]>, Option<usize>>,
}

impl Places<'_> {
    fn of(&mut self, form: &str) -> Option<usize> {
        if let Some(&place) = self.met.get(form.as_bytes()) {
            return place;
        }
        let place = self.words.binary_search(&compared(form, self.language)).ok();
        self.met.insert(form.as_bytes().into(), place);
        place
    }
}

/// What all forms of a stem begin with, and the stem: "be" is a stop word, and the stem of "being".
fn common_beginning(word: &str, language: Language, indexes: &[&Keywords]) -> String {
    let mut common = word.as_bytes().to_vec();
    for index in indexes {
        index.forms_of(language, word, &mut |key, _| {
            let form = form_parts(key).map(|(shared, rest)| [shared, rest].concat()).unwrap_or_default();
            let same = common.iter().zip(&form).take_while(|(left, right)| left == right).count();
            common.truncate(same);
        });
    }
    common.utf8_chunks().next().map(|chunk| chunk.valid().to_owned()).unwrap_or_default()
}

/// Where in a text a word may begin so: there it does, or there is a character that may be such a letter in disguise.
fn next_hit(lower: &str, from: usize, beginning: &str) -> Option<usize> {
    let rest = &lower[from..];
    let disguised = rest.bytes().position(|byte| !byte.is_ascii());
    let plain = rest[..disguised.unwrap_or(rest.len())].find(beginning);
    plain.or(disguised).map(|at| from + at)
}

fn compared(form: &str, language: Language) -> String {
    let term = Term::new(form, language);
    term.stem.unwrap_or(term.form)
}

/// What stands before, in and after the first pair of quotes.
pub(super) fn first_phrase(text: &str) -> Option<(&str, &str, &str)> {
    // 5" is no quote but inches; between characters of scripts without spaces it is one.
    let in_word = |character: Option<char>| character.is_some_and(|it| it.is_alphanumeric() && !is_unspaced(it));
    for (start, opening) in text.char_indices() {
        let closing: &[char] = match opening {
            '"' if in_word(text[..start].chars().next_back()) => continue,
            '"' => &['"'],
            '„' => &['“', '”'],
            '“' | '”' => &['”'],
            '«' => &['»'],
            '»' => &['«', '»'],
            '「' => &['」'],
            _ => continue,
        };
        let inside = start + opening.len_utf8();
        let closes = |&(at, character): &(usize, char)| {
            closing.contains(&character) && !(character == '"' && in_word(text[inside + at + 1..].chars().next()))
        };
        if let Some((at, character)) = text[inside..].char_indices().find(closes) {
            let end = inside + at;
            return Some((&text[..start], &text[inside..end], &text[end + character.len_utf8()..]));
        }
    }
    None
}
