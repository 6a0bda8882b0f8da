//! What was found lately
//!
//! A person changes the prompt and asks again: the question need not be embedded again, nor searched for, until another
//! document comes or one goes.

use std::collections::VecDeque;

use super::Found;
use crate::retrieve::SearchOptions;
use crate::vector::UnitVector;

/// How many questions are remembered.
const KEPT: usize = 16;

/// The vectors and the passages of the last questions.
#[derive(Debug, Default)]
pub(super) struct Recent {
    vectors: VecDeque<(String, UnitVector)>,
    found: VecDeque<(String, SearchOptions, Found)>,
}

impl Recent {
    pub(super) fn vector(&self, question: &str) -> Option<UnitVector> {
        self.vectors.iter().find(|(other, _)| other == question).map(|(_, vector)| vector.clone())
    }

    pub(super) fn keep_vector(&mut self, question: &str, vector: &UnitVector) {
        push(&mut self.vectors, (question.to_owned(), vector.clone()));
    }

    pub(super) fn found(&self, question: &str, options: &SearchOptions) -> Option<Found> {
        let same = |other: &&(String, SearchOptions, Found)| other.0 == question && other.1 == *options;
        self.found.iter().find(same).map(|(_, _, found)| found.clone())
    }

    pub(super) fn keep_found(&mut self, question: &str, options: &SearchOptions, found: &Found) {
        push(&mut self.found, (question.to_owned(), options.clone(), found.clone()));
    }

    /// Other documents are there now. Vectors of questions stay as they are.
    pub(super) fn forget_found(&mut self) {
        self.found.clear();
    }
}

fn push<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(one);
}
