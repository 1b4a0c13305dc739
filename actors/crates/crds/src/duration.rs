//! Durations as manifests write them: one or more groups of a decimal number and a unit (contract, control plane 1.3).

use std::time::Duration;

/// Whether the schema lets a duration be given in hours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hours {
    Allowed,
    Refused,
}

/// The duration that `text` says; none if it does not have that form or is too long to count.
pub(crate) fn parse(text: &str, hours: Hours) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.')?;
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic())?;
        total = total.checked_add(amount(number, unit_nanos(unit, hours)?)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end)
}

fn unit_nanos(unit: &str, hours: Hours) -> Option<u64> {
    match unit {
        "ms" => Some(1_000_000),
        "s" => Some(1_000_000_000),
        "m" => Some(60_000_000_000),
        "h" if hours == Hours::Allowed => Some(3_600_000_000_000),
        _ => None,
    }
}

/// `number` times `unit` nanoseconds, cut to whole nanoseconds.
fn amount(number: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    let mut nanos = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut share = unit;
    for digit in fraction.chars() {
        share /= 10;
        nanos = nanos.checked_add(u64::from(digit.to_digit(10)?) * share)?;
    }
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_summed_up() {
        let parse = |text| parse(text, Hours::Refused);
        assert_eq!(parse("15s"), Some(Duration::from_secs(15)));
        assert_eq!(parse("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1.5s250ms"), Some(Duration::from_millis(1750)));
        assert_eq!(parse("0s"), Some(Duration::ZERO));
    }

    #[test]
    fn everything_else_is_refused() {
        for wrong in
            ["", "15", "s", "1h", "-1s", "1 s", "1.s", ".5s", "1.2.3s", "1S", "9999999999999999m", "1s2"]
        {
            assert_eq!(parse(wrong, Hours::Refused), None, "{wrong}");
        }
        assert_eq!(parse("1h", Hours::Allowed), Some(Duration::from_secs(3600)));
    }
}
