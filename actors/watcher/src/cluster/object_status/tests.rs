use campanile_protocol::{Counts, WebhookCounts, WebhookVerdict};

use campanile_testkit::noon;

use super::*;
use crate::condition::INVALID_URL;
use crate::standing::ShownWebhook;

fn ready(
    status: &'static str,
    reason: &'static str,
    message: &'static str,
    generation: i64,
) -> Arc<Condition> {
    Arc::new(Condition {
        kind: READY.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        last_transition_time: noon(),
        observed_generation: generation,
    })
}

fn shown<'a>(
    ready: &'a Arc<Condition>,
    fate: Option<(Timestamp, bool)>,
    error: Option<&'a str>,
) -> ShownStanding<'a> {
    let is_terminal = ready.reason == "InvalidURL";
    ShownStanding {
        conditions: vec![ready],
        fate,
        error,
        counts: None,
        is_terminal,
        observes_terminal: false,
        webhook: None,
    }
}

/// What a patch leaves behind.
fn written(status: &ObjectStatus) -> ObjectStatus {
    ObjectStatus::read(&status.patch("u", "7")["status"])
}

fn kinds(status: &ObjectStatus) -> Vec<(&str, &str, i64)> {
    status.conditions.iter().map(|one| (&*one.kind, &*one.reason, one.observed_generation)).collect()
}

#[test]
fn v01_a_ready_object_has_no_reconciling_and_its_generation_is_observed() {
    let good = ready("True", "Succeeded", "Initialized", 3);
    let wanted =
        ObjectStatus::read(&json!({"observedGeneration": -1})).wanted(&shown(&good, None, None), 3, None);
    assert_eq!(kinds(&wanted), [("Ready", "Succeeded", 3)]);
    assert_eq!(wanted.observed_generation, Some(3));
}

#[test]
fn v02_while_an_object_fails_its_observed_generation_lags_and_it_is_reconciling() {
    let before = ObjectStatus::read(&json!({"observedGeneration": 1}));
    let bad = ready("False", "ValidationFailed", "failed to get secret", 2);
    let wanted = before.wanted(&shown(&bad, None, None), 2, None);
    assert_eq!(
        kinds(&wanted),
        [("Reconciling", "ProgressingWithRetry", 2), ("Ready", "ValidationFailed", 2)]
    );
    assert_eq!(wanted.observed_generation, Some(1));
}

#[test]
fn v04_a_request_to_reconcile_is_handled_even_if_the_object_fails_and_stays_handled() {
    let bad = ready("False", "Failed", "x", 1);
    let wanted = ObjectStatus::default().wanted(&shown(&bad, None, None), 1, Some("now"));
    assert_eq!(wanted.handled.as_deref(), Some("now"));
    let later = wanted.wanted(&shown(&bad, None, None), 1, None);
    assert_eq!(later.handled.as_deref(), Some("now"));
}

#[test]
fn what_was_written_is_not_written_again() {
    let (good, delivered) = (ready("True", "Succeeded", "Initialized", 1), Some((noon(), true)));
    let wanted = ObjectStatus::default().wanted(&shown(&good, delivered, None), 1, Some("now"));
    assert_ne!(ObjectStatus::default().difference(&wanted), Difference::None);
    let there = written(&wanted);
    let again = there.wanted(&shown(&good, delivered, None), 1, Some("now"));
    assert_eq!(there.difference(&again), Difference::None);
    // A new process knows of no delivery and has nothing to say.
    assert_eq!(there.difference(&there.wanted(&shown(&good, None, None), 1, None)), Difference::None);
}

#[test]
fn a_changed_condition_is_more_urgent_than_a_flipped_result_and_that_than_a_new_time() {
    let good = ready("True", "Succeeded", "Initialized", 1);
    let there = written(&ObjectStatus::default().wanted(&shown(&good, Some((noon(), true)), None), 1, None));
    let later = noon() + std::time::Duration::from_secs(60);
    let stale = there.wanted(&shown(&good, Some((later, true)), None), 1, None);
    assert_eq!(there.difference(&stale), Difference::Stale);
    let flipped = there.wanted(&shown(&good, Some((later, false)), Some("refused")), 1, None);
    assert_eq!(there.difference(&flipped), Difference::Flipped);
    let bad = ready("False", "Failed", "x", 1);
    let changed = there.wanted(&shown(&bad, Some((noon(), true)), None), 1, None);
    assert_eq!(there.difference(&changed), Difference::Condition);
}

