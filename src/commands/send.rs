//! `campanile send`: a test notification through a running instance, and what the destination says.

use std::process::ExitCode;

use anyhow::Result;

use super::api;
use super::out::put;
use super::table::printable;
use crate::cli::{Output, SendFlags};
use crate::ops::{SEND, SendReport, SendRequest, SendResult};

pub(crate) fn send(flags: &SendFlags) -> Result<ExitCode> {
    let request = SendRequest {
        provider: flags.provider.to_string(),
        severity: flags.severity,
        message: flags.message.clone(),
        revision: flags.revision.clone(),
    };
    let json = serde_json::to_vec(&request)?;
    let asked = api::post::<SendReport>(&flags.admin_addr, SEND, json);
    let report = actix_rt::System::new().block_on(asked)?;
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(&report)? + "\n"))?,
        Output::Table => put(&printable(&text(&report)))?,
    }
    Ok(ExitCode::from(u8::from(report.result == SendResult::Failed)))
}

fn text(report: &SendReport) -> String {
    let provider = &report.provider;
    let mut lines = vec![match (&report.failure, report.result) {
        (Some(failure), _) => format!("{provider}: not delivered ({}): {}", failure.class, failure.message),
        (None, SendResult::Skipped) => {
            format!("{provider}: nothing to send, the destination shows it already")
        }
        (None, _) => format!("{provider}: delivered"),
    }];
    lines.extend(report.answer.as_ref().map(|answer| {
        let body = if answer.excerpt.is_empty() { "(no text)" } else { &answer.excerpt };
        format!("the destination answered {}: {body}", answer.status)
    }));
    lines.extend(report.failure.as_ref().map(|failure| format!("a notification {}", failure.then)));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{SendAnswer, SendFailure};
    use campanile_domain::ObjectKey;

    fn report(result: SendResult) -> SendReport {
        SendReport {
            provider: ObjectKey::new("apps", "chat"),
            result,
            failure: None,
            answer: Some(SendAnswer { status: 200, excerpt: "ok".into() }),
            requests: 1,
        }
    }

    #[test]
    fn cli_send_shows_the_destinations_answer() {
        assert_eq!(
            text(&report(SendResult::Delivered)),
            "apps/chat: delivered\nthe destination answered 200: ok\n"
        );
        let skipped = SendReport { answer: None, ..report(SendResult::Skipped) };
        assert_eq!(text(&skipped), "apps/chat: nothing to send, the destination shows it already\n");
    }

    #[test]
    fn cli_send_says_why_it_failed_and_what_follows() {
        let failure = SendFailure {
            class: "credentials".into(),
            message: "refused".into(),
            then:
                "would be tried again every 10 minutes, and at once when the Provider or its Secret changes"
                    .into(),
        };
        let answer = Some(SendAnswer { status: 401, excerpt: String::new() });
        let failed = SendReport { failure: Some(failure), answer, ..report(SendResult::Failed) };
        let expected = "apps/chat: not delivered (credentials): refused\nthe destination answered 401: (no text)\n\
                        a notification would be tried again every 10 minutes, and at once when the Provider or its Secret changes\n";
        assert_eq!(text(&failed), expected);
    }
}
