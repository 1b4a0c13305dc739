//! `campanile retry`: has a running instance try what waits at once.

use std::process::ExitCode;

use anyhow::Result;

use super::api;
use super::letters::refusals;
use super::out::put;
use super::table::{count, printable};
use crate::cli::{Output, RetryFlags};
use crate::ops::{RETRY, RetryReport, RetryRequest};

pub(crate) fn retry(flags: &RetryFlags) -> Result<ExitCode> {
    let provider = flags.provider.as_ref().map(ToString::to_string);
    let json = serde_json::to_vec(&RetryRequest { ids: flags.ids.clone(), provider })?;
    let asked = api::post::<RetryReport>(&flags.admin_addr, RETRY, json);
    let report = actix_rt::System::new().block_on(asked)?;
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(&report)? + "\n"))?,
        Output::Table => put(&printable(&text(&report)))?,
    }
    Ok(ExitCode::from(u8::from(!report.refused.is_empty())))
}

fn text(report: &RetryReport) -> String {
    let line = |(provider, waiting): (&String, &u64)| {
        let waiting = usize::try_from(*waiting).unwrap_or(usize::MAX);
        format!("{provider}: trying now, {} waiting\n", count(waiting, "notification"))
    };
    let lines: String = report.providers.iter().map(line).collect();
    lines + &refusals(&report.refused, "NOT TRIED BECAUSE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::UntouchedDelivery;

    #[test]
    fn cli_retry_names_the_queues_that_are_tried_and_what_is_not() {
        let providers = [("apps/chat".to_owned(), 1), ("apps/hook".to_owned(), 12)].into();
        let refused = vec![UntouchedDelivery { id: "9".into(), why: "it is not there".into() }];
        let expected = "\
apps/chat: trying now, 1 notification waiting
apps/hook: trying now, 12 notifications waiting

ID   NOT TRIED BECAUSE
9    it is not there
";
        assert_eq!(text(&RetryReport { providers, refused }), expected);
    }
}
