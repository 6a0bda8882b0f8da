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
    anchor: Vec<u8>,
}

impl Phrases {
    /// Of the forms of each phrase.
    pub(super) fn new(phrases: &[Vec<String>], language: Language) -> Self {
        let mut words: Vec<String> = phrases.iter().flatten().map(|form| compared(form, language)).collect();
        words.sort_unstable();
        words.dedup();
        let place = |form: &String| words.binary_search(&compared(form, language)).ok();
        let phrase = |forms: &Vec<String>| Phrase { words: forms.iter().map(place).collect(), anchor: Vec::new() };
        let phrases = phrases.iter().map(phrase).collect();
        Self { language, words, phrases, met: HashMap::new() }
    }

    /// To be looked for in texts that are indexed there.
    pub(super) fn anchored(mut self, indexes: &[&Keywords]) -> Self {
        let beginnings: Vec<Vec<u8>> =
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
        let mut written = Vec::new();
        if !text.is_ascii() && text.chars().any(is_unspaced) {
            // Their words reach over white space.
            tokens(text, &mut |_, form| written.push(places.of(form)));
            return self.is_among(&written);
        }
        let pieces: Vec<&str> = text.split_ascii_whitespace().collect();
        let has_word = |piece: &&&str| piece.chars().any(char::is_alphanumeric);
        // A piece that has a word has one at least, so no more of them than there are words can be of the phrase.
        let reach = |pieces: &mut dyn Iterator<Item = &&str>| {
            let mut words = 1;
            let within = |piece: &&&str| {
                let within = words < self.words.len();
                words += usize::from(has_word(piece));
                within
            };
            pieces.take_while(within).count()
        };
        for (at, piece) in pieces.iter().enumerate() {
            if !has(piece, &self.anchor) {
                continue;
            }
            let before = reach(&mut pieces[..at].iter().rev());
            let after = reach(&mut pieces[at + 1..].iter());
            written.clear();
            for piece in &pieces[at - before..=at + after] {
                tokens(piece, &mut |_, form| written.push(places.of(form)));
            }
            if self.is_among(&written) {
                return true;
            }
        }
        false
    }

    fn is_among(&self, written: &[Option<usize>]) -> bool {
        written.windows(self.words.len()).any(|words| words == self.words)
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

/// What all forms of a stem begin with; a stop word has no other form.
fn common_beginning(word: &str, language: Language, indexes: &[&Keywords]) -> Vec<u8> {
    let mut common: Option<Vec<u8>> = None;
    for index in indexes {
        index.forms_of(language, word, &mut |key, _| {
            let form = form_parts(key).map(|(shared, rest)| [shared, rest].concat()).unwrap_or_default();
            match &mut common {
                None => common = Some(form),
                Some(common) => {
                    let same = common.iter().zip(&form).take_while(|(left, right)| left == right).count();
                    common.truncate(same);
                }
            }
        });
    }
    common.unwrap_or_else(|| word.as_bytes().to_vec())
}

/// Whether a piece of text has a word that begins so, or something like it.
fn has(piece: &str, anchor: &[u8]) -> bool {
    let with =
        |text: &[u8]| anchor.is_empty() || text.windows(anchor.len()).any(|part| part.eq_ignore_ascii_case(anchor));
    match piece.is_ascii() {
        true => with(piece.as_bytes()),
        false => with(plain(piece).as_bytes()),
    }
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
