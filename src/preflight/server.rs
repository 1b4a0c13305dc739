//! The API server's version.

use super::{PreflightFinding, Snapshot};

/// The oldest minor version of Kubernetes 1 that is served, and the one that tests run against.
const OLDEST: u32 = 29;
const TESTED: u32 = 36;

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let version = snapshot.version.as_str();
    let mut numbers = version.trim_start_matches('v').split('.');
    let minor = numbers.nth(1).and_then(|minor| minor.trim_end_matches('+').parse::<u32>().ok());
    let object = format!("Kubernetes {version}");
    match minor {
        Some(minor) if minor < OLDEST => {
            let text = format!("Campanile needs 1.{OLDEST} or newer");
            vec![PreflightFinding::error("kubernetes-version", object, text, "upgrade the cluster")]
        }
        Some(minor) if minor != TESTED => {
            let text = format!("tests run against 1.{TESTED}");
            vec![PreflightFinding::warning(
                "kubernetes-version",
                object,
                text,
                "try it in another cluster of that version first",
            )]
        }
        _ => Vec::new(),
    }
}
