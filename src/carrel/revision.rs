//! what would be sent + what a person does not want to be sent → what is sent
//!
//! Whole passages can be struck, and words made unreadable wherever they stand. A struck passage keeps its number, so
//! that the others can still be cited by theirs.

use serde::Deserialize;

use crate::document::Passage;
use crate::error::{Error, Result};
use crate::prompt::Message;

/// What stands for a struck passage, and for words that were made unreadable.
const STRUCK: &str = "(not sent)";
const MASK: &str = "███";

/// What a person changes of a request before it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Revision {
    /// Sources that are not to be sent, by their place from 0. The others keep their numbers.
    pub strike: Vec<usize>,
    /// Words that are made unreadable wherever they stand, whatever their case.
    pub redact: Vec<String>,
}

impl Revision {
    /// Holds it against the number of sources.
    ///
    /// # Errors
    /// `option_invalid` where a source that is to be struck does not exist.
    pub(super) fn check(&self, sources: usize) -> Result<()> {
        match self.strike.iter().find(|&&at| at >= sources) {
            None => Ok(()),
            Some(wrong) => Err(Error::OptionInvalid {
                option: "strike".into(),
                problem: format!("there is no source {wrong}: there are {sources}, counted from 0"),
            }),
        }
    }

    /// The sources with nothing left of those that are struck but their place.
    pub(super) fn struck(&self, sources: &[Passage]) -> Vec<Passage> {
        let mut sources = sources.to_vec();
        for &at in &self.strike {
            let passage = &mut sources[at];
            passage.text = STRUCK.into();
            (passage.title, passage.url, passage.page) = (String::new(), None, None);
            passage.headings.clear();
            passage.metadata = Default::default();
        }
        sources
    }

    /// Makes the words unreadable in all messages, the instructions too.
    pub(super) fn redact(&self, messages: &mut [Message]) {
        for words in self.redact.iter().map(|words| words.trim()).filter(|words| !words.is_empty()) {
            for message in messages.iter_mut() {
                message.content = masked(&message.content, words);
            }
        }
    }
}

fn masked(text: &str, words: &str) -> String {
    let mut rest = text;
    let mut masked = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        match length_of(rest, words) {
            Some(length) => {
                masked.push_str(MASK);
                rest = &rest[length..];
            }
            None => {
                masked.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    masked
}

/// How long the words are where the text begins with them, whatever their case.
fn length_of(text: &str, words: &str) -> Option<usize> {
    let mut length = 0;
    let mut wanted = words.chars().flat_map(char::to_lowercase).peekable();
    for letter in text.chars() {
        if wanted.peek().is_none() {
            break;
        }
        if !letter.to_lowercase().all(|lower| wanted.next() == Some(lower)) {
            return None;
        }
        length += letter.len_utf8();
    }
    wanted.peek().is_none().then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_masked_wherever_they_stand_and_whatever_their_case() {
        assert_eq!(masked("Ada asked ADA's mother", "ada"), "███ asked ███'s mother");
        assert_eq!(masked("Zürich, ZÜRICH", "zürich"), "███, ███");
        assert_eq!(masked("İstanbul", "i̇stanbul"), "███");
        assert_eq!(masked("aab", "ab"), "a███");
        assert_eq!(masked("ab", "abc"), "ab");
        assert_eq!(masked("", "a"), "");
    }
}
