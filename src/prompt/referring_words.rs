//! [`Language`] → the words by which a question points back to what was said before
//!
//! Words stand in one text each, with spaces between: a table of them would take four times the room in the download. They
//! are in lower case, and without their accents where people leave these out; what is a function word is known elsewhere.

use crate::document::Language;

/// What points back, in one language.
pub(super) struct ReferringWords {
    /// A question that begins so goes on from the one before: "and on Sundays?", "what about children?".
    pub(super) openers: &'static [&'static str],
    /// They stand for something; where nothing in the question itself can be meant, for something before.
    pub(super) pronouns: &'static str,
    /// They belong to something, which may stand right before them: "Where did Kafka write his letters?".
    pub(super) possessives: &'static str,
    /// Pronouns only at the end of the question or before a function word; else articles.
    pub(super) doubtful: &'static str,
    /// They point back only as the last word: "How do I get there?".
    pub(super) last: &'static str,
    /// With one noun after it something definite is meant, which must have been told: "What are the symptoms?". Where what
    /// is general has an article as well, those of the plural only.
    pub(super) articles: &'static str,
    /// After a comma or one of these, a pronoun may mean what stands before it.
    pub(super) joints: &'static str,
    /// Where one of these is near, "it" is nobody: "Is it possible to …", "How long does it take to …".
    pub(super) nobody: &'static str,
    /// A short question that begins so has lost its verb: "On Sundays?", "Without a card?".
    pub(super) prepositions: &'static str,
    /// They choose among what must have been told, as articles do, and are empty as well: "What are common types?".
    pub(super) vague: &'static str,
    /// They say nothing of what a question is about, beside the function words.
    pub(super) empty: &'static str,
}

/// Those of a language; of English where it is not known.
pub(super) fn referring_words(language: Language) -> &'static ReferringWords {
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

/// Whether a word is among those of a text.
pub(super) fn among(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}

const ENGLISH: ReferringWords = ReferringWords {
    openers: &[
        "and",
        "but",
        "or",
        "also",
        "then",
        "what about",
        "how about",
        "what if",
        "what else",
        "how so",
        "which one",
        "which ones",
    ],
    pronouns: "it they them he she him these those this ones former latter",
    possessives: "its their his her hers theirs itself themselves",
    doubtful: "",
    last: "there then that else instead too otherwise so again same more one others another either neither",
    articles: "the",
    joints: "and or if when before after because while although but whether than which who whom where",
    nobody: "called possible necessary allowed permitted take takes took cost costs true legal safe important better required okay \
             ok common normal worth mean raining rain",
    prepositions: "on in at for with without from to by during after before under over until since per as like about of \
                   between against",
    vague: "main key important different typical common best worst largest biggest smallest good new other any some possible",
    empty: "what when where which who whom whose why how much many long often far old big high late early soon exactly \
            please tell explain say show mean means meant happen happens happened give go continue elaborate detail details \
            further more again else really sure ok okay yes no thanks thank me us i you my your we our it is s t re ll ve \
            d don doesn didn isn aren wasn can could should would will may might must shall get got one ones kind sort \
            thing things so just only example examples summarize summarise shorter longer simpler simply word words \
            sentence about any some there here now been being am were does do did done",
};

