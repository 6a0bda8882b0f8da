//! a [`Template`] + what it may show → two texts
//!
//! The engine is MiniJinja with little switched on: loops, conditions, a few filters; no files, no macros, no escaping, as
//! the texts are no HTML. A template may come from anyone, so what it may do is counted, and what it names must exist: a
//! mistyped name would else be an empty place that nobody sees. Documents come from anyone as well: whatever of them a
//! template shows can neither close a fence nor begin a line that looks like another passage's.

use std::borrow::Cow;

use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use super::template::{Template, invalid};
use crate::document::Passage;
use crate::error::{Error, Result};

/// What a template may name.
const NAMES: [&str; 4] = ["question", "passages", "sources", "language"];
const FIELDS: &str = "number, title, headings, page, text, url";
const FILTERS: &str = "trim, upper, lower, length, join, replace";
/// Steps that a template may take, and 64 bytes that it may make for each, beyond what is put in.
const FUEL: usize = 50_000;

/// A passage as a template sees it; its number is given by the order in which it is shown.
#[derive(Clone)]
pub(super) struct Source<'passage> {
    title: Cow<'passage, str>,
    headings: Vec<Cow<'passage, str>>,
    page: Option<u32>,
    url: Option<Cow<'passage, str>>,
    pub(super) text: Cow<'passage, str>,
}

/// What a template may show.
pub(super) struct Shown<'given> {
    pub(super) question: Cow<'given, str>,
    pub(super) language: &'static str,
    pub(super) sources: Vec<Source<'given>>,
}

impl<'passage> Source<'passage> {
    pub(super) fn of(passage: &'passage Passage) -> Self {
        Self {
            title: one_line(&passage.title),
            headings: passage.headings.iter().filter(|it| **it != passage.title).map(|it| one_line(it)).collect(),
            page: passage.page,
            url: passage.url.as_deref().map(one_line),
            text: fenced_in(passage.text.trim()),
        }
    }

    /// As the model sees it: its number, where it is from, and its text between fences.
    fn numbered(&self, number: usize) -> String {
        let mut heading = self.title.clone().into_owned();
        for title in &self.headings {
            heading.push_str(" › ");
            heading.push_str(title);
        }
        if let Some(page) = self.page {
            heading.push_str(&format!(", page {page}"));
        }
        format!("[{number}] {heading}\n\"\"\"\n{}\n\"\"\"\n\n", self.text)
    }

    fn value(&self, number: usize) -> Value {
        let text = |text: &Cow<str>| Value::from(&**text);
        Value::from_pairs([
            ("number", Value::from(number)),
            ("title", text(&self.title)),
            ("headings", self.headings.iter().map(text).collect()),
            ("page", self.page.map_or(Value::from(()), Value::from)),
            ("url", self.url.as_ref().map_or(Value::from(()), text)),
            ("text", text(&self.text)),
        ])
    }
}

/// A text that cannot close its own fence: between any three quotation marks stands a space of no width.
pub(super) fn fenced_in(text: &str) -> Cow<'_, str> {
    match text.contains("\"\"\"") {
        true => text.replace("\"\"\"", "\"\u{200b}\"\u{200b}\"\u{200b}\u{200b}").into(),
        false => text.into(),
    }
}

/// A title or an address: it cannot begin a line of its own either.
fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    match text.contains(breaks) {
        true => fenced_in(text).replace(breaks, " ").into(),
        false => fenced_in(text),
    }
}

