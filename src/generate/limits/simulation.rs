//! Ten minutes of many people's questions to a server with limits, second by second, without a clock or a network.
//!
//! The server has the token buckets that the vendors describe, of its own making here. The driver does what a page
//! will do: it asks the limiter, sends, reads the headers, tries again as [`Retry`] says and gives up as [`Watch`]
//! says. Ways take random times, lengths are guessed wrongly, and all is the same again for the same seed.

mod days;
mod server;

use server::{Chance, Meted, Server};

use super::*;

const MINUTE: f64 = 60_000.0;
const TEN_MINUTES: f64 = 10.0 * MINUTE;

/// What a question waits for.
#[derive(Clone, Copy)]
enum Stage {
    Queued,
    /// Until it may be asked again.
    Apart,
    /// Until it reaches the server.
    Sent,
    /// Until the headers are here, which say that it was taken, or not.
    Received(u16),
    /// Until the first word, and then the last.
    Opened,
    Begun,
    Over,
}

struct Question {
    ticket: Ticket,
    prompt: f64,
    completion: f64,
    estimate: f64,
    stage: Stage,
    /// When that ends, unless it is queued.
    at: f64,
    /// When it was sent last.
    sent: f64,
    hints: Hints,
    watch: Watch,
    retries: u32,
}

/// What a day is like.
#[derive(Clone, Copy)]
struct Day {
    /// Of the server, by the minute.
    requests: f64,
    tokens: f64,
    /// Whether a page sees the server's headers.
    tells: bool,
    /// Whether the person set the limits.
    set: bool,
    /// What of the server's limits is left at the beginning, others having used the rest.
    left: f64,
    /// How many ask, one question after the other.
    people: usize,
    /// How long each is ready to wait.
    patience: f64,
    concurrency: usize,
    seed: u64,
}

const BUSY: Day = Day {
    requests: 60.0,
    tokens: 1e9,
    tells: true,
    set: false,
    left: 1.0,
    people: 30,
    patience: 1e9,
    concurrency: 8,
    seed: 1,
};

/// What came of it.
struct Report {
    server: Server,
    /// When the limits were known.
    known_at: f64,
    /// When a request was sent that was refused.
    refused_sent_at: Vec<f64>,
    /// The tickets in the order in which they were sent first.
    order: Vec<Ticket>,
    answered: usize,
    given_up: usize,
    /// By how much the latest end was beyond its deadline.
    latest: f64,
    most_in_flight: usize,
}

struct Simulation {
    day: Day,
    chance: Chance,
    limiter: Limiter,
    questions: Vec<Question>,
    report: Report,
}

impl Simulation {
    fn run(day: Day) -> Report {
        let limit = |value| Amount::new(value).filter(|_| day.set);
        let limits = Limits {
            requests_per_minute: limit(day.requests),
            tokens_per_minute: limit(day.tokens),
            concurrency: day.concurrency,
        };
        let meted = |per_minute: f64| Meted { per_minute, level: per_minute * day.left, at: 0.0 };
        let server = Server {
            requests: meted(day.requests),
            tokens: meted(day.tokens),
            tells: day.tells,
            taken: (0.0, 0.0),
            allowed: (day.requests * (10.0 + day.left), day.tokens * (10.0 + day.left)),
        };
        let report = Report {
            server,
            known_at: if day.set { 0.0 } else { f64::INFINITY },
            refused_sent_at: Vec::new(),
            order: Vec::new(),
            answered: 0,
            given_up: 0,
            latest: f64::NEG_INFINITY,
            most_in_flight: 0,
        };
        let mut simulation =
            Self { day, chance: Chance(day.seed), limiter: Limiter::new(limits), questions: Vec::new(), report };
        (0..day.people).for_each(|_| simulation.ask(0.0));
        let mut now = 0.0;
        while now < TEN_MINUTES {
            let next = simulation.step(now);
            assert!(next > now, "time goes on");
            now = next;
        }
        simulation.report
    }

    /// Somebody asks.
    fn ask(&mut self, now: f64) {
        let chance = &mut self.chance;
        let (prompt, completion) = (chance.between(300.0, 1_500.0).round(), chance.between(50.0, 450.0).round());
        // What the answer will have nobody knows; the prompt is counted by another tokeniser.
        let estimate = prompt * chance.between(0.85, 1.15) + 250.0;
        let total = Amount::new(self.day.patience).unwrap();
        let (ticket, hints) = (self.limiter.ask(estimate), Hints::default());
        let watch = Watch::new(Timeouts { total, ..Timeouts::default() }, now);
        let (stage, at) = (Stage::Queued, now);
        let (sent, retries) = (now, 0);
        let question = Question { ticket, prompt, completion, estimate, stage, at, sent, hints, watch, retries };
        self.questions.push(question);
    }

