//! states of tokens → one vector a text
//!
//! The mean over the text's own tokens, or the state of the first, as sentence-transformers does it.

use crate::model::folder::Pooling;

/// `states`: those of one text's tokens, one behind the other, each of `hidden` numbers.
pub(super) fn pool(states: &[f32], hidden: usize, pooling: Pooling) -> Vec<f32> {
    match pooling {
        Pooling::Mean => mean(states, hidden),
        Pooling::Cls => states[..hidden].to_vec(),
    }
}

fn mean(states: &[f32], hidden: usize) -> Vec<f32> {
    let mut sums = vec![0.0f32; hidden];
    for state in states.chunks_exact(hidden) {
        sums.iter_mut().zip(state).for_each(|(sum, value)| *sum += value);
    }
    let count = (states.len() / hidden) as f32;
    sums.iter_mut().for_each(|sum| *sum /= count);
    sums
}
