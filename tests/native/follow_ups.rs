//! Questions that lean on those before them: which they are, by rules.

use carrel::prompt::{self, Turn, follow_up};

use crate::desk::shared_text;

fn turn(question: &str, answer: &str) -> Turn {
    Turn { question: question.into(), answer: answer.into() }
}

/// A question, and what was asked before it.
type Pair = (&'static str, &'static str);

/// The rules were written with these at hand.
const LEANING: [Pair; 28] = [
    ("And on Sundays?", "When does the library open?"),
    ("What about children?", "What does a library card cost?"),
    ("Why?", "Is the reading room closed on Mondays?"),
    ("How long does it take?", "How do I get a library card?"),
    ("Can I renew it online?", "How do I get a library card?"),
    ("Who can use them?", "Are there lockers in the hall?"),
    ("What are the symptoms?", "What is hay fever?"),
    ("Without a card?", "Can I borrow books?"),
    ("Tell me more.", "What is photosynthesis?"),
    ("Which one is cheaper?", "What cards are there?"),
    ("How do I get there?", "Where is the museum?"),
    ("When was he born?", "Who wrote Faust?"),
    ("Und sonntags?", "Wann öffnet die Bibliothek?"),
    ("Was kostet das?", "Wie bekomme ich einen Ausweis?"),
    ("Warum nicht?", "Darf ich Bücher in den Saal mitnehmen?"),
    ("Wie lange dauert es?", "Wie bekomme ich einen neuen Pass?"),
    ("Wer darf dort arbeiten?", "Wo ist der Lesesaal der Bibliothek?"),
    ("Und was ist mit Kindern?", "Was kostet der Eintritt in das Museum?"),
    ("Et le dimanche ?", "À quelle heure ouvre la bibliothèque ?"),
    ("Combien ça coûte ?", "Comment obtenir une carte de la bibliothèque ?"),
    ("¿Y los domingos?", "¿Cuándo abre la biblioteca?"),
    ("¿Por qué?", "¿Está cerrada la sala de lectura los lunes?"),
    ("E la domenica?", "Quando apre la biblioteca?"),
    ("E aos domingos?", "Quando é que a biblioteca abre?"),
    ("En op zondag?", "Wanneer gaat de bibliotheek open?"),
    ("А в воскресенье?", "Когда открывается библиотека?"),
    ("Och på söndagar?", "När öppnar biblioteket?"),
    ("那星期天呢？", "图书馆几点开门？"),
];
const STANDING: [Pair; 28] = [
    ("What does a library card cost?", "When does the library open?"),
    ("Is it possible to reserve a seat in the reading room?", "When does the library open?"),
    ("How long does it take to renew a library card?", "When does the library open?"),
    ("If I lose my card, can I replace it?", "When does the library open?"),
    ("Where did Kafka write his letters?", "When does the library open?"),
    ("What is the GDPR?", "When does the library open?"),
    ("In which year did Newton die?", "Who discovered the moons of Jupiter?"),
    ("Which documents mention the fee that is due in March?", "When does the library open?"),
    ("opening hours library", "What does a card cost?"),
    ("Photosynthesis?", "What does a card cost?"),
    ("Are there lockers in the entrance hall?", "What does a card cost?"),
    ("Who was Einstein and what did he discover?", "What does a card cost?"),
    ("Wann öffnet die Bibliothek am Sonntag?", "Was kostet der Ausweis?"),
    ("Gibt es Schließfächer in der Eingangshalle?", "Was kostet der Ausweis?"),
    ("Ist es möglich, einen Platz im Lesesaal zu reservieren?", "Was kostet der Ausweis?"),
    ("Können Sie die Gebühren für Studenten nennen?", "Wann öffnet die Bibliothek?"),
    ("Was regelt das Urheberrecht in Deutschland?", "Wann öffnet die Bibliothek?"),
    ("Was trug dazu bei, dass die Mauer 1989 fiel?", "Wann öffnet die Bibliothek?"),
    ("À quelle heure la bibliothèque ouvre-t-elle ?", "Combien coûte la carte ?"),
    ("Faut-il une carte pour emprunter des livres ?", "À quelle heure ouvre le musée ?"),
    ("En quelle année Victor Hugo est-il mort ?", "À quelle heure ouvre le musée ?"),
    ("¿Cuánto cuesta la tarjeta de la biblioteca?", "¿Cuándo abre el museo de la ciudad?"),
    ("¿En qué año murió Cervantes?", "¿Cuándo abre la biblioteca?"),
    ("Quanto costa la tessera della biblioteca?", "Quando apre il museo?"),
    ("O que é a fotossíntese?", "Quando é que a biblioteca abre?"),
    ("Hoeveel kost een kaart van de bibliotheek?", "Wanneer gaat het museum open?"),
    ("Сколько стоит читательский билет?", "Когда открывается музей?"),
    ("图书馆的借书证多少钱？", "博物馆几点开门？"),
];

