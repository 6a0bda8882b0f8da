//! a request, its failures and the time → when to send it, whether to send it again, what it took
//!
//! The parts of [`limits`](super::limits) and the [`Meter`] put together for one question: it waits for its turn, is
//! watched, is sent again where that is safe, and in the end its tokens and its money are told. What questions have in
//! common, the queue of each API and what was spent, is the [`Session`]'s. Time and chance are handed in here, too.

use serde::Deserialize;

use super::limits::{Budget, Cache, Cost, Failure, Hints, Limiter, Limits, Outcome, Ready, Retry};
use super::limits::{Spending, Ticket, Timeout, Timeouts, Watch};
use super::meter::{Measure, Meter, Prices, Tokens, Totals};
use super::request::limit;
use super::{DEFAULT_MAX_TOKENS, Header, Settings, Usage};
use crate::error::{Error, Result};

/// What is set aside for an answer that has no limit, in tokens: as much as Anthropic is told, where thoughts are counted.
const WITHOUT_LIMIT: u32 = 4 * DEFAULT_MAX_TOKENS;
/// How many bytes of answers are kept for questions that are asked again.
const CACHE: usize = 8 * 1024 * 1024;

/// What a person set about time, limits and money.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// How many requests and tokens in a minute, and how many at once.
    pub limits: Limits,
    /// How often a request that failed is sent again, and when.
    pub retries: Retry,
    /// How long is waited.
    pub timeouts: Timeouts,
    /// What may be spent.
    pub budget: Budget,
    /// What models cost.
    pub prices: Prices,
    /// Whether the same request is answered from memory the second time.
    pub cache: bool,
}

/// What all questions have in common.
#[derive(Debug)]
pub struct Session {
    queues: Vec<Queue>,
    spending: Spending,
    totals: Totals,
    cache: Cache,
}

/// The way to one model of one API.
struct Queue {
    url: String,
    model: String,
    /// Limits are those of an account.
    key: Option<String>,
    limits: Limits,
    limiter: Limiter,
    /// Whether it has ever answered: where there never was a connection, trying again only hides that.
    answered: bool,
    /// What it said when it refused last; nothing after an answer.
    refusal: Option<Error>,
}

/// Without the key: what is printed ends up in logs.
impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Queue {{ url: {:?}, model: {:?}, limiter: {:?} }}", self.url, self.model, self.limiter)
    }
}

impl Default for Session {
    fn default() -> Self {
        Self { queues: Vec::new(), spending: Spending::default(), totals: Totals::default(), cache: Cache::new(CACHE) }
    }
}

impl Session {
    /// What all answers took together.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// One more answer, which went another way.
    pub fn add(&mut self, measure: &Measure) {
        self.totals.add(measure);
    }

    /// Answers that are kept by their request.
    pub fn cache(&mut self) -> &mut Cache {
        &mut self.cache
    }

    /// The queue of an API's model; one with other limits than before begins anew.
    fn queue(&mut self, url: &str, settings: &Settings) -> usize {
        let Settings { model, api_key: key, policy: Policy { limits, .. }, .. } = settings;
        let same = |queue: &Queue| queue.url == url && queue.model == *model && queue.key == *key;
        let place = self.queues.iter().position(same);
        let place = place.unwrap_or_else(|| {
            let (url, model, key) = (url.to_owned(), model.clone(), key.clone());
            let (limits, limiter) = (*limits, Limiter::new(*limits));
            self.queues.push(Queue { url, model, key, limits, limiter, answered: false, refusal: None });
            self.queues.len() - 1
        });
        let queue = &mut self.queues[place];
        if queue.limits != *limits && queue.limiter.waiting() == 0 && queue.limiter.in_flight() == 0 {
            (queue.limits, queue.limiter) = (*limits, Limiter::new(*limits));
        }
        place
    }
}

/// One question on its way, through the queue and all retries.
#[derive(Debug)]
pub struct Sending {
    url: String,
    settings: Settings,
    queue: usize,
    ticket: Option<Ticket>,
    /// What it may take at most.
    estimate: Cost,
    watch: Watch,
    meter: Meter,
    stage: Stage,
    /// How often it was sent again.
    attempt: u32,
    /// Why it is sent again, the last time.
    trouble: Option<Error>,
    hints: Hints,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// Nobody has asked for its turn yet: a person may still be looking at it.
    New,
    Queued,
    /// Not in the queue before that time.
    Resting(f64),
    InFlight,
    /// It failed and is not sent again: nobody charges for it, unless words came.
    Failed,
    Ended,
}

