//! a question and what is heard of it → when it is given up
//!
//! Four limits of time: until the server answers at all, until the first word, between two words, and one deadline
//! over everything, queue and retries too. Words only count, since a server can send pings for ever.

use serde::{Deserialize, Serialize};

use super::Amount;
use crate::error::Error;

/// How long is waited, in milliseconds. Generous where nothing is set: a server at home loads its model first, and
/// then reads a long prompt, before it says anything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Timeouts {
    /// From sending to the headers of the response.
    pub connect: Amount,
    /// From the headers to the first word.
    pub first_token: Amount,
    /// From word to word.
    pub silence: Amount,
    /// From the question to the end of its answer.
    pub total: Amount,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = |value: f64| Amount::new(value * 1_000.0).expect("it is a number from 0 up");
        Self { connect: seconds(120.0), first_token: seconds(180.0), silence: seconds(60.0), total: seconds(600.0) }
    }
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// No headers came.
    Connect,
    /// No word came.
    FirstToken,
    /// No further word came.
    Silence,
    /// All together.
    Total,
}

/// Watches over one question.
#[derive(Debug)]
pub struct Watch {
    timeouts: Timeouts,
    deadline: f64,
    /// What is waited for, apart from the end, and until when.
    alarm: Option<(Timeout, f64)>,
}

impl Watch {
    /// The question was asked. Nothing is sent yet, so only the deadline counts.
    pub fn new(timeouts: Timeouts, now: f64) -> Self {
        Self { deadline: now + timeouts.total.get(), timeouts, alarm: None }
    }

    /// When all must be over.
    pub fn deadline(&self) -> f64 {
        self.deadline
    }

    /// It waits to be sent, for the first time or again.
    pub fn waiting(&mut self) {
        self.alarm = None;
    }

    /// It was sent.
    pub fn sent(&mut self, now: f64) {
        self.alarm = Some((Timeout::Connect, now + self.timeouts.connect.get()));
    }

    /// The headers of the response came.
    pub fn opened(&mut self, now: f64) {
        self.alarm = Some((Timeout::FirstToken, now + self.timeouts.first_token.get()));
    }

    /// Words came.
    pub fn heard(&mut self, now: f64) {
        self.alarm = Some((Timeout::Silence, now + self.timeouts.silence.get()));
    }

    /// In how many milliseconds to [`check`](Self::check) again: at least 0.
    pub fn next_alarm(&self, now: f64) -> f64 {
        (self.first().1 - now).max(0.0)
    }

    /// Whether something took too long.
    pub fn check(&self, now: f64) -> Option<Timeout> {
        let (timeout, at) = self.first();
        (now >= at).then_some(timeout)
    }

    /// The error for it.
    pub fn error(&self, timeout: Timeout, url: &str) -> Error {
        let Timeouts { connect, first_token, silence, total } = self.timeouts;
        let (problem, option, limit) = match timeout {
            Timeout::Connect => ("it did not answer", "connect", connect),
            Timeout::FirstToken => ("the answer did not begin", "firstToken", first_token),
            Timeout::Silence => ("the answer did not go on", "silence", silence),
            Timeout::Total => ("the answer did not end", "total", total),
        };
        Error::ApiTimeout { url: url.to_owned(), problem, option, seconds: limit.get() / 1_000.0 }
    }

    fn first(&self) -> (Timeout, f64) {
        self.alarm.filter(|(_, at)| *at < self.deadline).unwrap_or((Timeout::Total, self.deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        let timeouts = r#"{"connect": 10, "firstToken": 20, "silence": 5, "total": 100}"#;
        Watch::new(serde_json::from_str(timeouts).unwrap(), 1_000.0)
    }

    #[test]
    fn each_stage_of_an_answer_has_its_own_limit() {
        let mut watch = watch();
        watch.sent(1_020.0);
        assert_eq!((watch.next_alarm(1_020.0), watch.check(1_029.9)), (10.0, None));
        assert_eq!(watch.check(1_030.0), Some(Timeout::Connect));
        watch.opened(1_025.0);
        assert_eq!((watch.next_alarm(1_030.0), watch.check(1_044.9)), (15.0, None));
        assert_eq!(watch.check(1_045.0), Some(Timeout::FirstToken));
        for at in [1_040.0, 1_044.0, 1_048.0] {
            watch.heard(at);
            assert_eq!((watch.check(at + 4.9), watch.check(at + 5.0)), (None, Some(Timeout::Silence)));
        }
    }

    #[test]
    fn the_deadline_holds_in_the_queue_over_all_retries_and_while_words_come() {
        let mut watch = watch();
        assert_eq!((watch.deadline(), watch.next_alarm(1_000.0)), (1_100.0, 100.0));
        for at in [1_010.0, 1_050.0] {
            watch.sent(at);
            watch.waiting();
            assert_eq!((watch.next_alarm(at), watch.check(at + 20.0)), (1_100.0 - at, None));
        }
        watch.sent(1_095.0);
        assert_eq!((watch.next_alarm(1_095.0), watch.check(1_100.0)), (5.0, Some(Timeout::Total)));
        watch.heard(1_099.0);
        assert_eq!((watch.check(1_099.0), watch.check(1_100.0)), (None, Some(Timeout::Total)));
        assert_eq!(watch.next_alarm(2_000.0), 0.0);
    }

    #[test]
    fn the_error_names_what_took_too_long_and_the_option_that_allows_more() {
        let error = watch().error(Timeout::FirstToken, "http://localhost/v1");
        assert_eq!(error.code(), "api_timeout");
        let message = error.to_string();
        for part in ["http://localhost/v1", "did not begin within 0.02 s", "timeouts.firstToken"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn an_option_that_is_mistyped_or_no_time_is_refused() {
        for bad in [r#"{"conect": 10}"#, r#"{"connect": -10}"#, r#"{"silence": "5 s"}"#] {
            assert!(serde_json::from_str::<Timeouts>(bad).is_err(), "{bad}");
        }
    }
}
