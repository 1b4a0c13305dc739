//! `format()`: `%s`, `%d`, `%f`, `%e`, `%x`, `%X`, `%o` and `%b`, with a precision for the two of fractions.

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::number;
use super::super::types::Sig::{Dyn, List, String as Str};
use super::super::value::{CelValue, List as Elements, MapValue};
use super::{CallResult, CallStyle::Member, Function, Overload, row, time};

pub(super) const FUNCTIONS: &[Function] =
    &[row("format", Member, &[Overload(&[Str, List(&Dyn)], Str)], format)];

/// Digits after the point where the user gave none.
const DEFAULT_PRECISION: usize = 6;
/// The highest precision that a format may ask for.
const MAX_PRECISION: usize = 100;
/// More than any number takes in any form, beside its precision.
const LONGEST_NUMBER: usize = 400;

fn format<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::Text(template), CelValue::List(values)] = args else { return Ok(None) };
    let mut values = values.iter();
    let mut out = String::new();
    let mut rest: &str = template;
    meter.spend_bytes(rest.len())?;
    while let Some((plain, clause)) = rest.split_once('%') {
        out.push_str(plain);
        if let Some(after) = clause.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (precision, clause) = precision(clause)?;
        let mut verbs = clause.chars();
        let verb = verbs.next().ok_or(EvaluationError::Format("the template ends within a clause"))?;
        let value = values.next().ok_or(EvaluationError::Format("the list is too short"))?;
        write(verb, precision, &value, meter, &mut out)?;
        rest = verbs.as_str();
    }
    out.push_str(rest);
    Ok(Some(CelValue::text(out)))
}

fn precision(clause: &str) -> Result<(usize, &str), EvaluationError> {
    let Some(digits) = clause.strip_prefix('.') else { return Ok((DEFAULT_PRECISION, clause)) };
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = digits.strip_suffix(after).and_then(|digits| digits.parse().ok());
    match number {
        Some(number) if number <= MAX_PRECISION => Ok((number, after)),
        _ => Err(EvaluationError::Format("bad precision")),
    }
}

fn write(
    verb: char,
    precision: usize,
    value: &CelValue<'_>,
    meter: &mut StepMeter,
    out: &mut String,
) -> Result<(), EvaluationError> {
    if verb == 's' {
        return text(value, meter, out);
    }
    meter.spend_bytes(LONGEST_NUMBER + precision)?;
    let written = match verb {
        'd' => decimal(value),
        'f' => fraction(value).map(|number| {
            number::not_finite(number).map_or_else(|| format!("{number:.precision$}"), str::to_owned)
        }),
        'e' => fraction(value).map(|number| {
            number::not_finite(number)
                .map_or_else(|| number::signed_exponent(&format!("{number:.precision$e}")), str::to_owned)
        }),
        'b' => radix(value, |n| format!("{n:b}")),
        'o' => radix(value, |n| format!("{n:o}")),
        'x' => hexadecimal(value, meter)?,
        'X' => hexadecimal(value, meter)?.map(|text| text.to_ascii_uppercase()),
        _ => return Err(EvaluationError::Format("unknown clause, use one of s d f e x X o b")),
    };
    out.push_str(&written.ok_or(EvaluationError::Format("the clause is not for values of this type"))?);
    Ok(())
}

/// Writes any value as text.
fn text(value: &CelValue<'_>, meter: &mut StepMeter, out: &mut String) -> Result<(), EvaluationError> {
    match value {
        CelValue::Text(text) => {
            meter.spend_bytes(text.len())?;
            out.push_str(text);
        }
        CelValue::Bytes(bytes) => {
            meter.spend_bytes(bytes.len() * 3)?;
            out.push_str(&String::from_utf8_lossy(bytes));
        }
        CelValue::List(list) => return listed(list, meter, out),
        CelValue::Map(map) => return mapped(map, meter, out),
        CelValue::Optional(_) => return Err(EvaluationError::Format("an optional has no text")),
        scalar => {
            meter.spend_bytes(LONGEST_NUMBER)?;
            out.push_str(&scalar_text(scalar));
        }
    }
    Ok(())
}

fn scalar_text(value: &CelValue<'_>) -> String {
    match value {
        CelValue::Bool(value) => value.to_string(),
        CelValue::Int(value) => value.to_string(),
        CelValue::Uint(value) => value.to_string(),
        CelValue::Double(value) => {
            number::not_finite(*value).map_or_else(|| value.to_string(), str::to_owned)
        }
        CelValue::Timestamp(time) => time.to_string(),
        CelValue::Duration(duration) => time::seconds(*duration),
        CelValue::Kind(name) => (*name).to_owned(),
        _ => "null".to_owned(),
    }
}

fn listed(list: &Elements<'_>, meter: &mut StepMeter, out: &mut String) -> Result<(), EvaluationError> {
    out.push('[');
    for (at, element) in list.iter().enumerate() {
        meter.spend(1)?;
        out.push_str(if at > 0 { ", " } else { "" });
        text(&element, meter, out)?;
    }
    out.push(']');
    Ok(())
}

/// The entries, sorted by the text of their keys.
fn mapped(map: &MapValue<'_>, meter: &mut StepMeter, out: &mut String) -> Result<(), EvaluationError> {
    let mut entries = Vec::with_capacity(map.len());
    for (key, value) in map.entries() {
        let mut entry = (String::new(), String::new());
        text(&key, meter, &mut entry.0)?;
        text(&value, meter, &mut entry.1)?;
        meter.spend_bytes(entry.0.len() + entry.1.len())?;
        entries.push(entry);
    }
    entries.sort_unstable();
    out.push('{');
    for (at, (key, value)) in entries.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        out.extend([comma, key, ": ", value]);
    }
    out.push('}');
    Ok(())
}

fn decimal(value: &CelValue<'_>) -> Option<String> {
    match value {
        CelValue::Int(value) => Some(value.to_string()),
        CelValue::Uint(value) => Some(value.to_string()),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "these clauses write doubles")]
fn fraction(value: &CelValue<'_>) -> Option<f64> {
    match value {
        CelValue::Double(value) => Some(*value),
        CelValue::Int(value) => Some(*value as f64),
        CelValue::Uint(value) => Some(*value as f64),
        _ => None,
    }
}

/// A whole number by its magnitude, with a sign.
fn radix(value: &CelValue<'_>, digits: fn(u64) -> String) -> Option<String> {
    match value {
        CelValue::Int(value) if *value < 0 => Some(format!("-{}", digits(value.unsigned_abs()))),
        CelValue::Int(value) => Some(digits(value.unsigned_abs())),
        CelValue::Uint(value) => Some(digits(*value)),
        CelValue::Bool(value) => Some(u8::from(*value).to_string()),
        _ => None,
    }
}

fn hexadecimal(value: &CelValue<'_>, meter: &mut StepMeter) -> Result<Option<String>, EvaluationError> {
    let bytes = match value {
        CelValue::Text(text) => text.as_bytes(),
        CelValue::Bytes(bytes) => bytes,
        CelValue::Bool(_) => return Ok(None),
        number => return Ok(radix(number, |n| format!("{n:x}"))),
    };
    meter.spend_bytes(bytes.len() * 2)?;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
        out.extend(digits.into_iter().flatten());
    }
    Ok(Some(out))
}