impl Sending {
    /// Sets aside what the question may take, and joins the queue; `prompt` is how many tokens are to be read.
    ///
    /// # Errors
    /// `budget_exceeded`, `option_invalid`: nothing is sent then.
    pub fn new(session: &mut Session, url: &str, settings: &Settings, prompt: usize, now: f64) -> Result<Self> {
        let Policy { budget, timeouts, prices, .. } = &settings.policy;
        let completion = u64::from(limit(settings).unwrap_or(WITHOUT_LIMIT));
        let tokens = Tokens { prompt: prompt as u64, completion, ..Tokens::default() };
        let estimate = prices.cost(&settings.model, &tokens);
        session.spending.set_budget(*budget);
        session.spending.reserve(&estimate)?;
        let queue = session.queue(url, settings);
        Ok(Self {
            url: url.to_owned(),
            ticket: None,
            queue,
            settings: settings.clone(),
            estimate,
            watch: Watch::new(*timeouts, now),
            meter: Meter::new(now),
            stage: Stage::New,
            attempt: 0,
            trouble: None,
            hints: Hints::default(),
        })
    }

    /// In how many milliseconds to ask this again; with 0 it is to be sent now.
    ///
    /// # Errors
    /// Where its turn would come after the deadline: why it was not answered the last time, or `api_timeout`.
    pub fn turn(&mut self, session: &mut Session, now: f64) -> Result<f64> {
        let Queue { limiter, refusal, .. } = &mut session.queues[self.queue];
        let tokens = self.estimate.tokens as f64;
        match (self.stage, self.ticket) {
            (Stage::New, _) => {
                // Only now: how long a person looks at what would be sent counts nowhere.
                self.ticket = Some(limiter.ask(tokens));
                (self.watch, self.meter) = (Watch::new(self.settings.policy.timeouts, now), Meter::new(now));
                self.stage = Stage::Queued;
            }
            (Stage::Resting(until), _) if now < until => return Ok((until - now).max(1.0)),
            (Stage::Resting(_), Some(ticket)) => {
                limiter.again(ticket, tokens);
                self.stage = Stage::Queued;
            }
            _ => {}
        }
        let (Stage::Queued, Some(ticket)) = (self.stage, self.ticket) else { return Ok(0.0) };
        match limiter.ready(ticket, now) {
            Ready::Wait(wait) if now + wait < self.watch.deadline() => Ok(wait),
            Ready::Wait(_) => {
                let known = self.trouble.as_ref().or(refusal.as_ref());
                Err(known.cloned().unwrap_or_else(|| self.watch.error(Timeout::Total, &self.url)))
            }
            Ready::Go | Ready::Gone => {
                self.stage = Stage::InFlight;
                self.hints = Hints::default();
                self.watch.sent(now);
                self.meter.sent(now);
                Ok(0.0)
            }
        }
    }

    /// The headers of the response came; `wall` is the time in milliseconds since 1970.
    pub fn opened(&mut self, session: &mut Session, header: Header<'_>, now: f64, wall: f64) {
        let queue = &mut session.queues[self.queue];
        queue.answered = true;
        self.hints = Hints::read(header, wall);
        self.watch.opened(now);
        if let Some(ticket) = self.ticket {
            queue.limiter.heard(ticket, now, &self.hints);
        }
    }

    /// Words came.
    pub fn heard(&mut self, now: f64) {
        self.watch.heard(now);
        self.meter.heard(now);
    }

    /// In how many milliseconds to ask for [`overdue`](Self::overdue) again.
    pub fn next_alarm(&self, now: f64) -> f64 {
        self.watch.next_alarm(now)
    }

    /// How many milliseconds are left for all of it.
    pub fn time_left(&self, now: f64) -> f64 {
        (self.watch.deadline() - now).max(0.0)
    }

    /// Whether it has ever been sent.
    pub fn was_sent(&self) -> bool {
        self.attempt > 0 || !matches!(self.stage, Stage::New | Stage::Queued)
    }

    /// What took too long, if anything did.
    pub fn overdue(&self, now: f64) -> Option<Error> {
        Some(self.watch.error(self.watch.check(now)?, &self.url))
    }

