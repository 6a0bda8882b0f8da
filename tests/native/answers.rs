//! From a question to an answer whose citations hold, over all stages and with the real model.

use std::sync::OnceLock;

use carrel::carrel::{AskOptions, Carrel, Event, Generator, Inquiry, Work};
use carrel::document::Passage;
use carrel::ground::{Author, Citation, Evidence, Marks, Verdict};
use carrel::ingest::{Content, Source};
use carrel::retrieve::SearchOptions;
use proptest::prelude::*;
use serde_json::json;

use crate::desk::{carrel, source};

const HANDBOOK: &str = "# The reading room\n\nThe reading room opens at nine in the morning. It closes at 18:30 on \
weekdays and stays closed on Sundays.\n\n## Carrels\n\nA carrel may be reserved for 14 days. Food is not allowed at \
the carrels, but water in a closed bottle is. 👍 Lockers cost 2 euros a day.\n\n## 中文\n\n阅览室早上九点开门。\n";
const GARDEN: &str = "<title>Garden</title><main><h1>Tomatoes</h1><p>Tomato seedlings need six hours of sunlight a day. \
Water them every morning &amp; never at noon.</p><h2>Harvest</h2><p>The first fruits ripen after seventy days.</p></main>";
const LETTER: &str =
    "Dear Ms. Smith,\r\n\r\nyour order no. 4711 was sent on Tuesday. It will arrive within three days.\r\n";

fn documents() -> Vec<Source> {
    [("handbook.md", HANDBOOK), ("garden.html", GARDEN), ("letter.txt", LETTER)]
        .map(|(name, text)| source(name, Content::Bytes(text.as_bytes().to_vec())))
        .into()
}

fn desk() -> Carrel {
    carrel(documents())
}

/// The passages that the questions below find, once for all tests.
fn passages() -> &'static [Passage] {
    static PASSAGES: OnceLock<Vec<Passage>> = OnceLock::new();
    PASSAGES.get_or_init(|| desk().search("When does the reading room open?", SearchOptions::default()).unwrap())
}

/// The number by which the passage that holds these words is cited.
fn number_of(words: &str) -> usize {
    1 + passages().iter().position(|passage| passage.text.contains(words)).unwrap()
}

fn check(answer: &str) -> Vec<Citation> {
    Evidence::new(passages()).check(answer)
}

/// What a citation points at.
fn cited<'text>(carrel: &'text Carrel, sources: &[Passage], citation: &Citation) -> &'text str {
    let document = &carrel.entry(&sources[citation.source.unwrap()].id).unwrap().document;
    citation.span.unwrap().of(&document.text)
}

fn citations(events: &[Event]) -> Vec<Citation> {
    let citation = |event: &Event| if let Event::Citation(citation) = event { Some(citation.clone()) } else { None };
    events.iter().filter_map(citation).collect()
}

fn own() -> Option<Generator> {
    Some(Generator::Own { own: "test".into() })
}

#[test]
fn passages_read_the_same_in_their_document() {
    let carrel = desk();
    for question in ["When does the reading room open?", "sunlight for tomatoes", "order 4711", "阅览室几点开门？"]
    {
        let found = carrel.search(question, SearchOptions::default()).unwrap();
        for passage in &found {
            let entry = carrel.entry(&passage.id).unwrap();
            assert_eq!(passage.span.of(&entry.document.text), passage.text);
            assert_eq!(entry.chunks[passage.chunk].span, passage.span);
        }
        assert!(found.is_sorted_by(|left, right| left.score >= right.score));
    }
    let first = |question: &str| carrel.search(question, SearchOptions::default()).unwrap().swap_remove(0);
    assert_eq!(first("How long do seedlings have to stand in the light?").id, "garden.html");
    assert_eq!(first("How long do seedlings have to stand in the light?").headings, ["Tomatoes"]);
    assert_eq!(first("阅览室几点开门？").id, "handbook.md");
}

