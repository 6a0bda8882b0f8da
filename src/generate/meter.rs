//! an answer while it comes → how much it took, how fast it was, and what it cost
//!
//! What the API reports is believed; where it reports nothing the tokens are counted by the embedding model's
//! tokeniser, and the [`Measure`] says so. A [`Meter`] measures one answer, [`Totals`] add them up, and [`Prices`] say
//! what they cost.

mod prices;

use serde::{Deserialize, Serialize};

use super::Usage;
pub use prices::{Price, Prices};

/// How many tokens went and came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Tokens {
    /// Read, those from the server's cache included.
    pub prompt: u64,
    /// How many of these the server had read before.
    pub cached_prompt: u64,
    /// Written, thoughts included.
    pub completion: u64,
    /// How many of these were thoughts, which nobody sees.
    pub reasoning: u64,
}

impl Tokens {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}

/// What an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measure {
    /// How many tokens.
    pub tokens: Tokens,
    /// Whether the API reported both what was read and what was written; otherwise what it did not was counted here.
    pub reported: bool,
    /// What they cost, where the price is known.
    pub money: Option<f64>,
    /// From sending (the last time, if there were several) to the first word.
    pub first_token_milliseconds: Option<f64>,
    /// While words came; none where all came at once.
    pub tokens_per_second: Option<f64>,
    /// From the question to the end, queue and retries included.
    pub milliseconds: f64,
    /// How often it was sent again.
    pub retries: u32,
}

/// Measures one answer.
#[derive(Debug)]
pub struct Meter {
    asked: f64,
    /// When it was sent, and how often.
    sent: f64,
    times: u32,
    /// When the first words came, and the last.
    words: Option<(f64, f64)>,
}

impl Meter {
    /// The question was asked.
    pub fn new(now: f64) -> Self {
        Self { asked: now, sent: now, times: 0, words: None }
    }

    /// It was sent, for the first time or again.
    pub fn sent(&mut self, now: f64) {
        self.sent = now;
        self.times += 1;
    }

    /// Words came.
    pub fn heard(&mut self, now: f64) {
        self.words = Some((self.words.map_or(now, |(first, _)| first), now));
    }

    /// It has ended, or broken off. `counted` is what the tokeniser makes of the prompt and of the text that came.
    pub fn end(&self, now: f64, usage: &Usage, counted: Tokens, prices: &Prices, model: &str) -> Measure {
        let tokens = Tokens {
            prompt: usage.prompt_tokens.unwrap_or(counted.prompt),
            completion: usage.completion_tokens.unwrap_or(counted.completion),
            cached_prompt: usage.cached_tokens.unwrap_or(counted.cached_prompt),
            reasoning: usage.reasoning_tokens.unwrap_or(counted.reasoning),
        };
        let seen = tokens.completion.saturating_sub(tokens.reasoning) as f64;
        let speed = |(first, last): (f64, f64)| (last > first).then(|| seen / (last - first) * 1_000.0);
        Measure {
            tokens,
            reported: usage.prompt_tokens.is_some() && usage.completion_tokens.is_some(),
            money: prices.money(model, &tokens),
            first_token_milliseconds: self.words.map(|(first, _)| (first - self.sent).max(0.0)),
            tokens_per_second: self.words.and_then(speed),
            milliseconds: (now - self.asked).max(0.0),
            retries: self.times.saturating_sub(1),
        }
    }
}

/// What all answers took together; it can be kept, and gone on with the next time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Totals {
    /// How many there were.
    pub answers: u64,
    /// How many of these have tokens that were counted here, not reported.
    pub counted: u64,
    /// Of how many the price is not known, so that `money` is without them.
    pub unpriced: u64,
    /// How many tokens.
    pub tokens: Tokens,
    /// What they cost.
    pub money: f64,
    /// The time of all.
    pub milliseconds: f64,
    /// How often a question was sent again.
    pub retries: u64,
}

