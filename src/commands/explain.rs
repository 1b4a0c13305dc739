//! `campanile explain`: what becomes of an event, Alert by Alert, and what would be sent.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use campanile_domain::ObjectKey;
use campanile_outbox::{DeliveryState, DeliveryView};
use campanile_router::RoutingPolicy;
use campanile_transport::{Limits, Transport};
use jiff::Timestamp;
use serde_json::Value;

use super::api;
use super::event::posted;
use super::out::put;
use super::table::{age, count, layout, printable};
use crate::cli::{ExplainFlags, Output};
use crate::config::environment;
use crate::explain::{AlertOutcome, ExplainInput, Explained, Explanation, ShownRequest, explain_folder};
use crate::ops::EXPLAIN;

pub(crate) fn explain(flags: &ExplainFlags) -> Result<ExitCode> {
    let explanation = match &flags.manifests {
        Some(folder) => explain_folder(folder, &posted(flags)?, flags.alert.as_ref(), circumstances(flags))?,
        None => actix_rt::System::new().block_on(ask(flags))?,
    };
    for problem in &explanation.problems {
        eprintln!("warning: {}", printable(problem));
    }
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(&explanation)? + "\n"))?,
        Output::Table => put(&printable(&text(&explanation)))?,
    }
    let missed: Vec<_> = flags.expect.iter().filter(|provider| !reaches(&explanation, provider)).collect();
    for provider in &missed {
        eprintln!("campanile: expected a notification through provider {provider}, no Alert sends one");
    }
    Ok(ExitCode::from(u8::from(!missed.is_empty())))
}

/// Whether an Alert sends a notification through this Provider.
fn reaches(explanation: &Explanation, provider: &ObjectKey) -> bool {
    let sends = |alert: &&Explained| alert.result == AlertOutcome::Delivers && alert.provider == *provider;
    explanation.alerts.iter().any(|alert| sends(&alert))
}

fn circumstances(flags: &ExplainFlags) -> ExplainInput {
    ExplainInput {
        rules: RoutingPolicy {
            no_cross_namespace_refs: flags.no_cross_namespace_refs,
            ..RoutingPolicy::default()
        },
        transport: Transport::new(environment(), Limits::default()),
        environment: Arc::new(environment()),
        now: Timestamp::now(),
    }
}

async fn ask(flags: &ExplainFlags) -> Result<Explanation> {
    let event = if flags.delivery.is_some() { Vec::new() } else { posted(flags)? };
    let alert = flags.alert.as_ref().map(|key| format!("alert={key}"));
    // An id has letters and digits only.
    let delivery = flags.delivery.as_ref().map(|id| format!("delivery={id}"));
    let query = alert.into_iter().chain(delivery).collect::<Vec<_>>().join("&");
    api::post(&flags.admin_addr, &format!("{EXPLAIN}?{query}"), event).await
}

/// The table, and below it the requests.
fn text(explanation: &Explanation) -> String {
    let Explanation { object, severity, reason, action, related_object, alerts, .. } = explanation;
    let mut out =
        explanation.delivery.as_ref().map(|delivery| told(delivery, Timestamp::now())).unwrap_or_default();
    out += &format!("event of {object}, severity '{severity}', reason '{reason}'");
    out.extend(action.iter().map(|action| format!(", action '{action}'")));
    out.extend(related_object.iter().map(|object| format!(", related to {object}")));
    out.push_str("\n\n");
    if alerts.is_empty() {
        out.push_str("there are no Alerts\n");
        return out;
    }
    out.push_str(&layout(
        &["ALERT", "PROVIDER", "RESULT", "STEP", "WHY"],
        &alerts.iter().map(row).collect::<Vec<_>>(),
    ));
    for alert in alerts.iter().filter(|alert| alert.result == AlertOutcome::Delivers) {
        out.push_str(&requests(alert));
    }
    out
}

/// The delivery, how it stands and why.
fn told(delivery: &DeliveryView, now: Timestamp) -> String {
    let DeliveryView { id, alert, provider, accepted_at, failure, .. } = delivery;
    let (accepted, attempts) = (since(*accepted_at, now), count_of(delivery.attempts));
    let how = standing(delivery, now);
    let failed = failure.as_ref().map(|failure| format!("  {}: {failure}\n", failure.class.label()));
    format!(
        "delivery {id} of alert {alert} through provider {provider}\n  accepted {accepted} ago, {attempts}, {how}\n{}\n",
        failed.unwrap_or_default()
    )
}

fn count_of(attempts: u32) -> String {
    if attempts == 0 {
        "not tried yet".to_owned()
    } else {
        count(usize::try_from(attempts).unwrap_or(usize::MAX), "attempt")
    }
}

