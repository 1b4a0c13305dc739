//! Lists and maps: size, membership, index, `first`, `last`, and the set functions.

use super::super::error::Fault;
use super::super::meter::Meter;
use super::super::types::Sig::{A, B, Bool, Bytes, Int, List, Map, Optional, String};
use super::super::value::{List as Elements, Value};
use super::{Function, Outcome, Overload, Style::Global, Style::Member, row};

pub(super) const FUNCTIONS: &[Function] = &[
    row("size", Global, SIZED, size),
    row("size", Member, SIZED, size),
    row("@in", Global, &[Overload(&[A, List(&A)], Bool), Overload(&[A, Map(&A, &B)], Bool)], contains),
    row("_[_]", Global, INDEXED, index),
    row("_[?_]", Global, OPTIONALLY_INDEXED, optional_index),
    row("first", Member, &[Overload(&[List(&A)], Optional(&A))], first),
    row("last", Member, &[Overload(&[List(&A)], Optional(&A))], last),
    row("sets.contains", Global, SETS, sets_contain),
    row("sets.equivalent", Global, SETS, sets_equivalent),
    row("sets.intersects", Global, SETS, sets_intersect),
];

const SIZED: &[Overload] = &[
    Overload(&[String], Int),
    Overload(&[Bytes], Int),
    Overload(&[List(&A)], Int),
    Overload(&[Map(&A, &B)], Int),
];

const INDEXED: &[Overload] = &[
    Overload(&[List(&A), Int], A),
    Overload(&[Map(&A, &B), A], B),
    Overload(&[Optional(&List(&A)), Int], Optional(&A)),
    Overload(&[Optional(&Map(&A, &B)), A], Optional(&B)),
];

const OPTIONALLY_INDEXED: &[Overload] = &[
    Overload(&[List(&A), Int], Optional(&A)),
    Overload(&[Map(&A, &B), A], Optional(&B)),
    Overload(&[Optional(&List(&A)), Int], Optional(&A)),
    Overload(&[Optional(&Map(&A, &B)), A], Optional(&B)),
];

const SETS: &[Overload] = &[Overload(&[List(&A), List(&A)], Bool)];

fn size<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let size = match args {
        [Value::Text(text)] => {
            meter.spend_bytes(text.len())?;
            text.chars().count()
        }
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(),
        _ => return Ok(None),
    };
    Ok(Some(Value::Int(i64::try_from(size).map_err(|_| Fault::Overflow)?)))
}

fn contains<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let found = match args {
        [element, Value::List(list)] => has(list, element, meter)?,
        [key, Value::Map(map)] => map.get(key, meter)?.is_some(),
        _ => return Ok(None),
    };
    Ok(Some(Value::Bool(found)))
}

fn index<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Optional(_), _] => optional_index(meter, args),
        [operand, index] => {
            let found = operand.at(index, meter)?;
            found.ok_or_else(|| operand.missing(index)).map(Some)
        }
        _ => Ok(None),
    }
}

fn optional_index<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(match args {
        [Value::Optional(None), _] => Some(Value::Optional(None)),
        [Value::Optional(Some(operand)), index] => Some(Value::optional(operand.at(index, meter)?)),
        [operand, index] => Some(Value::optional(operand.at(index, meter)?)),
        _ => None,
    })
}

fn first<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::List(list)] = args else { return Ok(None) };
    Ok(Some(Value::optional(list.get(0))))
}

fn last<'a>(_: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::List(list)] = args else { return Ok(None) };
    Ok(Some(Value::optional(list.len().checked_sub(1).and_then(|at| list.get(at)))))
}

fn sets_contain<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::List(set), Value::List(subset)] = args else { return Ok(None) };
    Ok(Some(Value::Bool(includes(set, subset, meter)?)))
}

fn sets_equivalent<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::List(a), Value::List(b)] = args else { return Ok(None) };
    Ok(Some(Value::Bool(includes(a, b, meter)? && includes(b, a, meter)?)))
}

fn sets_intersect<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::List(a), Value::List(b)] = args else { return Ok(None) };
    for element in a.iter() {
        if has(b, &element, meter)? {
            return Ok(Some(Value::Bool(true)));
        }
    }
    Ok(Some(Value::Bool(false)))
}

fn includes<'a>(set: &Elements<'a>, subset: &Elements<'a>, meter: &mut Meter) -> Result<bool, Fault> {
    for element in subset.iter() {
        if !has(set, &element, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has<'a>(list: &Elements<'a>, wanted: &Value<'a>, meter: &mut Meter) -> Result<bool, Fault> {
    for element in list.iter() {
        if element.equals(wanted, meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}
