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
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.')?;
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic())?;
        if !is_decimal(number) || !is_unit(unit, hours) {
            return None;
        }
        rest = after;
    }
    campanile_duration::parse_unsigned(text).ok()
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end)
}

/// Whether there is a digit before the point, and behind it where there is one.
fn is_decimal(number: &str) -> bool {
    !number.starts_with('.') && !number.ends_with('.') && !number.is_empty()
}

fn is_unit(unit: &str, hours: Hours) -> bool {
    matches!(unit, "ms" | "s" | "m") || (unit == "h" && hours == Hours::Allowed)
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
