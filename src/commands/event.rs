//! The event that `campanile explain` is asked about: a file, a Kubernetes Event, or one that is made up.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::cli::ExplainFlags;
use crate::ops::TestSeverity;

/// Most bytes read of an event; what is longer than the endpoint takes is refused by whoever explains.
const MOST_BYTES: u64 = 4 << 20;

/// The event as a controller would post it.
///
/// # Errors
/// If the file cannot be read, or holds a list of Kubernetes objects.
pub(super) fn posted(flags: &ExplainFlags) -> Result<Vec<u8>> {
    match &flags.event {
        Some(file) => recorded(read(file)?),
        None => Ok(serde_json::to_vec(&made_up(flags))?),
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut event = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES).read_to_end(&mut event)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(MOST_BYTES).read_to_end(&mut event))
    };
    read.with_context(|| format!("read the event in {}", file.display()))?;
    Ok(event)
}

fn made_up(flags: &ExplainFlags) -> Value {
    let severity = match flags.severity {
        TestSeverity::Info => "info",
        TestSeverity::Error => "error",
    };
    json!({
        "involvedObject": flags.object,
        "severity": severity,
        "reason": flags.reason,
        "message": flags.message,
        "reportingController": "campanile",
    })
}

/// A Kubernetes Event becomes the event that its controller posted; anything else stays as it is, for the decoder.
fn recorded(text: Vec<u8>) -> Result<Vec<u8>> {
    let Ok(Value::Object(object)) = serde_json::from_slice(&text) else { return Ok(text) };
    match object.get("kind").and_then(Value::as_str) {
        Some("Event") => Ok(serde_json::to_vec(&from_kubernetes(&object))?),
        Some(kind) if kind.ends_with("List") => {
            bail!(
                "read the event: this is a list of Kubernetes objects; print one with `kubectl get event NAME -o json`"
            )
        }
        _ => Ok(text),
    }
}

/// Controllers record what they post: the annotations are its metadata, and a warning is an error.
fn from_kubernetes(event: &Map<String, Value>) -> Value {
    let object = event.get("involvedObject").or_else(|| event.get("regarding"));
    let is_warning = event.get("type").and_then(Value::as_str) == Some("Warning");
    let message = event.get("message").or_else(|| event.get("note"));
    let controller = event.get("reportingComponent").or_else(|| event.get("reportingController"));
    let metadata = event.get("metadata").and_then(|metadata| metadata.get("annotations"));
    json!({
        "involvedObject": object,
        "severity": if is_warning { "error" } else { "info" },
        "reason": event.get("reason"),
        "message": message,
        "metadata": metadata,
        "reportingController": controller,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &Value) -> Result<Value> {
        Ok(serde_json::from_slice(&recorded(serde_json::to_vec(text)?)?)?)
    }

    #[test]
    fn cli_explain_takes_a_kubernetes_event_as_kubectl_prints_it() {
        let object = json!({ "kind": "Kustomization", "namespace": "apps", "name": "web" });
        let revision = json!({ "kustomize.toolkit.fluxcd.io/revision": "main@sha1:1" });
        let event = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": { "name": "web.17", "namespace": "apps", "annotations": revision },
            "involvedObject": object,
            "type": "Warning",
            "reason": "HealthCheckFailed",
            "message": "timeout",
            "reportingComponent": "kustomize-controller",
        });
        let posted = translated(&event).unwrap();
        assert_eq!((&posted["involvedObject"], &posted["metadata"]), (&object, &revision));
        assert_eq!((&posted["severity"], &posted["message"]), (&json!("error"), &json!("timeout")));
        let list = translated(&json!({ "kind": "EventList", "items": [event] }));
        assert!(list.unwrap_err().to_string().contains("print one"));
    }

    #[test]
    fn cli_explain_leaves_what_a_controller_posts_as_it_is() {
        for text in ["{\"involvedObject\": {\"kind\": \"Event\"}}", "no JSON", "[]"] {
            assert_eq!(recorded(text.into()).unwrap(), text.as_bytes());
        }
    }
}