    /// It failed, `began` after some of the answer had come. In how many milliseconds [`turn`](Self::turn) is to be
    /// asked, where it is sent again; `random` is in 0…1.
    ///
    /// # Errors
    /// The same error, where it is not.
    pub fn failed(&mut self, session: &mut Session, error: Error, began: bool, now: f64, random: f64) -> Result<f64> {
        let queue = &mut session.queues[self.queue];
        let failure = Failure::of(&error, began, self.hints.should_retry);
        let refused = matches!(error, Error::ApiRateLimited { .. } | Error::ApiOverloaded { .. });
        let retry_after = failure.and_then(|failure| failure.retry_after);
        let outcome = if refused { Outcome::Refused(retry_after) } else { Outcome::Failed };
        if let Some(ticket) = self.ticket {
            queue.limiter.done(ticket, now, outcome);
        }
        if refused {
            queue.refusal = Some(error.clone());
        }
        let nobody = matches!(error, Error::ApiUnreachable { .. }) && !queue.answered;
        let wait = failure.filter(|_| !nobody).and_then(|failure| {
            self.settings.policy.retries.wait(self.attempt, &failure, now, self.watch.deadline(), random)
        });
        let Some(wait) = wait else {
            self.stage = if began { Stage::InFlight } else { Stage::Failed };
            // What a server said before it went away tells more than that it is away.
            let gone = matches!(error, Error::ApiUnreachable { .. });
            return Err(self.trouble.take().filter(|_| gone).unwrap_or(error));
        };
        self.attempt += 1;
        self.stage = Stage::Resting(now + wait);
        self.trouble = Some(error);
        self.watch.waiting();
        Ok(wait)
    }

