//! what a person typed → the words and phrases to look for
//!
//! Words may be in any form, and in any language that the collection has: which one is known only when it is searched.
//! What stands in quotes must be there as it stands. The same rules find words and phrases and show them in a passage,
//! or people would wonder why it was found.

use crate::document::{Language, Span};
use crate::language::{Term, is_function_word, is_unspaced, tokens};
use crate::order::sort;

use super::phrases::{Phrases, first_phrase};

/// A question as far as its words go.
#[derive(Debug, Clone)]
pub struct Question {
    asked: Vec<Asked>,
    /// Each as its words are written, in lower case.
    phrases: Vec<Vec<String>>,
    /// As far as it can be told.
    language: Language,
}

#[derive(Debug, Clone)]
struct Asked {
    /// In lower case.
    form: String,
    /// Whether words that begin so will do.
    begins: bool,
    in_phrase: bool,
}

/// A word of a question in the languages of a collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    /// Its stem in each language that it means something in; the form only where others may begin so.
    pub(super) terms: Vec<(Language, Term)>,
    /// Whether words that begin so will do.
    pub(super) begins: bool,
    /// Whether a chunk without it cannot hold a phrase.
    pub(super) required: bool,
    /// How often it is asked for.
    pub(super) times: u32,
    /// Whether it says what is asked about, and not only that something is: "how", "does".
    pub(super) tells: bool,
}

impl Word {
    /// Whether a word of a text in that language is one of its forms, or begins as it does.
    pub(super) fn is(&self, found: &Term, language: Language) -> bool {
        let mut terms = self.terms.iter().filter(|(own, _)| *own == language);
        found.stem.is_some()
            && terms.any(|(_, term)| term.stem == found.stem || (self.begins && found.form.starts_with(&term.form)))
    }
}

impl Question {
    /// Of a text as typed; where the person is still `typing` a word at its end, words that begin so are looked for.
    pub fn new(text: &str, typing: bool) -> Self {
        let mut question = Self { asked: Vec::new(), phrases: Vec::new(), language: Language::of(text) };
        let mut rest = text;
        while let Some((before, phrase, after)) = first_phrase(rest) {
            question.ask(before, false);
            let mut forms = Vec::new();
            tokens(phrase, &mut |_, form| forms.push(form.to_owned()));
            // Of a single character of a script without spaces only the pairs that it stands in are known.
            let in_phrase = !matches!(forms.as_slice(), [only] if is_single_unspaced(only));
            let word = |form: &String| Asked { form: form.clone(), begins: false, in_phrase };
            question.asked.extend(forms.iter().map(word));
            if in_phrase && !forms.is_empty() {
                question.phrases.push(forms);
            }
            rest = after;
        }
        question.ask(rest, typing);
        if let [only] = question.asked.as_mut_slice() {
            // Better the pairs that begin so than none.
            only.begins |= is_single_unspaced(&only.form);
        }
        question
    }

    fn ask(&mut self, text: &str, typing: bool) {
        tokens(text, &mut |span, form| {
            let begins = typing && span.end == text.len();
            self.asked.push(Asked { form: form.to_owned(), begins, in_phrase: false });
        });
    }

    /// Its words in those languages; the same word once.
    pub(super) fn words(&self, languages: &[Language]) -> Vec<Word> {
        let mut words: Vec<Word> = self.asked.iter().map(|asked| self.word(asked, languages)).collect();
        // A stop word that is being typed may become another word, but is in the way where there are others.
        let stops = |word: &Word| word.terms.iter().all(|(_, term)| term.stem.is_none());
        let only_stops = words.iter().all(stops);
        words.retain(|word| !stops(word) || (only_stops && word.begins));
        sort(&mut words, Word::cmp);
        words.dedup_by(|word, kept| {
            let same = (&word.terms, word.begins) == (&kept.terms, kept.begins);
            if same {
                kept.times += 1;
                kept.required |= word.required;
            }
            same
        });
        words
    }

    fn word(&self, asked: &Asked, languages: &[Language]) -> Word {
        let is_stop = |language| Term::new(&asked.form, language).stem.is_none();
        // In its own language it says nothing, so not in others, where it is a word by chance.
        let says_nothing = self.language != Language::Und && is_stop(self.language);
        let mut required = asked.in_phrase;
        let mut terms = Vec::new();
        for &language in languages {
            let mut term = Term::new(&asked.form, language);
            required &= term.stem.is_some();
            term.stem = term.stem.filter(|_| !says_nothing);
            if !asked.begins {
                term.form.clear();
            }
            if asked.begins || term.stem.is_some() {
                terms.push((language, term));
            }
        }
        required &= !says_nothing;
        let only_asks = |language: &Language| is_function_word(&asked.form, *language);
        let tells = !match self.language {
            Language::Und => languages.iter().any(only_asks),
            language => only_asks(&language),
        };
        Word { terms, begins: asked.begins, required, times: 1, tells }
    }

