//! Equality and order of values. Numbers of all three types lie on one line; values of different kinds are unequal.

use std::cmp::Ordering;

use super::error::EvaluationError;
use super::meter::StepMeter;
use super::value::{CelValue, List, MapValue};

impl<'a> CelValue<'a> {
    /// Whether two values are equal. NaN equals nothing.
    pub(super) fn equals(
        &self,
        other: &CelValue<'a>,
        meter: &mut StepMeter,
    ) -> Result<bool, EvaluationError> {
        meter.spend(1)?;
        match (self, other) {
            (Self::Null, Self::Null) => Ok(true),
            (Self::Kind(a), Self::Kind(b)) => Ok(a == b),
            (Self::List(a), Self::List(b)) => lists_equal(a, b, meter),
            (Self::Map(a), Self::Map(b)) => maps_equal(a, b, meter),
            (Self::Optional(Some(a)), Self::Optional(Some(b))) => a.equals(b, meter),
            (Self::Optional(a), Self::Optional(b)) => Ok(a.is_none() && b.is_none()),
            (a, b) => Ok(a.order(b, meter)? == Some(Ordering::Equal)),
        }
    }

    /// How two values lie to each other; none if they have no order.
    pub(super) fn order(
        &self,
        other: &CelValue<'a>,
        meter: &mut StepMeter,
    ) -> Result<Option<Ordering>, EvaluationError> {
        Ok(match (self, other) {
            (Self::Text(a), Self::Text(b)) => {
                meter.spend_bytes(a.len().min(b.len()))?;
                Some((**a).cmp(&**b))
            }
            (Self::Bytes(a), Self::Bytes(b)) => {
                meter.spend_bytes(a.len().min(b.len()))?;
                Some(a.cmp(b))
            }
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (a, b) => numbers(a, b),
        })
    }
}

fn numbers(a: &CelValue<'_>, b: &CelValue<'_>) -> Option<Ordering> {
    match (a, b) {
        (CelValue::Double(a), CelValue::Double(b)) => a.partial_cmp(b),
        (CelValue::Double(a), b) => whole(b).and_then(|b| to_whole(*a, b)),
        (a, CelValue::Double(b)) => whole(a).and_then(|a| to_whole(*b, a)).map(Ordering::reverse),
        (a, b) => Some(whole(a)?.cmp(&whole(b)?)),
    }
}

fn whole(value: &CelValue<'_>) -> Option<i128> {
    match value {
        CelValue::Int(value) => Some(i128::from(*value)),
        CelValue::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

/// How `double` lies to the whole number `other`, exactly: neither is rounded to the other's type.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates beyond every int and uint")]
fn to_whole(double: f64, other: i128) -> Option<Ordering> {
    let floor = double.floor();
    if double.is_nan() {
        return None;
    }
    let above = if double > floor { Ordering::Greater } else { Ordering::Equal };
    Some((floor as i128).cmp(&other).then(above))
}

fn lists_equal<'a>(a: &List<'a>, b: &List<'a>, meter: &mut StepMeter) -> Result<bool, EvaluationError> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b.iter()) {
        if !a.equals(&b, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps_equal<'a>(
    a: &MapValue<'a>,
    b: &MapValue<'a>,
    meter: &mut StepMeter,
) -> Result<bool, EvaluationError> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (key, value) in a.entries() {
        match b.get(&key, meter)? {
            Some(other) if value.equals(&other, meter)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
