//! text → the [`Language`] that it is written in
//!
//! A stemmer of the wrong language makes two words of one and one of two. Function words are a third of any prose,
//! hardly two languages share many of them, and short lists are at hand: they are the stop words.

use unicode_segmentation::UnicodeSegmentation;

use super::stop_words::stop_words;
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
        let mut counts = [0.0f32; Self::ALL.len()];
        let mut words = 0.0;
        for word in beginning.unicode_words() {
            let word = word.to_lowercase();
            let of = |language: &Self| stop_words(*language).contains(&word.as_str());
            // What many languages have says little.
            let sharing = Self::ALL.iter().skip(1).filter(|language| of(language)).count() as f32;
            words += 1.0;
            for (count, _) in counts.iter_mut().zip(Self::ALL).skip(1).filter(|(_, language)| of(language)) {
                *count += 1.0 / sharing;
            }
        }
        let mut best = (Self::Und, 0.0);
        let mut second = 0.0;
        for (&count, language) in counts.iter().zip(Self::ALL) {
            if count > best.1 {
                second = best.1;
                best = (language, count);
            } else if count > second {
                second = count;
            }
        }
        match best.1 >= LEAST_SHARE * words && best.1 >= LEAST_LEAD * second {
            true => best.0,
            false => Self::Und,
        }
    }
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
