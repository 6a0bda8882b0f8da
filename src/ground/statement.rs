//! a sentence → what it states, as far as that can be compared
//!
//! An altered answer has nearly all words of the true one. So beside the words it is noted which of them are numbers
//! and names, and which are denied: where these differ from the source, the sentence is not what the source says.

use std::collections::{HashMap, HashSet};

use crate::document::{Language, Span};
use crate::language::{Term, tokens};

/// Words that deny what follows.
fn denials(language: Language) -> &'static [&'static str] {
    match language {
        Language::Und | Language::En => {
            &["not", "no", "never", "cannot", "without", "neither", "nor", "none", "unable"]
        }
        Language::De => &["nicht", "kein", "keine", "keinen", "keinem", "keiner", "nie", "niemals", "ohne"],
        Language::Fr => &["pas", "jamais", "sans", "aucun", "aucune", "ni"],
        Language::Es => &["no", "nunca", "sin", "ningún", "ninguna", "ni"],
        Language::It => &["non", "mai", "senza", "nessun", "nessuna"],
        Language::Pt => &["não", "nunca", "sem", "nenhum", "nenhuma"],
        Language::Nl => &["niet", "geen", "nooit", "zonder"],
        Language::Ru => &["не", "нет", "ни", "без", "никогда"],
        Language::Sv => &["inte", "ej", "aldrig", "utan", "ingen"],
    }
}

/// How many words a denial reaches.
const REACH: usize = 2;
/// Numbers that are often written as words, from two on, in English.
const NUMBERS: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// What a sentence states.
#[derive(Debug, Default)]
pub(super) struct Statement {
    /// Its stems; numbers in digits.
    pub(super) words: HashSet<String>,
    /// Those that are numbers in digits.
    pub(super) numbers: HashSet<String>,
    /// Those that are small numbers, as words or in digits: what is counted may be a list.
    pub(super) counts: HashSet<String>,
    /// Those that are written as names are.
    pub(super) names: HashSet<String>,
    /// What stands behind each denial.
    denied: Vec<Vec<String>>,
    /// Of each word whether it is denied somewhere, and whether it is said somewhere.
    said: HashMap<String, [bool; 2]>,
}

impl Statement {
    pub(super) fn new(text: &str, language: Language) -> Self {
        let denials = denials(language);
        let mut statement = Self::default();
        let mut last: Option<Span> = None;
        let mut reach = 0;
        tokens(text, &mut |span, form| {
            let gap = last.map_or("", |last| text.get(last.end..span.start).unwrap_or(""));
            let first = last.is_none() || gap.contains(['.', '!', '?', ':', '\n', '|', '"', '“', '-', '*']);
            last = Some(span);
            if gap.contains([',', ';', ':', '.', '(', ')']) {
                reach = 0;
            }
            if denials.contains(&form) || form.ends_with("n't") || form.ends_with("n’t") {
                reach = REACH;
                statement.denied.push(Vec::new());
                return;
            }
            let number = number(form);
            let is_number = number.is_some();
            let in_digits = form.starts_with(|it: char| it.is_ascii_digit());
            if in_digits && span.len() <= 2 && text[span.end..].starts_with(')') && !gap.contains('(') {
                return; // "1)" numbers what is listed.
            }
            let Some(word) = number.or_else(|| Term::new(form, language).stem) else { return };
            let denied = reach > 0;
            if denied {
                reach -= 1;
                if let Some(group) = statement.denied.last_mut() {
                    group.push(word.clone());
                }
            }
            statement.said.entry(word.clone()).or_default()[usize::from(!denied)] = true;
            if is_number {
                if !in_digits || (span.len() == 1 && form > "1") {
                    statement.counts.insert(word.clone());
                }
                if in_digits {
                    statement.numbers.insert(word.clone());
                }
            } else if !first && language != Language::De && span.of(text).starts_with(char::is_uppercase) {
                // In German all nouns are written so.
                statement.names.insert(word.clone());
            }
            statement.words.insert(word);
        });
        statement
    }

    /// Whether anything is denied in it.
    pub(super) fn is_denial(&self) -> bool {
        !self.denied.is_empty()
    }

    /// Whether it denies what the other says.
    pub(super) fn denies(&self, other: &Self) -> bool {
        self.denied.iter().any(|group| {
            // Nothing of what is denied here may be denied there, and something of it must be said there.
            let mut there = group.iter().filter_map(|word| other.said.get(word));
            let here = |word: &&String| self.said[*word] == [true, false];
            let held = |word: &&String| other.said.contains_key(*word);
            there.all(|said| !said[0]) && group.iter().find(held).is_some_and(|word| here(&word))
        })
    }
}

/// A number in digits, without the commas between its thousands and the ending of its order.
fn number(form: &str) -> Option<String> {
    if let Some(at) = NUMBERS.iter().position(|&known| known == form) {
        return Some((at + 2).to_string());
    }
    if !form.starts_with(|it: char| it.is_ascii_digit()) {
        return None;
    }
    let digits: String = form.chars().filter(|&it| it != ',').collect();
    let ending = digits.trim_start_matches(|it: char| it.is_ascii_digit());
    let cardinal = ["st", "nd", "rd", "th"].contains(&ending);
    Some(if cardinal { digits[..digits.len() - ending.len()].to_owned() } else { digits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(text: &str) -> Statement {
        Statement::new(text, Language::En)
    }

    fn sorted(words: &HashSet<String>) -> Vec<&str> {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn numbers_are_compared_in_digits_and_those_of_a_list_are_none() {
        let statement = english("There are three: 1) the 1,200 of May 2nd, and 2) none.");
        assert_eq!(sorted(&statement.numbers), ["1200", "2"]);
        assert_eq!(sorted(&statement.counts), ["3"]);
    }

    #[test]
    fn names_are_written_with_capitals_inside_a_sentence_but_not_in_german() {
        assert_eq!(sorted(&english("Then Anna met Bob. Later they left.").names), ["anna", "bob"]);
        let german = Statement::new("Dann traf Anna ihren Bruder nicht.", Language::De);
        assert!(german.names.is_empty() && german.is_denial());
    }

    #[test]
    fn a_sentence_denies_what_another_says_but_not_what_is_denied_there_as_well() {
        let (says, denies) = (english("The door is open at night."), english("The door is not open at night."));
        assert!(denies.denies(&says) && !says.denies(&denies));
        assert!(!denies.denies(&denies) && !denies.denies(&english("Windows are shut.")));
        assert!(english("They don't sell bread.").denies(&english("They sell bread.")));
    }
}
