//! Explanations of manifests as users write them.

use std::path::Path;

use campanile_domain::Environment;
use campanile_domain::{Failure, FailureClass};
use campanile_testkit::noon;
use campanile_transport::Limits;

use super::*;

const EVENT: &str = r#"{
    "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "namespace": "apps", "name": "web"},
    "severity": "info", "reason": "Progressing", "message": "waiting for socket",
    "metadata": {
        "event.toolkit.fluxcd.io/commit": "5394cb7f48332b2de7c17dd8b8384bbc84b7e738",
        "kustomize.toolkit.fluxcd.io/token": "internal"
    }}"#;

const SLACK: &str = "
apiVersion: v1
kind: Secret
metadata: { name: url, namespace: apps }
stringData: { address: 'https://hooks.slack.com/services/T0/B0/hunter22' }
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: { name: chat, namespace: apps }
spec: { type: slack, channel: general, secretRef: { name: url } }
";

const GITEA: &str = "
apiVersion: v1
kind: Secret
metadata: { name: token, namespace: apps }
stringData: { token: hunter22 }
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: { name: chat, namespace: apps }
spec: { type: gitea, address: 'https://git.example.com/org/repo', secretRef: { name: token } }
";

/// Alert `apps/<name>` about every Kustomization, with more lines in its spec.
fn alert(name: &str, spec: &str) -> String {
    format!(
        "
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {{ name: {name}, namespace: apps }}
spec:
  providerRef: {{ name: chat }}
  eventSources: [{{ kind: Kustomization, name: '*' }}]
  {spec}
"
    )
}

fn circumstances() -> ExplainInput {
    let transport = Transport::new(Environment::default(), Limits::default());
    ExplainInput { rules: RoutingPolicy::default(), transport, environment: Arc::default(), now: noon() }
}

fn explanation(manifests: &str, event: &str) -> Explanation {
    let loaded = Loaded::from_text(Path::new("alerts.yaml"), manifests);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let event = read_event(event.as_bytes()).unwrap();
    explain_loaded(&loaded, event, None, circumstances()).unwrap()
}

/// The only Alert.
fn only(manifests: &str, event: &str) -> Explained {
    let mut alerts = explanation(manifests, event).alerts;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.remove(0)
}

/// What stops the only Alert with these lines in its spec.
fn stopped_by(spec: &str) -> (String, String) {
    let explained = only(&format!("{SLACK}{}", alert("a", spec)), EVENT);
    assert_eq!(explained.result, AlertOutcome::Stopped, "{explained:?}");
    assert!(explained.requests.is_empty());
    (explained.step, explained.why)
}

#[test]
fn cli_explain_names_the_step_that_stopped_each_alert() {
    let stopped = |spec: &str| {
        let (step, why) = stopped_by(spec);
        format!("{step}: {why}")
    };
    assert_eq!(stopped("suspend: true"), "suspended: the Alert is suspended");
    assert_eq!(
        stopped("eventSeverity: error"),
        "severity: the Alert wants severity 'error', the event has 'info'"
    );
    assert_eq!(
        stopped("inclusionList: ['failed']"),
        "inclusion: no pattern of spec.inclusionList matches the message"
    );
    assert_eq!(
        stopped("exclusionList: ['[', '^done', '^waiting.*socket$']"),
        "exclusion: pattern '^waiting.*socket$' of spec.exclusionList matches the message"
    );
    let elsewhere = alert("a", "").replace("Kustomization", "HelmRelease");
    let explained = only(&format!("{SLACK}{elsewhere}"), EVENT);
    assert_eq!(explained.step, "source");
    assert_eq!(explained.why, "no entry of spec.eventSources names Kustomization/apps/web");
}

#[test]
fn cli_explain_says_of_the_namespace_star_that_it_names_none() {
    let everywhere = alert("a", "").replace("name: '*'", "name: '*', namespace: '*'");
    let explained = only(&format!("{SLACK}{everywhere}"), EVENT);
    let said = "names Kustomization/apps/web; spec.eventSources[0].namespace '*' names no namespace, so this entry matches nothing";
    assert!(explained.why.contains(said), "{}", explained.why);
}

#[test]
fn cli_explain_tells_labels_that_differ_from_an_object_that_is_not_known() {
    let labelled = alert("a", "").replace("name: '*'", "name: '*', matchLabels: { team: blue }");
    let explained = only(&format!("{SLACK}{labelled}"), EVENT);
    assert_eq!(explained.step, "labels");
    assert!(explained.why.ends_with("Kustomization/apps/web is not known"), "{}", explained.why);
    let object = |team: &str| {
        format!(
            "
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{ name: web, namespace: apps, labels: {{ team: {team} }} }}
"
        )
    };
    let explained = only(&format!("{SLACK}{labelled}{}", object("red")), EVENT);
    assert_eq!(
        explained.why,
        "Kustomization/apps/web does not have the labels that spec.eventSources asks for"
    );
    let explained = only(&format!("{SLACK}{labelled}{}", object("blue")), EVENT);
    assert_eq!(explained.result, AlertOutcome::Delivers);
}

