//! The JSON that destinations get (contract, providers 12; flux-2.10, section 2): fixed key order, sorted metadata, whole
//! seconds, and the escapes that Go's encoder adds for `<`, `>`, `&`, U+2028 and U+2029.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::ser::Formatter;

use super::Event;

/// An event with the metadata of one notification, ready to be written in the wire form. What the sender did not write is not
/// written: an event of a sender older than Flux 2.10 has no `action`.
///
/// Unknown fields are no part of it: [`EventJson::to_wire_json`] writes them too.
#[derive(Clone, Copy, Debug)]
pub struct EventJson<'a> {
    /// The event; its own metadata is not written.
    pub event: &'a Event,
    /// The metadata that is written instead, left out when empty.
    pub metadata: &'a BTreeMap<String, String>,
}

impl Serialize for EventJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.event;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("involvedObject", &event.involved_object)?;
        if let Some(object) = &event.related_object {
            out.serialize_entry("relatedObject", object)?;
        }
        out.serialize_entry("severity", event.severity.as_str())?;
        out.serialize_entry("timestamp", &event.timestamp.map(Whole))?;
        out.serialize_entry("message", &event.message)?;
        out.serialize_entry("reason", &event.reason)?;
        if let Some(action) = &event.action {
            out.serialize_entry("action", action)?;
        }
        if !self.metadata.is_empty() {
            out.serialize_entry("metadata", self.metadata)?;
        }
        out.serialize_entry("reportingController", &event.reporting_controller)?;
        if !event.reporting_instance.is_empty() {
            out.serialize_entry("reportingInstance", &event.reporting_instance)?;
        }
        out.end()
    }
}

impl EventJson<'_> {
    /// The event as one line of JSON with Go's escapes, its unknown fields behind the others.
    ///
    /// # Errors
    /// None that is known: all keys are texts.
    pub fn to_wire_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut out = to_wire_json(self)?;
        self.event.unknown_fields.append_to(&mut out);
        Ok(out)
    }
}

/// RFC 3339 in UTC with the fraction cut off.
struct Whole(Timestamp);

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_microsecond().div_euclid(1_000_000);
        serializer.collect_str(&Timestamp::from_second(seconds).unwrap_or(self.0))
    }
}

/// `value` as one line of JSON with Go's escapes.
///
/// # Errors
/// Whatever `value`'s own `Serialize` reports; maps need text keys.
pub fn to_wire_json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(1024);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, GoEscapes))?;
    Ok(out)
}

/// Compact JSON, with the five characters escaped that Go's encoder escapes.
struct GoEscapes;

impl Formatter for GoEscapes {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let bytes = fragment.as_bytes();
        // Most texts have none of them. A look at every byte, without a way out, is what compilers are fast at.
        if !bytes.iter().fold(false, |found, byte| found | matches!(byte, b'<' | b'>' | b'&' | 0xe2)) {
            return writer.write_all(bytes);
        }
        let mut written = 0;
        let mut at = 0;
        while at < bytes.len() {
            let (escape, width): (&[u8], usize) = match bytes[at..] {
                [b'<', ..] => (b"\\u003c", 1),
                [b'>', ..] => (b"\\u003e", 1),
                [b'&', ..] => (b"\\u0026", 1),
                [0xe2, 0x80, 0xa8, ..] => (b"\\u2028", 3),
                [0xe2, 0x80, 0xa9, ..] => (b"\\u2029", 3),
                _ => {
                    at += 1;
                    continue;
                }
            };
            writer.write_all(&bytes[written..at])?;
            writer.write_all(escape)?;
            at += width;
            written = at;
        }
        writer.write_all(&bytes[written..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ObjectRef, Severity};

    fn event() -> Event {
        Event {
            involved_object: ObjectRef {
                kind: "Kustomization".into(),
                namespace: "apps".into(),
                name: "podinfo".into(),
                uid: "7d0cdc51-ddcf-4743-b223-83ca5c699632".into(),
                api_version: "kustomize.toolkit.fluxcd.io/v1".into(),
                ..ObjectRef::default()
            },
            severity: Severity::Error,
            timestamp: "2026-08-07T12:15:30.999+02:00".parse().ok(),
            message: "Deployment/apps/podinfo: timeout <30s>\nsee logs".into(),
            reason: "HealthCheckFailed".into(),
            metadata: BTreeMap::new(),
            reporting_controller: "kustomize-controller".into(),
            reporting_instance: "kustomize-controller-7c7b47f5f-8bhrp".into(),
            ..Event::default()
        }
    }

    fn json(event: &Event, metadata: &[(&str, &str)]) -> String {
        let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        String::from_utf8(to_wire_json(&EventJson { event, metadata: &metadata }).unwrap()).unwrap()
    }

    #[test]
    fn the_contracts_example_is_reproduced_byte_for_byte() {
        let metadata = [
            ("summary", "podinfo impacted"),
            ("cluster", "prod-eu"),
            ("revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"),
        ];
        assert_eq!(
            json(&event(), &metadata),
            r#"{"involvedObject":{"kind":"Kustomization","namespace":"apps","name":"podinfo","uid":"7d0cdc51-ddcf-4743-b223-83ca5c699632","apiVersion":"kustomize.toolkit.fluxcd.io/v1"},"severity":"error","timestamp":"2026-08-07T10:15:30Z","message":"Deployment/apps/podinfo: timeout \u003c30s\u003e\nsee logs","reason":"HealthCheckFailed","metadata":{"cluster":"prod-eu","revision":"main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738","summary":"podinfo impacted"},"reportingController":"kustomize-controller","reportingInstance":"kustomize-controller-7c7b47f5f-8bhrp"}"#
        );
    }

    #[test]
    fn t07_action_and_related_object_have_their_places_and_unknown_fields_come_last() {
        let json = r#"{"z":{"b":1.0, "a":"<"},"reportingInstance":"i","reportingController":"c","action":"","reason":"r",
            "message":"m","severity":"info","relatedObject":{"name":"s","kind":"GitRepository"},"a":[ ],"involvedObject":{}}"#;
        let event = Event::decode(json.as_bytes()).unwrap().event;
        let metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let out = EventJson { event: &event, metadata: &metadata }.to_wire_json().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"involvedObject":{},"relatedObject":{"kind":"GitRepository","name":"s"},"severity":"info","timestamp":null,"message":"m","reason":"r","action":"","metadata":{"k":"v"},"reportingController":"c","reportingInstance":"i","z":{"b":1.0,"a":"\u003c"},"a":[]}"#
        );
    }

    #[test]
    fn what_is_unset_is_left_out_or_null() {
        assert_eq!(
            json(&Event::default(), &[]),
            r#"{"involvedObject":{},"severity":"","timestamp":null,"message":"","reason":"","reportingController":""}"#
        );
    }

    #[test]
    fn escapes_are_those_of_go() {
        let text = "\"\\ \u{8}\u{c}\n\r\t \u{1} \u{7f} <a>&b \u{2028}\u{2029} \u{e2}\u{80} grüße 🚀";
        let out = String::from_utf8(to_wire_json(text).unwrap()).unwrap();
        assert_eq!(
            out,
            "\"\\\"\\\\ \\b\\f\\n\\r\\t \\u0001 \u{7f} \\u003ca\\u003e\\u0026b \\u2028\\u2029 \u{e2}\u{80} grüße 🚀\""
        );
    }
}
