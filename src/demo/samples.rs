//! A sample event for each Alert of a folder: one that it sends through its Provider.

use std::sync::Arc;

use campanile_domain::{Alert, Event, EventSource, ObjectKey};
use campanile_protocol::{LabelLookup, Specs};
use campanile_router::{DecidingStep, Incoming, Plan, RoutingPolicy, plan};
use campanile_watcher::{LabelStore, Loaded};
use jiff::Timestamp;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Value, json};

use crate::explain::index_of;

/// Messages that controllers write, tried in this order.
const MESSAGES: &[&str] = &[
    "Health check failed: deployment 'sample' is not ready",
    "Reconciliation finished in 1.2s, next run in 10m0s",
    "Applied revision: main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738",
    "Helm upgrade succeeded for release apps/sample.v2 with chart sample@1.2.3",
    "stored artifact for commit 'Update sample'",
    "reconciliation failed",
];

const REVISION: &str = "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738";

/// The event that is tried with one Alert.
pub(crate) struct TriedEvent {
    /// The Alert that is tried.
    pub(crate) alert: ObjectKey,
    /// The Provider of that Alert.
    pub(crate) provider: ObjectKey,
    /// The event as a controller would post it, or why there is none.
    pub(crate) event: Result<Value, NoSample>,
}

/// The reason why an Alert is not tried.
pub(crate) struct NoSample {
    /// The choice of this event, explained in words.
    pub(crate) why: String,
    /// Whether somebody has to mend something.
    pub(crate) is_fault: bool,
}

/// One for each Alert, in the order of their names.
pub(crate) fn samples(loaded: &Loaded, now: Timestamp) -> Vec<TriedEvent> {
    let labels: Arc<dyn LabelLookup> = Arc::new(LabelStore::of(loaded));
    let specs = loaded.specs(labels, Vec::new());
    let of = |alert: &Arc<Alert>| TriedEvent {
        alert: alert.key.clone(),
        provider: alert.provider.clone(),
        event: event_for(alert, &specs, now),
    };
    let mut samples: Vec<TriedEvent> = specs.alerts.iter().map(of).collect();
    samples.sort_by(|one, other| one.alert.cmp(&other.alert));
    samples
}

fn event_for(alert: &Arc<Alert>, specs: &Specs, now: Timestamp) -> Result<Value, NoSample> {
    if alert.suspend {
        return Err(NoSample { why: "it is suspended".to_owned(), is_fault: false });
    }
    let labels = specs.labels.clone();
    let (alerts, providers) = (vec![alert.clone()], specs.providers.clone());
    let index = index_of(&Specs { alerts, providers, labels: labels.clone(), problems: Vec::new() });
    let mut first = None;
    for source in &alert.sources {
        for message in messages(alert) {
            let posted = event(alert, source, &message, now);
            let Some(taken) = taken_in(&posted) else { continue };
            let incoming = Incoming { event: &taken, accepted_at: now };
            let plan = plan(incoming, &index, &*labels, &RoutingPolicy::default());
            if !plan.deliveries.is_empty() {
                return Ok(posted);
            }
            first.get_or_insert_with(|| why_not(&plan, &taken));
        }
    }
    let without = || NoSample { why: "it has no event source".to_owned(), is_fault: false };
    Err(first.unwrap_or_else(without))
}

/// What controllers write, and what the Alert's inclusions ask for.
fn messages(alert: &Alert) -> impl Iterator<Item = String> + '_ {
    let usual = MESSAGES.iter().map(|message| (*message).to_owned());
    usual.chain(alert.inclusion.iter().filter_map(|pattern| example(pattern)))
}

