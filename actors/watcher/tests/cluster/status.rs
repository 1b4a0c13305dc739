use campanile_domain::{AlertRef, Failure, FailureClass};
use campanile_protocol::{Announce, Backlog, Counts, DeliveryOutcome, DeliveryReport, Report, Subject};
use jiff::Timestamp;
use serde_json::json;

use crate::api::{condition, kubeconfig, until};
use crate::rig::{Rig, run};

#[test]
fn v01_v09_v10_status_is_written_back_by_the_rules_of_kstatus() {
    run("status", async |namespace| {
        namespace.secret("t").await;
        namespace.alert("on-call").await;
        let rig = Rig::new(&namespace);
        let failed = namespace
            .until_status("Alert", "on-call", |status| condition(status, "Ready")["status"] == "False");
        let failed = failed.await;
        let message = condition(&failed, "Ready")["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with(&format!("failed to get provider '{}/chat': not found", namespace.name)),
            "{message}"
        );
        assert_eq!(condition(&failed, "Reconciling")["reason"], "ProgressingWithRetry");
        assert_eq!(failed["observedGeneration"], -1);
        namespace.provider("chat").await;
        let good = namespace
            .until_status("Alert", "on-call", |status| condition(status, "Ready")["status"] == "True")
            .await;
        assert_eq!(
            (condition(&good, "Ready")["message"].as_str(), &good["observedGeneration"]),
            (Some("Initialized"), &json!(1))
        );
        assert!(condition(&good, "Reconciling").is_null());
        rig.until_heard(|changes| !changes.providers.is_empty()).await;
        rig.resolved("chat", 1);
        let good = namespace
            .until_status("Provider", "chat", |status| condition(status, "Ready")["status"] == "True")
            .await;
        assert_eq!(condition(&good, "Delivering")["status"], "Unknown");
    });
}

#[test]
fn v04_a_request_to_reconcile_is_answered() {
    run("requested", async |namespace| {
        namespace.alert("on-call").await;
        let _rig = Rig::new(&namespace);
        let annotations = json!({"reconcile.fluxcd.io/requestedAt": "just now"});
        namespace.patch("Alert", "on-call", json!({"metadata": {"annotations": annotations}})).await;
        namespace
            .until_status("Alert", "on-call", |status| status["lastHandledReconcileAt"] == "just now")
            .await;
    });
}

#[test]
fn a_request_on_a_provider_has_its_queue_tried_once() {
    run("tried", async |namespace| {
        let chat = json!({"type": "generic", "address": "http://127.0.0.1:10/"});
        namespace.provider("chat").await;
        let request =
            |time: &str| json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": time}}});
        namespace.patch("Provider", "chat", request("before the start")).await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        namespace.patch("Provider", "chat", request("now")).await;
        let heard = rig.until_heard(|changes| !changes.requested.is_empty()).await;
        let requested: Vec<_> = heard.iter().flat_map(|changes| &changes.requested).collect();
        assert_eq!(requested, [&rig.key("chat")]);
        namespace.patch("Provider", "chat", json!({"spec": chat})).await;
        let heard = rig.until_heard(|changes| !changes.providers.is_empty()).await;
        assert!(heard.iter().all(|changes| changes.requested.is_empty()), "{heard:?}");
    });
}

#[test]
fn a_delivery_shows_on_its_alert_and_provider() {
    run("delivery", async |namespace| {
        namespace.alert("on-call").await;
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        let initial = rig.initial().await;
        assert_eq!(initial.alerts.len(), 1);
        let uid = namespace.ours("Alert").get("on-call").await.unwrap().metadata.uid.unwrap();
        let failure = Failure::new(FailureClass::Rejected, "the destination refused it");
        let at = Timestamp::from_second(1_786_104_000).unwrap();
        let alert = AlertRef { key: rig.key("on-call"), uid };
        rig.watcher.do_send(Report::Delivery(DeliveryReport {
            provider: rig.key("chat"),
            alert,
            at,
            outcome: DeliveryOutcome::Dead(failure),
        }));
        for (kind, name) in [("Alert", "on-call"), ("Provider", "chat")] {
            let status = namespace.until_status(kind, name, |status| !status["lastDelivery"].is_null()).await;
            assert_eq!(status["lastDelivery"], json!({"time": "2026-08-07T12:00:00Z", "result": "dead"}));
            assert_eq!(status["lastError"], "the destination refused it");
        }
    });
}

