//! The wanted type of an expression, and its result.

use serde_json::{Map, Number, Value as Json};

use super::error::EvaluationError;
use super::library;
use super::meter::StepMeter;
use super::number;
use super::types::Type;
use super::value::CelValue;

/// The type that an expression must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Exactly the type string is wanted.
    String,
    /// Exactly the type bool is wanted.
    Bool,
    /// Any type that has a form in JSON.
    Any,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum CelResult {
    /// The result that [`Want::String`] yields.
    String(String),
    /// The result that [`Want::Bool`] yields.
    Bool(bool),
    /// The result that [`Want::Any`] yields.
    Json(Json),
}

impl Want {
    /// The name of the type in CEL, as messages show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Bool => "bool",
            Self::Any => "any",
        }
    }

    pub(super) fn admits(self, ty: &Type) -> bool {
        match self {
            Self::String => *ty == Type::String,
            Self::Bool => *ty == Type::Bool,
            Self::Any => true,
        }
    }

    /// `value` as the result; none if it is of another type.
    pub(super) fn result(
        self,
        value: &CelValue<'_>,
        meter: &mut StepMeter,
    ) -> Result<Option<CelResult>, EvaluationError> {
        Ok(match (self, value) {
            (Self::String, CelValue::Text(text)) => {
                meter.spend_bytes(text.len())?;
                Some(CelResult::String(text.to_string()))
            }
            (Self::Bool, CelValue::Bool(value)) => Some(CelResult::Bool(*value)),
            (Self::Any, value) => Some(CelResult::Json(to_json(value, meter)?)),
            _ => None,
        })
    }
}

fn to_json(value: &CelValue<'_>, meter: &mut StepMeter) -> Result<Json, EvaluationError> {
    meter.spend(1)?;
    Ok(match value {
        CelValue::Null | CelValue::Optional(None) => Json::Null,
        CelValue::Bool(value) => Json::Bool(*value),
        CelValue::Int(value) => Json::from(*value),
        CelValue::Uint(value) => Json::from(*value),
        CelValue::Double(value) => {
            Number::from_f64(*value).map_or_else(|| Json::from(number::shortest(*value)), Json::Number)
        }
        CelValue::Text(text) => {
            meter.spend_bytes(text.len())?;
            Json::from(&**text)
        }
        CelValue::Bytes(_) => return Err(EvaluationError::Conversion("JSON, encode it as base64")),
        CelValue::Timestamp(time) => Json::from(time.to_string()),
        CelValue::Duration(duration) => Json::from(library::time::seconds(*duration)),
        CelValue::Kind(name) => Json::from(*name),
        CelValue::Optional(Some(inner)) => to_json(inner, meter)?,
        CelValue::List(list) => {
            Json::Array(list.iter().map(|element| to_json(&element, meter)).collect::<Result<_, _>>()?)
        }
        CelValue::Map(map) => {
            let mut object = Map::new();
            for (key, value) in map.entries() {
                let Json::String(key) = to_json(&key, meter)? else {
                    return Err(EvaluationError::Conversion("JSON, whose keys are text"));
                };
                object.insert(key, to_json(&value, meter)?);
            }
            Json::Object(object)
        }
    })
}
