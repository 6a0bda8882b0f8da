//! so many in a minute → how long until some more may be taken
//!
//! The token bucket of RFC 2697, as OpenAI and Anthropic limit by themselves: it holds a minute's worth and fills all
//! the time. More than it holds is let through when it is full, and is owed then; but no more than a minute's worth is
//! ever owed, or one wrong estimate would keep all others waiting.

use super::DAY;

/// In milliseconds.
const MINUTE: f64 = 60_000.0;
/// How much of a minute's worth may go at once. The rest makes up for requests that overtake one another on their
/// way, and for lengths that were estimated: a server whose bucket was full meanwhile has gained less than ours.
const BURST: f64 = 0.95;

#[derive(Debug)]
pub(super) struct Bucket {
    capacity: f64,
    /// By the millisecond.
    rate: f64,
    /// Below 0 where more was taken than was there.
    level: f64,
    /// When `level` was so.
    at: f64,
}

impl Bucket {
    /// A full one; the time of its first use is its beginning.
    pub(super) fn new(per_minute: f64) -> Self {
        let mut bucket = Self { capacity: 0.0, rate: 0.0, level: 0.0, at: f64::NEG_INFINITY };
        bucket.resize(per_minute);
        bucket.level = bucket.capacity;
        bucket
    }

    /// Less than one a minute is taken for one: with nothing at all a person would wait for ever.
    pub(super) fn resize(&mut self, per_minute: f64) {
        let per_minute = per_minute.max(1.0);
        self.capacity = (per_minute * BURST).max(1.0);
        self.rate = per_minute / MINUTE;
        self.set(self.level);
    }

    /// The server's own bucket fills more slowly than in a minute: `amount` in `milliseconds`. In a day it is full
    /// again, whatever is said.
    pub(super) fn slow_down(&mut self, amount: f64, milliseconds: f64) {
        self.rate = (amount / milliseconds).max(self.capacity / DAY).min(self.rate);
    }

    pub(super) fn fill(&mut self, now: f64) {
        if now > self.at {
            self.set(self.level + (now - self.at) * self.rate);
            self.at = now;
        }
    }

    /// How long until one request may take its `amount`, after others that are to take `before`.
    pub(super) fn wait(&self, before: f64, amount: f64) -> f64 {
        (before + amount.min(self.capacity) - self.level).max(0.0) / self.rate
    }

    /// Takes some, or gives some back.
    pub(super) fn take(&mut self, amount: f64) {
        self.set(self.level - amount);
    }

    /// The server said that there is no more than `most`, and no less than `least` where that is told.
    pub(super) fn correct(&mut self, least: f64, most: f64) {
        self.set(self.level.max(least).min(most));
    }

    fn set(&mut self, level: f64) {
        self.level = level.clamp(-self.capacity, self.capacity);
    }
}
