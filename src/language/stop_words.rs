//! [`Language`] → the words that say nothing of what a text is about
//!
//! English has Lucene's list. The others have the most frequent articles, pronouns, prepositions, conjunctions and
//! forms of "to be" and "to have": by their number a text's language is told as well.

use crate::document::Language;

/// The stop words of a language, in lower case; of English where it is not known.
pub(super) fn stop_words(language: Language) -> &'static [&'static str] {
    match language {
        Language::Und | Language::En => &ENGLISH,
        Language::De => &GERMAN,
        Language::Fr => &FRENCH,
        Language::Es => &SPANISH,
        Language::It => &ITALIAN,
        Language::Pt => &PORTUGUESE,
        Language::Nl => &DUTCH,
        Language::Ru => &RUSSIAN,
        Language::Sv => &SWEDISH,
    }
}

const ENGLISH: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
];

/// What English has beside its stop words that other languages have not: questions are short, and "do" is Portuguese.
pub(super) const ENGLISH_AS_WELL: [&str; 40] = [
    "about", "after", "also", "been", "between", "can", "could", "did", "do", "does", "from", "had", "has", "have",
    "he", "her", "his", "how", "i", "its", "more", "should", "than", "them", "we", "were", "what", "when", "where",
    "which", "while", "who", "whose", "why", "would", "you", "your", "my", "our", "all",
];

const GERMAN: [&str; 66] = [
    "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bis", "das", "dass", "dem", "den", "der", "des", "die",
    "diese", "dieser", "durch", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es", "für", "haben", "hat",
    "ich", "ihr", "ihre", "im", "in", "ist", "kann", "man", "mit", "nach", "nicht", "noch", "nur", "oder", "sein",
    "sich", "sie", "sind", "so", "über", "um", "und", "uns", "unter", "vom", "von", "vor", "war", "was", "werden",
    "wie", "wir", "wird", "zu", "zum", "zur",
];

const FRENCH: [&str; 56] = [
    "a", "au", "aux", "avec", "ce", "ces", "cette", "dans", "de", "des", "du", "elle", "elles", "en", "est", "et",
    "il", "ils", "je", "la", "le", "les", "leur", "leurs", "lui", "mais", "même", "ne", "nous", "on", "ont", "ou",
    "où", "par", "pas", "pour", "qu", "que", "qui", "sa", "se", "ses", "si", "son", "sont", "sur", "tu", "un", "une",
    "vous", "y", "à", "été", "être", "était", "ça",
];

const SPANISH: [&str; 54] = [
    "a", "al", "como", "con", "cuando", "de", "del", "el", "ella", "en", "entre", "es", "esta", "este", "están",
    "está", "fue", "ha", "han", "hay", "la", "las", "le", "les", "lo", "los", "me", "mi", "muy", "más", "ni", "no",
    "o", "para", "pero", "por", "que", "qué", "se", "ser", "si", "sin", "sobre", "son", "su", "sus", "también", "un",
    "una", "y", "ya", "yo", "él", "sí",
];

const ITALIAN: [&str; 66] = [
    "a", "ad", "ai", "al", "alla", "alle", "anche", "che", "chi", "ci", "come", "con", "cui", "da", "dal", "dalla",
    "dei", "del", "della", "delle", "di", "e", "ed", "era", "gli", "ha", "hanno", "i", "il", "in", "io", "la", "le",
    "lo", "loro", "lui", "ma", "mi", "ne", "negli", "nei", "nel", "nella", "noi", "non", "o", "per", "perché", "più",
    "quando", "quella", "quello", "questa", "questo", "se", "si", "sono", "su", "sua", "sul", "sulla", "suo", "tra",
    "un", "una", "è",
];

const PORTUGUESE: [&str; 58] = [
    "a", "ao", "aos", "as", "com", "como", "da", "das", "de", "do", "dos", "e", "ela", "ele", "em", "entre", "era",
    "essa", "esse", "esta", "este", "está", "eu", "foi", "há", "isso", "já", "lhe", "mais", "mas", "me", "na", "nas",
    "no", "nos", "não", "nós", "o", "os", "ou", "para", "pela", "pelo", "por", "que", "quem", "se", "sem", "ser",
    "seu", "sua", "são", "também", "um", "uma", "à", "às", "é",
];

const DUTCH: [&str; 56] = [
    "aan", "als", "bij", "dan", "dat", "de", "den", "der", "deze", "die", "dit", "door", "een", "en", "er", "had",
    "heb", "heeft", "het", "hij", "hun", "ik", "in", "is", "je", "kan", "maar", "meer", "men", "met", "naar", "niet",
    "nog", "of", "om", "onder", "ook", "op", "over", "te", "tot", "uit", "van", "veel", "voor", "waar", "was", "wat",
    "we", "werd", "wordt", "ze", "zich", "zij", "zijn", "zo",
];

const RUSSIAN: [&str; 58] = [
    "а",
    "без",
    "бы",
    "был",
    "была",
    "были",
    "было",
    "быть",
    "в",
    "вы",
    "да",
    "для",
    "до",
    "его",
    "ее",
    "если",
    "есть",
    "еще",
    "же",
    "за",
    "и",
    "из",
    "или",
    "им",
    "их",
    "к",
    "как",
    "ко",
    "который",
    "ли",
    "мы",
    "на",
    "не",
    "нет",
    "но",
    "о",
    "об",
    "он",
    "она",
    "они",
    "от",
    "по",
    "при",
    "с",
    "так",
    "также",
    "то",
    "только",
    "у",
    "уже",
    "что",
    "чтобы",
    "эта",
    "эти",
    "это",
    "этот",
    "я",
    "во",
];

const SWEDISH: [&str; 58] = [
    "alla", "att", "av", "blev", "blir", "dem", "den", "denna", "det", "detta", "de", "du", "där", "efter", "eller",
    "en", "ett", "från", "för", "ha", "hade", "han", "har", "hon", "hur", "i", "inte", "jag", "kan", "man", "med",
    "men", "mot", "måste", "nu", "när", "och", "också", "om", "på", "sig", "sin", "sina", "som", "så", "till", "under",
    "upp", "ut", "var", "vi", "vid", "vilka", "vara", "än", "är", "åt", "över",
];
