//! Rendering of an arrived message in a terminal, as its reader would see it.

use serde_json::Value;

use super::ArrivedMessage;

const RESET: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";

/// The table row of a message: where it was posted and what it is about.
pub fn headline(arrival: &ArrivedMessage) -> [String; 3] {
    let body = &arrival.body;
    if let Some(attachment) = body["attachments"].get(0) {
        return ["slack".into(), text(&attachment["author_name"]), text(&attachment["color"])];
    }
    if let Some(state) = body["state"].as_str() {
        return ["checks".into(), text(&body["context"]), state.into()];
    }
    let object = &body["involvedObject"];
    let name = format!(
        "{}/{}.{}",
        text(&object["kind"]).to_lowercase(),
        text(&object["name"]),
        text(&object["namespace"])
    );
    ["webhook".into(), name, text(&body["severity"])]
}

/// The message as its reader sees it. `color` switches terminal colours on.
pub fn message(arrival: &ArrivedMessage, color: bool) -> String {
    let lines = match arrival.body["attachments"].get(0) {
        Some(attachment) => slack(&arrival.body, attachment),
        None if arrival.body["state"].is_string() => check(&arrival.body),
        None => event(&arrival.body),
    };
    let bar = if lines.bad { RED } else { GREEN };
    let paint = |code: &'static str| if color { code } else { "" };
    let mut out = String::new();
    for (style, line) in lines.lines {
        out += &format!("    {}┃{} {}{line}{}\n", paint(bar), paint(RESET), paint(style), paint(RESET));
    }
    out
}

struct Lines {
    bad: bool,
    lines: Vec<(&'static str, String)>,
}

/// A Slack attachment: coloured bar, author, text, fields.
fn slack(body: &Value, attachment: &Value) -> Lines {
    let mut lines = vec![
        (DIM, format!("#{}  {}", text(&body["channel"]), text(&body["username"]))),
        (BOLD, text(&attachment["author_name"])),
    ];
    lines.extend(text(&attachment["text"]).lines().map(|line| ("", line.to_owned())));
    let fields = attachment["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(
        fields.iter().map(|field| (DIM, format!("{}: {}", text(&field["title"]), text(&field["value"])))),
    );
    Lines { bad: attachment["color"] == "danger", lines }
}

/// One line of a checks page.
fn check(body: &Value) -> Lines {
    let mark = match body["state"].as_str() {
        Some("success") => "✓",
        Some("pending") => "●",
        _ => "✗",
    };
    let state = text(&body["state"]);
    let line = format!("{mark} {state:<8} {}: {}", text(&body["context"]), text(&body["description"]));
    Lines { bad: state == "failure", lines: vec![("", line)] }
}

/// The checks of a commit as a Git host would show them: all that were written, and what stands now.
pub fn checks_page(arrivals: &[ArrivedMessage], color: bool) -> String {
    let checks: Vec<&ArrivedMessage> =
        arrivals.iter().filter(|arrival| arrival.body["state"].is_string()).collect();
    let Some(newest) = checks.last() else { return String::new() };
    let commit: String = newest.path.rsplit('/').next().unwrap_or_default().chars().take(8).collect();
    let lines: String = checks.iter().map(|check| message(check, color)).collect();
    format!(
        "Checks of commit {commit}, as they were written:\n{lines}  now: {}\n",
        text(&newest.body["state"])
    )
}

/// The forwarded event, as JSON.
fn event(body: &Value) -> Lines {
    let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
    let lines = pretty.lines().map(|line| ("", line.to_owned())).collect();
    Lines { bad: body["severity"] == "error", lines }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cli_a_slack_message_reads_as_in_slack() {
        let body = json!({"channel": "general", "username": "kustomize-controller", "attachments": [{
            "color": "danger", "author_name": "kustomization/webapp.flux-system", "text": "two\nlines",
            "fields": [{"title": "cluster", "value": "prod-eu"}],
        }]});
        let arrival = ArrivedMessage { path: "/services/x".into(), body };
        assert_eq!(headline(&arrival), ["slack", "kustomization/webapp.flux-system", "danger"]);
        let expected = "    ┃ #general  kustomize-controller\n    ┃ kustomization/webapp.flux-system\n    ┃ two\n    ┃ lines\n    ┃ cluster: prod-eu\n";
        assert_eq!(message(&arrival, false), expected);
        assert!(message(&arrival, true).contains(RED));
    }
}
