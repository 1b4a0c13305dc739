//! Lists and maps: size, membership, index, `first`, `last`, and the set functions.

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::types::Sig::{A, B, Bool, Bytes, Int, List, Map, Optional, String};
use super::super::value::{CelValue, List as Elements};
use super::{CallResult, CallStyle::Global, CallStyle::Member, Function, Overload, row};

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

fn size<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let size = match args {
        [CelValue::Text(text)] => {
            meter.spend_bytes(text.len())?;
            text.chars().count()
        }
        [CelValue::Bytes(bytes)] => bytes.len(),
        [CelValue::List(list)] => list.len(),
        [CelValue::Map(map)] => map.len(),
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Int(i64::try_from(size).map_err(|_| EvaluationError::Overflow)?)))
}

fn contains<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let found = match args {
        [element, CelValue::List(list)] => has(list, element, meter)?,
        [key, CelValue::Map(map)] => map.get(key, meter)?.is_some(),
        _ => return Ok(None),
    };
    Ok(Some(CelValue::Bool(found)))
}

fn index<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Optional(_), _] => optional_index(meter, args),
        [operand, index] => {
            let found = operand.at(index, meter)?;
            found.ok_or_else(|| operand.missing(index)).map(Some)
        }
        _ => Ok(None),
    }
}

fn optional_index<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    Ok(match args {
        [CelValue::Optional(None), _] => Some(CelValue::Optional(None)),
        [CelValue::Optional(Some(operand)), index] => Some(CelValue::optional(operand.at(index, meter)?)),
        [operand, index] => Some(CelValue::optional(operand.at(index, meter)?)),
        _ => None,
    })
}

fn first<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::List(list)] = args else { return Ok(None) };
    Ok(Some(CelValue::optional(list.get(0))))
}

fn last<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::List(list)] = args else { return Ok(None) };
    Ok(Some(CelValue::optional(list.len().checked_sub(1).and_then(|at| list.get(at)))))
}

fn sets_contain<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::List(set), CelValue::List(subset)] = args else { return Ok(None) };
    Ok(Some(CelValue::Bool(includes(set, subset, meter)?)))
}

fn sets_equivalent<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::List(a), CelValue::List(b)] = args else { return Ok(None) };
    Ok(Some(CelValue::Bool(includes(a, b, meter)? && includes(b, a, meter)?)))
}

fn sets_intersect<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::List(a), CelValue::List(b)] = args else { return Ok(None) };
    for element in a.iter() {
        if has(b, &element, meter)? {
            return Ok(Some(CelValue::Bool(true)));
        }
    }
    Ok(Some(CelValue::Bool(false)))
}

fn includes<'a>(
    set: &Elements<'a>,
    subset: &Elements<'a>,
    meter: &mut StepMeter,
) -> Result<bool, EvaluationError> {
    for element in subset.iter() {
        if !has(set, &element, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has<'a>(
    list: &Elements<'a>,
    wanted: &CelValue<'a>,
    meter: &mut StepMeter,
) -> Result<bool, EvaluationError> {
    for element in list.iter() {
        if element.equals(wanted, meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}
