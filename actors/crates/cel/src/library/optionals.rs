//! Optional values. `or` and `orValue` stand here for their types only: the evaluator treats them itself, since their
//! argument may not be evaluated in vain.

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::types::Sig::{A, Bool, List, Optional};
use super::super::value::CelValue;
use super::{CallResult, CallStyle::Global, CallStyle::Member, Function, Overload, row};

pub(super) const FUNCTIONS: &[Function] = &[
    row("optional.of", Global, &[Overload(&[A], Optional(&A))], of),
    row("optional.none", Global, &[Overload(&[], Optional(&A))], none),
    row("optional.ofNonZeroValue", Global, &[Overload(&[A], Optional(&A))], of_non_zero),
    row("optional.unwrap", Global, &[Overload(&[List(&Optional(&A))], List(&A))], unwrap_all),
    row("unwrapOpt", Member, &[Overload(&[List(&Optional(&A))], List(&A))], unwrap_all),
    row("value", Member, &[Overload(&[Optional(&A)], A)], value),
    row("hasValue", Member, &[Overload(&[Optional(&A)], Bool)], has_value),
    row("or", Member, &[Overload(&[Optional(&A), Optional(&A)], Optional(&A))], |_, _| Ok(None)),
    row("orValue", Member, &[Overload(&[Optional(&A), A], A)], |_, _| Ok(None)),
];

fn of<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [value] = args else { return Ok(None) };
    Ok(Some(CelValue::some(value.clone())))
}

fn none<'a>(_: &mut StepMeter, _: &[CelValue<'a>]) -> CallResult<'a> {
    Ok(Some(CelValue::Optional(None)))
}

fn of_non_zero<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [value] = args else { return Ok(None) };
    Ok(Some(CelValue::optional((!value.is_zero()).then(|| value.clone()))))
}

fn unwrap_all<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::List(list)] = args else { return Ok(None) };
    meter.spend(list.len())?;
    let mut values = Vec::new();
    for element in list.iter() {
        match element {
            CelValue::Optional(inner) => values.extend(inner.map(|inner| (*inner).clone())),
            _ => return Ok(None),
        }
    }
    Ok(Some(CelValue::list(values)))
}

fn value<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    match args {
        [CelValue::Optional(Some(inner))] => Ok(Some((**inner).clone())),
        [CelValue::Optional(None)] => Err(EvaluationError::NoValue),
        _ => Ok(None),
    }
}

fn has_value<'a>(_: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::Optional(inner)] = args else { return Ok(None) };
    Ok(Some(CelValue::Bool(inner.is_some())))
}
