//! the headers of a response → what the server tells about its limits
//!
//! OpenAI and those who follow it write `x-ratelimit-limit-requests`, Anthropic `anthropic-ratelimit-requests-limit`,
//! and both `retry-after`. A page sees of a response from elsewhere only what the server exposes by CORS, which is
//! often nothing: all is optional, and all is a stranger's word.

use super::dates::{http_date, number, until};
use super::{DAY, within};
use crate::generate::Header;

/// What is left of one limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Window {
    /// How many in a minute; where [`reset`](Self::reset) is longer, in whatever time the server has in mind.
    pub limit: Option<f64>,
    /// How many may come now.
    pub remaining: Option<f64>,
    /// In how many milliseconds the limit is whole again.
    pub reset: Option<f64>,
}

/// What a response's headers tell; all numbers are finite and not negative, and waits at most a day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hints {
    /// Of requests.
    pub requests: Window,
    /// Of tokens.
    pub tokens: Window,
    /// How long to wait, in milliseconds, before the next request.
    pub retry_after: Option<f64>,
    /// Whether the server wants the request again, where it says so (`x-should-retry`).
    pub should_retry: Option<bool>,
}

impl Hints {
    /// Reads them; `wall` is the time in milliseconds since 1970, which dates are counted from unless the server tells
    /// its own time: a person's clock may be wrong.
    pub fn read(header: Header<'_>, wall: f64) -> Self {
        let now = header("date").and_then(|date| http_date(date.trim())).unwrap_or(wall);
        let wait = |name: &str| until(header(name)?.trim(), now).map(|wait| within(wait, DAY));
        let count = |name: &str| number(header(name)?.trim());
        let window = |what: &str| {
            let openai = |part: &str| ["x-ratelimit-", part, "-", what].concat();
            let anthropic = |part: &str| ["anthropic-ratelimit-", what, "-", part].concat();
            Window {
                limit: count(&openai("limit")).or_else(|| count(&anthropic("limit"))),
                remaining: count(&openai("remaining")).or_else(|| count(&anthropic("remaining"))),
                reset: wait(&openai("reset")).or_else(|| wait(&anthropic("reset"))),
            }
        };
        let tokens = window("tokens");
        Self {
            requests: window("requests"),
            // Anthropic tells of tokens in all, or of those that it reads and writes apart.
            tokens: if tokens == Window::default() { window("input-tokens") } else { tokens },
            retry_after: count("retry-after-ms").map(|wait| within(wait, DAY)).or_else(|| wait("retry-after")),
            should_retry: header("x-should-retry").and_then(|text| text.trim().parse().ok()),
        }
    }
}

#[cfg(test)]
impl Hints {
    /// Reads them from a list of names and values.
    pub(super) fn of(headers: &[(String, String)], wall: f64) -> Self {
        let header = |name: &str| {
            let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        Self::read(&header, wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &str)], wall: f64) -> Hints {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Hints::of(&headers, wall)
    }

    fn window(limit: f64, remaining: f64, reset: f64) -> Window {
        Window { limit: Some(limit), remaining: Some(remaining), reset: Some(reset) }
    }

    /// 2026-11-25 12:00:00.
    const NOON: f64 = 1_795_608_000_000.0;

    #[test]
    fn the_headers_of_openai_are_read() {
        let hints = read(
            &[
                ("X-RateLimit-Limit-Requests", "60"),
                ("x-ratelimit-limit-tokens", "150000"),
                ("x-ratelimit-remaining-requests", "59"),
                ("x-ratelimit-remaining-tokens", " 149984 "),
                ("x-ratelimit-reset-requests", "1s"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            NOON,
        );
        assert_eq!(hints.requests, window(60.0, 59.0, 1_000.0));
        assert_eq!(hints.tokens, window(150_000.0, 149_984.0, 360_000.0));
        assert_eq!((hints.retry_after, hints.should_retry), (None, None));
    }

    #[test]
    fn the_headers_of_anthropic_are_read() {
        let hints = read(
            &[
                ("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("anthropic-ratelimit-requests-reset", "2026-11-25T12:00:12Z"),
                ("anthropic-ratelimit-input-tokens-limit", "30000"),
                ("anthropic-ratelimit-input-tokens-remaining", "29000"),
                ("anthropic-ratelimit-input-tokens-reset", "2026-11-25T12:00:02Z"),
                ("retry-after", "12"),
                ("x-should-retry", "true"),
            ],
            NOON,
        );
        assert_eq!(hints.requests, window(50.0, 0.0, 12_000.0));
        assert_eq!(hints.tokens, window(30_000.0, 29_000.0, 2_000.0));
        assert_eq!((hints.retry_after, hints.should_retry), (Some(12_000.0), Some(true)));
    }

    #[test]
    fn dates_are_counted_by_the_servers_own_clock_where_it_is_told() {
        let at = ("retry-after", "Wed, 25 Nov 2026 12:00:30 GMT");
        assert_eq!(read(&[at], NOON).retry_after, Some(30_000.0));
        let hour_behind = NOON - 3_600_000.0;
        assert_eq!(read(&[at], hour_behind).retry_after, Some(3_630_000.0));
        assert_eq!(read(&[at, ("date", "Wed, 25 Nov 2026 12:00:00 GMT")], hour_behind).retry_after, Some(30_000.0));
    }

    #[test]
    fn milliseconds_come_before_seconds_and_no_wait_is_longer_than_a_day() {
        assert_eq!(read(&[("retry-after", "2"), ("retry-after-ms", "1500")], NOON).retry_after, Some(1_500.0));
        assert_eq!(read(&[("retry-after", "99999999")], NOON).retry_after, Some(DAY));
    }

    #[test]
    fn without_headers_nothing_is_known_and_nonsense_is_nothing() {
        assert_eq!(read(&[], NOON), Hints::default());
        for bad in ["-5", "NaN", "", "infinity", "1e9", "<html>", "10, 20", "-1s"] {
            let names = ["x-ratelimit-limit-requests", "x-ratelimit-reset-tokens", "retry-after", "retry-after-ms"];
            assert_eq!(read(&names.map(|name| (name, bad)), NOON), Hints::default(), "{bad}");
        }
    }
}
