//! Receiver in every version: its metadata, and whether it is suspended. The rest is not read before something acts on it.

use campanile_domain::Receiver;
use serde_json::Value as Json;

use crate::{Map, Metadata};

/// The words about Receivers in a status, a log and a finding.
pub const NOT_SUPPORTED: &str = "Campanile takes no webhooks yet, so nothing acts on this Receiver and objects reconcile at \
                                 their interval; --receivers=ignore leaves Receivers alone";

/// Reads a Receiver. What is wrong with its spec is not judged.
pub(crate) fn read(metadata: Metadata<'_>, root: &Map) -> Receiver {
    let suspend = root.get("spec").and_then(|spec| spec.get("suspend")).and_then(Json::as_bool);
    let Metadata { key, uid, generation, .. } = metadata;
    Receiver { key, uid, generation, suspend: suspend.unwrap_or_default() }
}
