//! what might be shown + a budget → what is shown
//!
//! Passages are worth what their rank says: each is kept whole or left out whole, best first, and one that is too long does
//! not keep a shorter one after it from its place. What comes of a template is not known before it is rendered, so costs
//! are differences of rendered texts, and the whole is counted at the end.

use super::rendering::{self, Shown};
use super::{LeftOut, Template, Turn};
use crate::error::Result;

/// Of what is left beside instructions, examples and question, the part that earlier turns may take: passages are what
/// is answered from.
const TURNS_SHARE: usize = 3;

/// What fits.
pub(super) struct Packed<'given> {
    /// Both messages with the passages that are kept.
    pub(super) texts: [String; 2],
    pub(super) kept: Vec<usize>,
    pub(super) left_out: Vec<LeftOut>,
    /// The last turns that fit, in order.
    pub(super) turns: &'given [Turn],
    pub(super) tokens: usize,
}

/// Packs passages and turns beside what takes `fixed` tokens already. Where no passage fits the best is kept all the
/// same: without any there is nothing to ask, and the count is an estimate for the model that reads it.
pub(super) fn pack<'given>(
    template: &Template,
    shown: &Shown,
    turns: &'given [Turn],
    budget: usize,
    fixed: usize,
    count: &dyn Fn(&str) -> usize,
) -> Result<Packed<'given>> {
    let counted = |places: &[usize]| -> Result<(usize, [String; 2])> {
        let texts = rendering::render(template, shown, places)?;
        Ok((texts.iter().map(|text| count(text)).sum(), texts))
    };
    let bare = counted(&[])?.0;
    let mut costs = Vec::with_capacity(shown.sources.len());
    for place in shown.all() {
        costs.push(counted(&[place])?.0.saturating_sub(bare));
    }
    let mut room = budget.saturating_sub(fixed + bare);
    let least = costs.iter().copied().min().unwrap_or(0);
    let (turns, spent) = last_turns(turns, (room / TURNS_SHARE).min(room.saturating_sub(least)), count);
    room -= spent;
    let mut kept = Vec::new();
    let mut left_out = Vec::new();
    for (passage, &tokens) in costs.iter().enumerate() {
        if tokens <= room {
            room -= tokens;
            kept.push(passage);
        } else {
            left_out.push(LeftOut { passage, tokens, room });
        }
    }
    if kept.is_empty() && !left_out.is_empty() {
        kept.push(left_out.remove(0).passage);
    }
    loop {
        let (tokens, texts) = counted(&kept)?;
        let total = fixed + spent + tokens;
        // Together they may take a little more than one by one.
        if total > budget && kept.len() > 1 {
            let passage = kept.pop().unwrap_or_default();
            left_out.push(LeftOut {
                passage,
                tokens: costs[passage],
                room: (costs[passage] + budget).saturating_sub(total),
            });
            continue;
        }
        crate::order::sort(&mut left_out, |left, right| left.passage.cmp(&right.passage));
        return Ok(Packed { texts, kept, left_out, turns, tokens: total });
    }
}

/// The last turns that take no more than `room`, and what they take; a turn that is not whole ends them.
fn last_turns<'given>(turns: &'given [Turn], room: usize, count: &dyn Fn(&str) -> usize) -> (&'given [Turn], usize) {
    let (mut first, mut spent) = (turns.len(), 0);
    for (at, turn) in turns.iter().enumerate().rev() {
        let cost = count(&turn.question) + count(&turn.said());
        if !turn.is_whole() || spent + cost > room {
            break;
        }
        spent += cost;
        first = at;
    }
    (&turns[first..], spent)
}
