//! What `campanile check` says of a case's manifests.

use serde::Deserialize;

use super::folder::{Deviations, Folder, deviate};
use crate::support::campanile;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// The exit code.
    code: i32,
    /// Findings: for each a line with all these words.
    #[serde(default)]
    says: Vec<Vec<String>>,
    /// Whether there is no finding.
    #[serde(default)]
    silent: bool,
}

impl Check {
    pub(super) fn deviations(&self, folder: &Folder) -> Deviations {
        let site = folder.quiet_site();
        let output = campanile(&["check", site.manifests().to_str().expect("the path is UTF-8")]);
        let told = || format!("exit code {:?}\n{}{}", output.code, output.stdout, output.stderr);
        let has_line = |words: &Vec<String>| {
            output.stdout.lines().any(|line| words.iter().all(|word| line.contains(word)))
        };
        let mut deviations = Deviations::new();
        deviate(&mut deviations, "check.code", output.code == Some(self.code), told);
        deviate(&mut deviations, "check.says", self.says.iter().all(has_line), told);
        let is_silent =
            output.stdout.lines().count() == 1 && output.stdout.ends_with(": 0 errors, 0 warnings\n");
        deviate(&mut deviations, "check.silent", !self.silent || is_silent, told);
        deviations
    }
}
