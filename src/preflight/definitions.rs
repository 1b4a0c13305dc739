//! The definitions of Alert, Provider and Receiver as the cluster has them: whose they are, what is stored, what others appended.

use std::collections::BTreeSet;

use campanile_watcher::Level;
use serde_json::Value as Json;

use super::object::{called, list, name};
use super::{PreflightFinding, Snapshot};
use crate::definitions::{appended, names};

/// What brings them, and keeps what others appended.
const APPLY: &str = "campanile crds --merge | kubectl apply --server-side --force-conflicts -f -";

/// Versions in which objects may be stored.
const READABLE: [&str; 3] = ["v1", "v1beta3", "v1beta2"];

/// A field of a status that Flux's own definitions lack.
const OUR_FIELDS: [&str; 2] = ["lastDelivery", "lastWebhook"];

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let there: BTreeSet<&str> = snapshot.definitions.iter().map(name).collect();
    // Before an installation it brings them along.
    let level = if super::runs(snapshot) { Level::Error } else { Level::Warning };
    let missing = names().filter(|wanted| !there.contains(wanted.as_str())).map(|wanted| {
        let object = format!("CustomResourceDefinition/{wanted}");
        let remedy = format!("install it: {APPLY} (deploy/base and the chart have it)");
        PreflightFinding {
            level,
            ..PreflightFinding::error("missing-definition", object, "it is not installed", remedy)
        }
    });
    missing.chain(snapshot.definitions.iter().flat_map(of_one)).collect()
}

fn of_one(definition: &Json) -> Vec<PreflightFinding> {
    let object = called("CustomResourceDefinition", definition);
    let mut found = Vec::new();
    let stored = list(definition, "/status/storedVersions").iter().filter_map(Json::as_str);
    let unreadable: Vec<&str> = stored.filter(|version| !READABLE.contains(version)).collect();
    if !unreadable.is_empty() {
        let versions = unreadable.join(", ");
        let remedy = "upgrade Flux as its notes say, so that objects are stored anew ('flux migrate'), and take that version out of \
                      status.storedVersions";
        let text = format!(
            "objects are stored as {versions}, which Campanile's definitions do not have, so they would be refused"
        );
        found.push(PreflightFinding::error("stored-version", &object, text, remedy));
    }
    let others = appended(definition).into_iter().collect::<Vec<_>>().join(", ");
    match (is_ours(definition), others.is_empty()) {
        (false, false) => {
            let text =
                format!("others appended kinds to it, which applying deploy/crds takes away: {others}");
            let remedy = format!(
                "keep them: {APPLY}, and leave the definitions out of what you apply (resources of deploy/base, crds.install=false)"
            );
            found.push(PreflightFinding::error("appended-kinds", object, text, remedy));
        }
        (true, false) => {
            let text = format!("it holds kinds of others: {others}");
            let remedy = "keep to 'campanile crds --merge' at each upgrade";
            found.push(PreflightFinding::warning("appended-kinds", object, text, remedy));
        }
        (false, true) => {
            let text = "it is not Campanile's, so objects show no status";
            let remedy = format!("apply deploy/base, or where Flux keeps the Deployment: {APPLY}");
            found.push(PreflightFinding::warning("foreign-definition", object, text, remedy));
        }
        (true, true) => {}
    }
    found
}

/// Whether its versions have a status of ours.
fn is_ours(definition: &Json) -> bool {
    let status = "/schema/openAPIV3Schema/properties/status/properties";
    let has = |version: &Json| {
        let fields = version.pointer(status);
        OUR_FIELDS.iter().any(|field| fields.is_some_and(|fields| fields.get(field).is_some()))
    };
    let versions = list(definition, "/spec/versions");
    // Only the newer versions of a Receiver have one.
    versions.iter().any(has)
}
