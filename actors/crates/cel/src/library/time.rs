//! Timestamps and durations. Timestamps begin with the year 1 and end on 30 December 9999, which is as far as the time
//! library goes; without a time zone their parts are those of UTC.

use campanile_duration::DurationError;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::types::Sig::{Duration, Int, String as Str, Timestamp as Time};
use super::super::value::CelValue;
use super::{CallResult, CallStyle::Member, Function, Overload, row};

pub(super) const FUNCTIONS: &[Function] = &[
    row("getFullYear", Member, PART, |_, args| part(args, |time| time.year().into())),
    row("getMonth", Member, PART, |_, args| part(args, |time| i64::from(time.month()) - 1)),
    row("getDate", Member, PART, |_, args| part(args, |time| time.day().into())),
    row("getDayOfMonth", Member, PART, |_, args| part(args, |time| i64::from(time.day()) - 1)),
    row("getDayOfYear", Member, PART, |_, args| part(args, |time| i64::from(time.day_of_year()) - 1)),
    row("getDayOfWeek", Member, PART, |_, args| {
        part(args, |time| time.weekday().to_sunday_zero_offset().into())
    }),
    row("getHours", Member, PART_OR_TOTAL, |meter, args| total(meter, args, 3600, |time| time.hour().into())),
    row("getMinutes", Member, PART_OR_TOTAL, |meter, args| {
        total(meter, args, 60, |time| time.minute().into())
    }),
    row("getSeconds", Member, PART_OR_TOTAL, |meter, args| {
        total(meter, args, 1, |time| time.second().into())
    }),
    row("getMilliseconds", Member, PART_OR_TOTAL, milliseconds),
];

const PART: &[Overload] = &[Overload(&[Time], Int), Overload(&[Time, Str], Int)];
const PART_OR_TOTAL: &[Overload] =
    &[Overload(&[Time], Int), Overload(&[Time, Str], Int), Overload(&[Duration], Int)];

/// The first second of the year 1, where CEL's time begins.
const FIRST_SECOND: i64 = -62_135_596_800;

/// `time` moved by a duration, if there is one and the result lies in the range of timestamps.
pub(super) fn moved<'a>(time: Timestamp, by: Option<SignedDuration>) -> CallResult<'a> {
    let moved = by.and_then(|by| time.checked_add(by).ok());
    let moved = moved.filter(|time| time.as_second() >= FIRST_SECOND);
    moved.map(|time| Some(CelValue::Timestamp(time))).ok_or(EvaluationError::Overflow)
}

/// A duration in seconds, with no more digits than it needs: `1.5s`.
pub(in super::super) fn seconds(duration: SignedDuration) -> String {
    let sign = if duration.is_negative() { "-" } else { "" };
    let magnitude = duration.unsigned_abs();
    let fraction = format!("{:09}", magnitude.subsec_nanos());
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}s", magnitude.as_secs())
}

/// Reads a duration as Go writes it: signed numbers with units, such as `1h30m` or `-1.5s`.
pub(super) fn duration(text: &str) -> Result<SignedDuration, EvaluationError> {
    campanile_duration::parse(text).map_err(|error| match error {
        DurationError::Form => EvaluationError::Conversion("duration"),
        DurationError::Range => EvaluationError::Overflow,
    })
}

fn part<'a>(args: &[CelValue<'a>], part: fn(DateTime) -> i64) -> CallResult<'a> {
    let local = match args {
        [CelValue::Timestamp(time)] => Offset::UTC.to_datetime(*time),
        [CelValue::Timestamp(time), CelValue::Text(zone)] => time_zone(zone)?.to_datetime(*time),
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Int(part(local))))
}

/// The part of a timestamp, or a whole duration in units of `unit` seconds.
fn total<'a>(
    _: &mut StepMeter,
    args: &[CelValue<'a>],
    unit: i64,
    of_time: fn(DateTime) -> i64,
) -> CallResult<'a> {
    match args {
        [CelValue::Duration(duration)] => Ok(Some(CelValue::Int(duration.as_secs() / unit))),
        _ => part(args, of_time),
    }
}

/// The milliseconds of a timestamp within its second, or those of a duration within its own.
fn milliseconds<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Duration(duration)] => Ok(Some(CelValue::Int(duration.subsec_millis().into()))),
        _ => part(args, |time| time.millisecond().into()),
    }
}

/// `UTC`, or an offset such as `+02:00`. Names of places need a database, which this program does not have.
fn time_zone(name: &str) -> Result<Offset, EvaluationError> {
    match name {
        "" | "UTC" => Ok(Offset::UTC),
        name => offset(name).ok_or(EvaluationError::TimeZone),
    }
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
    let minutes = i32::from(hours) * 60 + i32::from(minutes);
    Offset::from_seconds(sign * minutes * 60).ok()
}
