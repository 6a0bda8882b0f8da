//! text → sentences, and words as they are compared
//!
//! Search, extractive answers and the check of citations must agree on what a word is, or a sentence would be found
//! by one and missed by the other. Words are cut by Unicode's rules (UAX 29), folded to lower case and stemmed in their
//! language; scripts written without spaces are cut into pairs of characters, since their words cannot be told by
//! rules alone.

mod folding;
mod guess;
mod sentences;
mod stop_words;

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

use crate::document::{Language, Span};
pub use sentences::sentences;

/// The words of a text as they are compared: without stop words, in lower case, stemmed as English.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    words_in(text, Language::En)
}

/// The words of a text in that language as they are compared: without stop words, in lower case, stemmed.
pub fn words_in(text: &str, language: Language) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    tokens(text, &mut |_, form| found.extend(stem(form, language).map(Cow::into_owned)));
    found.into_iter()
}

/// A word as it is searched for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    /// Without accents; nothing for a stop word.
    pub(crate) stem: Option<String>,
    /// The word as it was written, but in lower case and without accents.
    pub(crate) form: String,
}

impl Term {
    /// Of a form as [`tokens`] gives it.
    pub(crate) fn new(form: &str, language: Language) -> Self {
        let form = folding::composed(form);
        let form = without_article(&form, language);
        let stem = stem(form, language).map(|stem| folding::folded(&stem).into_owned()).filter(|stem| !stem.is_empty());
        Self { stem, form: folding::folded(form).into_owned() }
    }
}

/// Whether a word in lower case is an article, a pronoun, an auxiliary, a question word…: more of them than are left out
/// of an index.
pub(crate) fn is_function_word(form: &str, language: Language) -> bool {
    let more = match language {
        Language::Und | Language::En => stop_words::ENGLISH_AS_WELL.as_slice(),
        _ => &[],
    };
    more.contains(&form) || stop_words::stop_words(language).contains(&form)
}

/// A text in lower case and without accents, as [`Term`]s are.
pub(crate) fn plain(text: &str) -> String {
    folding::folded(&folding::composed(&text.to_lowercase())).into_owned()
}

/// Hands over every word of a text, where it stands and how it is written in lower case; pairs of characters in
/// scripts without spaces.
pub(crate) fn tokens(text: &str, each: &mut dyn FnMut(Span, &str)) {
    let mut run: Vec<(usize, char)> = Vec::new();
    let mut form = String::new();
    // No word has white space in it, and the rules are many times as quick where all is ASCII.
    for piece in text.split_ascii_whitespace() {
        let before = piece.as_ptr() as usize - text.as_ptr() as usize;
        for (start, word) in piece.unicode_word_indices() {
            let start = before + start;
            if word.chars().all(is_unspaced) {
                // Words of one character go on with the next, longer ones are known to be words.
                let single = word.chars().nth(1).is_none();
                if !single {
                    pairs(&mut run, each);
                }
                run.extend(word.char_indices().map(|(at, character)| (start + at, character)));
                if !single {
                    pairs(&mut run, each);
                }
                continue;
            }
            pairs(&mut run, each);
            form.clear();
            match word.is_ascii() {
                true => form.extend(word.chars().map(|character| character.to_ascii_lowercase())),
                false => form.push_str(&word.to_lowercase()),
            }
            each(Span::new(start, start + word.len()), &form);
        }
    }
    pairs(&mut run, each);
}

fn pairs(run: &mut Vec<(usize, char)>, each: &mut dyn FnMut(Span, &str)) {
    // A character alone is a pair of its own.
    for pair in run.windows(2.min(run.len().max(1))) {
        let form: String = pair.iter().map(|&(_, character)| character).collect();
        let (start, last) = (pair[0].0, pair[pair.len() - 1]);
        each(Span::new(start, last.0 + last.1.len_utf8()), &form);
    }
    run.clear();
}

/// In French and Italian articles and pronouns are tied to the next word: l'homme, dell'uomo.
fn without_article(form: &str, language: Language) -> &str {
    match language {
        Language::Fr | Language::It => form.rsplit_once('\'').map_or(form, |(_, noun)| noun),
        _ => form,
    }
}

