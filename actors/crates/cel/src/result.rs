//! What is wanted of an expression, and what comes out of it.

use serde_json::{Map, Number, Value as Json};

use super::error::Fault;
use super::library;
use super::meter::Meter;
use super::number;
use super::types::Type;
use super::value::Value;

/// The type that an expression must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Exactly string.
    String,
    /// Exactly bool.
    Bool,
    /// Any type that has a form in JSON.
    Any,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum CelResult {
    /// What [`Want::String`] yields.
    String(String),
    /// What [`Want::Bool`] yields.
    Bool(bool),
    /// What [`Want::Any`] yields.
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
    pub(super) fn result(self, value: &Value<'_>, meter: &mut Meter) -> Result<Option<CelResult>, Fault> {
        Ok(match (self, value) {
            (Self::String, Value::Text(text)) => {
                meter.spend_bytes(text.len())?;
                Some(CelResult::String(text.to_string()))
            }
            (Self::Bool, Value::Bool(value)) => Some(CelResult::Bool(*value)),
            (Self::Any, value) => Some(CelResult::Json(to_json(value, meter)?)),
            _ => None,
        })
    }
}

fn to_json(value: &Value<'_>, meter: &mut Meter) -> Result<Json, Fault> {
    meter.spend(1)?;
    Ok(match value {
        Value::Null | Value::Optional(None) => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Uint(value) => Json::from(*value),
        Value::Double(value) => {
            Number::from_f64(*value).map_or_else(|| Json::from(number::shortest(*value)), Json::Number)
        }
        Value::Text(text) => {
            meter.spend_bytes(text.len())?;
            Json::from(&**text)
        }
        Value::Bytes(_) => return Err(Fault::Conversion("JSON, encode it as base64")),
        Value::Timestamp(time) => Json::from(time.to_string()),
        Value::Duration(duration) => Json::from(library::time::seconds(*duration)),
        Value::Kind(name) => Json::from(*name),
        Value::Optional(Some(inner)) => to_json(inner, meter)?,
        Value::List(list) => {
            Json::Array(list.iter().map(|element| to_json(&element, meter)).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let mut object = Map::new();
            for (key, value) in map.entries() {
                let Json::String(key) = to_json(&key, meter)? else {
                    return Err(Fault::Conversion("JSON, whose keys are text"));
                };
                object.insert(key, to_json(&value, meter)?);
            }
            Json::Object(object)
        }
    })
}
