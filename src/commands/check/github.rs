//! Findings as commands to GitHub Actions, which shows them at the lines of a pull request ("Workflow commands for GitHub
//! Actions", setting an error message).

use campanile_watcher::Finding;
use campanile_yaml::Mark;

pub(super) fn report(found: &[Finding]) -> String {
    found.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let file = property(&finding.place.file.display().to_string());
    let mark = finding.place.mark.map(|Mark { line, column }| format!(",line={line},col={column}"));
    let title = property(finding.rule.id());
    let object = if finding.object.is_empty() { String::new() } else { format!("{}: ", finding.object) };
    let message = data(&format!("{object}{}", finding.message()));
    format!("::{} file={file}{},title={title}::{message}\n", finding.level.name(), mark.unwrap_or_default())
}

/// A text behind the last colons: a line break would end it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before them: a comma or colon would end it, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
