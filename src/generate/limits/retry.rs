//! a request that failed → whether it is sent again, and when
//!
//! Only where it is safe, that is before anything of the answer came, and where another time may help. The waits are
//! exponential with full jitter
//! (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>), so that those who were refused
//! together do not come again together.

use serde::{Deserialize, Serialize};

use super::{Amount, DAY, within};
use crate::error::Error;

/// How a request failed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Failure {
    /// What the server answered; nothing where there was no connection, or no headers in time.
    pub status: Option<u16>,
    /// Whether some of the answer came: then a person has seen it, and a second one would be another.
    pub began: bool,
    /// Whether the account has no credit left, which also comes as 429; waiting does not help.
    pub no_credit: bool,
    /// How many milliseconds the server wants to be left alone.
    pub retry_after: Option<f64>,
    /// Whether it wants the request again, where it says so: see [`Hints`](super::Hints).
    pub should_retry: Option<bool>,
}

/// How often, and how soon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Retry {
    /// How often one question is sent again.
    pub retries: u32,
    /// The longest wait before the first time, in milliseconds; twice as long each further time.
    pub first_wait: Amount,
    /// No wait of our own is longer.
    pub longest_wait: Amount,
}

impl Default for Retry {
    fn default() -> Self {
        let amount = |value| Amount::new(value).expect("it is a number from 0 up");
        Self { retries: 4, first_wait: amount(1_000.0), longest_wait: amount(30_000.0) }
    }
}

impl Retry {
    /// How many milliseconds to wait before the question is sent again; none where it is not to be. `attempt` is how
    /// often it was sent again before, `deadline` a time of the same clock as `now`, and `random` is in 0…1.
    pub fn wait(&self, attempt: u32, failure: &Failure, now: f64, deadline: f64, random: f64) -> Option<f64> {
        if attempt >= self.retries || failure.began || failure.no_credit || !failure.may_pass() {
            return None;
        }
        let doubled = self.first_wait.get() * f64::from(1 << attempt.min(20));
        let jitter = within(random, 1.0) * doubled.min(self.longest_wait.get());
        // After what the server asks for, not within it.
        let wait = failure.retry_after.map_or(0.0, |wait| within(wait, DAY)) + jitter;
        (now + wait <= deadline).then_some(wait)
    }
}

impl Failure {
    /// What an error tells, `began` after some of the answer had come; nothing where it is none of the API's.
    pub fn of(error: &Error, began: bool, should_retry: Option<bool>) -> Option<Self> {
        let status = match error {
            Error::ApiRateLimited { .. } => Some(429),
            Error::ApiOverloaded { status, .. }
            | Error::ApiServer { status, .. }
            | Error::ApiRejected { status, .. } => Some(*status),
            Error::ApiUnreachable { .. } | Error::ApiStreamCut { .. } | Error::ApiTimeout { option: "connect", .. } => {
                None
            }
            _ => return None,
        };
        let retry_after = error.retry_after().map(|seconds| seconds * 1_000.0);
        Some(Self { status, began, retry_after, should_retry, no_credit: false })
    }

    /// Whether the same request may succeed another time. 409 is a lock that others hold, as the vendors' own clients
    /// have it, and 529 is Anthropic's for "overloaded".
    fn may_pass(&self) -> bool {
        self.should_retry.unwrap_or(match self.status {
            None => true,
            Some(status) => matches!(status, 408 | 409 | 425 | 429 | 500 | 502 | 503 | 504 | 529),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_DEADLINE: f64 = f64::INFINITY;

    fn status(status: u16) -> Failure {
        Failure { status: Some(status), ..Failure::default() }
    }

    fn again(failure: &Failure) -> bool {
        Retry::default().wait(0, failure, 0.0, NO_DEADLINE, 0.5).is_some()
    }

    #[test]
    fn only_what_may_pass_is_sent_again() {
        assert!(again(&Failure::default()), "no connection");
        let sent_again: Vec<u16> = (100..600).filter(|it| again(&status(*it))).collect();
        assert_eq!(sent_again, [408, 409, 425, 429, 500, 502, 503, 504, 529]);
        assert!(again(&Failure { should_retry: Some(true), ..status(400) }), "the server asks for it");
        assert!(!again(&Failure { should_retry: Some(false), ..status(500) }), "the server asks not to");
    }

    #[test]
    fn what_began_to_be_answered_or_cannot_be_paid_is_not_sent_again() {
        for failure in [Failure::default(), status(429), Failure { should_retry: Some(true), ..status(500) }] {
            assert!(!again(&Failure { began: true, ..failure }));
            assert!(!again(&Failure { no_credit: true, ..failure }));
        }
    }

    #[test]
    fn the_waits_double_up_to_the_longest_and_chance_takes_the_whole_of_them() {
        let retry = Retry { retries: 9, ..Retry::default() };
        let waits = |random: f64| -> Vec<f64> {
            (0..9).map(|attempt| retry.wait(attempt, &status(503), 0.0, NO_DEADLINE, random).unwrap()).collect()
        };
        assert_eq!(waits(1.0), [1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3, 30e3, 30e3]);
        assert_eq!(waits(0.5)[..3], [500.0, 1e3, 2e3]);
        assert_eq!(waits(0.0), [0.0; 9]);
    }

    #[test]
    fn it_ends_after_the_capped_number() {
        let waits = (0..100).map(|attempt| Retry::default().wait(attempt, &status(500), 0.0, NO_DEADLINE, 0.1));
        assert_eq!(waits.filter(Option::is_some).count(), 4);
    }

    #[test]
    fn the_server_is_left_alone_for_as_long_as_it_says_and_not_beyond_the_deadline() {
        let failure = Failure { retry_after: Some(20_000.0), ..status(429) };
        let wait = |deadline| Retry::default().wait(0, &failure, 5_000.0, deadline, 0.25);
        assert_eq!(wait(NO_DEADLINE), Some(20_250.0));
        assert_eq!(wait(25_250.0), Some(20_250.0));
        assert_eq!(wait(25_249.0), None);
    }

    #[test]
    fn nonsense_gives_no_endless_wait() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300] {
            let failure = Failure { retry_after: Some(bad), ..status(429) };
            let wait = Retry::default().wait(u32::MAX - 1, &failure, 0.0, NO_DEADLINE, bad);
            assert_eq!(wait, None);
            let wait = Retry::default().wait(3, &failure, 0.0, NO_DEADLINE, bad).unwrap();
            assert!((0.0..=DAY + 8_000.0).contains(&wait), "{bad}: {wait}");
            assert_eq!(Retry::default().wait(0, &failure, f64::NAN, 1e9, 0.5), None, "no time that could be kept");
        }
    }
}