    /// Whether something must be there as it stands.
    pub(super) fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }

    /// Its phrases as texts in that language have them.
    pub(super) fn phrases(&self, language: Language) -> Phrases {
        Phrases::new(&self.phrases, language)
    }

    /// Where words of the question stand in a text of that language, and phrases as a whole; in order, apart from one
    /// another. Words of a phrase alone are not among them.
    pub fn highlights(&self, text: &str, language: Language) -> Vec<Span> {
        let words: Vec<Word> = {
            let alone = |asked: &&Asked| !asked.in_phrase;
            let asked = self.asked.iter().filter(alone).cloned().collect();
            Self { asked, phrases: Vec::new(), language: self.language }.words(&[language])
        };
        let mut spans = self.phrases(language).spans(text);
        tokens(text, &mut |span, form| {
            let found = Term::new(form, language);
            if words.iter().any(|word| word.is(&found, language)) {
                spans.push(span);
            }
        });
        joined(spans)
    }
}

fn is_single_unspaced(form: &str) -> bool {
    form.chars().all(is_unspaced) && form.chars().count() == 1
}

/// Spans in order, those that overlap made one.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    sort(&mut spans, |left, right| (left.start, left.end).cmp(&(right.start, right.end)));
    spans.dedup_by(|span, kept| {
        let overlaps = span.start < kept.end;
        if overlaps {
            kept.end = kept.end.max(span.end);
        }
        overlaps
    });
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn highlighted<'text>(question: &str, typing: bool, text: &'text str, language: Language) -> Vec<&'text str> {
        let spans = Question::new(question, typing).highlights(text, language);
        spans.into_iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn words_are_highlighted_in_any_form_but_stop_words_are_not() {
        let text = "Öffnungszeiten: die Bücher — „Büchern“ — sind da. Ein Buch!";
        assert_eq!(highlighted("die Bücher", false, text, Language::De), ["Bücher", "Büchern", "Buch"]);
        assert_eq!(highlighted("The desks of Zoë", false, "zoe’s desk, the one", Language::Und), ["zoe’s", "desk"]);
    }

    #[test]
    fn a_phrase_is_highlighted_whole_and_its_words_alone_are_not() {
        let text = "A house of cards 🙂 in the house: House  of\ncards.";
        assert_eq!(
            highlighted("\"house of cards\"", false, text, Language::En),
            ["house of cards", "House  of\ncards"]
        );
        assert_eq!(highlighted("\"of cards\" house", false, "a house of cards", Language::En), ["house", "of cards"]);
        assert_eq!(highlighted("\"house of cards\" cards", false, "house of cards", Language::En), ["house of cards"]);
    }

    #[test]
    fn pairs_of_characters_are_highlighted_as_one() {
        assert_eq!(highlighted("図書館", false, "図書館は図書館", Language::Und), ["図書館", "図書館"]);
        assert_eq!(highlighted("请问“机器学习”是什么", false, "什么是机器学习?", Language::Und), ["什么", "机器学习"]);
    }

    #[test]
    fn what_the_last_word_may_become_is_highlighted_while_typing() {
        assert_eq!(highlighted("open libr", true, "Libraries opened", Language::En), ["Libraries", "opened"]);
        assert_eq!(highlighted("open libr", false, "Libraries opened", Language::En), ["opened"]);
        assert_eq!(highlighted("l'éta", true, "l’état de l'été", Language::Fr), ["l’état"]);
    }

    #[test]
    fn phrases_end_where_their_quotes_do() {
        let phrases = |text: &str| Question::new(text, false).phrases;
        assert_eq!(
            phrases("a \"b c\" d „e“ «f» »g« “h” 「日本」"),
            [vec!["b", "c"], vec!["e"], vec!["f"], vec!["g"], vec!["h"], vec!["日本"],]
        );
        assert!(phrases("\"a b").is_empty() && phrases("it's 'a' `b`").is_empty() && phrases("\"\"").is_empty());
        assert!(phrases("“质”这个字").is_empty());
        assert_eq!(phrases("a 5\" and \"big one\""), [["big", "one"]]);
    }
}