#[test]
fn cli_explain_shows_the_request_of_a_webhook_without_its_secret() {
    let explained = only(&format!("{SLACK}{}", alert("a", "eventMetadata: { cluster: eu }")), EVENT);
    assert_eq!((explained.result, explained.step.as_str()), (AlertOutcome::Delivers, "selected"));
    assert_eq!(explained.why, "source Kustomization/apps/* names the object, and nothing stops it");
    let [request] = explained.requests.as_slice() else { panic!("{:?}", explained.requests) };
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://hooks.slack.com/*****"));
    assert_eq!(request.body["channel"], "general");
    let text = serde_json::to_string(&explained).unwrap();
    assert!(text.contains("waiting for socket") && text.contains("cluster"), "{text}");
    assert!(!text.contains("hunter22") && !text.contains("internal"), "{text}");
    assert!(!explained.more_may_follow);
}

#[test]
fn cli_explain_shows_what_is_read_first_and_what_may_be_written() {
    let event = EVENT.replace("Progressing", "ReconciliationSucceeded");
    let explained = only(&format!("{GITEA}{}", alert("a", "")), &event);
    assert!(explained.more_may_follow);
    let methods: Vec<&str> = explained.requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST"]);
    assert_eq!(explained.requests[1].body["state"], "success");
    assert!(!serde_json::to_string(&explained).unwrap().contains("hunter22"));
}

#[test]
fn cli_explain_gives_the_routers_reason_for_what_is_no_commit_status() {
    let event = EVENT.replace("Progressing", "ReconciliationSucceeded").replace("/commit", "/other");
    let explained = only(&format!("{GITEA}{}", alert("a", "")), &event);
    assert_eq!((explained.result, explained.step.as_str()), (AlertOutcome::Stopped, "no-commit"));
    assert!(explained.why.contains("missing commit metadata key"), "{}", explained.why);
}

#[test]
fn cli_explain_says_what_a_type_can_not_render_or_has_nothing_to_say_about() {
    let ends = |preview| {
        let notifies = only(&format!("{SLACK}{}", alert("a", "")), EVENT);
        let explained = with_preview(notifies, preview);
        (explained.result, explained.step, explained.why)
    };
    let (result, step, why) = ends(Preview::Unrenderable(Failure::new(FailureClass::Render, "render it")));
    assert_eq!((result, step.as_str()), (AlertOutcome::Fails, "rendering"));
    assert_eq!(why, "render it; it would become a dead letter");
    let (result, step, _) = ends(Preview::Skipped);
    assert_eq!((result, step.as_str()), (AlertOutcome::Skips, "rendering"));
}

#[test]
fn cli_explain_says_that_a_broken_provider_makes_the_notification_wait() {
    let secretless = SLACK.replace("name: url, namespace", "name: other, namespace");
    let explained = only(&format!("{secretless}{}", alert("a", "")), EVENT);
    assert_eq!((explained.result, explained.step.as_str()), (AlertOutcome::Waits, "provider"));
    assert!(explained.why.contains("apps/url"), "{}", explained.why);
    let providerless = alert("a", "").replace("name: chat", "name: nobody");
    let explained = only(&format!("{SLACK}{providerless}"), EVENT);
    assert_eq!((explained.result, explained.step.as_str()), (AlertOutcome::Stopped, "provider-missing"));
    assert!(explained.why.contains("apps/nobody"), "{}", explained.why);
}

#[test]
fn cli_explain_tells_the_owner_what_the_owner_would_be_told() {
    let explained = only(&format!("{SLACK}{}", alert("a", "inclusionList: ['[', 'socket']")), EVENT);
    assert_eq!(explained.result, AlertOutcome::Delivers);
    assert_eq!(explained.notices, ["failed to compile inclusion regex: ["]);
}

#[test]
fn cli_explain_bounds_the_requests_that_it_shows() {
    let event = EVENT.replace("waiting", &"w".repeat(2 << 20));
    let hook = SLACK.replace("type: slack, channel: general", "type: generic");
    let manifests: String = (0..4).map(|n| alert(&format!("a{n}"), "")).collect();
    let alerts = explanation(&format!("{hook}{manifests}"), &event).alerts;
    let shown: Vec<usize> = alerts.iter().map(|alert| alert.requests.len()).collect();
    assert_eq!(shown, [1, 1, 0, 0]);
    assert_eq!(alerts[3].result, AlertOutcome::Delivers);
    assert!(alerts[3].why.ends_with("ask for it with --alert apps/a3"), "{}", alerts[3].why);
}

#[test]
fn cli_explain_refuses_what_is_no_event_and_an_alert_that_is_not_there() {
    let refusal = |body: &[u8]| read_event(body).unwrap_err().to_string();
    assert!(refusal(b"{").starts_with("read the event: no valid JSON"), "{}", refusal(b"{"));
    assert!(refusal(&vec![b' '; (3 << 20) + 1]).contains("longer than"));
    let loaded = Loaded::from_text(Path::new("alerts.yaml"), &format!("{SLACK}{}", alert("a", "")));
    let event = read_event(EVENT.as_bytes()).unwrap();
    let absent = ObjectKey::new("apps", "b");
    let error = explain_loaded(&loaded, event, Some(&absent), circumstances()).unwrap_err();
    assert!(error.to_string().starts_with("find alert 'apps/b'"), "{error}");
}
