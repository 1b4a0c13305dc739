//! Values during an evaluation. JSON and literals are borrowed, never copied; what a function makes is shared.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::error::EvaluationError;
use super::meter::StepMeter;

/// A value. All numbers of JSON are doubles.
#[derive(Clone, Debug)]
pub(super) enum CelValue<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(TextValue<'a>),
    Bytes(Rc<[u8]>),
    Timestamp(Timestamp),
    Duration(SignedDuration),
    /// The name of a type.
    Kind(&'static str),
    List(List<'a>),
    Map(MapValue<'a>),
    Optional(Option<Rc<CelValue<'a>>>),
}

/// Text that dereferences to `str`.
#[derive(Clone)]
pub(super) enum TextValue<'a> {
    Borrowed(&'a str),
    Shared(Rc<str>),
}

/// A list of values, or of JSON.
#[derive(Clone, Debug)]
pub(super) enum List<'a> {
    Json(&'a [Json]),
    Shared(Rc<[CelValue<'a>]>),
}

/// A map of values, or of JSON.
#[derive(Clone, Debug)]
pub(super) enum MapValue<'a> {
    Json(&'a serde_json::Map<String, Json>),
    /// Entries in the order of the literal, no key twice.
    Shared(Rc<[(CelValue<'a>, CelValue<'a>)]>),
}

impl Deref for TextValue<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl fmt::Debug for TextValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<'a> CelValue<'a> {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(TextValue::Shared(text.into()))
    }

    pub(super) fn list(elements: impl Into<Rc<[Self]>>) -> Self {
        Self::List(List::Shared(elements.into()))
    }

    pub(super) fn some(value: Self) -> Self {
        Self::Optional(Some(Rc::new(value)))
    }

    /// The optional that holds `value`, if there is one.
    pub(super) fn optional(value: Option<Self>) -> Self {
        Self::Optional(value.map(Rc::new))
    }

    /// The name of the value's type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Kind(_) => "type",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
        }
    }

    /// Whether it is what `optional.ofNonZeroValue` takes for no value.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Null | Self::Optional(None) => true,
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Uint(value) => *value == 0,
            Self::Double(value) => *value == 0.0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Duration(duration) => duration.is_zero(),
            Self::List(list) => list.len() == 0,
            Self::Map(map) => map.len() == 0,
            Self::Timestamp(_) | Self::Kind(_) | Self::Optional(Some(_)) => false,
        }
    }

    /// The value of key or index `index`, if there is one.
    pub(super) fn at(
        &self,
        index: &CelValue<'a>,
        meter: &mut StepMeter,
    ) -> Result<Option<CelValue<'a>>, EvaluationError> {
        match self {
            Self::List(list) => match whole(index) {
                Some(at) => Ok(usize::try_from(at).ok().and_then(|at| list.get(at))),
                None => Err(EvaluationError::NoSuchOverload(format!("list[{}]", index.kind()))),
            },
            Self::Map(map) => map.get(index, meter),
            other => Err(EvaluationError::NoSuchOverload(format!("{}[{}]", other.kind(), index.kind()))),
        }
    }

    /// The error where [`CelValue::at`] found nothing.
    pub(super) fn missing(&self, index: &CelValue<'a>) -> EvaluationError {
        match (self, whole(index)) {
            (Self::List(_), Some(at)) => EvaluationError::IndexOutOfRange(at),
            _ => EvaluationError::NoSuchKey(index.plain()),
        }
    }

    /// The field `name` of a map, if there is one.
    pub(super) fn field(
        &self,
        name: &'a str,
        meter: &mut StepMeter,
    ) -> Result<Option<CelValue<'a>>, EvaluationError> {
        match self {
            Self::Map(MapValue::Json(map)) => Ok(map.get(name).map(CelValue::from)),
            Self::Map(map) => map.get(&CelValue::Text(TextValue::Borrowed(name)), meter),
            other => Err(EvaluationError::NoSuchOverload(format!("{}.{name}", other.kind()))),
        }
    }

    /// A key as it is shown in an error.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            other => other.kind().to_owned(),
        }
    }
}

/// The number, if it is one without a fraction.
fn whole(value: &CelValue<'_>) -> Option<i64> {
    match value {
        CelValue::Int(value) => Some(*value),
        CelValue::Uint(value) => i64::try_from(*value).ok(),
        CelValue::Double(value) => super::number::to_int(*value).filter(|_| value.fract() == 0.0),
        _ => None,
    }
}

impl<'a> From<&'a Json> for CelValue<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            // Without arbitrary precision every JSON number is a finite double.
            Json::Number(number) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::Text(TextValue::Borrowed(text)),
            Json::Array(elements) => Self::List(List::Json(elements)),
            Json::Object(map) => Self::Map(MapValue::Json(map)),
        }
    }
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(elements) => elements.len(),
            Self::Shared(elements) => elements.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<CelValue<'a>> {
        match self {
            Self::Json(elements) => elements.get(at).map(CelValue::from),
            Self::Shared(elements) => elements.get(at).cloned(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = CelValue<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

impl<'a> MapValue<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(map) => map.len(),
            Self::Shared(entries) => entries.len(),
        }
    }

    pub(super) fn get(
        &self,
        key: &CelValue<'a>,
        meter: &mut StepMeter,
    ) -> Result<Option<CelValue<'a>>, EvaluationError> {
        match (self, key) {
            (Self::Json(map), CelValue::Text(key)) => Ok(map.get(&**key).map(CelValue::from)),
            (Self::Json(_), _) => Ok(None),
            (Self::Shared(entries), key) => {
                for (candidate, value) in entries.iter() {
                    if candidate.equals(key, meter)? {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
        }
    }

    /// The keys of the map with their values.
    pub(super) fn entries(&self) -> Box<dyn Iterator<Item = (CelValue<'a>, CelValue<'a>)> + '_> {
        match self {
            Self::Json(map) => Box::new(
                map.iter().map(|(key, value)| (CelValue::Text(TextValue::Borrowed(key)), value.into())),
            ),
            Self::Shared(entries) => Box::new(entries.iter().cloned()),
        }
    }
}