impl Shown<'_> {
    /// The places of all sources.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.sources.len()).collect()
    }

    /// Something to try a template with.
    pub(super) fn made_up(sources: usize) -> Self {
        let source = Source {
            title: "Title".into(),
            headings: vec!["Heading".into()],
            page: Some(1),
            url: Some("https://example.com/".into()),
            text: "0".repeat(2_000).into(),
        };
        Self { question: "0".repeat(200).into(), language: "English", sources: vec![source; sources] }
    }

    /// The same with a word on where each text is instead of it: in a document beside the messages, in this order.
    pub(super) fn without_texts(&self, places: &[usize]) -> Self {
        let mut sources = self.sources.clone();
        for (&place, number) in places.iter().zip(1..) {
            sources[place].text = format!("(the text of document {number})").into();
        }
        Self { question: self.question.clone(), language: self.language, sources }
    }

    /// The same with marks at the ends of the question and of each text, and nothing between them that is any of theirs:
    /// what is cut off on the way is missed. Marks are digits, which no filter changes.
    pub(super) fn marked(&self) -> Self {
        let mut sources = self.sources.clone();
        for (source, number) in sources.iter_mut().zip(1..) {
            source.text = marked(&source.text, &format!("7{number:06}")).into();
        }
        Self { question: marked(&self.question, "8000000").into(), language: self.language, sources }
    }
}

/// As long as the text, and longer by its marks.
fn marked(text: &str, mark: &str) -> String {
    format!("⟦{mark}1⟧{}⟦{mark}2⟧", "0".repeat(text.chars().count()))
}

/// Both messages, with the sources at these places.
pub(super) fn render(template: &Template, shown: &Shown, places: &[usize]) -> Result<[String; 2]> {
    let numbered = || places.iter().map(|&place| &shown.sources[place]).zip(1..);
    let passages: String = numbered().map(|(source, number)| source.numbered(number)).collect();
    let values = Value::from_pairs([
        ("question", Value::from(&*shown.question)),
        ("passages", Value::from(passages.trim_end())),
        ("sources", numbered().map(|(source, number)| source.value(number)).collect()),
        ("language", Value::from(shown.language)),
    ]);
    let fuel = FUEL + (passages.len() + shown.question.len()) / 8;
    let engine = engine(fuel as u64);
    Ok([
        message(&engine, "system", &template.system, values.clone())?,
        message(&engine, "user", &template.user, values)?,
    ])
}

fn engine<'source>(fuel: u64) -> Environment<'source> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(fuel));
    engine.add_filter("trim", |text: &str| text.trim().to_owned());
    engine.add_filter("upper", |text: &str| text.to_uppercase());
    engine.add_filter("lower", |text: &str| text.to_lowercase());
    engine.add_filter("replace", |text: &str, from: &str, to: &str| text.replace(from, to));
    engine.add_filter("length", |value: &Value| match value.as_str() {
        Some(text) => text.chars().count(),
        None => value.len().unwrap_or(0),
    });
    engine.add_filter("join", |list: &Value, between: &str| -> Result<String, minijinja::Error> {
        let parts: Vec<String> = list.try_iter()?.map(|part| part.to_string()).collect();
        Ok(parts.join(between))
    });
    engine
}

fn message(engine: &Environment, which: &str, source: &str, values: Value) -> Result<String> {
    let template = engine.template_from_str(source).map_err(|error| problem(which, source, &error))?;
    // In all branches, whether they are taken or not.
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|name| !NAMES.contains(&name.as_str())).collect();
    unknown.sort();
    if let Some(name) = unknown.first() {
        let line = source.lines().position(|line| line.contains(name.as_str())).map_or(1, |line| line + 1);
        return Err(invalid(format!("{which}, line {line}: {name:?} is not known; there are {}", NAMES.join(", "))));
    }
    template.render(values).map_err(|error| problem(which, source, &error))
}

/// The same error in our words, with the line that it is about.
fn problem(which: &str, source: &str, error: &minijinja::Error) -> Error {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or("it cannot be read as Jinja");
    let written = source.lines().nth(line.saturating_sub(1)).unwrap_or("").trim();
    let what = match error.kind() {
        ErrorKind::UndefinedError => format!("something that is not there is used; a source has {FIELDS}"),
        ErrorKind::OutOfFuel => "it goes on for too long, or becomes too long".to_owned(),
        ErrorKind::UnknownFilter => format!("{detail}; there are {FILTERS}"),
        _ => detail.to_owned(),
    };
    invalid(format!("{which}, line {line} ({written}): {what}"))
}
