//! `campanile preflight`: what would go wrong in a cluster.

mod read;

use std::process::ExitCode;

use anyhow::Result;
use campanile_watcher::{ClusterConfig, Level, Operator};
use serde_json::json;

use super::out::put;
use super::table::{count, printable};
use crate::cli::{Output, PreflightFlags};
use crate::preflight::{PreflightFinding, Snapshot, findings};

pub(crate) fn preflight(flags: &PreflightFlags) -> Result<ExitCode> {
    let snapshot = actix_rt::System::new().block_on(async {
        let operator = Operator::connect(&ClusterConfig::default()).await?;
        read::snapshot(&operator, &flags.namespace).await
    });
    // The text of the error holds its causes already.
    let snapshot = snapshot.map_err(|error| anyhow::Error::msg(error.to_string()))?;
    let found = findings(&snapshot);
    put(&match flags.output {
        Output::Table => text(&found, &snapshot),
        Output::Json => format!("{:#}\n", json(&found)),
    })?;
    let fails = |finding: &PreflightFinding| flags.strict || finding.level == Level::Error;
    Ok(ExitCode::from(u8::from(found.iter().any(fails))))
}

/// A line for each finding, and one that counts them.
fn text(found: &[PreflightFinding], snapshot: &Snapshot) -> String {
    let lines = found.iter().map(|finding| printable(&finding.to_string()).replace('\n', " ") + "\n");
    let errors = found.iter().filter(|finding| finding.level == Level::Error).count();
    let judgement = format!("{}, {}", count(errors, "error"), count(found.len() - errors, "warning"));
    let Snapshot { namespace, version, .. } = snapshot;
    lines.collect::<String>()
        + &format!("looked at namespace {namespace}, Kubernetes {version}: {judgement}\n")
}

fn json(found: &[PreflightFinding]) -> serde_json::Value {
    let row = |PreflightFinding { level, id, object, text, remedy }: &PreflightFinding| json!({"level": level.name(), "id": id, "object": object, "text": text, "remedy": remedy});
    found.iter().map(row).collect()
}
