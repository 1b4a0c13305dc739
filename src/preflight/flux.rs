//! Flux's controllers: their version, where they post, and whether somebody else does the same work.

use serde_json::Value as Json;

use super::object::{called, flag, label, name, namespace, runs_campanile};
use super::{PreflightFinding, Snapshot};

/// The name of the controller that Campanile replaces, of its Deployment, account and Service, and of its component.
pub(crate) const CONTROLLER: &str = "notification-controller";

const COMPONENT: &str = "app.kubernetes.io/component";
const VERSION: &str = "app.kubernetes.io/version";

/// Components of Flux that post events.
const SENDERS: [&str; 6] = [
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
];

/// The newest minor version of Flux 2 whose definitions and controllers tests have seen.
const NEWEST: u32 = 10;

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let version = snapshot.deployments.iter().find_map(of_version);
    let senders = snapshot.deployments.iter().filter_map(|deployment| sender(snapshot, deployment));
    let others = snapshot.deployments.iter().filter_map(|deployment| rival(snapshot, deployment));
    version.into_iter().chain(senders).chain(others).collect()
}

/// What is to be said of Flux's version, which each of its objects is labelled with.
fn of_version(deployment: &Json) -> Option<PreflightFinding> {
    let version = label(deployment, VERSION);
    if runs_campanile(deployment) || version.is_empty() {
        return None;
    }
    let mut numbers =
        version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    let object = format!("Flux {version}");
    match (numbers.next()?, numbers.next()?) {
        (0 | 1, _) => {
            let text = "its objects are of versions that Campanile does not have";
            Some(PreflightFinding::error(
                "flux-version",
                object,
                text,
                "upgrade Flux to 2.0 or newer as its notes say",
            ))
        }
        (2, minor) if minor <= NEWEST => None,
        _ => {
            let text = format!("tests know Flux up to 2.{NEWEST}");
            Some(PreflightFinding::warning(
                "flux-version",
                object,
                text,
                "try it in another cluster of that version first",
            ))
        }
    }
}

/// What is wrong with where a controller posts its events.
fn sender(snapshot: &Snapshot, deployment: &Json) -> Option<PreflightFinding> {
    if !SENDERS.contains(&label(deployment, COMPONENT)) && !SENDERS.contains(&name(deployment)) {
        return None;
    }
    let (object, here) = (called("Deployment", deployment), &snapshot.namespace);
    let wanted = format!("--events-addr=http://{CONTROLLER}.{here}.svc.cluster.local./");
    let Some(address) = flag(deployment, "--events-addr").filter(|address| !address.is_empty()) else {
        let remedy = format!("start it with {wanted}");
        return Some(PreflightFinding::error(
            "events-addr",
            object,
            "it posts no events, as it has no --events-addr",
            remedy,
        ));
    };
    let host = address.split_once("://").map_or(address, |(_, rest)| rest).split(['/', ':']).next()?;
    let host = host.trim_end_matches('.');
    let beside = namespace(deployment) == here && host == CONTROLLER;
    let full = format!("{CONTROLLER}.{here}");
    let leads_here = host.strip_prefix(&full).is_some_and(|rest| rest.is_empty() || rest.starts_with(".svc"));
    (!beside && !leads_here).then(|| {
        let text = format!("it posts its events to {host}, not to the Service of {here}");
        PreflightFinding::error(
            "events-addr",
            object,
            text,
            format!("start it with {wanted}, or look at that namespace (--namespace)"),
        )
    })
}

/// Another controller that works on the same objects.
fn rival(snapshot: &Snapshot, deployment: &Json) -> Option<PreflightFinding> {
    let is_one = label(deployment, COMPONENT) == CONTROLLER || name(deployment) == CONTROLLER;
    let is_here = name(deployment) == CONTROLLER && namespace(deployment) == snapshot.namespace;
    let runs = deployment["spec"]["replicas"].as_u64() != Some(0);
    let narrow = flag(deployment, "--watch-all-namespaces") == Some("false")
        && namespace(deployment) != snapshot.namespace;
    (is_one && !is_here && runs && !narrow).then(|| {
        let text = "it works on the same Alerts, Providers and Receivers, so messages may come twice and statuses change back and forth";
        let remedy = "scale it to 0, or start both with --watch-all-namespaces=false";
        PreflightFinding::error("second-controller", called("Deployment", deployment), text, remedy)
    })
}
