//! text → numbers, durations and dates, as servers write them in headers
//!
//! `1.5`, `6m0s`, RFC 3339 (`2026-11-25T12:00:00Z`) and the date of HTTP (`Wed, 25 Nov 2026 12:00:00 GMT`). All comes
//! from a server that may be anything: what is written otherwise is nothing, and no number is negative or infinite.

const SECOND: f64 = 1_000.0;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Digits, with at most one point among them.
pub(in crate::generate) fn number(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |byte: u8| f64::from(byte - b'0');
    let whole = whole.bytes().fold(0.0, |value, byte| value * 10.0 + digit(byte));
    let value = whole + part.bytes().rev().fold(0.0, |value, byte| (value + digit(byte)) / 10.0);
    value.is_finite().then_some(value)
}

/// How long from `now` (both in milliseconds, `now` since 1970) until the time that is meant by a number of seconds, a
/// duration or a date; 0 where it is over.
pub(super) fn until(text: &str, now: f64) -> Option<f64> {
    let wait = match number(text) {
        // No wait is of thirty years: these are the seconds or milliseconds since 1970, as some servers write them.
        Some(value) if value >= 1e12 => value - now,
        Some(value) if value >= 1e9 => value * SECOND - now,
        Some(seconds) => seconds * SECOND,
        None => match duration(text) {
            Some(duration) => duration,
            None => rfc3339(text).or_else(|| http_date(text))? - now,
        },
    };
    wait.is_finite().then_some(wait.max(0.0))
}

/// As Go writes it: `1h2m3.5s`, `20ms`; in milliseconds.
fn duration(text: &str) -> Option<f64> {
    let (mut rest, mut total) = (text, 0.0);
    loop {
        let unit = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let value = number(&rest[..unit])?;
        rest = &rest[unit..];
        let end = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        let milliseconds = match &rest[..end] {
            "ms" => 1.0,
            "s" => SECOND,
            "m" => 60.0 * SECOND,
            "h" => 3_600.0 * SECOND,
            "d" => 86_400.0 * SECOND,
            _ => return None,
        };
        total += value * milliseconds;
        rest = &rest[end..];
        if rest.is_empty() {
            return Some(total);
        }
    }
}

fn rfc3339(text: &str) -> Option<f64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut date = date.split('-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let offset = match rest[zone..].split_at_checked(1)? {
        ("Z" | "z", _) => 0.0,
        (sign, offset) => clock(offset)? * if sign == "+" { 1.0 } else { -1.0 },
    };
    Some(days(year, month, day)? + clock(&rest[..zone])? - offset)
}

/// The one form of HTTP's date that is still written (RFC 9110, IMF-fixdate).
pub(super) fn http_date(text: &str) -> Option<f64> {
    let mut words = text.split_once(", ")?.1.strip_suffix(" GMT")?.split(' ');
    let day = number(words.next()?)?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? + 1;
    let year = number(words.next()?)?;
    Some(days(year, month as f64, day)? + clock(words.next()?)?)
}

/// Hours, minutes, and seconds where they are given; in milliseconds.
fn clock(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(number);
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0.0))?;
    (hours < 24.0 && minutes < 60.0 && seconds < 61.0).then_some(((hours * 60.0 + minutes) * 60.0 + seconds) * SECOND)
}

/// From 1970 to a day of the Gregorian calendar, in milliseconds
/// (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
fn days(year: f64, month: f64, day: f64) -> Option<f64> {
    if !(year < 10_000.0 && (1.0..13.0).contains(&month) && (1.0..32.0).contains(&day)) {
        return None;
    }
    // The year begins in March, so that a leap day is its last.
    let (year, month, day) = (year as i32 - i32::from(month < 3.0), month as i32, day as i32);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468;
    Some(f64::from(days) * 86_400.0 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        assert_eq!(number("0"), Some(0.0));
        assert_eq!(number("12.25"), Some(12.25));
        assert_eq!(number("5."), Some(5.0));
        let endless = "9".repeat(400);
        for bad in ["", ".5", "-1", "+1", "1e5", "NaN", "inf", "1.2.3", "1,5", " 1", "١", &endless] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_are_read_as_vendors_write_them() {
        let cases = [("1s", 1e3), ("6m0s", 36e4), ("20ms", 20.0), ("1h2m3.5s", 3_723_500.0), ("2m59.56s", 179_560.0)];
        for (text, milliseconds) in cases.into_iter().chain([("1d", 864e5), ("7", 7e3), ("0.25", 250.0)]) {
            assert!((until(text, 5e12).unwrap() - milliseconds).abs() < 1e-6, "{text}");
        }
        for bad in ["", "s", "1", "5x", "1s2", "-1s", "1.s.", "ms1", "1µs"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    /// The oracle is `date -u -d … +%s`.
    #[test]
    fn dates_are_read_as_http_and_rfc_3339_have_them() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000.0));
        assert_eq!(http_date("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199_000.0));
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2000-03-01T00:00:00Z", 951_868_800.0),
            ("2026-11-25T12:00:00Z", 1_795_608_000.0),
            ("2026-11-25T13:30:00+01:30", 1_795_608_000.0),
            ("2026-11-25T12:00:00.500z", 1_795_608_000.5),
            ("1969-12-31T23:00:00-01:00", 0.0),
        ] {
            assert_eq!(rfc3339(text), Some(seconds * 1e3), "{text}");
        }
        for bad in ["", "T", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "99999999-01-01T00:00:00Z", "2026-11-25"] {
            assert_eq!(rfc3339(bad), None, "{bad}");
        }
        for bad in ["Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday", ", GMT", ",  GMT"] {
            assert_eq!(http_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_over_needs_no_wait_and_a_date_is_counted_from_now() {
        let now = 1_795_608_000_000.0;
        assert_eq!(until("2026-11-25T12:00:30Z", now), Some(30_000.0));
        assert_eq!(until("Wed, 25 Nov 2026 11:00:00 GMT", now), Some(0.0));
        assert_eq!(until("1795608010", now), Some(10_000.0));
        assert_eq!(until("1795608000500", now), Some(500.0));
        assert_eq!(until("soon", now), None);
    }
}
