//! a refusal → how long to wait, as far as the server tells
//!
//! In the header `retry-after` (RFC 9110, 10.2.3) as seconds or as a date, in Google's `RetryInfo`, or in the message
//! only: "Please try again in 1m26.4s".

use serde_json::Value;

use super::failure::Header;

/// In seconds.
pub(super) fn waiting(error: &Value, message: &str, header: Header<'_>) -> Option<f64> {
    let details = error["details"].as_array().into_iter().flatten();
    let in_message = || ["try again in ", "retry in "].iter().find_map(|words| message.split_once(words));
    header("retry-after-ms")
        .and_then(|told| seconds(&(told + "ms")))
        .or_else(|| {
            let told = header("retry-after")?;
            // The server's own clock tells how far away the date is: ours may be wrong.
            seconds(&told).or_else(|| Some((moment(&told)? - moment(&header("date")?)?).max(0) as f64))
        })
        .or_else(|| details.filter_map(|detail| seconds(detail["retryDelay"].as_str()?)).next())
        .or_else(|| seconds(in_message()?.1))
}

/// `20`, `34.4s`, `236ms`, `1m26.4s` → seconds; what follows is ignored.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.trim_start();
    let mut total = None;
    while rest.starts_with(|first: char| first.is_ascii_digit()) {
        let (number, after) = rest.split_at(length(rest, |byte| byte.is_ascii_digit() || byte == b'.'));
        let after = after.trim_start();
        let unit = match &after[..length(after, |byte| byte.is_ascii_alphabetic())] {
            unit if unit.starts_with("ms") || unit.starts_with("milli") => 0.001,
            unit if unit.starts_with('m') => 60.0,
            unit if unit.starts_with('h') => 3600.0,
            _ => 1.0,
        };
        total = Some(total.unwrap_or(0.0) + unit * decimal(number));
        rest = &after[length(after, |byte| byte.is_ascii_alphabetic())..];
    }
    total.filter(|total| total.is_finite())
}

fn length(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len())
}

/// Digits with a point → the number. The standard library's way is exact in all digits and takes 10 KB.
fn decimal(number: &str) -> f64 {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    fn digits(text: &str) -> impl Iterator<Item = f64> {
        text.bytes().filter(u8::is_ascii_digit).map(|digit| f64::from(digit - b'0'))
    }
    let (value, _) = digits(part).fold((0.0, 0.1), |(value, place), digit| (value + digit * place, place / 10.0));
    digits(whole).fold(0.0, |value, digit| value * 10.0 + digit) + value
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` → seconds since a day long past.
fn moment(date: &str) -> Option<i64> {
    const MONTHS: &str = "Mar Apr May Jun Jul Aug Sep Oct Nov Dec Jan Feb ";
    let mut parts = date.split([' ', ':']).skip(1);
    let number = |part: Option<&str>| part?.parse::<u16>().ok().map(i64::from);
    let day = number(parts.next())?;
    let month = MONTHS.find(parts.next().filter(|month| month.len() == 3)?)? as i64 / 4;
    // Years that begin with March end with the day that is not always there.
    let year = number(parts.next())? - i64::from(month >= 10);
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some(((days * 24 + number(parts.next())?) * 60 + number(parts.next())?) * 60 + number(parts.next())?)
}
