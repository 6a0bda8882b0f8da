//! requests that want to be sent → which may go now, and how long the others wait
//!
//! First come, first served: only the first of the queue may go, so a long question is not overtaken for ever by short
//! ones. It goes when there is room in the buckets of requests and of tokens ([`Limits`] that a person set, or what
//! the server's headers tell) and fewer are in flight than may be. Where nothing is known of the limits, which is
//! usual in a browser, a refusal stops all for a while and halves how many are in flight; answers add to it again, as
//! in TCP.

use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::headers::{Hints, Window};
use super::{Amount, DAY, within};

/// A shorter time, in milliseconds, is a rounding of the clock's.
const ROUNDING: f64 = 1e-3;
/// How soon to look again where another request must end first.
const LOOK_AGAIN: f64 = 100.0;
/// How long all wait after a refusal that does not tell how long; twice as long after each further one.
const FIRST_PAUSE: f64 = 1_000.0;
const LONGEST_PAUSE: f64 = 60_000.0;
/// No request has more tokens.
const MOST_TOKENS: f64 = 1e9;
/// A server that names a longer time until its limit is whole again has more than a minute in mind.
const LONGER_THAN_A_MINUTE: f64 = 61_000.0;

/// What a person set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// How many requests may be sent in a minute; as many as the server allows where nothing is given.
    pub requests_per_minute: Option<Amount>,
    /// How many tokens, read and written, in a minute.
    pub tokens_per_minute: Option<Amount>,
    /// How many requests may be in flight at once; at least 1.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_minute: None, tokens_per_minute: None, concurrency: 4 }
    }
}

/// A place in the queue; the lower came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ready {
    /// Send it now. This is said once, and [`Limiter::done`] must follow.
    Go,
    /// Ask again in so many milliseconds (at least 1), or as soon as another ticket is done or cancelled.
    Wait(f64),
    /// It was told to go before, or was cancelled.
    Gone,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// There was an answer, of so many tokens with those that were read, where that is known.
    Answered(Option<f64>),
    /// The server had too many requests (429, 503, 529) and told how many milliseconds to wait, or did not.
    Refused(Option<f64>),
    /// It failed otherwise. The server may have counted it, so it stays counted here.
    Failed,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    ticket: Ticket,
    tokens: f64,
    /// Whether the server has spoken, so that what it tells is left does not hold this one any more.
    heard: bool,
}

/// Lets requests to one API go, in turn.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    queue: Vec<Held>,
    /// In the order in which they were sent.
    in_flight: Vec<Held>,
    /// How many may be in flight now: from 1 up to what was set.
    window: f64,
    paused_until: f64,
    /// How many pauses there were since the last answer.
    pauses: i32,
    next: u32,
}

impl Limiter {
    /// With all that the limits allow.
    pub fn new(limits: Limits) -> Self {
        let bucket = |per_minute: Option<Amount>| per_minute.map(|it| Bucket::new(it.get()));
        Self {
            requests: bucket(limits.requests_per_minute),
            tokens: bucket(limits.tokens_per_minute),
            queue: Vec::new(),
            in_flight: Vec::new(),
            window: limits.concurrency.max(1) as f64,
            paused_until: f64::NEG_INFINITY,
            pauses: 0,
            next: 0,
            limits,
        }
    }