#[test]
fn what_waits_and_what_is_dead_shows_on_its_alert_and_provider_until_it_is_gone() {
    run("backlog", async |namespace| {
        namespace.alert("on-call").await;
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let counts = Counts { pending: 7, dead: 2 };
        let backlog = Backlog {
            providers: [(rig.key("chat"), counts)].into(),
            alerts: [(rig.key("on-call"), counts), (rig.key("gone"), counts)].into(),
        };
        let shows = |pending: u64, dead: u64| {
            move |status: &serde_json::Value| status["pending"] == pending && status["deadLetters"] == dead
        };
        rig.watcher.do_send(Report::Backlog(backlog.into()));
        namespace.until_status("Alert", "on-call", shows(7, 2)).await;
        namespace.until_status("Provider", "chat", shows(7, 2)).await;
        let table = rig.objects().await;
        assert_eq!((table.alerts[0].object.pending, table.alerts[0].object.dead_letters), (7, 2));
        drop(rig);
        // What an earlier process left is put right by the first count of the next.
        let next = Rig::new(&namespace);
        next.initial().await;
        next.watcher.do_send(Report::Backlog(Backlog::default().into()));
        namespace.until_status("Alert", "on-call", shows(0, 0)).await;
        namespace.until_status("Provider", "chat", shows(0, 0)).await;
    });
}

#[test]
fn a_new_watcher_leaves_a_good_status_as_it_is() {
    run("restart", async |namespace| {
        namespace.alert("on-call").await;
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        rig.resolved("chat", 1);
        let is_ready = |status: &serde_json::Value| condition(status, "Ready")["status"] == "True";
        namespace.until_status("Provider", "chat", is_ready).await;
        namespace.until_status("Alert", "on-call", is_ready).await;
        drop(rig);
        let version = async || {
            let provider = namespace.ours("Provider").get("chat").await.unwrap();
            provider.metadata.resource_version.unwrap()
        };
        let before = version().await;
        let second = Rig::new(&namespace);
        second.initial().await;
        assert_eq!(second.objects().await.providers[0].object.conditions[0].status, "True");
        // A change of the Alert that is written after the Provider had its turn.
        namespace.patch("Alert", "on-call", json!({"spec": {"providerRef": {"name": "other"}}})).await;
        namespace.until_status("Alert", "on-call", |status| !is_ready(status)).await;
        assert_eq!(version().await, before);
    });
}

#[test]
fn a_new_watcher_says_that_messages_wait_until_one_got_through() {
    run("still-down", async |namespace| {
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        rig.resolved("chat", 1);
        rig.stopped("chat", "the token is revoked");
        let delivering = |status: &serde_json::Value| condition(status, "Delivering")["status"].clone();
        namespace.until_status("Provider", "chat", |status| delivering(status) == "False").await;
        drop(rig);
        let second = Rig::new(&namespace);
        second.initial().await;
        second.resolved("chat", 1);
        let shown = async || second.objects().await.providers[0].object.conditions[1].status.clone();
        assert_eq!(shown().await, "False", "that it resolves says nothing of the destination");
        second.watcher.do_send(Report::Delivery(DeliveryReport {
            provider: second.key("chat"),
            alert: AlertRef { key: second.key("on-call"), uid: String::new() },
            at: Timestamp::from_second(1_786_104_000).unwrap(),
            outcome: DeliveryOutcome::Delivered,
        }));
        namespace.until_status("Provider", "chat", |status| delivering(status) == "True").await;
        assert_eq!(shown().await, "True");
    });
}

#[test]
fn k01_k03_k07_our_old_finalizer_goes_and_a_suspended_alert_keeps_it_until_deletion() {
    run("finalizers", async |namespace| {
        let metadata = json!({"finalizers": ["foo.bar/x", "finalizers.fluxcd.io"]});
        let spec = crate::api::alert_spec();
        namespace.create("Alert", "awake", json!({"metadata": metadata, "spec": spec})).await;
        let ours = json!({"finalizers": ["finalizers.fluxcd.io"]});
        let mut suspended = spec.clone();
        suspended["suspend"] = true.into();
        namespace.create("Alert", "asleep", json!({"metadata": ours, "spec": suspended})).await;
        namespace.create("Provider", "chat", json!({"metadata": ours, "spec": {"type": "generic"}})).await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let finalizers = async |kind, name| {
            namespace.ours(kind).get(name).await.unwrap().metadata.finalizers.unwrap_or_default()
        };
        until(async || (finalizers("Alert", "awake").await == ["foo.bar/x"]).then_some(())).await;
        until(async || finalizers("Provider", "chat").await.is_empty().then_some(())).await;
        namespace.until_status("Alert", "asleep", |status| !condition(status, "Ready").is_null()).await;
        assert_eq!(finalizers("Alert", "asleep").await, ["finalizers.fluxcd.io"]);
        namespace.ours("Alert").delete("asleep", &Default::default()).await.unwrap();
        until(async || namespace.ours("Alert").get_opt("asleep").await.unwrap().is_none().then_some(()))
            .await;
    });
}

