//! An event out of the bytes that a sender posted (contract, control plane 4.5).
//!
//! As lenient as the reference: field names in any case, the last of several equal names wins, `null` means unset. Unknown
//! fields of the event are kept ([`UnknownFields`]), those of objects passed over. As strict as the reference about types, timestamps and what follows the document. Bytes
//! that are no UTF-8 and halves of surrogate pairs become U+FFFD. The usual document is read in one pass; only one
//! that fails is looked at again for surrogates.

pub(super) mod text;
mod time;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use super::unknown_fields::TooLong;
use super::{Event, UnknownFields};
use crate::ObjectRef;

/// Errors of a body that is no event. The body's text never shows in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not one complete JSON document.
    #[error("read the event: no valid JSON at line {line} column {column}; post exactly one JSON document")]
    Syntax {
        /// The line of the error, counted from 1.
        line: usize,
        /// The column of the error, in bytes.
        column: usize,
    },
    /// JSON, but a field has the wrong type or the timestamp is none.
    #[error(
        "read the event: wrong value at line {line} column {column}; fields are texts, `metadata` maps texts to texts, \
         `timestamp` is RFC 3339"
    )]
    Shape {
        /// The line of the error, counted from 1.
        line: usize,
        /// The column of the error, in bytes.
        column: usize,
    },
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Self::Shape { line, column },
            Category::Syntax | Category::Eof | Category::Io => Self::Syntax { line, column },
        }
    }
}

/// An event as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The event that was decoded.
    pub event: Event,
    /// Whether its unknown fields were dropped, because they take more than [`MOST_UNKNOWN_BYTES`](super::MOST_UNKNOWN_BYTES).
    pub dropped_fields: bool,
}

impl Event {
    /// Reads the JSON of one event (contract, control plane 4.5). `null` and `{}` are events without content.
    ///
    /// # Errors
    /// [`DecodeError`] if `body` is not one JSON document of the right shape. The caller bounds its length.
    pub fn decode(body: &[u8]) -> Result<Received, DecodeError> {
        let text = text::valid_utf8(body);
        let received = parse(&text).or_else(|error| match text::without_lone_surrogates(&text) {
            Some(mended) => parse(&mended),
            None => Err(error),
        })?;
        Ok(received)
    }
}

fn parse(text: &str) -> serde_json::Result<Received> {
    let read: Option<Wire<Read>> = serde_json::from_str(text)?;
    let Read { mut event, has_more } = read.map(|wire| wire.0).unwrap_or_default();
    let mut dropped_fields = false;
    if has_more {
        match UnknownFields::of(text, &EVENT_FIELDS) {
            Ok(fields) => event.unknown_fields = fields,
            Err(TooLong) => dropped_fields = true,
        }
    }
    Ok(Received { event, dropped_fields })
}

/// The known fields of an event, and whether there are others.
#[derive(Default)]
struct Read {
    event: Event,
    has_more: bool,
}

/// A value in the form that senders write, apart from the stored form of the same type.
struct Wire<T>(T);

/// The next value; nothing if it is `null`.
fn value<'de, T, M>(map: &mut M) -> Result<T, M::Error>
where
    T: Default + Deserialize<'de>,
    M: MapAccess<'de>,
{
    Ok(map.next_value::<Option<T>>()?.unwrap_or_default())
}

/// The next value in its wire form; nothing if it is `null`.
fn wire_value<'de, T, M>(map: &mut M) -> Result<T, M::Error>
where
    T: Default,
    Wire<T>: Deserialize<'de>,
    M: MapAccess<'de>,
{
    Ok(map.next_value::<Option<Wire<T>>>()?.map(|wire| wire.0).unwrap_or_default())
}

/// The next value, an object reference that may be absent.
fn object<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Option<Box<ObjectRef>>, M::Error> {
    Ok(map.next_value::<Option<Wire<ObjectRef>>>()?.map(|wire| Box::new(wire.0)))
}

const EVENT_FIELDS: [&str; 10] = [
    "involvedObject",
    "severity",
    "timestamp",
    "message",
    "reason",
    "metadata",
    "reportingController",
    "reportingInstance",
    "action",
    "relatedObject",
];

const OBJECT_FIELDS: [&str; 7] =
    ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

/// Reads a field's name in any case and yields it as it is spelled in the table, or nothing for an unknown one.
struct FieldName(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for FieldName {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|known| known.eq_ignore_ascii_case(name)))
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Wire<Read>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let Read { mut event, mut has_more } = Read::default();
        while let Some(name) = map.next_key_seed(FieldName(&EVENT_FIELDS))? {
            match name {
                Some("involvedObject") => event.involved_object = wire_value(&mut map)?,
                Some("severity") => event.severity = value::<String, M>(&mut map)?.into(),
                Some("timestamp") => event.timestamp = wire_value(&mut map)?,
                Some("message") => event.message = value(&mut map)?,
                Some("reason") => event.reason = value(&mut map)?,
                Some("metadata") => event.metadata = wire_value(&mut map)?,
                Some("reportingController") => event.reporting_controller = value(&mut map)?,
                Some("reportingInstance") => event.reporting_instance = value(&mut map)?,
                Some("action") => event.action = map.next_value()?,
                Some("relatedObject") => event.related_object = object(&mut map)?,
                _ => {
                    skip(&mut map)?;
                    has_more = true;
                }
            }
        }
        Ok(Wire(Read { event, has_more }))
    }
}

fn skip<'de, M: MapAccess<'de>>(map: &mut M) -> Result<(), M::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

impl<'de> Deserialize<'de> for Wire<Read> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Wire<ObjectRef>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object reference")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut object = ObjectRef::default();
        while let Some(name) = map.next_key_seed(FieldName(&OBJECT_FIELDS))? {
            match name {
                Some("kind") => object.kind = value(&mut map)?,
                Some("namespace") => object.namespace = value(&mut map)?,
                Some("name") => object.name = value(&mut map)?,
                Some("uid") => object.uid = value(&mut map)?,
                Some("apiVersion") => object.api_version = value(&mut map)?,
                Some("resourceVersion") => object.resource_version = value(&mut map)?,
                Some("fieldPath") => object.field_path = value(&mut map)?,
                _ => skip(&mut map)?,
            }
        }
        Ok(Wire(object))
    }
}

impl<'de> Deserialize<'de> for Wire<ObjectRef> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = Wire<BTreeMap<String, String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut metadata = BTreeMap::new();
        while let Some(key) = map.next_key()? {
            metadata.insert(key, value(&mut map)?);
        }
        Ok(Wire(metadata))
    }
}

impl<'de> Deserialize<'de> for Wire<BTreeMap<String, String>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MetadataVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Wire<Option<Timestamp>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let time = time::rfc3339(text).ok_or_else(|| E::custom("not an RFC 3339 time"))?;
        Ok(Wire(Some(time).filter(|time| *time != time::ZERO)))
    }
}

impl<'de> Deserialize<'de> for Wire<Option<Timestamp>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

#[cfg(test)]
mod tests;