/// These were written down before the rules had seen any of them, and the rules were not changed for them.
const LEANING_APART: [Pair; 28] = [
    ("But what if I have no passport?", "How do I open an account?"),
    ("Is that also true for students?", "Do visitors pay an entrance fee?"),
    ("How much?", "Is there a fine for late books?"),
    ("Who founded it?", "What does the Wellcome Trust do?"),
    ("Does this apply to part-time staff?", "How many days of leave do employees get?"),
    ("Could you explain that in simpler words?", "How does the index find neighbours?"),
    ("At what temperature?", "How do I bake the bread?"),
    ("What happened afterwards?", "When did the dam break?"),
    ("Give me another example.", "What is a metaphor?"),
    ("Where are its offices?", "Who runs the foundation?"),
    ("And the second one?", "What does the first article say?"),
    ("For how many people?", "Can I book the large room?"),
    ("Seit wann?", "Ist der Lesesaal nachmittags geschlossen?"),
    ("Gilt das auch für Studenten?", "Zahlen Besucher Eintritt in das Museum?"),
    ("Wie hoch ist die Strafe dafür?", "Darf man in der Halle rauchen?"),
    ("Aber nur mit Ausweis?", "Kann ich die Bücher mit nach Hause nehmen?"),
    ("Und wo finde ich ihn?", "Gibt es in dem Haus einen Aufzug?"),
    ("Pourquoi pas ?", "Est-ce que je peux manger dans la salle ?"),
    ("Et pour les étudiants ?", "Combien coûte l'entrée du musée ?"),
    ("Comment puis-je le renouveler ?", "Comment obtenir un passeport ?"),
    ("¿Y para los estudiantes?", "¿Cuánto cuesta la entrada del museo?"),
    ("¿Dónde puedo renovarlo?", "¿Cómo se obtiene el pasaporte?"),
    ("Perché?", "La sala di lettura è chiusa il lunedì?"),
    ("Mas porquê?", "A sala de leitura está fechada às segundas?"),
    ("Hoe werkt dat?", "Wat is een warmtepomp en waarvoor is het goed?"),
    ("Сколько это стоит?", "Как получить новый паспорт?"),
    ("Hur mycket kostar den?", "Var kan jag köpa en årsbiljett till museet?"),
    ("它多少钱？", "怎么办理借书证？"),
];
const STANDING_APART: [Pair; 28] = [
    ("How many days of leave do employees get?", "Who runs the foundation?"),
    ("What is the deadline for the tax return?", "Who runs the foundation?"),
    ("Does the museum have a cloakroom for visitors?", "Who runs the foundation?"),
    ("Why did the bridge collapse during the storm?", "Who runs the foundation?"),
    ("List all fees for late books.", "Who runs the foundation?"),
    ("When a book is damaged, who pays for it?", "Who runs the foundation?"),
    ("Do bees find their way by the sun?", "Who runs the foundation?"),
    ("How does HNSW choose neighbours?", "Who runs the foundation?"),
    ("refund policy", "Who runs the foundation?"),
    ("On which days is the Louvre closed?", "Who runs the foundation?"),
    ("Is it legal to record a phone call in Germany?", "Who runs the foundation?"),
    ("Which of the authors studied in Vienna?", "Who runs the foundation?"),
    ("Wie viele Urlaubstage bekommen Angestellte?", "Wer leitet die Stiftung?"),
    ("Bis wann muss ich die Steuererklärung abgeben?", "Wer leitet die Stiftung?"),
    ("Darf man in der Eingangshalle rauchen?", "Wer leitet die Stiftung?"),
    ("Wenn ein Buch beschädigt ist, wer bezahlt es?", "Wer leitet die Stiftung?"),
    ("Welche Rolle spielte Kafka in der Prager Literatur?", "Wer leitet die Stiftung?"),
    ("Combien de jours de congé ont les employés ?", "Qui dirige la fondation ?"),
    ("Le musée du Louvre est-il ouvert le mardi ?", "Qui dirige la fondation ?"),
    ("Pourquoi le pont s'est-il effondré pendant la tempête ?", "Qui dirige la fondation ?"),
    ("¿Cuántos días de vacaciones tienen los empleados?", "¿Quién dirige la fundación?"),
    ("¿Por qué se derrumbó el puente durante la tormenta?", "¿Quién dirige la fundación?"),
    ("Quanti giorni di ferie hanno i dipendenti?", "Chi dirige la fondazione?"),
    ("Quantos dias de férias têm os empregados?", "Quem dirige a fundação?"),
    ("Hoeveel vakantiedagen krijgen werknemers?", "Wie leidt de stichting?"),
    ("Сколько дней отпуска получают сотрудники?", "Кто руководит фондом?"),
    ("Hur många semesterdagar får anställda?", "Vem leder stiftelsen?"),
    ("员工有多少天年假？", "谁管理这个基金会？"),
];

