//! Findings as a list in JSON.

use anyhow::Result;
use campanile_watcher::Finding;
use campanile_yaml::Mark;
use serde::Serialize;

/// A finding. Line and column are null where it is about a file or folder as a whole.
#[derive(Serialize)]
struct Row<'a> {
    id: &'static str,
    level: &'static str,
    file: String,
    line: Option<usize>,
    column: Option<usize>,
    object: &'a str,
    text: &'a str,
    remedy: &'a str,
}

pub(super) fn report(found: &[Finding]) -> Result<String> {
    let rows: Vec<Row<'_>> = found.iter().map(row).collect();
    Ok(serde_json::to_string_pretty(&rows)? + "\n")
}

fn row(finding: &Finding) -> Row<'_> {
    let Finding { rule, level, place, object, text, remedy, .. } = finding;
    let part = |part: fn(Mark) -> usize| place.mark.map(part);
    Row {
        id: rule.id(),
        level: level.name(),
        file: place.file.display().to_string(),
        line: part(|mark| mark.line),
        column: part(|mark| mark.column),
        object,
        text,
        remedy,
    }
}