impl Totals {
    /// One more.
    pub fn add(&mut self, measure: &Measure) {
        let Measure { tokens, reported, money, milliseconds, retries, .. } = *measure;
        self.answers += 1;
        self.counted += u64::from(!reported);
        self.unpriced += u64::from(money.is_none());
        for (sum, more) in [
            (&mut self.tokens.prompt, tokens.prompt),
            (&mut self.tokens.cached_prompt, tokens.cached_prompt),
            (&mut self.tokens.completion, tokens.completion),
            (&mut self.tokens.reasoning, tokens.reasoning),
            (&mut self.retries, u64::from(retries)),
        ] {
            *sum = sum.saturating_add(more); // A server may report anything.
        }
        self.money += money.unwrap_or(0.0);
        self.milliseconds += milliseconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        serde_json::from_str(r#"{"models": [{"model": "small", "prompt": 1, "completion": 4}]}"#).unwrap()
    }

    fn usage(prompt: Option<u64>, completion: Option<u64>) -> Usage {
        Usage { prompt_tokens: prompt, completion_tokens: completion, ..Usage::default() }
    }

    #[test]
    fn a_measure_holds_what_was_reported_and_how_fast_it_came() {
        let mut meter = Meter::new(1_000.0);
        meter.sent(1_500.0);
        meter.sent(3_000.0);
        [3_250.0, 4_000.0, 5_250.0].into_iter().for_each(|at| meter.heard(at));
        let counted = Tokens { prompt: 90, completion: 110, ..Tokens::default() };
        let measure = meter.end(5_300.0, &usage(Some(100), Some(120)), counted, &prices(), "small");
        assert_eq!(measure.tokens, Tokens { prompt: 100, completion: 120, ..Tokens::default() });
        assert!(measure.reported);
        assert_eq!(measure.first_token_milliseconds, Some(250.0));
        assert_eq!(measure.tokens_per_second, Some(60.0));
        assert_eq!((measure.milliseconds, measure.retries), (4_300.0, 1));
        assert!((measure.money.unwrap() - 0.00058).abs() < 1e-12);
    }

    #[test]
    fn tokens_from_a_cache_and_thoughts_are_told_apart_where_they_are_reported() {
        let told = Usage { cached_tokens: Some(40), reasoning_tokens: Some(30), ..usage(Some(100), Some(50)) };
        let tokens = Meter::new(0.0).end(1.0, &told, Tokens::default(), &prices(), "small").tokens;
        assert_eq!(tokens, Tokens { prompt: 100, cached_prompt: 40, completion: 50, reasoning: 30 });
    }

    #[test]
    fn what_is_not_reported_is_counted_and_what_is_not_heard_is_not_timed() {
        let mut meter = Meter::new(0.0);
        meter.sent(10.0);
        let counted = Tokens { prompt: 90, completion: 30, reasoning: 10, ..Tokens::default() };
        let silent = meter.end(20.0, &usage(None, None), counted, &prices(), "large");
        assert_eq!((silent.tokens, silent.reported, silent.money), (counted, false, None));
        assert_eq!((silent.first_token_milliseconds, silent.tokens_per_second), (None, None));
        meter.heard(30.0);
        let at_once = meter.end(40.0, &usage(Some(95), None), counted, &prices(), "large");
        assert_eq!((at_once.tokens.prompt, at_once.reported), (95, false));
        assert_eq!((at_once.first_token_milliseconds, at_once.tokens_per_second), (Some(20.0), None));
        meter.heard(1_030.0);
        let measure = meter.end(1_040.0, &usage(None, None), counted, &prices(), "large");
        assert_eq!(measure.tokens_per_second, Some(20.0), "thoughts are not seen to come");
    }

    #[test]
    fn totals_add_up_and_can_be_kept() {
        let mut totals = Totals::default();
        let tokens = Tokens { prompt: 100, cached_prompt: 50, completion: 20, reasoning: 5 };
        let known =
            Measure { tokens, reported: true, money: Some(0.5), milliseconds: 100.0, retries: 2, ..Measure::default() };
        totals.add(&known);
        totals.add(&Measure { reported: false, money: None, ..known });
        let twice = Tokens { prompt: 200, cached_prompt: 100, completion: 40, reasoning: 10 };
        let expected =
            Totals { answers: 2, counted: 1, unpriced: 1, tokens: twice, money: 0.5, milliseconds: 200.0, retries: 4 };
        assert_eq!(totals, expected);
        let kept: Totals = serde_json::from_str(&serde_json::to_string(&totals).unwrap()).unwrap();
        assert_eq!(kept, expected);
        totals.add(&Measure { tokens: Tokens { prompt: u64::MAX, ..tokens }, ..known });
        assert_eq!(totals.tokens.prompt, u64::MAX);
    }
}