const GERMAN: ReferringWords = ReferringWords {
    openers: &[
        "und",
        "aber",
        "oder",
        "auch",
        "sondern",
        "was ist mit",
        "wie ist es mit",
        "wie sieht es mit",
        "wie steht es mit",
    ],
    pronouns: "er ihn ihm dies dessen deren davon dafür damit dazu dabei dort daran darauf darin darüber dagegen daraus \
               daran danach davor dieser diese dieses diesen diesem jene jener solche beides derselbe dieselbe dasselbe",
    possessives: "sein seine seiner seinen seinem ihre ihrer ihren ihrem",
    doubtful: "das sie es",
    last: "die der den da dann so sonst auch noch anders einer eine eines welche",
    articles: "",
    joints: "und oder wenn falls bevor nachdem weil während obwohl dass ob als",
    nobody: "gibt gab möglich nötig erlaubt dauert kostet wahr wichtig regnet",
    prepositions: "am an auf bei für mit ohne in im aus nach vor seit von zu zum zur gegen bis um über unter",
    vague: "wichtigsten wichtigste wichtigen verschiedenen verschiedene häufigsten beste besten größte größten andere anderen neue typische",
    empty: "wer was wann wo warum wieso weshalb wie wen wem wessen welche welcher welches wieviel viel viele lange oft \
            weit genau bitte erkläre erklären erklär sag sagen zeig zeigen bedeutet heißt passiert gib geben weiter mehr \
            nochmal noch wirklich ja nein danke mir mich dir du kannst können soll sollte muss darf möchte würde kürzer \
            länger einfacher beispiel beispiele details näher genauer gibt es denn eigentlich doch mal dann wort satz \
            funktioniert geht gilt ist",
};

const FRENCH: ReferringWords = ReferringWords {
    openers: &["et", "mais", "ou", "qu'en est-il", "qu’en est-il", "quid", "alors"],
    pronouns: "lui cela ça ca ceci celui celle ceux celles celui-ci eux dedans dessus il elle ils elles",
    possessives: "son sa ses leur leurs",
    doubtful: "",
    last: "là la aussi autrement encore plus",
    articles: "les",
    joints: "et ou si quand avant après parce que mais lorsque",
    nobody: "a faut possible nécessaire heure vrai permis t",
    prepositions: "le en à au aux pour avec sans dans chez par depuis pendant avant après de du contre",
    vague: "principaux principales principal différents différentes meilleur meilleure autres",
    empty: "qui que quoi quand où ou pourquoi comment combien quel quelle quels quelles est ce faut peut peux dois doit \
            explique expliquez dis dites montre montrez signifie veut dire passe donne donnez continue plus encore merci \
            oui non moi me tu toi détails détail exemple exemples précisément exactement court longtemps temps souvent loin \
            c s d l qu n t y a fait faire marche",
};

const SPANISH: ReferringWords = ReferringWords {
    openers: &["y", "e", "pero", "entonces", "qué hay de", "que hay de", "qué pasa con", "que pasa con", "qué tal"],
    pronouns: "él ella ellos ellas eso esto aquello esos esas ese esa este estos estas lo mismo misma allí ahí",
    possessives: "su sus suyo suya",
    doubtful: "",
    last: "también tampoco así más otro otra otros otras él",
    articles: "los las",
    joints: "y o si cuando antes después porque pero aunque",
    nobody: "",
    prepositions: "en a al los el para con sin de del por desde hasta durante contra sobre",
    vague: "principales principal diferentes mejor mejores otros otras",
    empty: "quién quien quiénes qué que cuándo cuando dónde donde por porqué cómo como cuánto cuanto cuánta cuánto cuántos \
            cuántas cuál cual cuáles es hay puede puedo puedes debe debo explica explícame dime muestra significa pasa da \
            dame sigue más mas otra vez gracias sí no me mi tú te detalles ejemplo ejemplos exactamente tiempo corto \
            funciona hace hacer",
};

const ITALIAN: ReferringWords = ReferringWords {
    openers: &["e", "ma", "oppure", "allora", "che ne dici", "che mi dici"],
    pronouns: "esso essa essi esse lui lei loro questo questa questi queste quello quella quelli quelle ciò lì stesso stessa",
    possessives: "suo sua suoi sue",
    doubtful: "",
    last: "anche altrimenti così là ancora",
    articles: "i gli le",
    joints: "e o se quando prima dopo perché ma mentre",
    nobody: "",
    prepositions: "in a al alla per con senza di del da dal dalla la fino durante contro su",
    vague: "principali principale diversi diverse migliore altri altre",
    empty: "chi che cosa quando dove perché come quanto quanta quanti quante quale quali è c'è c puoi può posso devo deve \
            spiega spiegami dimmi mostra significa succede dai dammi continua più ancora grazie sì no mi me tu dettagli \
            esempio esempi esattamente tempo breve funziona fare",
};