#[test]
fn an_extractive_answer_quotes_the_documents_and_cites_where() {
    let carrel = desk();
    for (question, needed) in [
        ("When does the reading room open?", "The reading room opens at nine in the morning."),
        ("What does a locker cost?", "Lockers cost 2 euros a day."),
        ("How much sunlight do tomato seedlings need?", "Tomato seedlings need six hours of sunlight a day."),
        ("When will my order 4711 arrive?", "It will arrive within three days."),
        ("阅览室几点开门？", "阅览室早上九点开门。"),
    ] {
        let mut inquiry = carrel.ask(question, AskOptions::default()).unwrap();
        let events = inquiry.finish(&carrel).unwrap();
        assert!(inquiry.text().contains(needed), "{question} {}", inquiry.text());
        let citations = citations(&events);
        assert!((1..=3).contains(&citations.len()));
        let mut rest = inquiry.text().to_owned();
        for citation in &citations {
            let quoted = cited(&carrel, inquiry.sources(), citation).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                inquiry.text()[..citation.at.start].trim_end().ends_with(quoted.trim_start_matches("- ")),
                "{quoted}"
            );
            assert_eq!(citation.at.of(inquiry.text()), format!("[{}]", citation.number));
            assert_eq!((citation.verdict, citation.by), (Verdict::Supported, Author::Carrel));
            rest = rest.replacen(&quoted, "", 1).replacen(citation.at.of(inquiry.text()), "", 1);
        }
        assert_eq!(rest.trim(), "", "nothing is said that is not quoted");
        let text: String = events
            .iter()
            .filter_map(|it| if let Event::Text { text } = it { Some(text.as_str()) } else { None })
            .collect();
        assert_eq!(text, inquiry.text());
        assert_eq!(inquiry.finish(&carrel).unwrap(), [], "it ends once");
        assert!(inquiry.call().is_none() && inquiry.trace().request.is_none(), "nothing leaves the machine");
    }
}

#[test]
fn what_the_source_says_is_supported_and_leads_to_the_sentence() {
    let carrel = desk();
    for (claim, sentence) in [
        ("The reading room opens at nine in the morning", "The reading room opens at nine in the morning."),
        ("A carrel can be reserved for 14 days", "A carrel may be reserved for 14 days."),
        ("Lockers cost 2 euros per day", "👍 Lockers cost 2 euros a day."),
        ("阅览室早上九点开门", "阅览室早上九点开门。"),
        ("Tomato seedlings need six hours of sunlight each day", "Tomato seedlings need six hours of sunlight a day."),
    ] {
        let number = number_of(sentence);
        let [citation] = &check(&format!("{claim} [{number}]."))[..] else { panic!("{claim}: one citation") };
        assert_eq!((citation.verdict, citation.by), (Verdict::Supported, Author::Model), "{claim} {citation:?}");
        assert_eq!(cited(&carrel, passages(), citation), sentence);
    }
}

#[test]
fn what_the_source_does_not_say_is_not_supported() {
    for (claim, words, worst) in [
        ("A carrel may be reserved for 15 days", "14 days", Verdict::Weak),
        ("It closes at 19:30 on weekdays", "18:30", Verdict::Weak),
        ("Lockers cost 20 euros a day", "2 euros", Verdict::Weak),
        ("Elephants have been seen near the northern river", "14 days", Verdict::Unsupported),
        ("Tomato seedlings need six hours of sunlight a day", "14 days", Verdict::Unsupported),
    ] {
        let number = number_of(words);
        let citation = check(&format!("{claim} [{number}].")).swap_remove(0);
        assert_ne!(citation.verdict, Verdict::Supported, "{claim} {citation:?}");
        if worst == Verdict::Unsupported {
            assert_eq!(citation.verdict, Verdict::Unsupported, "{claim} {citation:?}");
        }
    }
}

#[test]
fn a_source_that_does_not_exist_supports_nothing() {
    for number in [passages().len() + 1, 99] {
        let citation = check(&format!("The reading room opens at nine in the morning [{number}].")).swap_remove(0);
        assert_eq!((citation.number, citation.source, citation.span), (number, None, None));
        assert_eq!((citation.verdict, citation.support), (Verdict::Unsupported, 0.0));
    }
}

#[test]
fn a_true_sentence_that_the_model_did_not_cite_is_cited_by_carrel() {
    let answer = "The reading room opens at nine in the morning. Elephants swim in the river at night. Yes.";
    let citations = check(answer);
    let [citation] = &citations[..] else { panic!("{citations:?}") };
    assert_eq!((citation.by, citation.verdict), (Author::Carrel, Verdict::Supported));
    assert_eq!(citation.number, number_of("opens at nine"));
    assert!(citation.at.is_empty() && answer[..citation.at.start].ends_with("morning."));
}

#[test]
fn each_number_of_a_mark_is_a_citation_of_its_own() {
    let (right, wrong) = (number_of("2 euros"), number_of("seventy days"));
    let answer = format!(
        "Lockers cost 2 euros a day [{right}, {wrong}]. 👍 A carrel may be reserved for 14 days [{right}][{wrong}]."
    );
    let citations = check(&answer);
    let told: Vec<(usize, &str)> = citations.iter().map(|it| (it.number, it.at.of(&answer))).collect();
    let parts = [format!("[{right}, "), format!("{wrong}]"), format!("[{right}]"), format!("[{wrong}]")];
    assert_eq!(told, [(right, &*parts[0]), (wrong, &*parts[1]), (right, &*parts[2]), (wrong, &*parts[3])]);
    let supported: Vec<bool> = citations.iter().map(|it| it.verdict == Verdict::Supported).collect();
    assert_eq!(supported, [true, false, true, false], "{citations:?}");
}

