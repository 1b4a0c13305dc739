use std::time::Duration;

use campanile_domain::{AlertRef, Failure, FailureClass, ObjectKey};
use campanile_protocol::{
    Announce, Condition, DeliveryOutcome, DeliveryReport, ProviderState, Report, Subject, reason,
};
use campanile_supervision::Clock;
use campanile_testkit::{noon, run};

use super::rig::Rig;
use super::{alert, provider, secret};

fn state(ready: Result<(), Failure>, delivering: Result<(), Failure>) -> Report {
    Report::Provider(ProviderState {
        provider: ObjectKey::new("apps", "chat"),
        generation: 1,
        ready,
        delivering,
        remark: None,
    })
}

fn failure(message: &str) -> Failure {
    Failure::new(FailureClass::Config, message)
}

fn brief(condition: &Condition) -> (&str, &str, &str, &str) {
    (&condition.kind, &condition.status, &condition.reason, &condition.message)
}

async fn alert_ready(rig: &Rig) -> Condition {
    rig.loaded().await;
    rig.objects().await.alerts[0].object.conditions[0].clone()
}

async fn provider_conditions(rig: &Rig) -> Vec<Condition> {
    rig.loaded().await;
    rig.objects().await.providers[0].object.conditions.clone()
}

#[test]
fn v01_a_sound_provider_is_ready_when_the_dispatcher_has_resolved_it() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        let conditions = provider_conditions(&rig).await;
        assert_eq!(brief(&conditions[0]), ("Ready", "Unknown", "Progressing", "Reconciliation in progress"));
        assert_eq!(conditions[1].status, "Unknown");
        rig.watcher.do_send(state(Ok(()), Ok(())));
        let conditions = provider_conditions(&rig).await;
        assert_eq!(brief(&conditions[0]), ("Ready", "True", "Succeeded", "Initialized"));
        let unproven = "nothing was delivered yet; `campanile send` tries it";
        assert_eq!(brief(&conditions[1]), ("Delivering", "Unknown", "Progressing", unproven));
        assert_eq!(conditions[0].observed_generation, 1);
    });
}

#[test]
fn issue_17_what_the_owner_should_know_stands_behind_what_is_well() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        let provider = ObjectKey::new("apps", "chat");
        let (ready, delivering, remark) = (Ok(()), Ok(()), Some("two objects share a commit status".into()));
        rig.loaded().await;
        rig.watcher.do_send(Report::Provider(ProviderState {
            provider,
            generation: 1,
            ready,
            delivering,
            remark,
        }));
        let conditions = provider_conditions(&rig).await;
        let message = "Initialized; two objects share a commit status";
        assert_eq!(brief(&conditions[0]), ("Ready", "True", "Succeeded", message));
        rig.watcher.do_send(state(Ok(()), Ok(())));
        assert_eq!(provider_conditions(&rig).await[0].message, "Initialized");
    });
}

#[test]
fn whether_messages_get_through_is_known_from_messages_alone() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        rig.watcher.do_send(state(Ok(()), Ok(())));
        let report = |seconds: u64, outcome| {
            rig.watcher.do_send(Report::Delivery(DeliveryReport {
                provider: ObjectKey::new("apps", "chat"),
                alert: AlertRef { key: ObjectKey::new("apps", "on-call"), uid: "u1".into() },
                at: noon() + Duration::from_secs(seconds),
                outcome,
            }));
        };
        let delivering = async || provider_conditions(&rig).await.remove(1);
        assert_eq!(delivering().await.status, "Unknown");
        report(0, DeliveryOutcome::Delivered);
        let good = delivering().await;
        assert_eq!(
            brief(&good),
            ("Delivering", "True", "Succeeded", "nothing stands in the way of messages")
        );
        for seconds in [10, 24] {
            report(seconds, DeliveryOutcome::Delayed(failure("no answer")));
            assert_eq!(delivering().await.status, "True", "an attempt may take 15 s");
        }
        report(25, DeliveryOutcome::Delayed(failure("no answer")));
        assert_eq!(brief(&delivering().await), ("Delivering", "False", "Retrying", "no answer"));
        report(40, DeliveryOutcome::Delivered);
        assert_eq!(delivering().await.status, "True");
        report(41, DeliveryOutcome::Delayed(failure("no answer")));
        assert_eq!(
            delivering().await.status,
            "True",
            "the time counts from the first failure since a success"
        );
    });
}

