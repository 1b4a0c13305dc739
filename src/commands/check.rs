//! `campanile check`: what is wrong with manifests, before they run.

mod github;
mod json;
mod providers;
mod sarif;
mod sources;

use std::process::ExitCode;

use anyhow::Result;
use campanile_watcher::{Finding, Level, Loaded, Strictness, findings, sort};

use super::out::put;
use super::table::{count, printable};
use crate::cli::{CheckFlags, FluxRelease, Missing, ReportForm};

pub(crate) fn check(flags: &CheckFlags) -> Result<ExitCode> {
    let loaded = sources::read(&flags.sources)?;
    let found = judge(&loaded, strictness(flags));
    let report = match flags.output {
        ReportForm::Text => text(&found, &loaded),
        ReportForm::Json => json::report(&found)?,
        ReportForm::Github => github::report(&found),
        ReportForm::Sarif => sarif::report(&found)?,
    };
    put(&report)?;
    let fails = |finding: &Finding| flags.strict || finding.level == Level::Error;
    Ok(ExitCode::from(u8::from(found.iter().any(fails))))
}

/// All findings: those about the manifests, and those of the types about their Providers.
fn judge(loaded: &Loaded, strictness: Strictness) -> Vec<Finding> {
    let mut found = findings(loaded, strictness);
    found.extend(providers::findings(loaded));
    sort(&mut found);
    found
}

fn strictness(flags: &CheckFlags) -> Strictness {
    Strictness {
        missing: match flags.missing {
            Missing::Error => Some(Level::Error),
            Missing::Warn => Some(Level::Warning),
            Missing::Ignore => None,
        },
        flux: flags.target.map(FluxRelease::flux),
        no_cross_namespace_refs: flags.no_cross_namespace_refs,
    }
}

/// A line for each finding, and one that counts them.
fn text(found: &[Finding], loaded: &Loaded) -> String {
    let lines = found.iter().map(|finding| printable(&finding.to_string()).replace('\n', " ") + "\n");
    let errors = found.iter().filter(|finding| finding.level == Level::Error).count();
    let alerts = count(loaded.count("Alert"), "alert");
    let providers = count(loaded.count("Provider"), "provider");
    let objects = match loaded.count("Receiver") {
        0 => format!("{alerts} and {providers}"),
        receivers => format!("{alerts}, {providers} and {}", count(receivers, "receiver")),
    };
    let judgement = format!("{}, {}", count(errors, "error"), count(found.len() - errors, "warning"));
    lines.collect::<String>() + &format!("checked {objects}: {judgement}\n")
}
