//! The envelope around a payload (Sentry, "Envelopes"): a header, an item's header and the item, one line each.

use bytes::Bytes;
use campanile_domain::to_wire_json;
use jiff::Timestamp;
use serde::Serialize;

/// The item that an envelope holds.
pub(super) struct Item {
    /// Id of the event or transaction.
    pub(super) event_id: String,
    /// The type of the item: `event` or `transaction`.
    pub(super) kind: &'static str,
    /// The payload: one line of JSON.
    pub(super) payload: Bytes,
}

#[derive(Serialize)]
struct EnvelopeHeader<'a> {
    event_id: &'a str,
    sent_at: Timestamp,
    dsn: &'a str,
    sdk: Sdk,
}

#[derive(Serialize)]
struct Sdk {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct ItemHeader {
    r#type: &'static str,
    length: usize,
}

impl Item {
    /// The envelope as it is sent at `sent_at`.
    pub(super) fn envelope(&self, dsn: &str, sent_at: Timestamp) -> Bytes {
        let sdk = Sdk { name: "campanile", version: env!("CARGO_PKG_VERSION") };
        let header = EnvelopeHeader { event_id: &self.event_id, sent_at, dsn, sdk };
        let item = ItemHeader { r#type: self.kind, length: self.payload.len() };
        let mut out = Vec::with_capacity(512 + self.payload.len());
        // Texts and numbers alone can always be written.
        out.extend(to_wire_json(&header).unwrap_or_default());
        out.push(b'\n');
        out.extend(to_wire_json(&item).unwrap_or_default());
        out.push(b'\n');
        out.extend_from_slice(&self.payload);
        out.push(b'\n');
        out.into()
    }
}