#[test]
fn issue_18_a_provider_is_retrying_as_soon_as_its_first_failure_is_older_than_an_attempt_may_take() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        rig.watcher.do_send(state(Ok(()), Ok(())));
        let clock = ward.clock.clone();
        let report = |outcome| {
            rig.watcher.do_send(Report::Delivery(DeliveryReport {
                provider: ObjectKey::new("apps", "chat"),
                alert: AlertRef { key: ObjectKey::new("apps", "on-call"), uid: "u1".into() },
                at: clock.now(),
                outcome,
            }));
        };
        let refused = || Failure::new(FailureClass::Rejected, "no such channel");
        report(DeliveryOutcome::Delayed(failure("no answer")));
        report(DeliveryOutcome::Dead(refused()));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(provider_conditions(&rig).await[1].status, "Unknown", "nothing is tried again");
        let begun = clock.now();
        report(DeliveryOutcome::Delayed(failure("no answer")));
        report(DeliveryOutcome::Delayed(failure("still none")));
        assert_eq!(provider_conditions(&rig).await[1].status, "Unknown", "an attempt may take 15 s");
        let table = rig.until(|table| table.providers[0].object.conditions[1].status == "False").await;
        let delivering = &table.providers[0].object.conditions[1];
        assert_eq!(brief(delivering), ("Delivering", "False", "Retrying", "still none"));
        let took = clock.now().duration_since(begun).as_secs();
        assert!((15..18).contains(&took), "nothing failed again, and it took {took} s");
        report(DeliveryOutcome::Delivered);
        assert_eq!(provider_conditions(&rig).await[1].status, "True");
    });
}

#[test]
fn a_report_on_an_older_generation_does_not_count() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        rig.write("p.yaml", &provider("http://two"));
        rig.until(|table| table.providers[0].object.conditions[0].observed_generation == 2).await;
        rig.watcher.do_send(state(Ok(()), Ok(())));
        assert_eq!(provider_conditions(&rig).await[0].status, "Unknown");
    });
}

#[test]
fn v02_v03_a_missing_secret_is_named_until_it_appears() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one\n  secretRef: {name: token}"))]);
        rig.watcher.do_send(state(Ok(()), Ok(())));
        let message = "failed to get secret 'apps/token': not found; create it or correct spec.secretRef";
        let ready = provider_conditions(&rig).await.remove(0);
        assert_eq!(brief(&ready), ("Ready", "False", "ValidationFailed", message));
        rig.watcher.do_send(state(Ok(()), Ok(())));
        rig.write("s.yaml", &secret("t"));
        rig.until(|table| table.providers[0].object.conditions[0].status == "True").await;
    });
}

#[test]
fn what_the_dispatcher_finds_wrong_is_shown_and_an_outage_is_not_unreadiness() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        rig.watcher.do_send(state(Err(failure("bad address; correct it")), Ok(())));
        assert_eq!(
            brief(&provider_conditions(&rig).await[0]),
            ("Ready", "False", "ValidationFailed", "bad address; correct it")
        );
        rig.watcher.do_send(state(Ok(()), Err(failure("token refused; renew it"))));
        let conditions = provider_conditions(&rig).await;
        assert_eq!(brief(&conditions[0]), ("Ready", "True", "Succeeded", "Initialized"));
        assert_eq!(brief(&conditions[1]), ("Delivering", "False", "Failed", "token refused; renew it"));
    });
}

