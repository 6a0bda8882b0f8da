//! what a question may cost → sent, or refused before it is sent
//!
//! A person sets how many tokens or how much money one question and the whole session may take. What is under way is
//! set aside until it is known what it took, so that several questions at once do not each spend the same rest.

use serde::{Deserialize, Serialize};

use super::Amount;
use crate::error::{Error, Result};

/// What may be spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Allowance {
    /// Tokens, read and written.
    pub tokens: Option<Amount>,
    /// Money, in the currency of the prices.
    pub money: Option<Amount>,
}

/// What may be spent for one question, and for all of a session; without limit where nothing is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// For each question, or each time that it is sent.
    pub question: Allowance,
    /// For all together.
    pub session: Allowance,
}

/// What something takes, or took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Read and written.
    pub tokens: u64,
    /// Not known without a price.
    pub money: Option<f64>,
}

/// What was spent, held against a budget.
#[derive(Debug, Clone, Default)]
pub struct Spending {
    budget: Budget,
    /// What was spent, and what is set aside.
    tokens: u64,
    money: f64,
}

impl Spending {
    /// Nothing is spent yet.
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Changes the budget; what was spent stays.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// Sets aside what a question will take at most. [`settle`](Self::settle) must follow, however it ends.
    ///
    /// # Errors
    /// `budget_exceeded` where that is more than is left; `option_invalid` where money is limited and no price is
    /// known. Nothing is set aside then.
    pub fn reserve(&mut self, estimate: &Cost) -> Result<()> {
        let Budget { question, session } = self.budget;
        fits("question", &question, estimate, 0, 0.0)?;
        fits("session", &session, estimate, self.tokens, self.money)?;
        self.tokens = self.tokens.saturating_add(estimate.tokens);
        self.money += estimate.money.unwrap_or(0.0);
        Ok(())
    }

    /// It took `real` instead of `estimate`; nothing (the default) where it was never sent.
    pub fn settle(&mut self, estimate: &Cost, real: &Cost) {
        self.tokens = self.tokens.saturating_sub(estimate.tokens).saturating_add(real.tokens);
        // Sums of fractions may miss 0 by a hair.
        self.money = (self.money - estimate.money.unwrap_or(0.0) + real.money.unwrap_or(0.0)).max(0.0);
    }
}

fn fits(scope: &'static str, allowance: &Allowance, estimate: &Cost, tokens: u64, money: f64) -> Result<()> {
    let exceeded = |unit: &'static str, needed: f64, limit: f64, spent: f64| {
        let left = (limit - spent).max(0.0);
        // A hair more than is left is a sum of fractions that was rounded.
        if needed <= left * (1.0 + 1e-9) {
            return Ok(());
        }
        let [needed, left] = [needed, left].map(|value| (value * 1e6).round() / 1e6);
        Err(Error::BudgetExceeded { scope, unit, needed, left })
    };
    if let Some(limit) = allowance.tokens {
        exceeded("tokens", estimate.tokens as f64, limit.get(), tokens as f64)?;
    }
    if let Some(limit) = allowance.money {
        let Some(needed) = estimate.money else {
            return Err(Error::OptionInvalid {
                option: "budget".into(),
                problem: "money is limited, but no price is known for this model. Add one to the prices (0 where it \
                          is free), or limit tokens"
                    .into(),
            });
        };
        exceeded("in money", needed, limit.get(), money)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spending(budget: &str) -> Spending {
        Spending::new(serde_json::from_str(budget).unwrap())
    }

    fn tokens(tokens: u64) -> Cost {
        Cost { tokens, money: None }
    }

    fn money(money: f64) -> Cost {
        Cost { tokens: 1, money: Some(money) }
    }

    #[test]
    fn without_a_budget_everything_is_sent() {
        assert_eq!(Spending::default().reserve(&tokens(u64::MAX)), Ok(()));
    }

    #[test]
    fn a_question_that_is_too_dear_is_refused_and_costs_nothing() {
        let mut spending = spending(r#"{"question": {"tokens": 1000}, "session": {"tokens": 1500}}"#);
        let error = spending.reserve(&tokens(1_001)).unwrap_err();
        assert_eq!(error.code(), "budget_exceeded");
        assert!(error.to_string().contains("1001 tokens") && error.to_string().contains("1000"), "{error}");
        assert_eq!(spending.reserve(&tokens(1_000)), Ok(()));
    }

    #[test]
    fn what_is_under_way_is_set_aside_and_settled_by_what_it_took() {
        let mut spending = spending(r#"{"session": {"tokens": 1000}}"#);
        spending.reserve(&tokens(600)).unwrap();
        assert_eq!(
            spending.reserve(&tokens(600)),
            Err(Error::BudgetExceeded { scope: "session", unit: "tokens", needed: 600.0, left: 400.0 })
        );
        spending.settle(&tokens(600), &tokens(300));
        spending.reserve(&tokens(600)).unwrap();
        spending.settle(&tokens(600), &Cost::default());
        assert_eq!(spending.reserve(&tokens(700)), Ok(()));
        assert!(spending.reserve(&tokens(1)).is_err());
    }

    #[test]
    fn a_budget_can_be_spent_to_its_last_cent() {
        let mut spending = spending(r#"{"session": {"money": 1}}"#);
        for _ in 0..10 {
            spending.reserve(&money(0.1)).unwrap();
            spending.settle(&money(0.1), &money(0.1));
        }
        assert_eq!(spending.reserve(&money(0.1)).unwrap_err().code(), "budget_exceeded");
        assert_eq!(spending.reserve(&money(0.0)), Ok(()));
    }

    #[test]
    fn money_cannot_be_limited_where_no_price_is_known() {
        let mut spending = spending(r#"{"session": {"money": 1}}"#);
        assert_eq!(spending.reserve(&tokens(10)).unwrap_err().code(), "option_invalid");
        spending.set_budget(Budget::default());
        assert_eq!(spending.reserve(&tokens(10)), Ok(()));
    }
}
