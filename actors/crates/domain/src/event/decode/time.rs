//! RFC 3339 to the letter: no week dates, no missing seconds, no time zone names.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// What senders without a time write: 0001-01-01T00:00:00Z.
pub(super) const ZERO: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The time that `text` names; nothing if it is not `date-time` of RFC 3339, section 5.6. Digits of the fraction
/// beyond nanoseconds are cut off, leap seconds refused.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', i0, i1, b':', s0, s1, rest @ ..] =
        text.as_bytes()
    else {
        return None;
    };
    let date = Date::new(number(&[*y0, *y1, *y2, *y3])?.try_into().ok()?, two(*m0, *m1)?, two(*d0, *d1)?);
    let (nanoseconds, rest) = fraction(rest)?;
    let time = Time::new(two(*h0, *h1)?, two(*i0, *i1)?, two(*s0, *s1)?, nanoseconds);
    offset(rest)?.to_timestamp(date.ok()?.to_datetime(time.ok()?)).ok()
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i32::from(digit - b'0')))
}

fn two(tens: u8, ones: u8) -> Option<i8> {
    number(&[tens, ones])?.try_into().ok()
}

/// Nanoseconds of an optional fraction, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i32, &[u8])> {
    let [b'.', rest @ ..] = rest else { return Some((0, rest)) };
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = rest.split_at(end);
    let mut padded = [b'0'; 9];
    for (place, digit) in padded.iter_mut().zip(digits) {
        *place = *digit;
    }
    (!digits.is_empty()).then(|| number(&padded)).flatten().map(|nanoseconds| (nanoseconds, rest))
}

fn offset(rest: &[u8]) -> Option<Offset> {
    let [sign, h0, h1, b':', m0, m1] = rest else { return (rest == b"Z").then_some(Offset::UTC) };
    let (hours, minutes) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?);
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    match sign {
        b'+' => Offset::from_seconds(seconds).ok(),
        b'-' => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}
