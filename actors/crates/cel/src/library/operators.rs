//! Operators. Arithmetic knows no mixed types; comparison does (contract, control plane 6.3).

use std::cmp::Ordering;

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::types::Sig::{A, Bool, Bytes, Double, Duration, Int, List, String, Timestamp, Uint};
use super::super::value::CelValue;
use super::{CallResult, CallStyle::Global, Function, Overload, row, time};

pub(super) const FUNCTIONS: &[Function] = &[
    row("_==_", Global, &[Overload(&[A, A], Bool)], |meter, args| equality(meter, args, true)),
    row("_!=_", Global, &[Overload(&[A, A], Bool)], |meter, args| equality(meter, args, false)),
    row("_<_", Global, ORDERED, |meter, args| order(meter, args, Ordering::is_lt)),
    row("_<=_", Global, ORDERED, |meter, args| order(meter, args, Ordering::is_le)),
    row("_>_", Global, ORDERED, |meter, args| order(meter, args, Ordering::is_gt)),
    row("_>=_", Global, ORDERED, |meter, args| order(meter, args, Ordering::is_ge)),
    row("!_", Global, &[Overload(&[Bool], Bool)], not),
    row("-_", Global, &[Overload(&[Int], Int), Overload(&[Double], Double)], negate),
    row("_+_", Global, ADDABLE, add),
    row("_-_", Global, SUBTRACTABLE, subtract),
    row("_*_", Global, NUMERIC, multiply),
    row("_/_", Global, NUMERIC, divide),
    row("_%_", Global, &[Overload(&[Int, Int], Int), Overload(&[Uint, Uint], Uint)], modulo),
];

const NUMERIC: &[Overload] =
    &[Overload(&[Int, Int], Int), Overload(&[Uint, Uint], Uint), Overload(&[Double, Double], Double)];

const ADDABLE: &[Overload] = &[
    Overload(&[Int, Int], Int),
    Overload(&[Uint, Uint], Uint),
    Overload(&[Double, Double], Double),
    Overload(&[String, String], String),
    Overload(&[Bytes, Bytes], Bytes),
    Overload(&[List(&A), List(&A)], List(&A)),
    Overload(&[Timestamp, Duration], Timestamp),
    Overload(&[Duration, Timestamp], Timestamp),
    Overload(&[Duration, Duration], Duration),
];

const SUBTRACTABLE: &[Overload] = &[
    Overload(&[Int, Int], Int),
    Overload(&[Uint, Uint], Uint),
    Overload(&[Double, Double], Double),
    Overload(&[Timestamp, Timestamp], Duration),
    Overload(&[Timestamp, Duration], Timestamp),
    Overload(&[Duration, Duration], Duration),
];

const ORDERED: &[Overload] = &[
    Overload(&[Bool, Bool], Bool),
    Overload(&[Int, Int], Bool),
    Overload(&[Int, Uint], Bool),
    Overload(&[Int, Double], Bool),
    Overload(&[Uint, Int], Bool),
    Overload(&[Uint, Uint], Bool),
    Overload(&[Uint, Double], Bool),
    Overload(&[Double, Int], Bool),
    Overload(&[Double, Uint], Bool),
    Overload(&[Double, Double], Bool),
    Overload(&[String, String], Bool),
    Overload(&[Bytes, Bytes], Bool),
    Overload(&[Timestamp, Timestamp], Bool),
    Overload(&[Duration, Duration], Bool),
];

fn equality<'a>(meter: &mut StepMeter, args: &[CelValue<'a>], wanted: bool) -> CallResult<'a> {
    let [a, b] = args else { return Ok(None) };
    Ok(Some(CelValue::Bool(a.equals(b, meter)? == wanted)))
}

/// NaN lies nowhere: every comparison with it is false.
fn order<'a>(meter: &mut StepMeter, args: &[CelValue<'a>], holds: fn(Ordering) -> bool) -> CallResult<'a> {
    let [a, b] = args else { return Ok(None) };
    let order = a.order(b, meter)?;
    let number =
        |value: &CelValue<'_>| matches!(value, CelValue::Int(_) | CelValue::Uint(_) | CelValue::Double(_));
    match order {
        Some(order) => Ok(Some(CelValue::Bool(holds(order)))),
        None if number(a) && number(b) => Ok(Some(CelValue::Bool(false))),
        None => Ok(None),
    }
}