fn answer() -> String {
    let (room, locker) = (number_of("opens at nine"), number_of("2 euros"));
    format!(
        "The reading room opens at nine in the morning [{room}]. 👍 Lockers cost 3 euros a day 【{locker}】.\n\n\
             - A carrel may be reserved for 14 days.\n- Elephants swim (source 9).\n阅览室早上九点开门 [{room}, 8]."
    )
}

proptest! {
    #[test]
    fn an_answer_in_any_pieces_gets_the_citations_of_the_whole(mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..30)) {
        let answer = answer();
        let evidence = Evidence::new(passages());
        let borders: Vec<usize> = answer.char_indices().map(|(at, _)| at).chain([answer.len()]).collect();
        let mut places: Vec<usize> = cuts.drain(..).map(|cut| borders[cut.index(borders.len())]).chain([answer.len()]).collect();
        places.sort();
        let mut marks = Marks::default();
        let streamed: Vec<Citation> = places.iter().flat_map(|&end| evidence.stream(&answer[..end], &mut marks)).collect();
        let whole = evidence.check(&answer);
        // While it streams, each of the model's citations is told once, at its place.
        let place = |citation: &Citation| (citation.at, citation.number, citation.source);
        let models: Vec<_> = whole.iter().filter(|it| it.by == Author::Model).map(place).collect();
        prop_assert_eq!(streamed.iter().map(place).collect::<Vec<_>>(), models);
    }

    #[test]
    fn no_answer_makes_the_check_panic(answer in "(\\[|\\]|[0-9]|,|-| |【|】|†|\\(|\\)|source|and|👍|é|\\.|\n|word){0,40}") {
        for citation in check(&answer) {
            prop_assert!(answer.get(citation.at.start..citation.at.end).is_some());
            prop_assert!((0.0..=1.0).contains(&citation.support));
        }
        let mut marks = Marks::default();
        for (at, _) in answer.char_indices() {
            Evidence::new(passages()).stream(&answer[..at], &mut marks);
        }
    }
}

/// Sends the answer as an API would, in pieces of that many bytes.
fn stream(carrel: &Carrel, answer: &str, size: usize) -> (Inquiry, Vec<Event>) {
    let settings = json!({ "api": "openai", "baseUrl": "http://127.0.0.1:1/v1", "model": "m" });
    let generator = Some(serde_json::from_value(settings).unwrap());
    let options = AskOptions { limit: 10, generator, ..AskOptions::default() };
    let mut inquiry = carrel.ask("When does the reading room open?", options).unwrap();
    let words = answer.split_inclusive(' ').map(|word| json!({ "choices": [{ "delta": { "content": word } }] }));
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }], "usage": { "completion_tokens": 7 } });
    let bytes: String = words.chain([end]).map(|chunk| format!("data: {chunk}\n\n")).collect();
    let mut events = Vec::new();
    for part in bytes.as_bytes().chunks(size) {
        events.extend(inquiry.push(carrel, part));
    }
    events.extend(inquiry.finish(carrel).unwrap());
    (inquiry, events)
}

#[test]
fn a_streamed_answer_ends_with_the_same_citations_whatever_the_pieces() {
    let (carrel, answer) = (desk(), answer());
    let expected = check(&answer);
    for size in [1, 7, 100_000] {
        let (inquiry, events) = stream(&carrel, &answer, size);
        assert_eq!(inquiry.text(), answer);
        let all = citations(&events);
        assert_eq!(all[all.len() - expected.len()..], expected);
        assert!(all.len() > expected.len(), "some were told while it streamed");
        let Work::Ground { supported, weak, unsupported, added, .. } = &inquiry.trace().stages.last().unwrap().work
        else {
            panic!("the last stage is the check")
        };
        assert_eq!(supported + weak + unsupported, expected.len());
        assert_eq!(*added, expected.iter().filter(|it| it.by == Author::Carrel).count());
        assert_eq!(inquiry.trace().usage.as_ref().unwrap().completion_tokens, Some(7));
    }
}

#[test]
fn a_function_of_ones_own_answers_as_an_api_does() {
    let carrel = desk();
    let options = AskOptions { limit: 10, generator: own(), ..AskOptions::default() };
    let mut inquiry = carrel.ask("When does the reading room open?", options).unwrap();
    assert!(inquiry.call().is_none() && inquiry.messages().unwrap().len() == 2);
    for piece in answer().split_inclusive(' ') {
        inquiry.push_text(&carrel, piece);
    }
    let events = inquiry.finish(&carrel).unwrap();
    assert_eq!(citations(&events), check(&answer()));
}
