//! states of tokens → one vector a text
//!
//! The mean over the text's own tokens, as sentence-transformers does it: padding counts for nothing.

use candle_core::{Result, Tensor};

/// `states` (texts × tokens × hidden) and `mask` (texts × tokens, 1 for a token, 0 for padding) → texts × hidden.
pub(super) fn mean(states: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let mask = mask.unsqueeze(2)?;
    let sums = states.broadcast_mul(&mask)?.sum(1)?;
    sums.broadcast_div(&mask.sum(1)?)
}
