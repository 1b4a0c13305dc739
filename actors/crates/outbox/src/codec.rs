//! The stored form of events and plans, and what they weigh.
//!
//! Both are JSON texts, so that an operator can read them with `sqlite3`. What a record does not have is not written, and what
//! a text does not have is read as absent: an event's `related_object`, `action` and `unknown_fields` (an object of JSON, as a
//! text) came after version 0.1.0, whose rows are read as events without them. The Provider and the deadline of a plan are
//! columns of their own and not part of its text.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{AlertRef, Event, NewDelivery, ObjectKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::OutboxError;

/// What the columns of a stored event weigh beside its text, in bytes.
pub(crate) const EVENT_OVERHEAD: u64 = 32;

/// What the columns of a stored delivery weigh beside its text, in bytes.
pub(crate) const DELIVERY_OVERHEAD: u64 = 128;

#[derive(Serialize)]
struct PlanOut<'a> {
    alert: &'a AlertRef,
    lane: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_status: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    newest_only: bool,
}

#[derive(Deserialize)]
struct PlanIn {
    alert: AlertRef,
    lane: Arc<str>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    commit_status: Option<String>,
    #[serde(default)]
    newest_only: bool,
}

/// Writes the text of `event` to the end of `text`.
pub(crate) fn encode_event(event: &Event, text: &mut Vec<u8>) -> Result<(), OutboxError> {
    serde_json::to_writer(text, event)
        .map_err(|error| OutboxError::Store(format!("encode the event: {error}")))
}

/// Writes the text of `plan` to the end of `text`.
pub(crate) fn encode_plan(plan: &NewDelivery, text: &mut Vec<u8>) -> Result<(), OutboxError> {
    let out = PlanOut {
        alert: &plan.alert,
        lane: &plan.lane,
        metadata: &plan.metadata,
        commit_status: plan.commit_status.as_deref(),
        newest_only: plan.newest_only,
    };
    serde_json::to_writer(text, &out)
        .map_err(|error| OutboxError::Store(format!("encode the delivery: {error}")))
}

/// The event of a text.
pub(crate) fn decode_event(text: &[u8]) -> Option<Event> {
    serde_json::from_slice(text).ok()
}

/// The plan of a text and the columns beside it.
pub(crate) fn decode_plan(text: &[u8], provider: ObjectKey, deadline: Timestamp) -> Option<NewDelivery> {
    let PlanIn { alert, lane, metadata, commit_status, newest_only } = serde_json::from_slice(text).ok()?;
    Some(NewDelivery { provider, alert, lane, metadata, commit_status, newest_only, deadline })
}

/// The Alert of a plan's text.
pub(crate) fn decode_alert(text: &[u8]) -> Option<ObjectKey> {
    #[derive(Deserialize)]
    struct AlertIn {
        alert: AlertRef,
    }
    serde_json::from_slice(text).ok().map(|AlertIn { alert }| alert.key)
}

/// What `event` weighs in [`Stats::bytes`](crate::Stats::bytes).
pub(crate) fn event_bytes(event: &Event) -> Result<u64, OutboxError> {
    let mut text = Vec::new();
    encode_event(event, &mut text)?;
    Ok(text.len() as u64 + EVENT_OVERHEAD)
}

/// What a delivery of `plan` weighs in [`Stats::bytes`](crate::Stats::bytes), its event aside.
pub(crate) fn plan_bytes(plan: &NewDelivery) -> Result<u64, OutboxError> {
    let mut text = Vec::new();
    encode_plan(plan, &mut text)?;
    Ok(text.len() as u64 + DELIVERY_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use campanile_testkit::{event, new_delivery};

    use super::*;

    #[test]
    fn a_plan_survives_its_text() {
        let plain = new_delivery();
        let full = NewDelivery {
            metadata: BTreeMap::from([("cluster".into(), "prod \"eu\"\u{2028}".into())]),
            commit_status: Some("kustomization/podinfo/7d0cdc51".into()),
            newest_only: true,
            ..new_delivery()
        };
        for plan in [plain, full] {
            let mut text = Vec::new();
            encode_plan(&plan, &mut text).unwrap();
            assert_eq!(decode_plan(&text, plan.provider.clone(), plan.deadline), Some(plan));
        }
    }

    #[test]
    fn t07_an_event_survives_its_text_with_what_came_with_flux_2_10() {
        let json =
            r#"{"action":"Apply","relatedObject":{"kind":"GitRepository"},"z":[1.0],"traceId":"7d0c"}"#;
        let event = Event::decode(json.as_bytes()).unwrap().event;
        let mut text = Vec::new();
        encode_event(&event, &mut text).unwrap();
        assert_eq!(decode_event(&text), Some(event));
        let end = br#""related_object":{"kind":"GitRepository"},"action":"Apply","unknown_fields":"{\"z\":[1.0],\"traceId\":\"7d0c\"}"}"#;
        assert!(text.ends_with(end), "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn t07_an_event_of_an_older_sender_is_stored_as_version_0_1_0_did() {
        let mut text = Vec::new();
        encode_event(&event(), &mut text).unwrap();
        assert!(text.ends_with(br#""reporting_instance":"kustomize-controller-0"}"#));
        let read = decode_event(&text).unwrap();
        assert_eq!((read.action, read.related_object, read.unknown_fields.is_empty()), (None, None, true));
    }

    #[test]
    fn an_event_survives_its_text_with_its_fraction_of_a_second() {
        let event = Event { timestamp: Some("2026-08-07T10:15:30.123456789Z".parse().unwrap()), ..event() };
        let mut text = Vec::new();
        encode_event(&event, &mut text).unwrap();
        assert_eq!(decode_event(&text), Some(event));
    }
}