fn not<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::Bool(value)] = args else { return Ok(None) };
    Ok(Some(CelValue::Bool(!value)))
}

fn negate<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Int(value)] => int(value.checked_neg()),
        [CelValue::Double(value)] => Ok(Some(CelValue::Double(-value))),
        _ => Ok(None),
    }
}

fn add<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Int(a), CelValue::Int(b)] => int(a.checked_add(*b)),
        [CelValue::Uint(a), CelValue::Uint(b)] => uint(a.checked_add(*b)),
        [CelValue::Double(a), CelValue::Double(b)] => Ok(Some(CelValue::Double(a + b))),
        [CelValue::Text(a), CelValue::Text(b)] => {
            meter.spend_bytes(a.len() + b.len())?;
            Ok(Some(CelValue::text([&**a, &**b].concat())))
        }
        [CelValue::Bytes(a), CelValue::Bytes(b)] => {
            meter.spend_bytes(a.len() + b.len())?;
            Ok(Some(CelValue::Bytes([&**a, &**b].concat().into())))
        }
        [CelValue::List(a), CelValue::List(b)] => {
            meter.spend(a.len() + b.len())?;
            Ok(Some(CelValue::list(a.iter().chain(b.iter()).collect::<Vec<_>>())))
        }
        [CelValue::Timestamp(time), CelValue::Duration(by)]
        | [CelValue::Duration(by), CelValue::Timestamp(time)] => time::moved(*time, Some(*by)),
        [CelValue::Duration(a), CelValue::Duration(b)] => {
            Ok(Some(CelValue::Duration(a.checked_add(*b).ok_or(EvaluationError::Overflow)?)))
        }
        _ => Ok(None),
    }
}

fn subtract<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Int(a), CelValue::Int(b)] => int(a.checked_sub(*b)),
        [CelValue::Uint(a), CelValue::Uint(b)] => uint(a.checked_sub(*b)),
        [CelValue::Double(a), CelValue::Double(b)] => Ok(Some(CelValue::Double(a - b))),
        [CelValue::Timestamp(a), CelValue::Timestamp(b)] => {
            Ok(Some(CelValue::Duration(a.duration_since(*b))))
        }
        [CelValue::Timestamp(time), CelValue::Duration(by)] => time::moved(*time, by.checked_neg()),
        [CelValue::Duration(a), CelValue::Duration(b)] => {
            Ok(Some(CelValue::Duration(a.checked_sub(*b).ok_or(EvaluationError::Overflow)?)))
        }
        _ => Ok(None),
    }
}

fn multiply<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Int(a), CelValue::Int(b)] => int(a.checked_mul(*b)),
        [CelValue::Uint(a), CelValue::Uint(b)] => uint(a.checked_mul(*b)),
        [CelValue::Double(a), CelValue::Double(b)] => Ok(Some(CelValue::Double(a * b))),
        _ => Ok(None),
    }
}

fn divide<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Int(_), CelValue::Int(0)] | [CelValue::Uint(_), CelValue::Uint(0)] => {
            Err(EvaluationError::DivisionByZero)
        }
        [CelValue::Int(a), CelValue::Int(b)] => int(a.checked_div(*b)),
        [CelValue::Uint(a), CelValue::Uint(b)] => uint(a.checked_div(*b)),
        [CelValue::Double(a), CelValue::Double(b)] => Ok(Some(CelValue::Double(a / b))),
        _ => Ok(None),
    }
}

fn modulo<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Int(_), CelValue::Int(0)] | [CelValue::Uint(_), CelValue::Uint(0)] => {
            Err(EvaluationError::ModulusByZero)
        }
        [CelValue::Int(a), CelValue::Int(b)] => int(a.checked_rem(*b)),
        [CelValue::Uint(a), CelValue::Uint(b)] => uint(a.checked_rem(*b)),
        _ => Ok(None),
    }
}

fn int<'a>(result: Option<i64>) -> CallResult<'a> {
    result.map(|value| Some(CelValue::Int(value))).ok_or(EvaluationError::Overflow)
}

fn uint<'a>(result: Option<u64>) -> CallResult<'a> {
    result.map(|value| Some(CelValue::Uint(value))).ok_or(EvaluationError::Overflow)
}