    /// It is over, well or not. `counted` is what the tokeniser makes of the prompt and of the text that came: believed
    /// where the API reports nothing. Nothing where nothing was sent, or it was told before.
    pub fn end(&mut self, session: &mut Session, usage: Option<&Usage>, counted: Tokens, now: f64) -> Option<Measure> {
        let stage = std::mem::replace(&mut self.stage, Stage::Ended);
        if stage == Stage::Ended {
            return None;
        }
        let Settings { model, policy: Policy { prices, .. }, .. } = &self.settings;
        let Queue { limiter, refusal, .. } = &mut session.queues[self.queue];
        if stage != Stage::InFlight {
            self.ticket.into_iter().for_each(|ticket| limiter.cancel(ticket));
            session.spending.settle(&self.estimate, &Cost::default());
            return None;
        }
        let measure = self.meter.end(now, usage.unwrap_or(&Usage::default()), counted, prices, model);
        match (usage, self.ticket) {
            (Some(_), Some(ticket)) => {
                *refusal = None;
                limiter.done(ticket, now, Outcome::Answered(Some(measure.tokens.total() as f64)));
            }
            (None, Some(ticket)) => limiter.cancel(ticket),
            (_, None) => {}
        }
        session.spending.settle(&self.estimate, &prices.cost(model, &measure.tokens));
        session.totals.add(&measure);
        Some(measure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Api;

    const URL: &str = "http://localhost/v1/chat/completions";

    fn settings(policy: &str) -> Settings {
        Settings {
            api: Api::OpenAi,
            base_url: "http://localhost/v1".into(),
            model: "small".into(),
            api_key: None,
            temperature: None,
            max_tokens: Some(100),
            policy: serde_json::from_str(policy).unwrap(),
        }
    }

    fn sending(session: &mut Session, policy: &str, now: f64) -> Sending {
        Sending::new(session, URL, &settings(policy), 50, now).unwrap()
    }

    fn limited(retry_after: Option<f64>) -> Error {
        Error::ApiRateLimited { url: URL.into(), message: "slowly".into(), retry_after }
    }

    fn no_header(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn a_question_that_was_refused_rests_is_sent_again_and_its_retries_are_told() {
        let mut session = Session::default();
        let mut sending = sending(&mut session, "{}", 0.0);
        assert_eq!(sending.turn(&mut session, 0.0), Ok(0.0));
        sending.opened(&mut session, &no_header, 10.0, 0.0);
        assert_eq!(sending.failed(&mut session, limited(Some(2.0)), false, 20.0, 0.5), Ok(2_500.0));
        assert_eq!(sending.turn(&mut session, 20.0), Ok(2_500.0));
        assert_eq!(sending.turn(&mut session, 2_520.0), Ok(0.0));
        sending.opened(&mut session, &no_header, 2_600.0, 0.0);
        sending.heard(2_700.0);
        let usage = Usage { prompt_tokens: Some(60), completion_tokens: Some(7), ..Usage::default() };
        let measure = sending.end(&mut session, Some(&usage), Tokens::default(), 3_000.0).unwrap();
        assert_eq!((measure.retries, measure.tokens.total(), measure.milliseconds), (1, 67, 3_000.0));
        assert_eq!(measure.first_token_milliseconds, Some(180.0));
        assert_eq!(sending.end(&mut session, Some(&usage), Tokens::default(), 3_000.0), None);
        assert_eq!((session.totals().answers, session.totals().retries), (1, 1));
    }

    #[test]
    fn where_nobody_ever_answered_it_is_not_tried_again_and_later_it_is() {
        let mut session = Session::default();
        let unreachable = Error::ApiUnreachable { url: URL.into() };
        let mut first = sending(&mut session, "{}", 0.0);
        first.turn(&mut session, 0.0).unwrap();
        assert_eq!(first.failed(&mut session, unreachable.clone(), false, 1.0, 0.5), Err(unreachable.clone()));
        first.end(&mut session, None, Tokens::default(), 1.0);
        let mut second = sending(&mut session, "{}", 2.0);
        second.turn(&mut session, 2.0).unwrap();
        second.opened(&mut session, &no_header, 3.0, 0.0);
        second.end(&mut session, Some(&Usage::default()), Tokens::default(), 4.0);
        let mut third = sending(&mut session, "{}", 5.0);
        third.turn(&mut session, 5.0).unwrap();
        assert_eq!(third.failed(&mut session, unreachable, false, 6.0, 0.5), Ok(500.0));
    }

    #[test]
    fn what_began_is_not_sent_again() {
        let mut session = Session::default();
        let mut sending = sending(&mut session, "{}", 0.0);
        sending.turn(&mut session, 0.0).unwrap();
        sending.opened(&mut session, &no_header, 1.0, 0.0);
        let cut = Error::ApiStreamCut { url: URL.into() };
        assert_eq!(sending.failed(&mut session, cut.clone(), true, 2.0, 0.5), Err(cut));
    }

    #[test]
    fn a_turn_that_would_come_after_the_deadline_is_not_waited_for() {
        let mut session = Session::default();
        let policy = r#"{"limits": {"requestsPerMinute": 1}, "timeouts": {"total": 5000}}"#;
        let mut first = sending(&mut session, policy, 0.0);
        assert_eq!(first.turn(&mut session, 0.0), Ok(0.0));
        let mut second = sending(&mut session, policy, 1.0);
        assert_eq!(second.turn(&mut session, 1.0).unwrap_err().code(), "api_timeout");
        assert_eq!(second.end(&mut session, None, Tokens::default(), 1.0), None, "it was never sent");
        assert_eq!(session.totals().answers, 0);
    }

    #[test]
    fn a_question_beyond_the_budget_is_not_sent_and_one_that_failed_gives_its_share_back() {
        let mut session = Session::default();
        let policy = r#"{"budget": {"session": {"tokens": 200}}}"#;
        let mut first = sending(&mut session, policy, 0.0);
        let refused = Sending::new(&mut session, URL, &settings(policy), 50, 0.0).unwrap_err();
        assert_eq!(refused.code(), "budget_exceeded");
        first.turn(&mut session, 0.0).unwrap();
        let counted = Tokens { prompt: 50, ..Tokens::default() };
        assert_eq!(first.end(&mut session, None, counted, 1.0).unwrap().tokens, counted);
        assert!(Sending::new(&mut session, URL, &settings(policy), 50, 2.0).is_ok());
        assert!(Sending::new(&mut session, URL, &settings(policy), 50, 2.0).is_err());
    }

    #[test]
    fn other_limits_begin_a_new_queue_when_the_old_one_is_empty() {
        let mut session = Session::default();
        let slow = r#"{"limits": {"requestsPerMinute": 1}}"#;
        let mut first = sending(&mut session, slow, 0.0);
        first.turn(&mut session, 0.0).unwrap();
        first.end(&mut session, Some(&Usage::default()), Tokens::default(), 1.0);
        let mut second = sending(&mut session, slow, 2.0);
        assert!(second.turn(&mut session, 2.0).unwrap() > 1_000.0);
        second.end(&mut session, None, Tokens::default(), 3.0);
        assert_eq!(sending(&mut session, "{}", 3.0).turn(&mut session, 3.0), Ok(0.0));
    }
}
