//! Whether the check of answers finds what is wrong with them: answers that people or models gave, sentence by sentence,
//! mixed with the same sentences altered, as many of each kind.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use carrel::carrel::Carrel;
use carrel::document::{Passage, Span};
use carrel::embed::Embedder;
use carrel::ground::{ANSWERABLE, Checked, Evidence, Verdict, answerable};
use carrel::language::sentences;
use carrel::retrieve::Mode;
use carrel::vector::UnitVector;

use crate::answer_sets::{
    Answered, Spanned, among, anthropic_docs, anthropic_docs_by_words, chunking_evaluation,
    chunking_evaluation_by_words, found,
};
use crate::desk::prepared_embedder;

/// Words behind which "not" makes the opposite of a sentence.
const AUXILIARIES: [&str; 15] =
    ["is", "are", "was", "were", "can", "will", "should", "must", "may", "has", "have", "does", "do", "could", "would"];

/// A true answer and what was found for its question.
struct Answer {
    text: String,
    passages: Vec<Passage>,
    evidence: Evidence,
    /// Where it is told.
    documents: Vec<String>,
    /// And where there, if that is known.
    span: Option<Span>,
}

/// A sentence of an answer.
struct Case<'answers> {
    sentence: String,
    answer: &'answers Answer,
}

/// What was made of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alteration {
    Number,
    Name,
    Negation,
    Foreign,
}

/// The sentences of a text that state something.
fn statements(text: &str) -> Vec<String> {
    let stated = sentences(text).into_iter().map(|span| span.of(text).split_whitespace().collect::<Vec<_>>().join(" "));
    stated.filter(|sentence| sentence.split(' ').count() >= 5).collect()
}

fn bare(word: &str) -> &str {
    word.trim_matches(|it: char| !it.is_alphanumeric())
}

fn is_number(word: &str) -> bool {
    let word = bare(word);
    !word.is_empty() && word.chars().all(|it| it.is_ascii_digit() || ",.".contains(it))
}

fn is_name(word: &str) -> bool {
    let word = bare(word);
    word.len() > 2 && word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic)
}

/// The sentence with one word changed by a rule; nothing where the rule finds none.
fn altered(cases: &[Case], at: usize, alteration: Alteration) -> Option<String> {
    let case = &cases[at];
    let words: Vec<&str> = case.sentence.split(' ').collect();
    // Others like it, in the sources and elsewhere by turns: what stands near is the harder to tell. They stand behind a
    // word in lower case: what begins a sentence is no name.
    let others = |like: fn(&str) -> bool| {
        let there = if at.is_multiple_of(2) { case } else { &cases[(at + cases.len() / 2) % cases.len()] };
        let fits = |word: &str| like(word) && !words.iter().any(|own| bare(own).eq_ignore_ascii_case(bare(word)));
        let mut all: Vec<&str> = Vec::new();
        for passage in &there.answer.passages {
            let stand: Vec<&str> = passage.text.split_whitespace().collect();
            let inside = |pair: &&[&str]| pair[0].chars().all(char::is_lowercase) && fits(pair[1]);
            all.extend(stand.windows(2).filter(inside).map(|pair| pair[1]));
        }
        (!all.is_empty()).then(|| bare(all[at * 7 % all.len()]).to_owned())
    };
    let replaced = |place: usize, with: &str| {
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        words[place] = words[place].replace(bare(&words[place].clone()), with);
        words.join(" ")
    };
    match alteration {
        Alteration::Number => {
            let place = words.iter().position(|word| is_number(word))?;
            Some(replaced(place, &others(is_number)?))
        }
        Alteration::Name => {
            let place = 1 + words[1..].iter().position(|word| is_name(word))?;
            Some(replaced(place, &others(is_name)?))
        }
        Alteration::Negation => {
            if let Some(place) = words.iter().position(|word| *word == "not") {
                let mut words = words.clone();
                words.remove(place);
                return Some(words.join(" "));
            }
            let place = words.iter().position(|word| AUXILIARIES.contains(word))?;
            Some(replaced(place, &format!("{} not", words[place])))
        }
        Alteration::Foreign => {
            let strange = |other: &&Case| !other.answer.documents.iter().any(|it| case.answer.documents.contains(it));
            let others = cases[at..].iter().chain(&cases[..at]).skip(1);
            others.filter(strange).nth(2).map(|other| other.sentence.clone())
        }
    }
}

/// Checks answers, and embeds each text once, though many answers are held against it.
struct Judge<'embedder> {
    embedder: &'embedder Embedder,
    known: RefCell<HashMap<String, UnitVector>>,
    /// How many were to be embedded for one answer at most, and for all of them together.
    most: Cell<usize>,
    embedded: Cell<usize>,
}

