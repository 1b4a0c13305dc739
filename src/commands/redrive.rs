//! `campanile redrive`: puts dead letters of a running instance back.

use std::process::ExitCode;

use anyhow::Result;

use super::api;
use super::out::put;
use super::table::{count, layout, printable};
use crate::cli::{Output, RedriveFlags};
use crate::ops::{REDRIVE, RedriveReport, RedriveRequest};

pub(crate) fn redrive(flags: &RedriveFlags) -> Result<ExitCode> {
    let request =
        RedriveRequest { ids: flags.ids.clone(), provider: flags.provider.as_ref().map(ToString::to_string) };
    let json = serde_json::to_vec(&request)?;
    let asked = api::post::<RedriveReport>(&flags.admin_addr, REDRIVE, json);
    let report = actix_rt::System::new().block_on(asked)?;
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(&report)? + "\n"))?,
        Output::Table => put(&printable(&text(&report)))?,
    }
    Ok(ExitCode::from(u8::from(!report.refused.is_empty())))
}

fn text(report: &RedriveReport) -> String {
    let mut out = format!("put {} back\n", count(report.redriven, "dead letter"));
    if !report.refused.is_empty() {
        let rows = report.refused.iter().map(|refusal| vec![refusal.id.clone(), refusal.why.clone()]);
        out.push('\n');
        out.push_str(&layout(&["ID", "NOT PUT BACK BECAUSE"], &rows.collect::<Vec<_>>()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Refusal;

    #[test]
    fn cli_redrive_says_how_many_and_which_not() {
        assert_eq!(text(&RedriveReport { redriven: 1, refused: Vec::new() }), "put 1 dead letter back\n");
        let refused = vec![Refusal { id: "9".into(), why: "it is not there".into() }];
        assert_eq!(
            text(&RedriveReport { redriven: 0, refused }),
            "put 0 dead letters back\n\nID   NOT PUT BACK BECAUSE\n9    it is not there\n"
        );
    }
}
