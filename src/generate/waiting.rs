//! a refusal → how long to wait, as far as the server tells
//!
//! In the header `retry-after` (RFC 9110, 10.2.3) as seconds or as a date, in Google's `RetryInfo`, or in the message
//! only: "Please try again in 1m26.4s".

use serde_json::Value;

use super::failure::Header;
use super::limits::{Hints, number};

/// In seconds.
pub(super) fn waiting(error: &Value, message: &str, header: Header<'_>) -> Option<f64> {
    let details = error["details"].as_array().into_iter().flatten();
    let in_message = || ["try again in ", "retry in "].iter().find_map(|words| message.split_once(words));
    // Of a date only the server's own clock tells how far away it is: ours may be wrong.
    let told = Hints::read(header, f64::NAN).retry_after.map(|milliseconds| milliseconds / 1_000.0);
    told.or_else(|| details.filter_map(|detail| seconds(detail["retryDelay"].as_str()?)).next())
        .or_else(|| seconds(in_message()?.1))
}

/// `20`, `34.4s`, `236ms`, `1m26.4s` → seconds; what follows is ignored.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.trim_start();
    let mut total = None;
    while rest.starts_with(|first: char| first.is_ascii_digit()) {
        let (digits, after) = rest.split_at(length(rest, |byte| byte.is_ascii_digit() || byte == b'.'));
        let after = after.trim_start();
        let unit = match &after[..length(after, |byte| byte.is_ascii_alphabetic())] {
            unit if unit.starts_with("ms") || unit.starts_with("milli") => 0.001,
            unit if unit.starts_with('m') => 60.0,
            unit if unit.starts_with('h') => 3600.0,
            _ => 1.0,
        };
        total = Some(total.unwrap_or(0.0) + unit * number(digits.trim_end_matches('.'))?);
        rest = &after[length(after, |byte| byte.is_ascii_alphabetic())..];
    }
    total.filter(|total| total.is_finite())
}

fn length(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len())
}
