//! words as people write them → words as they are compared
//!
//! The same word is written with one sign or with two (é, or e and an accent after it, as on a Mac and in PDF), with a
//! straight or a curled apostrophe, with soft hyphens inside. And who asks often leaves the accents out. So words are
//! made plain before they are stemmed, since stemmers need the accents, and lose these afterwards.

use std::borrow::Cow;

/// A letter, an accent after it, and the one sign that they are together.
const COMPOSED: [(char, char, char); 36] = [
    ('a', '\u{300}', 'à'),
    ('a', '\u{301}', 'á'),
    ('a', '\u{302}', 'â'),
    ('a', '\u{303}', 'ã'),
    ('a', '\u{308}', 'ä'),
    ('a', '\u{30a}', 'å'),
    ('c', '\u{301}', 'ć'),
    ('c', '\u{30c}', 'č'),
    ('c', '\u{327}', 'ç'),
    ('e', '\u{300}', 'è'),
    ('e', '\u{301}', 'é'),
    ('e', '\u{302}', 'ê'),
    ('e', '\u{308}', 'ë'),
    ('i', '\u{300}', 'ì'),
    ('i', '\u{301}', 'í'),
    ('i', '\u{302}', 'î'),
    ('i', '\u{308}', 'ï'),
    ('n', '\u{303}', 'ñ'),
    ('o', '\u{300}', 'ò'),
    ('o', '\u{301}', 'ó'),
    ('o', '\u{302}', 'ô'),
    ('o', '\u{303}', 'õ'),
    ('o', '\u{308}', 'ö'),
    ('s', '\u{30c}', 'š'),
    ('u', '\u{300}', 'ù'),
    ('u', '\u{301}', 'ú'),
    ('u', '\u{302}', 'û'),
    ('u', '\u{308}', 'ü'),
    ('u', '\u{30a}', 'ů'),
    ('y', '\u{301}', 'ý'),
    ('y', '\u{308}', 'ÿ'),
    ('z', '\u{30c}', 'ž'),
    ('и', '\u{306}', 'й'),
    ('е', '\u{308}', 'ё'),
    ('o', '\u{338}', 'ø'),
    ('l', '\u{335}', 'ł'),
];

/// A word in lower case as stemmers know it: letters with their accents in one sign, letters that are two written as two,
/// straight apostrophes, no soft hyphens.
pub(super) fn composed(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mut plain = String::with_capacity(word.len());
    for character in word.chars() {
        let accented = match character {
            '\u{300}'..='\u{338}' => plain.chars().next_back().and_then(|base| {
                COMPOSED.iter().find(|known| (known.0, known.1) == (base, character)).map(|known| known.2)
            }),
            _ => None,
        };
        match (accented, character) {
            (Some(accented), _) => {
                plain.pop();
                plain.push(accented);
            }
            (None, 'ß') => plain.push_str("ss"),
            (None, 'æ') => plain.push_str("ae"),
            (None, 'œ') => plain.push_str("oe"),
            (None, '’' | 'ʼ' | '＇') => plain.push('\''),
            (None, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}') => {}
            (None, other) => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

/// A composed word without its accents. Letters of their own that only look accented, as й, are kept.
pub(super) fn folded(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mut bare = String::with_capacity(word.len());
    for character in word.chars() {
        match character {
            'й' => bare.push('й'),
            '\u{300}'..='\u{36f}' => {}
            other => bare.push(COMPOSED.iter().find(|known| known.2 == other).map_or(other, |known| known.0)),
        }
    }
    Cow::Owned(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_however_its_accents_are_written() {
        assert_eq!(composed("cafe\u{301}"), "café");
        assert_eq!(composed("и\u{306}од"), "йод");
        assert_eq!(composed("library’s"), "library's");
        assert_eq!(composed("wör\u{ad}ter"), "wörter");
        assert_eq!(composed("straße"), "strasse");
    }

    #[test]
    fn folded_words_have_no_accents_but_keep_letters_of_their_own() {
        assert_eq!(folded("façade"), "facade");
        assert_eq!(folded("йод"), "йод");
        assert_eq!(folded("q\u{303}"), "q");
    }
}
