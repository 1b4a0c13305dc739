//! Durations as Go programs take them: `5m`, `1h30m`, `750ms`, `0`, `-1s`.

use std::time::Duration;

/// Parses a duration. Negative ones count as zero: no flag here knows better.
///
/// # Errors
/// What is wrong with `text`, for a person.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration, write for example 90s, 5m or 1h30m");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let length = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(length);
        seconds += number.parse::<f64>().map_err(|_| wrong())? * unit_seconds(unit).ok_or_else(wrong)?;
        rest = tail;
    }
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    Ok(if negative { Duration::ZERO } else { duration })
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
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