#[test]
fn a_provider_of_unknown_type_is_shown_not_ready_and_disturbs_nothing() {
    run(async |ward| {
        let unknown = provider("http://one").replace("generic", "pigeon");
        let rig = Rig::new(&ward, &[("p.yaml", unknown), ("a.yaml", alert("on-call"))]);
        let ready = provider_conditions(&rig).await.remove(0);
        assert_eq!(ready.status, "False");
        let start = "provider type 'pigeon' is not supported; use one of generic, generic-hmac, slack, ";
        assert!(ready.message.starts_with(start), "{}", ready.message);
        assert_eq!(brief(&alert_ready(&rig).await), ("Ready", "True", "Succeeded", "Initialized"));
        assert_eq!(rig.objects().await.problems, Vec::<String>::new());
    });
}

#[test]
fn an_object_that_can_not_be_used_is_not_ready_and_one_that_was_good_stays_in_force() {
    run(async |ward| {
        let bad = alert("on-call").replace("providerRef: {name: chat}", "eventSeverity: loud");
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one")), ("a.yaml", bad.clone())]);
        let ready = alert_ready(&rig).await;
        assert_eq!(brief(&ready).0, "Ready");
        assert_eq!((&*ready.status, &*ready.reason), ("False", "ValidationFailed"));
        let said = "spec.providerRef is required; spec.eventSeverity must be 'info' or 'error' (";
        assert!(ready.message.starts_with(said) && ready.message.ends_with("a.yaml:1)"), "{}", ready.message);
        assert_eq!(rig.objects().await.problems.len(), 2, "one for each line, and none twice");
        assert_eq!(rig.snapshot().await.alerts, 0);

        rig.write("a.yaml", &alert("on-call"));
        rig.until(|table| table.alerts[0].object.conditions[0].status == "True").await;
        rig.heard();
        rig.write("a.yaml", &bad);
        let table = rig.until(|table| table.alerts[0].object.conditions[0].status == "False").await;
        let message = &table.alerts[0].object.conditions[0].message;
        assert!(message.ends_with("until it is corrected, what it was before counts"), "{message}");
        assert_eq!((rig.snapshot().await.alerts, rig.heard()), (1, Vec::new()));
        std::fs::remove_file(rig.folder().join("a.yaml")).unwrap();
        rig.until(|table| table.alerts.is_empty()).await;
    });
}

#[test]
fn v09_v10_an_alert_names_its_missing_provider_until_it_is_there() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("a.yaml", alert("on-call"))]);
        let message = "failed to get provider 'apps/chat': not found; create it or correct spec.providerRef";
        assert_eq!(brief(&alert_ready(&rig).await), ("Ready", "False", "Failed", message));
        rig.write("p.yaml", &provider("http://one"));
        let table = rig.until(|table| table.alerts[0].object.conditions[0].status == "True").await;
        assert_eq!(
            brief(&table.alerts[0].object.conditions[0]),
            ("Ready", "True", "Succeeded", "Initialized")
        );
        assert_eq!((table.alerts[0].provider.as_str(), table.alerts[0].object.suspended), ("chat", false));
    });
}

#[test]
fn an_alert_with_a_broken_pattern_or_selector_says_so() {
    run(async |ward| {
        let broken = alert("on-call").replace("name: '*'", "name: '*', matchLabels: {team: 'a b'}")
            + "  inclusionList: ['[']\n  suspend: true\n";
        let rig = Rig::new(&ward, &[("a.yaml", broken), ("p.yaml", provider("http://one"))]);
        let ready = alert_ready(&rig).await;
        assert_eq!((&*ready.status, &*ready.reason), ("False", "ValidationFailed"));
        assert!(ready.message.contains("spec.inclusionList[0] is not a valid pattern"), "{}", ready.message);
        assert!(
            ready.message.contains("spec.eventSources[0].matchLabels selects nothing"),
            "{}",
            ready.message
        );
        assert!(rig.objects().await.alerts[0].object.suspended);
    });
}

#[test]
fn the_time_of_transition_changes_only_with_status_reason_or_message() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        let ready = async || provider_conditions(&rig).await.remove(0);
        rig.watcher.do_send(state(Ok(()), Ok(())));
        let first = ready().await.last_transition_time;
        assert_eq!(first.subsec_nanosecond(), 0);
        tokio::time::advance(Duration::from_millis(5500)).await;
        rig.watcher.do_send(state(Ok(()), Ok(())));
        assert_eq!(ready().await.last_transition_time, first);
        rig.watcher.do_send(state(Err(failure("x")), Ok(())));
        let second = ready().await.last_transition_time;
        assert_eq!(second.subsec_nanosecond(), 0);
        assert!(second > first);
        tokio::time::advance(Duration::from_millis(5500)).await;
        rig.watcher.do_send(state(Err(failure("y")), Ok(())));
        assert!(ready().await.last_transition_time > second);
    });
}

