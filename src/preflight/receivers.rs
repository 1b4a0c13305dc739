//! Receivers that would verify webhooks in vain.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::object::{controller, flag, list, name, runs_campanile, text};
use super::{PreflightFinding, Snapshot, rights};
use crate::definitions::kinds_of_receivers;

/// The Service by which webhooks come in.
const SERVICE: &str = "webhook-receiver";

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let Some(first) = snapshot.receivers.first() else { return Vec::new() };
    let deployment = controller(snapshot).filter(|deployment| runs_campanile(deployment));
    let Some(deployment) = deployment else { return to_come(snapshot) };
    if flag(deployment, "--receivers") == Some("ignore") {
        return Vec::new();
    }
    let object = super::object::called("Receiver", first);
    let mut found = Vec::new();
    if !snapshot.services.iter().any(|service| name(service) == SERVICE) {
        let text = format!("there is no Service {SERVICE}, by which its webhooks come in");
        found.push(PreflightFinding::error("receivers", &object, text, rights::RECEIVERS));
    }
    found.extend(foreign_kinds(snapshot));
    found
}

/// Before it is installed: what the base does not bring.
fn to_come(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let number = snapshot.receivers.len();
    let text = format!("the cluster has {number}, for which deploy/base has neither Service nor rights");
    vec![PreflightFinding::warning("receivers", "Receiver", text, rights::RECEIVERS)]
}

/// Kinds that no shipped role lets it annotate.
fn foreign_kinds(snapshot: &Snapshot) -> Option<PreflightFinding> {
    let named = snapshot.receivers.iter().flat_map(|receiver| list(receiver, "/spec/resources"));
    let named: BTreeSet<&str> = named.map(|resource: &Json| text(resource, "/kind")).collect();
    let known = kinds_of_receivers();
    let foreign: Vec<&str> =
        named.into_iter().filter(|kind| !known.contains(*kind) && !kind.is_empty()).collect();
    (!foreign.is_empty()).then(|| {
        let text = format!("they name kinds of others: {}", foreign.join(", "));
        PreflightFinding::warning(
            "receivers",
            "Receiver",
            text,
            "bind a role of your own with get, list and patch on them",
        )
    })
}