impl<'embedder> Judge<'embedder> {
    fn new(embedder: &'embedder Embedder) -> Self {
        Self { embedder, known: RefCell::default(), most: Cell::new(0), embedded: Cell::new(0) }
    }

    fn judge(&self, evidence: &Evidence, text: &str) -> Checked {
        let embed = |texts: &[&str]| {
            self.most.set(self.most.get().max(texts.len()));
            self.embedded.set(self.embedded.get() + texts.len());
            let mut known = self.known.borrow_mut();
            let mut new: Vec<&str> = texts.iter().copied().filter(|text| !known.contains_key(*text)).collect();
            new.sort_unstable();
            new.dedup();
            let vectors = self.embedder.embed_passages(&new)?;
            known.extend(new.iter().map(|text| (*text).to_owned()).zip(vectors));
            Ok(texts.iter().map(|text| known[*text].clone()).collect())
        };
        evidence.judge(text, &embed).unwrap()
    }

    /// What is thought of a sentence; the worst, where it is taken for several.
    fn verdict(&self, evidence: &Evidence, sentence: &str) -> Verdict {
        let worse = |left: Verdict, right: Verdict| if right as usize > left as usize { right } else { left };
        let verdicts = self.judge(evidence, sentence).sentences.into_iter().map(|it| it.verdict);
        verdicts.reduce(worse).unwrap_or(Verdict::Unsupported)
    }
}

/// What was found of a set.
#[derive(Debug, Default)]
struct Outcome {
    /// The citations of true answers: how many lead to the answer, and how many there are.
    cited: [usize; 2],
    /// True sentences: supported, weakly, not.
    truths: [usize; 3],
    /// Altered ones, by kind.
    altered: BTreeMap<Alteration, [usize; 3]>,
}

impl Outcome {
    fn flagged(&self) -> usize {
        self.altered.values().map(|it| it[2]).sum()
    }
    /// The share of citations that lead to the answer.
    fn bearing(&self) -> f64 {
        self.cited[0] as f64 / self.cited[1] as f64
    }
    /// How many of those that it says are unsupported were altered.
    fn precision(&self) -> f64 {
        self.flagged() as f64 / (self.flagged() + self.truths[2]) as f64
    }
    /// How many of the altered it says are unsupported.
    fn recall(&self) -> f64 {
        self.flagged() as f64 / self.altered.values().flatten().sum::<usize>() as f64
    }
}

/// Checks each answer, and each of its sentences as it is and altered in one way.
fn outcome(judge: &Judge, answers: &[Answer], name: &str) -> Outcome {
    const KINDS: [Alteration; 4] = [Alteration::Number, Alteration::Name, Alteration::Negation, Alteration::Foreign];
    let mut outcome = Outcome::default();
    let mut cases = Vec::new();
    for answer in answers {
        let checked = judge.judge(&answer.evidence, &answer.text);
        for citation in &checked.citations {
            let passage = &answer.passages[citation.source.unwrap()];
            let meets = |other: Span| citation.span.is_some_and(|it| it.start < other.end && other.start < it.end);
            let right = answer.documents.contains(&passage.id) && answer.span.is_none_or(meets);
            outcome.cited[0] += usize::from(right);
            outcome.cited[1] += 1;
        }
        cases.extend(statements(&answer.text).into_iter().map(|sentence| Case { sentence, answer }));
    }
    let mut turns = [0; KINDS.len()];
    for (at, Case { sentence, answer }) in cases.iter().enumerate() {
        outcome.truths[judge.verdict(&answer.evidence, sentence) as usize] += 1;
        // The kind that had the fewest turns, so that there are about as many of each.
        let mut kinds: Vec<usize> = (0..KINDS.len()).collect();
        kinds.sort_by_key(|&kind| turns[kind]);
        let made = kinds.iter().find_map(|&kind| altered(&cases, at, KINDS[kind]).map(|made| (kind, made)));
        let Some((kind, made)) = made else { continue };
        turns[kind] += 1;
        outcome.altered.entry(KINDS[kind]).or_default()[judge.verdict(&answer.evidence, &made) as usize] += 1;
    }
    let (bearing, precision, recall) = (outcome.bearing(), outcome.precision(), outcome.recall());
    println!("{name}: bearing {bearing:.3}, precision {precision:.3}, recall {recall:.3}, {outcome:?}");
    println!("{name}: {} embedded for one answer at most, {} in all", judge.most.get(), judge.embedded.get());
    assert!(judge.most.get() <= 48, "{}", judge.most.get());
    outcome
}

/// The answer that a span of a document is, where a passage holds it: of one that was not found nothing can be checked.
fn quoted(document: &str, text: &str, span: Span, passages: &[Passage]) -> Option<Answer> {
    let holds = |it: &&Passage| it.id == document && it.span.start <= span.start && it.span.end >= span.end;
    passages.iter().find(holds)?;
    let (text, documents) = (span.of(text).to_owned(), vec![document.to_owned()]);
    Some(Answer { text, evidence: Evidence::new(passages), passages: passages.to_vec(), documents, span: Some(span) })
}

