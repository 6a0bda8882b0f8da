//! question + passages → [`Prompt`]
//!
//! The passages are numbered, so that the model can cite them and the citations can be checked. The wording is the
//! user's to change ([`template`]), examples can be chosen to suit the question ([`examples`]), earlier turns stand before
//! it ([`follow_up`]); what does not fit the [`budget`] is left out whole, and told. Nothing here embeds or searches, so a
//! prompt can be made again, with another wording, of the same passages.

mod answer_language;
mod budget;
mod examples;
pub mod follow_up;
mod referring_words;
mod rendering;
mod template;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::document::Passage;
use crate::error::Result;

pub use answer_language::{language_of, nothing_answers};
pub use examples::{Example, Examples};
pub use follow_up::Turn;
pub use template::{Template, VERSIONS, Version};

/// Who speaks in a message, by the names of the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// What a prompt is made of.
#[derive(Clone, Copy)]
pub struct Ingredients<'given> {
    /// The wording.
    pub template: &'given Template,
    /// Shown before all else, as they are: see [`Examples::choose`].
    pub examples: &'given [Example],
    /// What was asked and answered before, oldest first.
    pub turns: &'given [Turn],
    /// As the person asks it.
    pub question: &'given str,
    /// Best first.
    pub passages: &'given [Passage],
    /// How many tokens the prompt may have.
    pub budget: usize,
    /// Whether the texts of the passages go beside the messages, to be cited by the API itself.
    pub apart: bool,
}

/// A passage beside the messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// What it is called.
    pub title: String,
    /// Its text.
    pub text: String,
}

/// What a model is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Prompt {
    /// In order, the last the person's.
    pub messages: Vec<Message>,
    /// The texts of the passages, where they go beside the messages, in the order of their numbers.
    pub attached: Vec<Attached>,
    /// Which of the passages it holds, best first: the first of these is `[1]`, and so on.
    pub kept: Vec<usize>,
    /// Which it does not hold, as they did not fit.
    pub left_out: Vec<LeftOut>,
    /// How many of the last turns it holds.
    pub turns: usize,
    /// How many turns before these were left out, as they did not fit or were not whole.
    pub turns_left_out: usize,
    /// Its length in tokens, by the counter that was handed in: an estimate for another model. More than the budget only
    /// where not even one passage fits it.
    pub tokens: usize,
}

/// A passage that did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its place among those given.
    pub passage: usize,
    /// How many tokens it takes.
    pub tokens: usize,
    /// How many were left when its turn came.
    pub room: usize,
}

/// Makes the prompt; `count` tells how many tokens a text has.
///
/// # Errors
/// `option_invalid` where the template cannot be used, or would lose the question or a passage: see [`Template::check`].
pub fn build(ingredients: &Ingredients, count: &dyn Fn(&str) -> usize) -> Result<Prompt> {
    let Ingredients { template, examples, turns, question, passages, budget, apart } = *ingredients;
    let shown = rendering::Shown {
        question: Cow::Borrowed(question),
        language: language_of(question),
        sources: passages.iter().map(rendering::Source::of).collect(),
    };
    template.keeps_all(&shown)?;
    let fixed = examples.iter().map(|example| count(&example.question) + count(&example.answer)).sum();
    let packed = budget::pack(template, &shown, turns, budget, fixed, count)?;
    let [system, user] = match apart {
        true => rendering::render(template, &shown.without_texts(&packed.kept), &packed.kept)?,
        false => packed.texts,
    };
    let attached = |&place: &usize| Attached {
        title: passages[place].title.clone(),
        text: passages[place].text.trim().to_owned(),
    };
    let attached = if apart { packed.kept.iter().map(attached).collect() } else { Vec::new() };
    let mut messages = vec![Message::new(Role::System, system)];
    for example in examples {
        messages.push(Message::new(Role::User, &*example.question));
        messages.push(Message::new(Role::Assistant, &*example.answer));
    }
    for turn in packed.turns {
        messages.push(Message::new(Role::User, &*turn.question));
        messages.push(Message::new(Role::Assistant, turn.said()));
    }
    messages.push(Message::new(Role::User, user));
    Ok(Prompt {
        messages,
        attached,
        kept: packed.kept,
        left_out: packed.left_out,
        turns: packed.turns.len(),
        turns_left_out: turns.len() - packed.turns.len(),
        tokens: packed.tokens,
    })
}
