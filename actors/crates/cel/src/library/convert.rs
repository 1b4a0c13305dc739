//! Conversions between types. What cannot be converted is an error, never a default.

use jiff::{SignedDuration, Timestamp};

use super::super::error::Fault;
use super::super::meter::Meter;
use super::super::number;
use super::super::types::Sig::{
    A, Bool, Bytes, Double, Duration, Dyn, Int, Kind, String as Str, Timestamp as Time, Uint,
};
use super::super::value::Value;
use super::{Function, Outcome, Overload, Style::Global, row, time};

pub(super) const FUNCTIONS: &[Function] = &[
    row("dyn", Global, &[Overload(&[A], Dyn)], same),
    row("type", Global, &[Overload(&[A], Kind)], kind),
    row("bool", Global, &[Overload(&[Bool], Bool), Overload(&[Str], Bool)], to_bool),
    row(
        "int",
        Global,
        &[
            Overload(&[Int], Int),
            Overload(&[Uint], Int),
            Overload(&[Double], Int),
            Overload(&[Str], Int),
            Overload(&[Time], Int),
        ],
        to_int,
    ),
    row(
        "uint",
        Global,
        &[Overload(&[Uint], Uint), Overload(&[Int], Uint), Overload(&[Double], Uint), Overload(&[Str], Uint)],
        to_uint,
    ),
    row(
        "double",
        Global,
        &[
            Overload(&[Double], Double),
            Overload(&[Int], Double),
            Overload(&[Uint], Double),
            Overload(&[Str], Double),
        ],
        to_double,
    ),
    row("string", Global, STRINGS, to_string),
    row("bytes", Global, &[Overload(&[Bytes], Bytes), Overload(&[Str], Bytes)], to_bytes),
    row(
        "timestamp",
        Global,
        &[Overload(&[Time], Time), Overload(&[Str], Time), Overload(&[Int], Time)],
        to_time,
    ),
    row("duration", Global, &[Overload(&[Duration], Duration), Overload(&[Str], Duration)], to_duration),
];

const STRINGS: &[Overload] = &[
    Overload(&[Str], Str),
    Overload(&[Bool], Str),
    Overload(&[Int], Str),
    Overload(&[Uint], Str),
    Overload(&[Double], Str),
    Overload(&[Bytes], Str),
    Overload(&[Time], Str),
    Overload(&[Duration], Str),
];

fn same<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(args.first().cloned())
}

fn kind<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(args.first().map(|value| Value::Kind(value.kind())))
}

fn to_bool<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let value = match args {
        [Value::Bool(value)] => *value,
        [Value::Text(text)] => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => return Err(Fault::Conversion("bool")),
        },
        _ => return Ok(None),
    };
    Ok(Some(Value::Bool(value)))
}

fn to_int<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let value = match args {
        [Value::Int(value)] => *value,
        [Value::Uint(value)] => i64::try_from(*value).map_err(|_| Fault::Overflow)?,
        [Value::Double(value)] => number::to_int(*value).ok_or(Fault::Overflow)?,
        [Value::Text(text)] => text.parse().map_err(|_| Fault::Conversion("int"))?,
        [Value::Timestamp(time)] => time.as_second(),
        _ => return Ok(None),
    };
    Ok(Some(Value::Int(value)))
}

fn to_uint<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let value = match args {
        [Value::Uint(value)] => *value,
        [Value::Int(value)] => u64::try_from(*value).map_err(|_| Fault::Overflow)?,
        [Value::Double(value)] => number::to_uint(*value).ok_or(Fault::Overflow)?,
        [Value::Text(text)] => text.parse().map_err(|_| Fault::Conversion("uint"))?,
        _ => return Ok(None),
    };
    Ok(Some(Value::Uint(value)))
}

#[expect(clippy::cast_precision_loss, reason = "a conversion to double rounds")]
fn to_double<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let value = match args {
        [Value::Double(value)] => *value,
        [Value::Int(value)] => *value as f64,
        [Value::Uint(value)] => *value as f64,
        [Value::Text(text)] => text.parse().map_err(|_| Fault::Conversion("double"))?,
        _ => return Ok(None),
    };
    Ok(Some(Value::Double(value)))
}

fn to_string<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(match args {
        [Value::Text(text)] => Value::Text(text.clone()),
        [Value::Bool(value)] => Value::text(value.to_string()),
        [Value::Int(value)] => Value::text(value.to_string()),
        [Value::Uint(value)] => Value::text(value.to_string()),
        [Value::Double(value)] => Value::text(number::shortest(*value)),
        [Value::Bytes(bytes)] => {
            meter.spend_bytes(bytes.len())?;
            Value::text(std::str::from_utf8(bytes).map_err(|_| Fault::Conversion("UTF-8 text"))?)
        }
        [Value::Timestamp(time)] => Value::text(time.to_string()),
        [Value::Duration(duration)] => Value::text(time::seconds(*duration)),
        _ => return Ok(None),
    }))
}

fn to_bytes<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [bytes @ Value::Bytes(_)] => Ok(Some(bytes.clone())),
        [Value::Text(text)] => {
            meter.spend_bytes(text.len())?;
            Ok(Some(Value::Bytes(text.as_bytes().into())))
        }
        _ => Ok(None),
    }
}

fn to_time<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Timestamp(time)] => time::moved(*time, Some(SignedDuration::ZERO)),
        [Value::Text(text)] => {
            let time: Timestamp = text.parse().map_err(|_| Fault::Conversion("RFC 3339 timestamp"))?;
            time::moved(time, Some(SignedDuration::ZERO))
        }
        [Value::Int(seconds)] => {
            let time = Timestamp::from_second(*seconds).map_err(|_| Fault::Overflow)?;
            time::moved(time, Some(SignedDuration::ZERO))
        }
        _ => Ok(None),
    }
}

fn to_duration<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Duration(duration)] => Ok(Some(Value::Duration(*duration))),
        [Value::Text(text)] => time::duration(text).map(|duration| Some(Value::Duration(duration))),
        _ => Ok(None),
    }
}
