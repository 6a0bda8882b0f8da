//! question + passages → [`Prompt`]
//!
//! The passages are numbered, so that the model can cite them and the citations can be checked. The wording is the
//! user's to change ([`template`]); what does not fit the budget is left out whole, and counted.

mod template;

use serde::{Deserialize, Serialize};

use crate::document::Passage;
use crate::error::Result;

pub use template::Template;

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

/// A worked example shown to the model before the question (few-shot).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// As a person would ask.
    pub question: String,
    /// As the model should answer.
    pub answer: String,
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prompt {
    /// In order, the last the person's.
    pub messages: Vec<Message>,
    /// How many passages it holds: the first of those given.
    pub passages: usize,
    /// How many were left out, as they did not fit.
    pub left_out: usize,
    /// Its length in tokens, by the counter that was handed in: an estimate for another model.
    pub tokens: usize,
}

/// Makes the prompt; of the passages the first are taken while all has at most `budget` tokens by `count`.
///
/// # Errors
/// `option_invalid` where the template names something that is not known, or lacks the question or the passages.
pub fn build(
    template: &Template,
    examples: &[Example],
    question: &str,
    passages: &[Passage],
    budget: usize,
    count: &impl Fn(&str) -> usize,
) -> Result<Prompt> {
    let mut messages = vec![Message { role: Role::System, content: template.system()?.to_owned() }];
    for example in examples {
        messages.push(Message { role: Role::User, content: example.question.clone() });
        messages.push(Message { role: Role::Assistant, content: example.answer.clone() });
    }
    let mut tokens = messages.iter().map(|message| count(&message.content)).sum::<usize>();
    tokens += count(&template.user("", question)?);
    let mut shown = String::new();
    let mut taken = 0;
    for (passage, number) in passages.iter().zip(1..) {
        let text = numbered(passage, number);
        let cost = count(&text);
        // The first is always sent: without any passage there is nothing to ask.
        if taken > 0 && tokens + cost > budget {
            break;
        }
        tokens += cost;
        shown.push_str(&text);
        taken += 1;
    }
    messages.push(Message { role: Role::User, content: template.user(shown.trim_end(), question)? });
    Ok(Prompt { messages, passages: taken, left_out: passages.len() - taken, tokens })
}

/// A passage as the model sees it: its number, where it is from, and its text between fences.
fn numbered(passage: &Passage, number: usize) -> String {
    let mut heading = passage.title.clone();
    for title in passage.headings.iter().filter(|title| **title != passage.title) {
        heading.push_str(" › ");
        heading.push_str(title);
    }
    if let Some(page) = passage.page {
        heading.push_str(&format!(", page {page}"));
    }
    // A passage must not be able to close its own fence.
    let text = passage.text.trim().replace("\"\"\"", "\"\u{200b}\"\"");
    format!("[{number}] {}\n\"\"\"\n{text}\n\"\"\"\n\n", heading.replace('\n', " "))
}
