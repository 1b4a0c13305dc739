//! Durations as Go programs read and write them: `5m`, `1h30m`, `750ms`, `0`, `-1.5s`.
//!
//! Flags, manifests, annotations and CEL take this form; what each allows of it is checked there. The range is Go's: whole
//! nanoseconds in 64 bits, so 292 years in either direction.

use std::time::Duration;

use jiff::SignedDuration;

/// The cause why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text does not have the form of a duration.
    #[error("write numbers with units, for example 90s, 5m or 1h30m")]
    Form,
    /// The duration is longer than 292 years.
    #[error("a duration is at most 292 years long")]
    Range,
}

/// The units of a written duration, in nanoseconds. Longer names come first; the micro sign is written in two ways.
const UNITS: [(&str, i128); 8] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ns", 1),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
];

/// Reads a duration as Go's `time.ParseDuration` does. What is finer than a nanosecond is cut off.
///
/// # Errors
/// [`DurationError`] if `text` is none, or is out of range.
pub fn parse(text: &str) -> Result<SignedDuration, DurationError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanos = if digits == "0" { Some(0) } else { magnitude(digits) };
    let nanos = nanos.ok_or(DurationError::Form)?;
    let nanos = i64::try_from(if negative { -nanos } else { nanos }).map_err(|_| DurationError::Range)?;
    Ok(SignedDuration::from_nanos(nanos))
}

/// Reads a duration of which a negative one counts as zero.
///
/// # Errors
/// [`DurationError`] if `text` is none, or is out of range.
pub fn parse_unsigned(text: &str) -> Result<Duration, DurationError> {
    Ok(parse(text)?.max(SignedDuration::ZERO).unsigned_abs())
}

fn magnitude(mut rest: &str) -> Option<i128> {
    let mut total: i128 = 0;
    loop {
        let (number, after) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?)?;
        let (unit, nanos) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        total = total.checked_add(scaled(number, nanos)?)?;
        rest = after.strip_prefix(unit)?;
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// `number`, which may have a fraction, times `unit`.
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digit = |c: char| c.to_digit(10).map(i128::from);
    let mut total: i128 = 0;
    for c in whole.chars() {
        total = total.checked_mul(10)?.checked_add(digit(c)?)?;
    }
    total = total.checked_mul(unit)?;
    let mut place = unit;
    for c in fraction.chars() {
        place /= 10;
        total = total.checked_add(place * digit(c)?)?;
    }
    Some(total)
}

/// Writes a duration as Go's `time.Duration.String` does, to the millisecond: `10m0s`, `1h0m5.5s`, `750ms`, `0s`.
#[must_use]
pub fn text(duration: Duration) -> String {
    let millis = duration.as_millis();
    if (1..1000).contains(&millis) {
        return format!("{millis}ms");
    }
    let (hours, minutes, rest) = (millis / 3_600_000, millis / 60_000 % 60, millis % 60_000);
    let seconds = format!("{}.{:03}", rest / 1000, rest % 1000);
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    let seconds = if seconds.is_empty() { "0" } else { seconds };
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_as_go_reads_it() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        for (text, expected) in [
            ("5m", 300_000),
            ("1h1m1.5s", 3_661_500),
            ("750ms", 750),
            ("1500us", 1),
            ("0", 0),
            ("-0", 0),
            ("+1s", 1_000),
            ("-1.5s", -1_500),
            (".5s", 500),
            ("5.s", 5_000),
        ] {
            assert_eq!(millis(text), Ok(expected), "{text}");
        }
        assert_eq!(parse("1.0000000019s").map(|duration| duration.as_nanos()), Ok(1_000_000_001));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for wrong in
            ["", "5", "m", "5 m", "5x", "-", "+", "1..5s", ".s", "1h ", "5S", "9".repeat(60).as_str()]
        {
            assert_eq!(parse(wrong), Err(DurationError::Form), "{wrong}");
        }
        assert_eq!(parse("9223372036854775808ns"), Err(DurationError::Range));
        assert_eq!(parse("-9223372036854775808ns"), Ok(SignedDuration::from_nanos(i64::MIN)));
    }

    #[test]
    fn a_negative_duration_counts_as_zero_where_none_may_be() {
        assert_eq!(parse_unsigned("-3s"), Ok(Duration::ZERO));
        assert_eq!(parse_unsigned("90s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn a_duration_is_written_as_go_writes_it() {
        for (millis, expected) in
            [(0, "0s"), (750, "750ms"), (600_000, "10m0s"), (3_605_500, "1h0m5.5s"), (1_000, "1s")]
        {
            assert_eq!(text(Duration::from_millis(millis)), expected);
        }
    }
}
