//! What was done for an answer, stage by stage
//!
//! An answer that is wrong went wrong somewhere: in what was found, in what was sent, in what was written. So every
//! stage leaves what it decided, and the time it took.

use serde::Serialize;

use super::inquiry::FollowUps;
use crate::document::Passage;
use crate::generate::Usage;
use crate::generate::meter::Measure;
use crate::prompt::{LeftOut, Message};
use crate::retrieve::Mode;

/// What was done for an answer, stage by stage.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// What was asked.
    pub question: String,
    /// In order.
    pub stages: Vec<Stage>,
    /// What left the machine, exactly; nothing for an extractive answer.
    pub request: Option<Sent>,
    /// From the request to the first word.
    pub first_token_milliseconds: Option<f64>,
    /// What the model reported.
    pub usage: Option<Usage>,
    /// How often it was sent again, and why.
    pub resent: Vec<Resent>,
    /// Whether the response is one that was kept: then nothing was sent.
    pub cached: bool,
    /// What the answer took, where a model was asked and has ended.
    pub measure: Option<Measure>,
}

/// A request that failed and was sent again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resent {
    /// Of the error.
    pub code: &'static str,
    /// Of the error.
    pub message: String,
    /// How long was waited.
    pub milliseconds: f64,
}

/// A request as it was sent, without its headers, which hold the key.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// Where to.
    pub url: String,
    /// The exact bytes.
    pub body: String,
}

/// One stage's work and the time it took.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// In milliseconds.
    pub milliseconds: f64,
    /// What was done.
    #[serde(flatten)]
    pub work: Work,
}

/// What a stage decided.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "stage", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Work {
    /// The question leans on those before it, and was made to stand alone.
    Rewrite {
        /// What was searched for.
        question: String,
        /// How.
        by: FollowUps,
    },
    /// The question became a vector.
    Embed {
        /// Of the question.
        tokens: usize,
        /// More than these are not read.
        token_limit: usize,
        /// Whether it is that of an earlier question.
        reused: bool,
    },
    /// Passages were found.
    Retrieve {
        /// How.
        mode: Mode,
        /// Among how many chunks.
        searched: usize,
        /// Which, best first.
        passages: Vec<Ranked>,
        /// Whether they are those of an earlier question, since when nothing has changed.
        reused: bool,
    },
    /// No model was asked, since nothing that was found is near enough to answer.
    Abstain {
        /// How near it is.
        score: f32,
        /// How near it should be.
        needed: f32,
    },
    /// The prompt was made.
    Prompt {
        /// What the wording is called.
        template: String,
        /// How many passages it holds.
        passages: usize,
        /// Which of those that were found these are, by their place from 0.
        kept: Vec<usize>,
        /// Which of these the person struck, by their place among them.
        struck: Vec<usize>,
        /// Which did not fit.
        left_out: Vec<LeftOut>,
        /// How many examples it shows.
        examples: usize,
        /// How many earlier questions it holds, with their answers.
        turns: usize,
        /// How many of these did not fit.
        turns_left_out: usize,
        /// Its length, as the embedding model counts.
        tokens: usize,
        /// The messages.
        messages: Vec<Message>,
    },
    /// The answer was written.
    Generate {
        /// By what: a model's name, or `extractive`.
        by: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The citations were checked.
    Ground {
        /// How many the source supports.
        supported: usize,
        /// How many it supports weakly.
        weak: usize,
        /// How many it does not support.
        unsupported: usize,
        /// How many of all were added by the check.
        added: usize,
        /// How many sentences of the answer no source supports.
        unsupported_sentences: usize,
    },
}

/// A passage in a trace.
#[derive(Debug, Clone, Serialize)]
pub struct Ranked {
    id: String,
    chunk: usize,
    score: f32,
    semantic: Option<f32>,
    lexical: Option<f32>,
}

impl From<&Passage> for Ranked {
    fn from(passage: &Passage) -> Self {
        let Passage { id, chunk, score, semantic, lexical, .. } = passage;
        Self { id: id.clone(), chunk: *chunk, score: *score, semantic: *semantic, lexical: *lexical }
    }
}