/// Of those that lean, how many the rules find, and of those that they find, how many lean.
fn measured(leaning: &[Pair], standing: &[Pair]) -> (usize, usize) {
    let found = |pairs: &[Pair], which: bool| -> usize {
        let leans = |(question, before): &&Pair| follow_up::leans(question, &[turn(before, "Yes.")]);
        let wrong = pairs.iter().filter(|pair| leans(pair) != which);
        wrong
            .clone()
            .for_each(|(question, _)| println!("{} {question}", if which { "missed:" } else { "wrongly found:" }));
        pairs.iter().filter(leans).count()
    };
    (found(leaning, true), found(standing, false))
}

#[test]
fn the_rules_tell_questions_that_lean_on_those_before_from_those_that_stand_alone() {
    assert_eq!(measured(&LEANING, &STANDING), (28, 0));
    let (found, wrong) = measured(&LEANING_APART, &STANDING_APART);
    println!("kept apart: {found} of 28 that lean are found, {wrong} of 28 that stand alone are taken for such");
    assert!(found >= 20 && wrong == 0, "as measured when they were first seen");
    assert!(LEANING.iter().all(|(question, _)| !follow_up::leans(question, &[])), "there is nothing to lean on");
}

#[test]
fn few_questions_about_paragraphs_are_taken_for_ones_that_lean_on_those_before() {
    for (language, name, most) in [("en", "English", 0.05), ("de", "German", 0.03), ("zh", "Chinese", 0.04)] {
        let paragraphs: serde_json::Value =
            serde_json::from_str(&shared_text(&format!("data/xquad/xquad.{language}.json"))).unwrap();
        let questions: Vec<&str> = paragraphs["data"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|article| article["paragraphs"].as_array().unwrap())
            .flat_map(|paragraph| paragraph["qas"].as_array().unwrap())
            .map(|question| question["question"].as_str().unwrap())
            .collect();
        assert_eq!(questions.len(), 1_190);
        let leaning = questions.windows(2).filter(|pair| follow_up::leans(pair[1], &[turn(pair[0], "Yes.")])).count();
        let named = questions.iter().filter(|question| prompt::language_of(question) == name).count();
        let other = questions.iter().filter(|question| !["", name].contains(&prompt::language_of(question))).count();
        println!("{language}: {leaning} taken to lean; {named} named {name}, {other} another language");
        assert!(leaning as f32 <= most * 1_190.0 && other <= 6 && named >= 900);
    }
}