#[test]
fn v08_an_object_that_is_being_deleted_and_held_by_another_is_left_alone() {
    run("held", async |namespace| {
        for (kind, name, spec) in [
            ("Alert", "held", crate::api::alert_spec()),
            ("Provider", "held", json!({"type": "generic", "address": "http://127.0.0.1:9/"})),
        ] {
            let metadata = json!({"finalizers": ["foo.bar/x"]});
            namespace.create(kind, name, json!({"metadata": metadata, "spec": spec})).await;
            namespace.ours(kind).delete(name, &Default::default()).await.unwrap();
        }
        namespace.alert("other").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        // Written after those two had their turn.
        namespace.until_status("Alert", "other", |status| !condition(status, "Ready").is_null()).await;
        assert_eq!(rig.objects().await.problems, [""; 0]);
        for kind in ["Alert", "Provider"] {
            let held = namespace.ours(kind).get("held").await.unwrap();
            assert_eq!(held.metadata.finalizers.unwrap(), ["foo.bar/x"]);
            assert!(condition(&held.data["status"], "Ready").is_null());
            namespace.patch(kind, "held", json!({"metadata": {"finalizers": null}})).await;
        }
        until(async || rig.objects().await.providers.is_empty().then_some(())).await;
        assert_eq!(rig.objects().await.alerts.len(), 1);
    });
}

#[test]
fn only_the_leader_writes_and_a_new_leader_makes_up_for_it() {
    run("leader", async |namespace| {
        namespace.alert("on-call").await;
        let rig = Rig::with(&namespace, kubeconfig(), false);
        rig.initial().await;
        assert_eq!(rig.objects().await.alerts[0].object.conditions[0].status, "False");
        // Each of these would have been written on the way.
        for name in ["two", "three", "four"] {
            namespace.alert(name).await;
            rig.until_heard(|changes| !changes.initial && !changes.alerts.is_empty()).await;
        }
        let status = namespace.ours("Alert").get("on-call").await.unwrap().data["status"].take();
        assert_eq!(status, json!({"observedGeneration": -1}));
        rig.leader.send(true).unwrap();
        namespace
            .until_status("Alert", "on-call", |status| condition(status, "Ready")["status"] == "False")
            .await;
    });
}

#[test]
fn a_broken_pattern_is_said_on_the_alert_and_repetitions_are_counted() {
    run("announce", async |namespace| {
        let mut spec = crate::api::alert_spec();
        spec["inclusionList"] = json!(["["]);
        namespace.create("Alert", "on-call", json!({"spec": spec})).await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let events = namespace.core("Event");
        let event = async || events.list(&Default::default()).await.unwrap().items.into_iter().next();
        let said = until(event).await;
        assert_eq!(said.data["message"], "failed to compile inclusion regex: [");
        assert_eq!((&said.data["reason"], &said.data["type"]), (&json!("InvalidConfig"), &json!("Warning")));
        assert_eq!(said.data["involvedObject"]["name"], "on-call");
        assert_eq!(said.data["source"]["component"], "notification-controller");
        rig.watcher.do_send(Announce::warning(
            Subject::Alert(rig.key("on-call")),
            "InvalidConfig",
            "failed to compile inclusion regex: [",
        ));
        until(async || event().await.filter(|event| event.data["count"] == 2)).await;
    });
}

#[test]
fn v05_v06_an_invalid_proxy_stalls_a_provider_until_it_is_corrected() {
    run("stalled", async |namespace| {
        let spec =
            json!({"type": "generic", "address": "http://127.0.0.1:9/", "proxy": "https://proxy.internal|"});
        namespace.create("Provider", "chat", json!({"spec": spec})).await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        rig.resolved("chat", 1);
        let is = |ready: &'static str| {
            move |status: &serde_json::Value| condition(status, "Ready")["status"] == ready
        };
        let status = namespace.until_status("Provider", "chat", is("False")).await;
        assert_eq!(condition(&status, "Ready")["reason"], "InvalidURL");
        assert_eq!(condition(&status, "Stalled")["status"], "True");
        assert!(condition(&status, "Reconciling").is_null());
        assert_eq!(status["observedGeneration"], -1);
        namespace.patch("Provider", "chat", json!({"spec": {"proxy": "https://proxy.internal"}})).await;
        rig.until_heard(|changes| !changes.initial && !changes.providers.is_empty()).await;
        rig.resolved("chat", 2);
        let status = namespace.until_status("Provider", "chat", is("True")).await;
        assert!(condition(&status, "Stalled").is_null() && condition(&status, "Reconciling").is_null());
        assert_eq!(status["observedGeneration"], 2);
    });
}