#[test]
fn conditions_of_others_are_kept_and_old_ones_of_ours_go() {
    let before = ObjectStatus::read(&json!({"conditions": [
        {"type": "Healthy", "status": "True", "reason": "X", "message": "", "lastTransitionTime": "2026-08-07T12:00:00Z"},
        {"type": "Stalled", "status": "True", "reason": "InvalidURL", "message": "", "observedGeneration": 1,
         "lastTransitionTime": "2026-08-07T12:00:00Z"},
        {"type": "Ready"},
    ]}));
    let good = ready("True", "Succeeded", "Initialized", 1);
    let patch = before.wanted(&shown(&good, None, None), 1, None).patch("u", "7");
    let conditions = patch["status"]["conditions"].as_array().unwrap();
    let kinds: Vec<&str> = conditions.iter().filter_map(|one| one["type"].as_str()).collect();
    assert_eq!(kinds, ["Ready", "Healthy"]);
    assert_eq!(patch["metadata"], json!({"uid": "u", "resourceVersion": "7"}));
}

#[test]
fn a_field_that_is_to_go_is_set_to_null_as_a_merge_patch_demands() {
    let good = ready("True", "Succeeded", "Initialized", 1);
    let failed = ObjectStatus::read(&json!({"lastError": "refused"}));
    let patch = failed.wanted(&shown(&good, Some((noon(), true)), None), 1, None).patch("u", "7");
    assert!(patch["status"].as_object().unwrap().get("lastError").is_some_and(Json::is_null));
    assert_eq!(
        patch["status"]["lastDelivery"],
        json!({"time": "2026-08-07T12:00:00Z", "result": "delivered"})
    );
}

#[test]
fn a_new_watcher_goes_on_with_what_it_finds() {
    let good = ready("True", "Succeeded", "Initialized", 4);
    let there = written(&ObjectStatus::default().wanted(&shown(&good, None, None), 4, None));
    let seed = there.seed(Some(noon()));
    assert_eq!((seed.ready, seed.delivering.is_none(), seed.since), (Some(good), true, Some(noon())));
}

#[test]
fn v05_an_invalid_url_stalls_the_object_and_is_not_retried() {
    let bad = ready("False", INVALID_URL, "invalid proxy", 1);
    let wanted = ObjectStatus::default().wanted(&shown(&bad, None, None), 1, None);
    assert_eq!(kinds(&wanted), [("Stalled", "InvalidURL", 1), ("Ready", "InvalidURL", 1)]);
    assert_eq!(wanted.conditions[0].message, "invalid proxy");
}

#[test]
fn what_waits_and_what_is_dead_is_written_when_it_begins_or_ends_and_else_in_time() {
    let good = ready("True", "Succeeded", "Initialized", 1);
    let counted =
        |pending, dead| ShownStanding { counts: Some(Counts { pending, dead }), ..shown(&good, None, None) };
    let after = |status: &ObjectStatus, pending, dead| {
        let wanted = status.wanted(&counted(pending, dead), 1, None);
        (status.difference(&wanted), written(&wanted))
    };
    let there = written(&ObjectStatus::default().wanted(&shown(&good, None, None), 1, None));
    assert_eq!(after(&there, 0, 0).0, Difference::None, "nothing to say of nothing");
    let (difference, waits) = after(&there, 7, 0);
    assert_eq!((difference, waits.pending, waits.dead_letters), (Difference::Flipped, Some(7), Some(0)));
    assert_eq!(after(&waits, 9, 0).0, Difference::Stale);
    assert_eq!(after(&waits, 7, 1).0, Difference::Flipped);
    assert_eq!(after(&waits, 0, 0).0, Difference::Flipped);
    assert!(waits.has_backlog() && !there.has_backlog());
    // A new process has not counted yet.
    assert_eq!(waits.difference(&waits.wanted(&shown(&good, None, None), 1, None)), Difference::None);
}

/// A Receiver whose status is to say this of its path.
fn receiver<'a>(
    ready: &'a Arc<Condition>,
    path: ShownPath<'a>,
    counts: Option<&'a WebhookCounts>,
) -> ShownStanding<'a> {
    let is_terminal = ready.reason == "InvalidCELExpression";
    let webhook = Some(ShownWebhook { path, counts, postponed: None });
    ShownStanding { is_terminal, observes_terminal: true, webhook, ..shown(ready, None, None) }
}

