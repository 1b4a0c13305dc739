//! Operators. Arithmetic knows no mixed types; comparison does (contract, control plane 6.3).

use std::cmp::Ordering;

use super::super::error::Fault;
use super::super::meter::Meter;
use super::super::types::Sig::{A, Bool, Bytes, Double, Duration, Int, List, String, Timestamp, Uint};
use super::super::value::Value;
use super::{Function, Outcome, Overload, Style::Global, row, time};

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

fn equality<'a>(meter: &mut Meter, args: &[Value<'a>], wanted: bool) -> Outcome<'a> {
    let [a, b] = args else { return Ok(None) };
    Ok(Some(Value::Bool(a.equals(b, meter)? == wanted)))
}

/// NaN lies nowhere: every comparison with it is false.
fn order<'a>(meter: &mut Meter, args: &[Value<'a>], holds: fn(Ordering) -> bool) -> Outcome<'a> {
    let [a, b] = args else { return Ok(None) };
    let order = a.order(b, meter)?;
    let number = |value: &Value<'_>| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
    match order {
        Some(order) => Ok(Some(Value::Bool(holds(order)))),
        None if number(a) && number(b) => Ok(Some(Value::Bool(false))),
        None => Ok(None),
    }
}

fn not<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Bool(value)] = args else { return Ok(None) };
    Ok(Some(Value::Bool(!value)))
}

fn negate<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(value)] => int(value.checked_neg()),
        [Value::Double(value)] => Ok(Some(Value::Double(-value))),
        _ => Ok(None),
    }
}

fn add<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(a), Value::Int(b)] => int(a.checked_add(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_add(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Some(Value::Double(a + b))),
        [Value::Text(a), Value::Text(b)] => {
            meter.spend_bytes(a.len() + b.len())?;
            Ok(Some(Value::text([&**a, &**b].concat())))
        }
        [Value::Bytes(a), Value::Bytes(b)] => {
            meter.spend_bytes(a.len() + b.len())?;
            Ok(Some(Value::Bytes([&**a, &**b].concat().into())))
        }
        [Value::List(a), Value::List(b)] => {
            meter.spend(a.len() + b.len())?;
            Ok(Some(Value::list(a.iter().chain(b.iter()).collect::<Vec<_>>())))
        }
        [Value::Timestamp(time), Value::Duration(by)] | [Value::Duration(by), Value::Timestamp(time)] => {
            time::moved(*time, Some(*by))
        }
        [Value::Duration(a), Value::Duration(b)] => {
            Ok(Some(Value::Duration(a.checked_add(*b).ok_or(Fault::Overflow)?)))
        }
        _ => Ok(None),
    }
}

fn subtract<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(a), Value::Int(b)] => int(a.checked_sub(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_sub(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Some(Value::Double(a - b))),
        [Value::Timestamp(a), Value::Timestamp(b)] => Ok(Some(Value::Duration(a.duration_since(*b)))),
        [Value::Timestamp(time), Value::Duration(by)] => time::moved(*time, by.checked_neg()),
        [Value::Duration(a), Value::Duration(b)] => {
            Ok(Some(Value::Duration(a.checked_sub(*b).ok_or(Fault::Overflow)?)))
        }
        _ => Ok(None),
    }
}

fn multiply<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(a), Value::Int(b)] => int(a.checked_mul(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_mul(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Some(Value::Double(a * b))),
        _ => Ok(None),
    }
}

fn divide<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Fault::DivisionByZero),
        [Value::Int(a), Value::Int(b)] => int(a.checked_div(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_div(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Some(Value::Double(a / b))),
        _ => Ok(None),
    }
}

fn modulo<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Fault::ModulusByZero),
        [Value::Int(a), Value::Int(b)] => int(a.checked_rem(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_rem(*b)),
        _ => Ok(None),
    }
}

fn int<'a>(result: Option<i64>) -> Outcome<'a> {
    result.map(|value| Some(Value::Int(value))).ok_or(Fault::Overflow)
}

fn uint<'a>(result: Option<u64>) -> Outcome<'a> {
    result.map(|value| Some(Value::Uint(value))).ok_or(Fault::Overflow)
}