fn standing(delivery: &DeliveryView, now: Timestamp) -> String {
    match (delivery.state, delivery.at) {
        (DeliveryState::Ready, _) => "waits for its turn".to_owned(),
        (DeliveryState::Leased, _) => "is being sent now".to_owned(),
        (DeliveryState::Dead, Some(at)) => format!("given up {} ago", since(at, now)),
        (DeliveryState::Dead, None) => "given up".to_owned(),
        (DeliveryState::Parked, Some(at)) => {
            format!(
                "waits for its Provider or a Secret to change, tried again in {} at the latest",
                since(now, at)
            )
        }
        (_, Some(at)) => format!("tried again in {}", since(now, at)),
        (_, None) => "waits".to_owned(),
    }
}

fn since(then: Timestamp, now: Timestamp) -> String {
    age(now.duration_since(then).as_secs())
}

fn row(explained: &Explained) -> Vec<String> {
    let notes: String = explained.notices.iter().map(|notice| format!("; note: {notice}")).collect();
    vec![
        explained.alert.to_string(),
        explained.provider.to_string(),
        explained.result.word().to_owned(),
        explained.step.clone(),
        format!("{}{notes}", explained.why),
    ]
}

fn requests(explained: &Explained) -> String {
    let mut out = String::new();
    for (number, request) in explained.requests.iter().enumerate() {
        let then = if number == 0 { "" } else { ", then, unless the destination shows it already" };
        let Explained { alert, provider, .. } = explained;
        out.push_str(&format!("\nalert {alert} sends through provider {provider}{then}:\n"));
        out.push_str(&request_text(request));
    }
    if explained.more_may_follow {
        out.push_str("  (what the destination answers decides about further requests)\n");
    }
    out
}

pub(super) fn request_text(request: &ShownRequest) -> String {
    let mut lines = vec![format!("{} {}", request.method, request.url)];
    lines.extend(request.headers.iter().map(|header| format!("{}: {}", header.name, header.value)));
    let body = match &request.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => format!("{json:#}"),
    };
    if !body.is_empty() {
        lines.push(String::new());
        lines.extend(body.lines().map(str::to_owned));
    }
    lines.iter().map(|line| format!("  {line}").trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Header;
    use serde_json::json;

    fn explained(result: AlertOutcome) -> Explained {
        let request = ShownRequest {
            method: "POST".into(),
            url: "https://hooks.example.com/*****".into(),
            headers: vec![Header { name: "Authorization".into(), value: "*****".into() }],
            body: json!({"text": "hello"}),
        };
        Explained {
            alert: ObjectKey::new("apps", "on-call"),
            provider: ObjectKey::new("apps", "chat"),
            result,
            step: "selected".into(),
            why: "because".into(),
            notices: vec!["beware".into()],
            requests: vec![request],
            more_may_follow: false,
        }
    }

    fn explanation(alerts: Vec<Explained>) -> Explanation {
        let (object, severity, reason) = ("Kustomization/apps/web".into(), "info".into(), "Done".into());
        let (action, related_object, delivery, problems) = (None, None, None, Vec::new());
        Explanation { object, severity, reason, action, related_object, delivery, alerts, problems }
    }

    #[test]
    fn cli_explain_prints_a_table_and_the_requests_below_it() {
        let expected = "\
event of Kustomization/apps/web, severity 'info', reason 'Done'

ALERT          PROVIDER    RESULT     STEP       WHY
apps/on-call   apps/chat   delivers   selected   because; note: beware

alert apps/on-call sends through provider apps/chat:
  POST https://hooks.example.com/*****
  Authorization: *****

  {
    \"text\": \"hello\"
  }
";
        assert_eq!(text(&explanation(vec![explained(AlertOutcome::Delivers)])), expected);
    }

    #[test]
    fn cli_explain_prints_several_requests_in_order_and_says_that_more_may_follow() {
        let mut both = explained(AlertOutcome::Delivers);
        both.requests.push(ShownRequest { body: Value::String("a\nb".into()), ..both.requests[0].clone() });
        both.more_may_follow = true;
        let text = text(&explanation(vec![both]));
        assert!(text.contains("apps/chat, then, unless the destination shows it already:\n"), "{text}");
        assert!(
            text.ends_with("\n\n  a\n  b\n  (what the destination answers decides about further requests)\n"),
            "{text}"
        );
    }

    #[test]
    fn t07_cli_explain_names_action_and_related_object() {
        let (action, related_object) = (Some("Apply".into()), Some("GitRepository/apps/web".into()));
        let text = text(&Explanation { action, related_object, ..explanation(Vec::new()) });
        let line = "event of Kustomization/apps/web, severity 'info', reason 'Done', action 'Apply', related to GitRepository/apps/web\n";
        assert!(text.starts_with(line), "{text}");
    }

    #[test]
    fn cli_explain_says_that_there_are_no_alerts() {
        assert!(text(&explanation(Vec::new())).ends_with("there are no Alerts\n"));
    }
}
