//! Conversions between types. What cannot be converted is an error, never a default.

use jiff::{SignedDuration, Timestamp};

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::number;
use super::super::types::Sig::{
    A, Bool, Bytes, Double, Duration, Dyn, Int, Kind, String as Str, Timestamp as Time, Uint,
};
use super::super::value::CelValue;
use super::{CallResult, CallStyle::Global, Function, Overload, row, time};

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

fn same<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    Ok(args.first().cloned())
}

fn kind<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    Ok(args.first().map(|value| CelValue::Kind(value.kind())))
}

fn to_bool<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let value = match args {
        [CelValue::Bool(value)] => *value,
        [CelValue::Text(text)] => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => return Err(EvaluationError::Conversion("bool")),
        },
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Bool(value)))
}

fn to_int<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let value = match args {
        [CelValue::Int(value)] => *value,
        [CelValue::Uint(value)] => i64::try_from(*value).map_err(|_| EvaluationError::Overflow)?,
        [CelValue::Double(value)] => number::to_int(*value).ok_or(EvaluationError::Overflow)?,
        [CelValue::Text(text)] => text.parse().map_err(|_| EvaluationError::Conversion("int"))?,
        [CelValue::Timestamp(time)] => time.as_second(),
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Int(value)))
}

fn to_uint<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let value = match args {
        [CelValue::Uint(value)] => *value,
        [CelValue::Int(value)] => u64::try_from(*value).map_err(|_| EvaluationError::Overflow)?,
        [CelValue::Double(value)] => number::to_uint(*value).ok_or(EvaluationError::Overflow)?,
        [CelValue::Text(text)] => text.parse().map_err(|_| EvaluationError::Conversion("uint"))?,
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Uint(value)))
}

#[expect(clippy::cast_precision_loss, reason = "a conversion to double rounds")]
fn to_double<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let value = match args {
        [CelValue::Double(value)] => *value,
        [CelValue::Int(value)] => *value as f64,
        [CelValue::Uint(value)] => *value as f64,
        [CelValue::Text(text)] => text.parse().map_err(|_| EvaluationError::Conversion("double"))?,
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Double(value)))
}

fn to_string<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    Ok(Some(match args {
        [CelValue::Text(text)] => CelValue::Text(text.clone()),
        [CelValue::Bool(value)] => CelValue::text(value.to_string()),
        [CelValue::Int(value)] => CelValue::text(value.to_string()),
        [CelValue::Uint(value)] => CelValue::text(value.to_string()),
        [CelValue::Double(value)] => CelValue::text(number::shortest(*value)),
        [CelValue::Bytes(bytes)] => {
            meter.spend_bytes(bytes.len())?;
            CelValue::text(std::str::from_utf8(bytes).map_err(|_| EvaluationError::Conversion("UTF-8 text"))?)
        }
        [CelValue::Timestamp(time)] => CelValue::text(time.to_string()),
        [CelValue::Duration(duration)] => CelValue::text(time::seconds(*duration)),
        _ => return Ok(None),
    }))
}

fn to_bytes<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [bytes @ CelValue::Bytes(_)] => Ok(Some(bytes.clone())),
        [CelValue::Text(text)] => {
            meter.spend_bytes(text.len())?;
            Ok(Some(CelValue::Bytes(text.as_bytes().into())))
        }
        _ => Ok(None),
    }
}

fn to_time<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Timestamp(time)] => time::moved(*time, Some(SignedDuration::ZERO)),
        [CelValue::Text(text)] => {
            let time: Timestamp =
                text.parse().map_err(|_| EvaluationError::Conversion("RFC 3339 timestamp"))?;
            time::moved(time, Some(SignedDuration::ZERO))
        }
        [CelValue::Int(seconds)] => {
            let time = Timestamp::from_second(*seconds).map_err(|_| EvaluationError::Overflow)?;
            time::moved(time, Some(SignedDuration::ZERO))
        }
        _ => Ok(None),
    }
}

fn to_duration<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Duration(duration)] => Ok(Some(CelValue::Duration(*duration))),
        [CelValue::Text(text)] => time::duration(text).map(|duration| Some(CelValue::Duration(duration))),
        _ => Ok(None),
    }
}