    /// Does all that is to be done now; when there is more to do.
    fn step(&mut self, now: f64) -> f64 {
        for place in 0..self.questions.len() {
            if self.questions[place].watch.check(now).is_some() {
                self.limiter.cancel(self.questions[place].ticket);
                self.report.given_up += 1;
                self.over(place, now);
            } else if !matches!(self.questions[place].stage, Stage::Queued) && self.questions[place].at <= now {
                self.go_on(place, now);
            }
        }
        let ended = self.questions.len();
        self.questions.retain(|question| !matches!(question.stage, Stage::Over));
        (self.questions.len()..ended).for_each(|_| self.ask(now));
        self.questions.sort_by_key(|question| question.ticket);
        let mut next = f64::INFINITY;
        for question in &mut self.questions {
            if matches!(question.stage, Stage::Queued) {
                match self.limiter.ready(question.ticket, now) {
                    Ready::Go => {
                        if question.retries == 0 {
                            self.report.order.push(question.ticket);
                        }
                        question.watch.sent(now);
                        question.sent = now;
                        (question.stage, question.at) = (Stage::Sent, now + self.chance.between(30.0, 400.0));
                    }
                    Ready::Wait(wait) => {
                        assert!(wait >= 1.0 && wait.is_finite());
                        next = next.min(now + wait);
                    }
                    Ready::Gone => panic!("nobody cancelled it"),
                }
            }
            next = next.min(now + question.watch.next_alarm(now));
            if !matches!(question.stage, Stage::Queued) {
                next = next.min(question.at);
            }
        }
        self.report.most_in_flight = self.report.most_in_flight.max(self.limiter.in_flight());
        next
    }

    fn over(&mut self, place: usize, now: f64) {
        let question = &mut self.questions[place];
        question.stage = Stage::Over;
        self.report.latest = self.report.latest.max(now - question.watch.deadline());
    }

    /// What a question waited for has come.
    fn go_on(&mut self, place: usize, now: f64) {
        let question = &mut self.questions[place];
        let server = &mut self.report.server;
        let hear = |limiter: &mut Limiter, known_at: &mut f64| {
            limiter.heard(question.ticket, now, &question.hints);
            if self.day.tells {
                *known_at = known_at.min(now);
            }
        };
        match question.stage {
            Stage::Sent => {
                let (status, headers) = server.receive(now, question.prompt);
                question.hints = Hints::of(&headers, now);
                (question.stage, question.at) = (Stage::Received(status), now + self.chance.between(30.0, 200.0));
            }
            Stage::Received(200) => {
                hear(&mut self.limiter, &mut self.report.known_at);
                question.watch.opened(now);
                (question.stage, question.at) = (Stage::Opened, now + 300.0);
            }
            Stage::Received(status) => {
                hear(&mut self.limiter, &mut self.report.known_at);
                self.report.refused_sent_at.push(question.sent);
                let retry_after = question.hints.retry_after;
                self.limiter.done(question.ticket, now, Outcome::Refused(retry_after));
                question.watch.waiting();
                let failure = Failure { status: Some(status), retry_after, ..Failure::default() };
                let deadline = question.watch.deadline();
                match Retry::default().wait(question.retries, &failure, now, deadline, self.chance.next()) {
                    Some(wait) => (question.stage, question.at) = (Stage::Apart, now + wait),
                    None => {
                        self.report.given_up += 1;
                        self.over(place, now);
                    }
                }
            }
            Stage::Apart => {
                question.retries += 1;
                question.stage = Stage::Queued;
                self.limiter.again(question.ticket, question.estimate);
            }
            Stage::Opened => {
                question.watch.heard(now);
                (question.stage, question.at) = (Stage::Begun, now + question.completion * 10.0);
            }
            Stage::Begun => {
                server.fill(now);
                server.count(question.completion);
                let real = question.prompt + question.completion;
                self.limiter.done(question.ticket, now, Outcome::Answered(Some(real)));
                self.report.answered += 1;
                self.over(place, now);
            }
            Stage::Queued | Stage::Over => unreachable!("it waits for nothing"),
        }
    }
}