const PORTUGUESE: ReferringWords = ReferringWords {
    openers: &["e", "mas", "ou", "então", "e quanto a", "que tal"],
    pronouns: "ele ela eles elas isso isto aquilo disso disto nisso nele nela dele dela deles delas esse essa esses essas este \
               esta estes estas mesmo mesma lo",
    possessives: "seu sua seus suas",
    doubtful: "",
    last: "também assim lá ali mais outro outra",
    articles: "os as",
    joints: "e ou se quando antes depois porque mas",
    nobody: "",
    prepositions: "em no na nos nas ao aos à às a para com sem de do da por desde até durante contra sobre",
    vague: "principais principal diferentes melhor outros outras",
    empty: "quem que quê quando onde porque por como quanto quanta quantos quantas qual quais é há pode posso deve devo \
            explica explique diga mostre significa acontece dê continue mais obrigado sim não me mim você tu detalhes \
            exemplo exemplos exatamente tempo curto funciona fazer",
};

const DUTCH: ReferringWords = ReferringWords {
    openers: &["en", "maar", "of", "ook", "hoe zit het met", "wat met", "en wat"],
    pronouns: "hij hem zij dit deze daarvan daarvoor daarmee daarover daarin ervan ervoor ermee erover erin hetzelfde dezelfde",
    possessives: "zijn haar hun",
    doubtful: "die dat het ze",
    last: "daar dan ook nog zo anders",
    articles: "",
    joints: "en of als wanneer voordat nadat omdat maar terwijl",
    nobody: "mogelijk nodig toegestaan duurt kost waar",
    prepositions: "op in aan bij voor met zonder van naar uit tot sinds om tegen over",
    vague: "belangrijkste verschillende beste andere grootste",
    empty: "wie wat wanneer waar waarom hoe welke welk hoeveel hoelang lang vaak ver precies graag leg uit zeg toon betekent \
            gebeurt geef ga verder meer nog eens echt ja nee bedankt mij me jij je kan kun kunt moet mag zou korter \
            voorbeeld voorbeelden details werkt is dat er",
};

const RUSSIAN: ReferringWords = ReferringWords {
    openers: &["а", "и", "но", "или", "тогда", "что насчёт", "что насчет", "как насчёт", "как насчет"],
    pronouns: "он она оно они его её ее ему им ими нём нем ней ней них нему ней это этого этом этому этот эта эти этих этой \
               тот та те того тем там туда тоже такое такие",
    possessives: "их свой своя",
    doubtful: "",
    last: "тогда иначе так ещё еще",
    articles: "",
    joints: "и или если когда перед после потому но чтобы",
    nobody: "",
    prepositions: "в во на для с со без по до после от из у при к за про",
    vague: "главные основные разные другие лучшие",
    empty: "кто что когда где куда почему зачем как какой какая какое какие сколько чей ли можно нужно надо должен должна \
            объясни объясните скажи скажите покажи значит происходит дай дальше подробнее больше ещё еще раз спасибо да нет \
            мне меня ты тебе пример примеры именно долго часто далеко короче проще работает есть же",
};

const SWEDISH: ReferringWords = ReferringWords {
    openers: &["och", "men", "eller", "också", "hur är det med", "vad gäller"],
    pronouns: "han hon honom henne dem detta denna dessa där dit samma",
    possessives: "dess deras hans hennes",
    doubtful: "den det de",
    last: "då så annars också mer",
    articles: "",
    joints: "och eller om när innan efter eftersom men medan",
    nobody: "möjligt nödvändigt tillåtet finns tar kostar",
    prepositions: "på i till för med utan från av vid under efter före mot över om",
    vague: "viktigaste olika bästa andra största",
    empty: "vem vad när var varför hur vilken vilket vilka mycket många länge ofta långt exakt snälla förklara säg visa \
            betyder händer ge fortsätt mer igen verkligen ja nej tack mig du kan ska måste får skulle kortare exempel \
            detaljer fungerar är finns det",
};