fn event(alert: &Alert, source: &EventSource, message: &str, now: Timestamp) -> Value {
    let EventSource { kind, name, namespace, .. } = source;
    let api_version = api_version(kind);
    let group = api_version.split('/').next().unwrap_or_default();
    let severity = match alert.severity.as_str() {
        "info" => "error",
        other => other,
    };
    json!({
        "involvedObject": {
            "apiVersion": api_version, "kind": kind, "namespace": namespace,
            "name": if name == "*" { "sample" } else { name.as_str() },
            "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632",
        },
        "severity": severity, "reason": "HealthCheckFailed", "message": message,
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "metadata": {
            format!("{group}/revision"): REVISION,
            "event.toolkit.fluxcd.io/commit": REVISION,
            "event.toolkit.fluxcd.io/change_request": "1",
            // Makes each another event than those for other Alerts, and is told to nobody.
            format!("{group}/token"): format!("a sample for {}", alert.key),
        },
        "reportingController": "campanile-demo", "reportingInstance": "campanile-demo",
    })
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Kustomization" => "kustomize.toolkit.fluxcd.io/v1",
        "HelmRelease" => "helm.toolkit.fluxcd.io/v2",
        "ImageRepository" | "ImagePolicy" | "ImageUpdateAutomation" => "image.toolkit.fluxcd.io/v1",
        _ => "source.toolkit.fluxcd.io/v1",
    }
}

/// The event as intake would take it.
fn taken_in(posted: &Value) -> Option<Event> {
    let mut event = Event::decode(posted.to_string().as_bytes()).ok()?.event;
    event.clean_metadata();
    event.remove_token();
    Some(event)
}

fn why_not(plan: &Plan, event: &Event) -> NoSample {
    if let Some(dropped) = plan.drops.first() {
        return NoSample { why: dropped.message(event), is_fault: dropped.reason.is_error() };
    }
    let why = match plan.stops.first.first().map(|(_, step)| step) {
        Some(DecidingStep::NotIncluded) => "no message was found that its inclusionList lets pass",
        Some(DecidingStep::Excluded) => "no message was found that its exclusionList lets pass",
        Some(DecidingStep::Labels) => "its eventSources ask for labels, and no such object is in the folder",
        _ => "no event was found that it selects",
    };
    NoSample { why: why.to_owned(), is_fault: false }
}

/// A short text that a pattern matches, as far as that can be made up.
fn example(pattern: &str) -> Option<String> {
    let mut text = String::new();
    append(&regex_syntax::parse(pattern).ok()?, &mut text);
    (!text.is_empty()).then_some(text)
}

/// The longest text that is made up for a pattern, in bytes.
const LONGEST: usize = 1000;

fn append(hir: &Hir, text: &mut String) {
    if text.len() > LONGEST {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let is_plain = |symbol: &char| symbol.is_ascii_alphanumeric();
            let starts = || class.iter().map(regex_syntax::hir::ClassUnicodeRange::start);
            let inside = class.iter().any(|range| range.start() <= 'a' && 'a' <= range.end()).then_some('a');
            text.extend(inside.or_else(|| starts().find(is_plain)).or_else(|| starts().next()));
        }
        HirKind::Class(Class::Bytes(class)) => {
            text.extend(class.iter().next().map(|range| char::from(range.start())));
        }
        HirKind::Repetition(repetition) => (0..repetition.min).for_each(|_| append(&repetition.sub, text)),
        HirKind::Capture(capture) => append(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| append(part, text)),
        HirKind::Alternation(parts) => parts.iter().take(1).for_each(|part| append(part, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_18_a_text_is_made_up_for_the_patterns_that_people_write() {
        for (pattern, text) in [
            (".*succeeded.*", "succeeded"),
            ("^Dependencies (do|did) not .*", "Dependencies do not "),
            (r"(?i)oom[- ]?killed: [0-9]+", "OOMKILLED: 0"),
            ("[[:alpha:]]{3}x", "aaax"),
        ] {
            assert_eq!(
                example(pattern).as_deref().map(str::to_lowercase),
                Some(text.to_lowercase()),
                "{pattern}"
            );
        }
        assert_eq!(example("("), None);
        assert!(example("(a{1000}){1000}").is_some_and(|text| text.len() < 3 * LONGEST));
    }
}
