//! a question's words and a chunk → how many of them it has, and how many near one another
//!
//! BM25 adds up words wherever they stand: a chunk that repeats one of them may come before one that has all of them in
//! a sentence. Positions would double the index, so the few chunks that may come first are read.

use std::collections::HashMap;

use super::keywords::{Text, known};
use super::question::Word;
use crate::document::Language;
use crate::language::{Term, tokens};

/// Within how many words of a text they are near one another: a sentence or two.
const NEAR: u32 = 35;

/// How much of a question's words a chunk has: shares of their inverse document frequencies, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Closeness {
    /// Anywhere, each counted once.
    pub held: f32,
    /// Near one another, where most are.
    pub near: f32,
}

/// The words of a question and what each is worth, to be looked for in chunks.
#[derive(Debug, Default)]
pub struct Wanted {
    words: Vec<(Word, f32)>,
    /// With which ASCII letters their stems begin, a bit each: most words of a text need not be stemmed to be told from
    /// them.
    initials: u128,
    /// For each language and each form that was met in it its place among the words, if it has one.
    met: [HashMap<Box<str>, Option<usize>>; Language::ALL.len()],
}

impl Wanted {
    pub(super) fn new(mut words: Vec<(Word, f32)>) -> Self {
        if words.iter().any(|(word, _)| word.tells) {
            words.retain(|(word, _)| word.tells);
        }
        let mut initials = 0;
        for (_, term) in words.iter().flat_map(|(word, _)| &word.terms) {
            for beginning in [term.stem.as_deref().unwrap_or_default(), term.form.as_str()] {
                initials |= beginning.bytes().next().map_or(0, bit);
            }
        }
        Self { words, initials, met: Default::default() }
    }

    pub(super) fn closeness(&mut self, text: &Text) -> Closeness {
        let language = known(text.language);
        let mut at = 0;
        // Where which of the words stands.
        let mut marks: Vec<(u32, usize)> = Vec::new();
        let parts = [text.title].into_iter().chain(text.headings.iter().map(String::as_str)).chain([text.body]);
        for part in parts {
            tokens(part, &mut |_, form| {
                marks.extend(self.place(form, language).map(|word| (at, word)));
                at += 1;
            });
        }
        let mut counts = vec![0u32; self.words.len()];
        let (mut held, mut near, mut within) = (vec![false; self.words.len()], 0f32, 0f32);
        let mut start = 0;
        for &(at, word) in &marks {
            held[word] = true;
            within += if counts[word] == 0 { self.words[word].1 } else { 0.0 };
            counts[word] += 1;
            while at - marks[start].0 >= NEAR {
                let (_, left) = marks[start];
                counts[left] -= 1;
                within -= if counts[left] == 0 { self.words[left].1 } else { 0.0 };
                start += 1;
            }
            near = near.max(within);
        }
        let all: f32 = self.words.iter().map(|(_, worth)| worth).sum();
        let held: f32 = self.words.iter().zip(held).filter(|(_, held)| *held).map(|((_, worth), _)| worth).sum();
        let share = |part: f32| if all > 0.0 { (part / all).clamp(0.0, 1.0) } else { 0.0 };
        Closeness { held: share(held), near: share(near) }
    }

    fn place(&mut self, form: &str, language: Language) -> Option<usize> {
        let is_plain = form.is_ascii() && !form.contains('\'');
        if is_plain && form.bytes().next().map_or(0, bit) & self.initials == 0 {
            return None;
        }
        let met = &mut self.met[language as usize];
        if let Some(&place) = met.get(form) {
            return place;
        }
        let found = Term::new(form, language);
        let place = self.words.iter().position(|(word, _)| word.is(&found, language));
        met.insert(form.into(), place);
        place
    }
}

/// A bit for each ASCII character.
fn bit(byte: u8) -> u128 {
    if byte.is_ascii() { 1 << byte } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::Question;
    use super::*;

    fn closeness(question: &str, title: &str, body: &str) -> Closeness {
        let words = Question::new(question, false).words(&[Language::En, Language::De]);
        let mut wanted = Wanted::new(words.into_iter().map(|word| (word, 1.0)).collect());
        wanted.closeness(&Text { title, headings: &[], body, language: Language::En })
    }

    #[test]
    fn words_count_once_in_any_form_and_near_one_another_count_more() {
        let is = |held, near| Closeness { held, near };
        let thirds = |count: f32| count / 3.0;
        assert_eq!(closeness("lost key of a locker", "", "Keys are lost; lockers too, and keys."), is(1.0, 1.0));
        assert_eq!(closeness("lost key of a locker", "Lockers", "a key"), is(thirds(2.0), thirds(2.0)));
        let far = format!("The key {} was lost in a locker", "word ".repeat(NEAR as usize));
        assert_eq!(closeness("lost key of a locker", "", &far), is(1.0, thirds(2.0)));
        let just = format!("key {} lost locker", "word ".repeat(NEAR as usize - 3));
        assert_eq!(closeness("lost key of a locker", "", &just), is(1.0, 1.0));
        assert_eq!(closeness("How does a key get lost?", "", "It does get to know how."), is(thirds(1.0), thirds(1.0)));
        assert_eq!(closeness("How?", "", "That is how."), is(1.0, 1.0));
        assert_eq!(closeness("lost key", "", "nothing of it"), is(0.0, 0.0));
        assert_eq!(closeness("the", "", "the"), is(0.0, 0.0));
    }
}
