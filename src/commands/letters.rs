//! `campanile redrive` and `campanile drop`: put dead letters of a running instance back, or remove them.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api;
use super::out::put;
use super::table::{count, layout, printable};
use crate::cli::{LetterFlags, Output};
use crate::ops::{DROP, DropReport, LetterRequest, REDRIVE, RedriveReport, UntouchedDelivery};

pub(crate) fn redrive(flags: &LetterFlags) -> Result<ExitCode> {
    let report: RedriveReport = ask(flags, REDRIVE)?;
    show(flags, &report, &report.refused, || redriven_text(&report))
}

pub(crate) fn discard(flags: &LetterFlags) -> Result<ExitCode> {
    let report: DropReport = ask(flags, DROP)?;
    show(flags, &report, &report.refused, || dropped_text(&report))
}

fn ask<T: DeserializeOwned>(flags: &LetterFlags, path: &str) -> Result<T> {
    let request = LetterRequest {
        ids: flags.ids.clone(),
        provider: flags.provider.as_ref().map(ToString::to_string),
        all: flags.all,
    };
    let json = serde_json::to_vec(&request)?;
    actix_rt::System::new().block_on(api::post(&flags.admin_addr, path, json))
}

fn show(
    flags: &LetterFlags,
    report: &impl Serialize,
    refused: &[UntouchedDelivery],
    text: impl FnOnce() -> String,
) -> Result<ExitCode> {
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(report)? + "\n"))?,
        Output::Table => put(&printable(&text()))?,
    }
    Ok(ExitCode::from(u8::from(!refused.is_empty())))
}

fn redriven_text(report: &RedriveReport) -> String {
    let done = format!("put {} back\n", count(report.redriven, "dead letter"));
    done + &refusals(&report.refused, "NOT PUT BACK BECAUSE")
}

fn dropped_text(report: &DropReport) -> String {
    format!("dropped {}\n", count(report.dropped, "dead letter"))
        + &refusals(&report.refused, "NOT DROPPED BECAUSE")
}

/// The table of what was refused; empty if nothing was.
pub(super) fn refusals(refused: &[UntouchedDelivery], because: &str) -> String {
    if refused.is_empty() {
        return String::new();
    }
    let rows = refused.iter().map(|refusal| vec![refusal.id.clone(), refusal.why.clone()]);
    format!("\n{}", layout(&["ID", because], &rows.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_redrive_and_drop_say_how_many_and_which_not() {
        assert_eq!(
            redriven_text(&RedriveReport { redriven: 1, refused: Vec::new() }),
            "put 1 dead letter back\n"
        );
        let refused = vec![UntouchedDelivery { id: "9".into(), why: "it is not there".into() }];
        assert_eq!(
            redriven_text(&RedriveReport { redriven: 0, refused: refused.clone() }),
            "put 0 dead letters back\n\nID   NOT PUT BACK BECAUSE\n9    it is not there\n"
        );
        assert_eq!(
            dropped_text(&DropReport { dropped: 2, refused }),
            "dropped 2 dead letters\n\nID   NOT DROPPED BECAUSE\n9    it is not there\n"
        );
    }
}
