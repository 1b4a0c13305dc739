//! Durations of flags.

use std::time::Duration;

use campanile_duration::parse_unsigned;

/// Parses a duration. Negative ones count as zero: no flag here knows better.
///
/// # Errors
/// What is wrong with `text`, for a person.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    parse_unsigned(text)
        .map_err(|_| format!("'{text}' is not a duration, write for example 90s, 5m or 1h30m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_durations_are_those_of_go() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("1h1m1.5s"), Ok(3_661_500));
        assert_eq!(millis("750ms"), Ok(750));
        assert_eq!(millis("0"), Ok(0));
        assert_eq!(millis("-3s"), Ok(0));
        for wrong in ["", "5", "m", "5 m", "5x", "-", "1..5s", "99999999999999999999999h"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