#[test]
fn k05_k07_what_ends_a_receiver_for_good_is_observed_and_stalls_it_and_keeps_its_path() {
    let good = ready("True", "Succeeded", "Receiver initialized for path: /hook/a", 1);
    let ready_status =
        ObjectStatus::default().wanted(&receiver(&good, ShownPath::Is("/hook/a"), None), 1, None);
    assert_eq!(ready_status.webhook_path.as_deref(), Some("/hook/a"));
    let bad = ready("False", "InvalidCELExpression", "terminally", 2);
    let stalled = ready_status.wanted(&receiver(&bad, ShownPath::AsBefore, None), 2, None);
    assert_eq!(stalled.observed_generation, Some(2));
    assert_eq!(
        kinds(&stalled),
        [("Stalled", "InvalidCELExpression", 2), ("Ready", "InvalidCELExpression", 2)]
    );
    assert_eq!(stalled.webhook_path.as_deref(), Some("/hook/a"), "requests to it get 503");
}

#[test]
fn k08_a_missing_token_clears_the_path_is_tried_again_and_not_observed() {
    let before = ObjectStatus {
        observed_generation: Some(1),
        webhook_path: Some("/hook/a".into()),
        ..ObjectStatus::default()
    };
    let missing = ready("False", "TokenNotFound", "secret", 2);
    let now = before.wanted(&receiver(&missing, ShownPath::Nothing, None), 2, None);
    assert_eq!((now.webhook_path.as_deref(), now.observed_generation), (None, Some(1)));
    assert_eq!(kinds(&now), [("Reconciling", "ProgressingWithRetry", 2), ("Ready", "TokenNotFound", 2)]);
    assert_eq!(before.difference(&now), Difference::Condition);
    assert_eq!(written(&now), now);
}

#[test]
fn issue_20_the_last_request_is_shown_and_another_verdict_is_written_sooner_than_another_time() {
    let good = ready("True", "Succeeded", "Receiver initialized for path: /hook/a", 1);
    let counts = |accepted, verdict| WebhookCounts {
        receiver: campanile_domain::ObjectKey::new("apps", "hook"),
        accepted,
        postponed: 0,
        refused: 0,
        failed: 0,
        last: campanile_protocol::LastWebhook {
            at: noon(),
            verdict,
            reason: "done".to_owned(),
            resources: 2,
        },
    };
    let says = |counts: &WebhookCounts| {
        let shown = receiver(&good, ShownPath::Is("/hook/a"), Some(counts));
        ObjectStatus::default().wanted(&shown, 1, None)
    };
    let one = says(&counts(1, WebhookVerdict::Accepted));
    let patch = one.patch("u", "7");
    let last =
        json!({"time": "2026-08-07T12:00:00Z", "verdict": "accepted", "reason": "done", "resources": 2});
    assert_eq!(patch["status"]["lastWebhook"], last);
    assert_eq!(
        patch["status"]["webhooks"],
        json!({"accepted": 1, "postponed": 0, "refused": 0, "failed": 0})
    );
    assert_eq!(written(&one), one);
    assert_eq!(one.difference(&says(&counts(2, WebhookVerdict::Accepted))), Difference::Stale);
    assert_eq!(one.difference(&says(&counts(2, WebhookVerdict::Refused))), Difference::Flipped);
}

#[test]
fn issue_20_what_waits_for_the_api_server_is_shown_and_its_first_and_last_are_written_sooner() {
    let good = ready("True", "Succeeded", "Receiver initialized for path: /hook/a", 1);
    let says = |before: &ObjectStatus, waiting, expired| {
        let receiver = campanile_domain::ObjectKey::new("apps", "hook");
        let counts = campanile_protocol::PostponedCounts { receiver, waiting, expired, failed: 0 };
        let path = ShownPath::Is("/hook/a");
        let webhook = Some(ShownWebhook { path, counts: None, postponed: Some(&counts) });
        before.wanted(&ShownStanding { webhook, ..shown(&good, None, None) }, 1, None)
    };
    let quiet = ObjectStatus::default().wanted(&receiver(&good, ShownPath::Is("/hook/a"), None), 1, None);
    let one = says(&quiet, 1, 0);
    let wanted = json!({"waiting": 1, "expired": 0, "failed": 0});
    assert_eq!(one.patch("u", "7")["status"]["reconciles"], wanted);
    assert_eq!(written(&one), one);
    assert_eq!(quiet.difference(&one), Difference::Flipped);
    assert_eq!(one.difference(&says(&one, 2, 0)), Difference::Stale);
    assert_eq!(one.difference(&says(&one, 0, 0)), Difference::Flipped);
    assert_eq!(one.difference(&says(&one, 1, 1)), Difference::Flipped);
    assert_eq!(quiet.difference(&says(&quiet, 0, 0)), Difference::None, "zeros are as good as nothing");
    let shown = receiver(&good, ShownPath::Is("/hook/a"), None);
    assert_eq!(one.wanted(&shown, 1, None).reconciles, one.reconciles, "it stays before anything is known");
}
