//! what would be sent + what a person does not want to be sent → what is sent
//!
//! Whole passages can be struck, and words made unreadable wherever they stand. A struck passage keeps its number, so
//! that the others can still be cited by theirs.

use serde::Deserialize;

use crate::document::Passage;
use crate::error::{Error, Result};
use crate::prompt::Prompt;

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

    /// Makes the words unreadable in all messages, the instructions too, and in what goes beside them.
    pub(super) fn redact(&self, prompt: &mut Prompt) {
        for words in
            self.redact.iter().map(|words| words.trim()).filter(|words| words.chars().any(char::is_alphanumeric))
        {
            let attached = prompt.attached.iter_mut().flat_map(|it| [&mut it.title, &mut it.text]);
            let said = prompt.messages.iter_mut().map(|message| &mut message.content);
            for text in said.chain(attached) {
                *text = masked(text, words);
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

/// How long the words are where the text begins with them, whatever their case, where lines are broken, and what stands
/// between their letters that cannot be seen.
fn length_of(text: &str, words: &str) -> Option<usize> {
    let unseen = |letter: char| matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
    let mut length = 0;
    let mut wanted = words.chars().flat_map(char::to_lowercase).filter(|letter| !unseen(*letter)).peekable();
    let mut letters = text.chars().peekable();
    while let Some(next) = wanted.peek() {
        if next.is_whitespace() {
            let skipped = |letter: &char| letter.is_whitespace() || unseen(*letter);
            let before = length;
            while let Some(space) = letters.next_if(skipped) {
                length += space.len_utf8();
            }
            if length == before {
                return None;
            }
            while wanted.next_if(|letter| letter.is_whitespace()).is_some() {}
            continue;
        }
        let letter = letters.next()?;
        length += letter.len_utf8();
        if unseen(letter) && length > letter.len_utf8() {
            continue;
        }
        if !letter.to_lowercase().all(|lower| wanted.next() == Some(lower)) {
            return None;
        }
    }
    Some(length)
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

    #[test]
    fn names_are_masked_over_the_ends_of_lines_and_with_letters_that_cannot_be_seen() {
        for text in ["Ada Lovelace", "Ada\nLovelace", "Ada  \u{a0}Lovelace", "A\u{ad}da Love\u{200b}lace"] {
            assert_eq!(masked(&format!("by {text}."), "ada  lovelace"), "by ███.", "{text:?}");
        }
        assert_eq!(masked("AdaLovelace", "ada lovelace"), "AdaLovelace");
    }
}