#[test]
fn deliveries_are_shown_on_their_alert_and_provider() {
    run(async |ward| {
        let uid = alert("on-call").replace("  namespace", "  uid: u1\n  namespace");
        let rig = Rig::new(&ward, &[("a.yaml", uid), ("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        let report = |uid: &str, outcome| {
            rig.watcher.do_send(Report::Delivery(DeliveryReport {
                provider: ObjectKey::new("apps", "chat"),
                alert: AlertRef { key: ObjectKey::new("apps", "on-call"), uid: uid.into() },
                at: noon(),
                outcome,
            }));
        };
        report("u1", DeliveryOutcome::Delayed(failure("no answer")));
        let table = rig.objects().await;
        assert_eq!(table.alerts[0].object.last_error.as_deref(), Some("no answer"));
        assert_eq!(table.providers[0].object.last_error.as_deref(), Some("no answer"));
        assert_eq!(table.alerts[0].object.last_delivery, None);
        report("u1", DeliveryOutcome::Delivered);
        let table = rig.objects().await;
        assert_eq!(
            (table.alerts[0].object.last_delivery, table.alerts[0].object.last_error.as_ref()),
            (Some(noon()), None)
        );
        assert_eq!(table.providers[0].object.last_delivery, Some(noon()));
        report("of-an-earlier-alert", DeliveryOutcome::Dead(failure("gone")));
        let table = rig.objects().await;
        assert_eq!(table.alerts[0].object.last_error, None);
        assert_eq!(
            (table.providers[0].object.last_error.as_deref(), table.providers[0].object.last_delivery),
            (Some("gone"), Some(noon()))
        );
    });
}

#[test]
fn a_full_queue_is_shown_until_something_is_delivered_again() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        let chat = ObjectKey::new("apps", "chat");
        let delivery = |outcome| {
            rig.watcher.do_send(Report::Delivery(DeliveryReport {
                provider: chat.clone(),
                alert: AlertRef { key: ObjectKey::new("apps", "on-call"), uid: "u1".into() },
                at: noon(),
                outcome,
            }));
        };
        rig.watcher.do_send(state(Ok(()), Err(failure("no answer"))));
        let full = "7 notifications gave way";
        let on = Subject::Provider(chat.clone());
        rig.watcher.do_send(Announce::warning(on, reason::QUEUE_OVERFLOWED, full));
        delivery(DeliveryOutcome::Delayed(failure("no answer")));
        let row = rig.objects().await.providers.remove(0);
        assert_eq!(row.object.last_error.as_deref(), Some(full));
        assert_eq!(row.object.conditions[1].message, format!("no answer; {full}"));
        rig.watcher.do_send(state(Ok(()), Ok(())));
        delivery(DeliveryOutcome::Delivered);
        rig.watcher.do_send(state(Ok(()), Err(failure("no answer"))));
        let row = rig.objects().await.providers.remove(0);
        assert_eq!((row.object.last_error, &*row.object.conditions[1].message), (None, "no answer"));
    });
}

#[test]
fn an_object_that_is_made_anew_starts_anew() {
    run(async |ward| {
        let with_uid =
            |uid: &str| provider("http://one").replace("  namespace", &format!("  uid: {uid}\n  namespace"));
        let rig = Rig::new(&ward, &[("p.yaml", with_uid("u1"))]);
        rig.loaded().await;
        rig.watcher.do_send(state(Ok(()), Ok(())));
        assert_eq!(provider_conditions(&rig).await[0].status, "True");
        rig.write("p.yaml", &with_uid("u2"));
        rig.until(|table| table.providers[0].object.conditions[0].status == "Unknown").await;
    });
}