    /// Joins the queue; `tokens` is about what the question and its answer will have.
    pub fn ask(&mut self, tokens: f64) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.again(ticket, tokens);
        ticket
    }

    /// Joins the queue again at its old place, after it was [`done`](Self::done) and failed.
    pub fn again(&mut self, ticket: Ticket, tokens: f64) {
        let place = self.queue.partition_point(|other| other.ticket < ticket);
        self.queue.insert(place, Held { ticket, tokens: within(tokens, MOST_TOKENS), heard: false });
    }

    /// Whether it may be sent.
    pub fn ready(&mut self, ticket: Ticket, now: f64) -> Ready {
        let Some(place) = self.queue.iter().position(|other| other.ticket == ticket) else {
            return Ready::Gone;
        };
        let before: f64 = self.queue.iter().take(place).map(|other| other.tokens).sum();
        let held = self.queue[place];
        let mut wait = self.paused_until - now;
        for (bucket, before, amount) in
            [(&mut self.requests, place as f64, 1.0), (&mut self.tokens, before, held.tokens)]
        {
            if let Some(bucket) = bucket {
                bucket.fill(now);
                wait = wait.max(bucket.wait(before, amount));
            }
        }
        let free = place == 0 && self.in_flight.len() < self.window as usize;
        if free && wait < ROUNDING {
            self.queue.remove(0);
            self.take(1.0, held.tokens);
            self.in_flight.push(held);
            return Ready::Go;
        }
        Ready::Wait((within(wait, DAY) - ROUNDING).ceil().max(if free { 1.0 } else { LOOK_AGAIN }))
    }

    /// The headers of its response came.
    pub fn heard(&mut self, ticket: Ticket, now: f64, hints: &Hints) {
        let Some(place) = self.in_flight.iter().position(|other| other.ticket == ticket) else {
            return;
        };
        self.in_flight[place].heard = true;
        let pending = |amount: fn(&Held) -> f64| {
            let mut pending = Pending::default();
            for (at, other) in self.in_flight.iter().enumerate() {
                pending.all += amount(other);
                pending.unheard += if other.heard { 0.0 } else { amount(other) };
                pending.later += if other.heard || at < place { 0.0 } else { amount(other) };
            }
            pending
        };
        let (requests, tokens) = (pending(|_| 1.0), pending(|other| other.tokens));
        learn(&mut self.requests, self.limits.requests_per_minute, &hints.requests, now, requests);
        learn(&mut self.tokens, self.limits.tokens_per_minute, &hints.tokens, now, tokens);
    }

    /// It has ended. Of one that is not in flight nothing is learnt.
    pub fn done(&mut self, ticket: Ticket, now: f64, outcome: Outcome) {
        let Some(held) = self.leave(ticket) else {
            return;
        };
        match outcome {
            Outcome::Answered(tokens) => {
                self.pauses = 0;
                self.window = (self.window + 1.0 / self.window).min(self.limits.concurrency.max(1) as f64);
                if let Some(tokens) = tokens {
                    self.take(0.0, within(tokens, MOST_TOKENS) - held.tokens);
                }
            }
            Outcome::Refused(wait) => self.refused(now, wait),
            Outcome::Failed => {}
        }
    }

    /// Nobody waits for it any more, in the queue or in flight: what was sent stays counted.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.queue.retain(|other| other.ticket != ticket);
        self.leave(ticket);
    }

    /// How many are in the queue.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many were told to go and are not done.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn leave(&mut self, ticket: Ticket) -> Option<Held> {
        let place = self.in_flight.iter().position(|other| other.ticket == ticket)?;
        Some(self.in_flight.remove(place))
    }

    fn take(&mut self, requests: f64, tokens: f64) {
        self.requests.iter_mut().for_each(|bucket| bucket.take(requests));
        self.tokens.iter_mut().for_each(|bucket| bucket.take(tokens));
    }

    /// The server has not what was thought to be left: whatever is known begins at nothing. Others that were refused
    /// with it tell nothing new.
    fn refused(&mut self, now: f64, wait: Option<f64>) {
        let already = now < self.paused_until;
        if !already {
            self.window = (self.window / 2.0).max(1.0);
            self.pauses = (self.pauses + 1).min(10);
        }
        for bucket in self.requests.iter_mut().chain(&mut self.tokens) {
            bucket.fill(now);
            bucket.correct(f64::NEG_INFINITY, 0.0);
        }
        let doubled = || if already { 0.0 } else { f64::from(1 << (self.pauses - 1)) * FIRST_PAUSE };
        // "At once" is not believed: a server that means it would not have refused.
        let pause = wait.map_or_else(|| doubled().min(LONGEST_PAUSE), |wait| within(wait, DAY).max(LOOK_AGAIN));
        self.paused_until = self.paused_until.max(now + pause);
    }
}

/// What the server may not have counted yet when it told what is left.
#[derive(Default)]
struct Pending {
    /// Of those that were sent later and not answered yet: most likely it has not.
    later: f64,
    /// Of all that are not answered yet.
    unheard: f64,
    /// Of all in flight: the end of an answer is counted when it is written.
    all: f64,
}

/// Holds a bucket to what the server tells. A person's own limit can only become stricter by it.
fn learn(bucket: &mut Option<Bucket>, own: Option<Amount>, window: &Window, now: f64, pending: Pending) {
    let Pending { mut later, unheard, all } = pending;
    let told = window.limit.filter(|limit| *limit >= 1.0);
    if let Some(limit) = told {
        let per_minute = own.map_or(limit, |own| own.get().min(limit));
        if bucket.is_none() {
            later = unheard; // Nothing was taken for those that were sent before.
        }
        bucket.get_or_insert_with(|| Bucket::new(per_minute)).resize(per_minute);
    }
    let (Some(bucket), Some(remaining)) = (bucket, window.remaining) else {
        return;
    };
    bucket.fill(now);
    let least = if own.is_some() { f64::NEG_INFINITY } else { remaining - all };
    bucket.correct(least, remaining - later);
    // A limit by the day: what is left may go as fast as a person asks, but then little comes after it.
    if let (Some(limit), Some(reset)) = (told, window.reset)
        && reset > LONGER_THAN_A_MINUTE
        && remaining < limit / 2.0
    {
        bucket.slow_down(limit - remaining, reset);
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))] // Where proptest is not.
mod tests;