#[test]
fn of_reference_answers_what_was_altered_is_found_and_what_is_true_is_cited() {
    let (carrel, questions) = anthropic_docs_by_words();
    let answers = questions.iter().map(|question| {
        // As from a search that finds all it should, and more.
        let mut passages = found(&carrel, &question.question, Mode::Lexical, 6, among(&question.documents, true));
        passages.extend(found(&carrel, &question.question, Mode::Lexical, 5, among(&question.documents, false)));
        let evidence = Evidence::new(&passages);
        Answer { text: question.answer.clone(), passages, evidence, documents: question.documents.clone(), span: None }
    });
    let outcome = outcome(&Judge::new(prepared_embedder()), &answers.collect::<Vec<_>>(), "anthropic-docs");
    assert!(outcome.bearing() >= 0.9);
    assert!(outcome.precision() >= 0.84 && outcome.recall() >= 0.8);
}

#[test]
fn of_quoted_answers_what_was_altered_is_found_and_what_is_true_is_cited() {
    let (carrel, questions) = chunking_evaluation_by_words();
    let answers = questions.iter().flat_map(|question| {
        let passages = found(&carrel, &question.question, Mode::Lexical, 8, None);
        let text = &carrel.entry(&question.document).unwrap().document.text;
        let answer = |&span: &Span| quoted(&question.document, text, span, &passages);
        question.spans.iter().filter_map(answer).collect::<Vec<_>>()
    });
    let outcome = outcome(&Judge::new(prepared_embedder()), &answers.collect::<Vec<_>>(), "chunking-evaluation");
    assert!(outcome.bearing() >= 0.94);
    assert!(outcome.precision() >= 0.97 && outcome.recall() >= 0.9);
}

/// What is thought of each question that its own documents, and that others, were asked in that way.
struct Answerable {
    /// By document, for the first set.
    with: BTreeMap<String, Vec<f32>>,
    without: Vec<f32>,
    /// Of the second set, which the threshold was not chosen on.
    apart_with: Vec<f32>,
    apart_without: Vec<f32>,
}

/// The share of values below the threshold.
fn below<'values>(values: impl IntoIterator<Item = &'values f32>, threshold: f32) -> f64 {
    let (mut below, mut count) = (0, 0);
    for &value in values {
        below += usize::from(value < threshold);
        count += 1;
    }
    below as f64 / count as f64
}

#[test]
fn questions_that_the_documents_do_not_answer_are_told_from_those_that_they_do() {
    let (carrel, questions) = chunking_evaluation();
    let (docs, docs_questions) = anthropic_docs();
    // How many are rightly refused at least.
    let floors = [(Mode::Hybrid, 0.9), (Mode::Semantic, 0.55), (Mode::Lexical, 0.4)];
    for (mode, rightly) in floors {
        let score = |carrel: &Carrel, question: &str, filter| answerable(&found(carrel, question, mode, 5, filter));
        let mut scores = Answerable {
            with: BTreeMap::new(),
            without: Vec::new(),
            apart_with: Vec::new(),
            apart_without: Vec::new(),
        };
        for Spanned { question, document, .. } in &questions {
            scores.with.entry(document.clone()).or_default().push(score(&carrel, question, None));
            scores.without.push(score(&carrel, question, among(std::slice::from_ref(document), false)));
        }
        for Answered { question, .. } in &docs_questions {
            scores.apart_with.push(score(&docs, question, None));
            scores.apart_without.push(score(&carrel, question, None));
        }
        for threshold in [0.25, 0.28, 0.31, ANSWERABLE, 0.36, 0.38, 0.4, 0.45] {
            let by_corpus = scores.with.values().map(|values| format!("{:.3}", below(values, threshold)));
            println!(
                "{} below {threshold:.2}: wrongly {:.3} ({}), rightly {:.3}; kept apart: {:.3}, {:.3}",
                mode.name(),
                below(scores.with.values().flatten(), threshold),
                by_corpus.collect::<Vec<_>>().join(" "),
                below(&scores.without, threshold),
                below(&scores.apart_with, threshold),
                below(&scores.apart_without, threshold),
            );
        }
        // Two of a hundred questions of any corpus, so that it holds for documents of any kind.
        for (corpus, values) in &scores.with {
            assert!(below(values, ANSWERABLE) <= 0.021, "{} {corpus}", mode.name());
        }
        assert!(below(&scores.without, ANSWERABLE) >= rightly, "{}", mode.name());
        assert!(below(&scores.apart_with, ANSWERABLE) <= 0.02, "{}", mode.name());
        assert!(below(&scores.apart_without, ANSWERABLE) >= rightly, "{}", mode.name());
    }
}
