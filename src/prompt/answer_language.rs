//! question → the language to answer in, by its English name
//!
//! Small models answer in the language of the passages, or in English, whatever "the language of the question" is; named
//! outright it is kept more often. A wrong name would be worse than none, so it is given only where it is sure.

use crate::document::Language;
use crate::language::is_unspaced;

/// The English name of the question's language, or nothing where it cannot be told.
pub fn language_of(question: &str) -> &'static str {
    match by_script(question) {
        "" => match Language::of(question) {
            Language::Und => "",
            Language::En => "English",
            Language::De => "German",
            Language::Fr => "French",
            Language::Es => "Spanish",
            Language::It => "Italian",
            Language::Pt => "Portuguese",
            Language::Nl => "Dutch",
            Language::Ru => "Russian",
            Language::Sv => "Swedish",
        },
        name => name,
    }
}

/// What is answered where no model is asked, since nothing in the documents is near enough.
pub fn nothing_answers(question: &str) -> &'static str {
    match Language::of(question) {
        Language::De => "In den Dokumenten scheint nichts diese Frage zu beantworten.",
        Language::Fr => "Rien dans les documents ne semble répondre à cette question.",
        Language::Es => "Nada en los documentos parece responder a esta pregunta.",
        Language::It => "Nulla nei documenti sembra rispondere a questa domanda.",
        Language::Pt => "Nada nos documentos parece responder a esta pergunta.",
        Language::Nl => "Niets in de documenten lijkt deze vraag te beantwoorden.",
        Language::Ru => "Похоже, в документах нет ответа на этот вопрос.",
        Language::Sv => "Inget i dokumenten verkar besvara den här frågan.",
        Language::En | Language::Und => "Nothing in the documents seems to answer this question.",
    }
}

/// Languages that have a script to themselves, where most letters are of it.
fn by_script(question: &str) -> &'static str {
    let (mut letters, mut kana, mut hangul, mut unspaced, mut greek, mut hebrew) = (0, 0, 0, 0, 0, 0);
    for character in question.chars().filter(|character| character.is_alphabetic()) {
        letters += 1;
        match character {
            '\u{3040}'..='\u{30ff}' => kana += 1,
            '\u{ac00}'..='\u{d7a3}' => hangul += 1,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => greek += 1,
            '\u{590}'..='\u{5ff}' => hebrew += 1,
            // Thai and its neighbours are unspaced, too.
            '\u{0e00}'..='\u{17ff}' => {}
            other if is_unspaced(other) => unspaced += 1,
            _ => {}
        }
    }
    let most = |count: usize| 2 * count > letters;
    match () {
        () if kana > 1 && most(kana + unspaced) => "Japanese",
        () if most(unspaced) => "Chinese",
        () if most(hangul) => "Korean",
        () if most(greek) => "Greek",
        () if most(hebrew) => "Hebrew",
        () => "",
    }
}

#[cfg(test)]
mod tests {
    use super::language_of;

    #[test]
    fn a_language_is_named_where_it_is_sure_and_else_left_open() {
        for (question, name) in [
            ("When does the library open?", "English"),
            ("Wann öffnet die Bibliothek und was kostet ein Ausweis?", "German"),
            ("À quelle heure ouvre la bibliothèque et est-elle fermée le dimanche ?", "French"),
            ("Когда открывается библиотека и что нужно для записи?", "Russian"),
            ("図書館は何時に開きますか？", "Japanese"),
            ("图书馆几点开门？", "Chinese"),
            ("도서관은 몇 시에 여나요?", "Korean"),
            ("Πότε ανοίγει η βιβλιοθήκη;", "Greek"),
            ("Kafka?", ""),
            ("What does 図 mean in fig. 3 of the paper?", "English"),
            ("42", ""),
            ("", ""),
        ] {
            assert_eq!(language_of(question), name, "{question}");
        }
    }
}
