//! text → the [`Language`] that it is written in
//!
//! A stemmer of the wrong language makes two words of one and one of two. Function words are a third of any prose,
//! hardly two languages share many of them, and short lists are at hand: they are the stop words.

use unicode_segmentation::UnicodeSegmentation;

use super::stop_words::{ENGLISH_AS_WELL, stop_words};
use crate::document::Language;

/// How much of a text is looked at, in bytes.
const READ: usize = 4_000;
/// How many words of a text must be of the language, as a share; prose has 0.3 and more.
const LEAST_SHARE: f32 = 0.12;
/// How many times as many as of any other language.
const LEAST_LEAD: f32 = 1.3;

impl Language {
    /// The language of a text by its function words; unknown where they are few or could be of several.
    pub fn of(text: &str) -> Self {
        let beginning = &text[..text.floor_char_boundary(READ)];
        let mut tallies = [Tally::default(); Self::ALL.len()];
        let mut words = 0.0;
        for word in beginning.unicode_words() {
            let word = word.to_lowercase();
            let known = Self::ALL.map(|language| known_word(&word, language));
            // What many languages have says little.
            let sharing = known.iter().flatten().count() as f32;
            words += 1.0;
            for (tally, word) in tallies.iter_mut().zip(known) {
                let Some(word) = word else { continue };
                tally.words += 1.0 / sharing;
                tally.varied |= tally.first.is_some_and(|first| first != word);
                tally.first.get_or_insert(word);
            }
        }
        let mut best = (Self::Und, 0.0);
        let mut second = 0.0;
        for (tally, language) in tallies.into_iter().zip(Self::ALL) {
            // Los Angeles alone is no Spanish.
            if tally.words > best.1 && tally.varied {
                second = best.1;
                best = (language, tally.words);
            } else if tally.words > second {
                second = tally.words;
            }
        }
        match best.1 >= LEAST_SHARE * words && best.1 >= LEAST_LEAD * second {
            true => best.0,
            false => Self::Und,
        }
    }
}

/// What was seen of a language.
#[derive(Default, Clone, Copy)]
struct Tally {
    words: f32,
    first: Option<&'static str>,
    /// Whether there was another one after it.
    varied: bool,
}

/// The word where the language is told by it.
fn known_word(word: &str, language: Language) -> Option<&'static str> {
    let more: &[&str] = match language {
        Language::Und => return None,
        Language::En => &ENGLISH_AS_WELL,
        _ => &[],
    };
    stop_words(language).iter().chain(more).find(|known| **known == word).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_by_a_sentence_or_two() {
        for (language, text) in [
            (Language::En, "The library opens at nine. On Sundays it stays closed to the public."),
            (Language::De, "Die Bibliothek öffnet um neun Uhr. An Sonntagen bleibt sie geschlossen."),
            (Language::Fr, "La bibliothèque ouvre à neuf heures. Elle est fermée le dimanche et les jours fériés."),
            (Language::Es, "La biblioteca abre a las nueve. Los domingos permanece cerrada para el público."),
            (
                Language::It,
                "La biblioteca apre alle nove. La domenica rimane chiusa al pubblico, anche nei mesi estivi.",
            ),
            (Language::Pt, "A biblioteca abre às nove horas. Aos domingos não está aberta ao público em geral."),
            (
                Language::Nl,
                "De bibliotheek gaat om negen uur open. Op zondag is het gebouw niet voor publiek toegankelijk.",
            ),
            (Language::Ru, "Библиотека открывается в девять часов, а по воскресеньям она не работает."),
            (Language::Sv, "Biblioteket öppnar klockan nio. På söndagar är det stängt för allmänheten."),
        ] {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }

    #[test]
    fn what_is_in_no_known_language_or_too_short_is_left_open() {
        for text in [
            "",
            "Opening hours",
            "Teams of Los Angeles: Los Angeles Rams, Los Angeles Dodgers, Los Angeles Lakers",
            "let x = map.get(&key)?; x.push(1);",
            "図書館は九時に開きます。日曜日は休みです。",
            "Biblioteka jest otwarta od dziewiątej. W niedziele jest zamknięta dla publiczności.",
            "A könyvtár kilenckor nyit. Vasárnaponként zárva tart a nagyközönség előtt.",
        ] {
            assert_eq!(Language::of(text), Language::Und, "{text}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_read_cut_between_characters() {
        let text = "é".repeat(READ) + &" the library is in the house".repeat(100);
        assert_eq!(Language::of(&text), Language::Und);
    }
}
