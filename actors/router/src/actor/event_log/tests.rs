use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use campanile_domain::{Alert, MetadataSource, ObjectKey};
use campanile_testkit::{alert, event, new_delivery};
use serde_json::Value;

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged while `act` runs, as `LEVEL message`, and the fields of the last line.
fn logged(act: impl FnOnce()) -> (Vec<String>, Value) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, act);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let describe = |record: &Value| {
        let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}", part(&record["level"]), part(&record["fields"]["message"]))
    };
    let last = records.last().map(|record| record["fields"].clone()).unwrap_or_default();
    (records.iter().map(describe).collect(), last)
}

fn dropped(name: &str, reason: DropReason) -> Dropped {
    Dropped { alert: Arc::new(Alert { key: ObjectKey::new("apps", name), ..alert() }), reason }
}

fn noticed(problem: Problem) -> Plan {
    let alert = Arc::new(Alert { inclusion: vec!["[".into()], ..alert() });
    let notices = vec![OwnerNotice { alert, problem }];
    Plan { notices, deliveries: vec![new_delivery()], ..Plan::default() }
}

#[test]
fn an_event_without_alerts_is_discarded_and_one_with_dispatched() {
    let (lines, fields) = logged(|| log(&event(), &Plan::default()));
    assert_eq!(lines, ["INFO discarding event, no alerts found for the involved object"]);
    assert_eq!(fields["eventInvolvedObject.name"], "podinfo");
    let plan = Plan { deliveries: vec![new_delivery()], ..Plan::default() };
    assert_eq!(logged(|| log(&event(), &plan)).0, ["INFO dispatching event"]);
    assert!(logged(|| log(&event(), &Plan { not_yet: true, ..Plan::default() })).0.is_empty());
}

#[test]
fn issue_18_what_stopped_an_event_is_a_line_for_each_step_with_the_alerts() {
    let mut plan = Plan::default();
    let mut stop = |name: &str, step| {
        plan.stops.note(&Arc::new(Alert { key: ObjectKey::new("apps", name), ..alert() }), step);
    };
    stop("loud", DecidingStep::Severity);
    stop("quiet", DecidingStep::Excluded);
    stop("louder", DecidingStep::Severity);
    let (lines, fields) = logged(|| log(&event(), &plan));
    let expected = [
        "INFO the event was stopped by its severity: the alerts want another",
        "INFO the event was stopped by a pattern: an exclusion of the alerts matches its message",
        "INFO discarding event, no alerts found for the involved object",
    ];
    assert_eq!(lines, expected);
    assert_eq!(fields["eventInvolvedObject.name"], "podinfo");
    plan.stops.first.retain(|(_, step)| *step == DecidingStep::Severity);
    let (_, fields) = logged(|| log_stops(&event(), &plan.stops));
    assert_eq!((&fields["alerts"], &fields["more"]), (&"apps/loud, apps/louder".into(), &Value::Null));
    for number in 0..Stops::MOST {
        plan.stops.note(
            &Arc::new(Alert { key: ObjectKey::new("apps", number.to_string().as_str()), ..alert() }),
            DecidingStep::Severity,
        );
    }
    assert_eq!(logged(|| log_stops(&event(), &plan.stops)).1["more"], 2);
}

#[test]
fn issue_18_alerts_of_suspended_providers_share_a_line() {
    let drops = ["a", "b"].map(|name| dropped(name, DropReason::ProviderSuspended));
    let (lines, fields) = logged(|| log(&event(), &Plan { drops: drops.into(), ..Plan::default() }));
    assert_eq!(lines[1..], ["INFO the event was dropped for alerts whose provider is suspended"]);
    assert_eq!(fields["alerts"], "apps/a, apps/b");
}

#[test]
fn an_alert_that_can_not_be_served_is_an_error_and_a_silent_drop_none() {
    let silent = [DropReason::NoState, DropReason::CommitStatusUpdate].map(|reason| dropped("a", reason));
    let mut plan = Plan { drops: silent.into(), ..Plan::default() };
    assert_eq!(logged(|| log(&event(), &plan)).0, ["INFO dispatching event"]);
    plan.drops.push(dropped("b", DropReason::ProviderMissing));
    let (lines, fields) = logged(|| log(&event(), &plan));
    assert_eq!(lines, ["INFO dispatching event", "ERROR failed to dispatch notification"]);
    assert_eq!((&fields["alert.name"], &fields["alert.providerName"]), (&"b".into(), &"chat".into()));
    assert!(fields["error"].as_str().unwrap().starts_with("failed to read provider: "));
}

#[test]
fn alerts_skipped_for_want_of_budget_or_room_share_a_line_however_many_they_are() {
    for reason in [DropReason::OverBudget, DropReason::FanOut] {
        let drops = (0..300).map(|name| dropped(&format!("a-{name}"), reason.clone())).collect();
        let (lines, fields) = logged(|| log(&event(), &Plan { drops, ..Plan::default() }));
        assert_eq!(lines, ["INFO dispatching event", "ERROR failed to dispatch notification"]);
        assert_eq!((&fields["alert.name"], &fields["alerts"]), (&"a-0".into(), &300.into()));
    }
}

#[test]
fn d12_alerts_dropped_for_want_of_a_commit_share_a_line() {
    let drops = ["a", "b"].map(|name| dropped(name, DropReason::NoCommit));
    let mut plan = Plan { drops: drops.into(), ..Plan::default() };
    plan.drops.push(dropped("c", DropReason::NoChangeRequest));
    let (lines, fields) = logged(|| log(&event(), &plan));
    let expected = [
        "INFO dispatching event",
        "INFO event dropped for commit status providers due to missing commit metadata key",
        "INFO event dropped for change request providers due to missing change request metadata key",
    ];
    assert_eq!(lines, expected);
    assert_eq!(fields["alerts"], "apps/c");
    plan.drops.pop();
    assert_eq!(logged(|| log(&event(), &plan)).1["alerts"], "apps/a, apps/b");
}

#[test]
fn notices_are_logged_at_their_levels() {
    let (lines, _) = logged(|| log(&event(), &noticed(Problem::BadInclusion(0))));
    assert_eq!(lines, ["ERROR failed to compile inclusion regex: [", "INFO dispatching event"]);
    let (lines, _) = logged(|| log(&event(), &noticed(Problem::ObjectNotFound)));
    assert_eq!(lines[0], "ERROR error getting the involved object");
}

#[test]
fn y06_conflicting_keys_are_logged_with_their_sources() {
    let conflict = |key: &str| Conflict {
        key: key.into(),
        sources: vec![MetadataSource::EventMetadata, MetadataSource::Controller],
    };
    let plan = noticed(Problem::MetadataConflicts(vec![conflict("a"), conflict("b")]));
    let (lines, fields) = logged(|| log_notice(&event(), &plan.notices[0]));
    assert_eq!(lines, [format!("INFO warning: {}", texts::CONFLICTS)]);
    let sources = "Alert object .spec.eventMetadata, involved object controller metadata";
    assert_eq!(fields["conflictingKeys"], format!("a: {sources}; b: {sources}"));
}

#[test]
fn a_deprecated_summary_is_logged_when_the_alert_changes() {
    assert!(logged(|| log_deprecation(&alert())).0.is_empty());
    let (lines, fields) = logged(|| log_deprecation(&Alert { summary: "x".into(), ..alert() }));
    assert!(
        lines[0].starts_with("INFO warning: specifying an alert summary with '.spec.summary' is deprecated")
    );
    assert_eq!(fields["Alert.name"], "on-call");
}