/// The stem of a word in lower case; nothing where it is a stop word.
fn stem(form: &str, language: Language) -> Option<Cow<'_, str>> {
    if form.chars().all(is_unspaced) {
        return Some(Cow::Borrowed(form));
    }
    let form = without_article(form, language);
    if stop_words::stop_words(language).contains(&form) {
        return None;
    }
    let algorithm = match language {
        Language::Und | Language::En => Algorithm::English,
        Language::De => Algorithm::German,
        Language::Fr => Algorithm::French,
        Language::Es => Algorithm::Spanish,
        Language::It => Algorithm::Italian,
        Language::Pt => Algorithm::Portuguese,
        Language::Nl => Algorithm::Dutch,
        Language::Ru => Algorithm::Russian,
        Language::Sv => Algorithm::Swedish,
    };
    let stemmer = Stemmer::create(algorithm);
    // Snowball's Russian knows no ё, as most Russians write none.
    match language == Language::Ru && form.contains('ё') {
        true => Some(stemmer.stem(&form.replace('ё', "е")).into_owned().into()),
        false => Some(stemmer.stem(form)),
    }
}

/// Han, kana, Thai, Lao, Khmer and Burmese: written without spaces between words.
pub(crate) fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{0e00}'..='\u{0eff}' | '\u{1780}'..='\u{17ff}' | '\u{1000}'..='\u{109f}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    #[cfg(not(target_arch = "wasm32"))] // Where proptest is not.
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str, language: Language) -> Vec<String> {
        words_in(text, language).collect()
    }

    #[test]
    fn words_are_stemmed_and_unspaced_scripts_are_cut_into_pairs() {
        assert_eq!(words("The Desks were running").collect::<Vec<_>>(), ["desk", "were", "run"]);
        assert_eq!(words("日本語").collect::<Vec<_>>(), ["日本", "本語"]);
        assert_eq!(words("日 x").collect::<Vec<_>>(), ["日", "x"]);
    }

    #[test]
    fn words_are_stemmed_in_their_language() {
        assert_eq!(all("Die Häuser des Hauses", Language::De), ["haus", "haus"]);
        assert_eq!(all("книги и книгами", Language::Ru), ["книг", "книг"]);
        assert_eq!(all("l'homme et les hommes", Language::Fr), ["homm", "homm"]);
        assert_eq!(all("böckerna och böcker", Language::Sv), ["böck", "böck"]);
        assert_eq!(all("самолёт самолета", Language::Ru), ["самолет", "самолет"]);
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        #[test]
        fn any_word_has_a_stem_in_any_language(
            text in "\\PC{0,12}|[a-zà-ÿæœß’']{0,14}(ing|ied|erung|ements|aciones|amente|heid|arna|âmes|ous|iqU)?|[а-ё]{0,14}(ями|ость|вшись)?",
        ) {
            for language in Language::ALL {
                tokens(&text, &mut |_, form| {
                    let term = Term::new(form, language);
                    assert!(!term.form.contains('\0') && term.stem.is_none_or(|stem| !stem.contains('\0')));
                });
            }
        }

        #[test]
        fn words_are_those_of_the_rules_though_the_text_is_cut_at_white_space_first(
            text in "[a-zß'’.:,_0-9 \t\r\n\u{ad}\u{301}\u{200d}\u{a0}\u{2028}🇩🇪👩éА-я\"א-ת한日カ]{0,40}",
        ) {
            let mut found = Vec::new();
            tokens(&text, &mut |span, form| found.push((span.start, form.to_owned())));
            found.retain(|(_, form)| !form.chars().all(is_unspaced));
            let by_rules: Vec<(usize, String)> = text
                .unicode_word_indices()
                .filter(|(_, word)| !word.chars().all(is_unspaced))
                .map(|(start, word)| (start, word.to_lowercase()))
                .collect();
            prop_assert_eq!(found, by_rules);
        }
    }

    #[test]
    fn tokens_stand_where_they_are_written() {
        let text = "Ärger über 日本語!";
        let mut found = Vec::new();
        tokens(text, &mut |span, form| found.push((span.of(text), form.to_owned())));
        let expected = [("Ärger", "ärger"), ("über", "über"), ("日本", "日本"), ("本語", "本語")];
        assert_eq!(found, expected.map(|(written, form)| (written, form.to_owned())));
    }

    #[test]
    fn a_term_has_no_accents_and_a_stop_word_no_stem() {
        let term = Term::new("cafe\u{301}s", Language::Fr);
        assert_eq!((term.stem.as_deref(), term.form.as_str()), (Some("caf"), "cafes"));
        assert_eq!(Term::new("the", Language::Und), Term { stem: None, form: "the".into() });
    }
}
