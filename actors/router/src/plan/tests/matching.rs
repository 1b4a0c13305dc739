//! Contract, control plane 14.5.

use campanile_domain::Severity;
use campanile_testkit::source;

use super::*;

fn matches(source: EventSource) -> bool {
    !plan_for(&[Alert { sources: vec![source], ..alert() }], &event()).deliveries.is_empty()
}

fn severity_passes(alert_severity: Severity, event_severity: Severity) -> bool {
    let alert = Alert { severity: alert_severity, ..alert() };
    !plan_for(&[alert], &Event { severity: event_severity, ..event() }).deliveries.is_empty()
}

/// An Alert for objects that carry `pairs`.
fn labelled(pairs: &[(&str, &str)]) -> Alert {
    let labelled = EventSource { match_labels: Some(map(pairs)), ..source() };
    Alert { sources: vec![labelled], ..alert() }
}

fn plan_with(alert: &Alert, labels: &dyn LabelLookup) -> Plan {
    plan_at_noon(&event(), &index(std::slice::from_ref(alert), provider()), labels, &RoutingPolicy::default())
}

#[test]
fn m01_another_namespace_does_not_match() {
    assert!(!matches(EventSource { namespace: "other".into(), ..source() }));
}

#[test]
fn m02_another_kind_does_not_match_nor_another_case() {
    assert!(!matches(EventSource { kind: "HelmRelease".into(), ..source() }));
    assert!(!matches(EventSource { kind: "kustomization".into(), ..source() }));
}

#[test]
fn m03_an_error_alert_does_not_match_info() {
    assert!(!severity_passes(Severity::Error, Severity::Info));
    assert!(!severity_passes(Severity::Error, Severity::Trace));
    assert!(!severity_passes(Severity::Error, Severity::Other("Error".into())));
    assert!(severity_passes(Severity::Error, Severity::Error));
}

#[test]
fn m04_an_info_alert_matches_every_severity() {
    for severity in [Severity::Error, Severity::Info, Severity::Trace, Severity::Other("warning".into())] {
        assert!(severity_passes(Severity::Info, severity.clone()), "{severity:?}");
    }
}

#[test]
fn m05_a_star_matches_every_name() {
    assert!(matches(EventSource { name: "*".into(), ..source() }));
}

#[test]
fn m06_another_name_does_not_match_and_no_other_wildcard_exists() {
    assert!(!matches(EventSource { name: "other".into(), ..source() }));
    assert!(!matches(EventSource { name: "pod*".into(), ..source() }));
}

#[test]
fn m07_the_equal_name_matches() {
    assert!(matches(EventSource { name: "podinfo".into(), ..source() }));
}

#[test]
fn m08_labels_that_the_object_carries_match() {
    let labels = found(&[("app", "podinfo"), ("team", "web")]);
    assert_eq!(notified(&plan_with(&labelled(&[("app", "podinfo")]), &labels)), ["on-call"]);
    assert_eq!(notified(&plan_with(&labelled(&[]), &labels)), ["on-call"]);
}

#[test]
fn m09_labels_that_the_object_does_not_carry_do_not_match() {
    let plan = plan_with(&labelled(&[("app", "podinfo"), ("team", "db")]), &found(&[("app", "podinfo")]));
    assert!(!plan.is_selected() && plan.notices.is_empty());
}

#[test]
fn m10_labels_of_an_object_that_does_not_exist_do_not_match() {
    for pairs in [&[("app", "podinfo")][..], &[]] {
        let plan = plan_with(&labelled(pairs), &Always(Labels::Absent));
        assert!(!plan.is_selected());
        let expected = "SourceFetchFailed: error getting source object Kustomization/apps/podinfo";
        assert_eq!(messages(&plan, &event()), [expected]);
    }
}

#[test]
fn ill_formed_labels_do_not_match_and_are_reported() {
    for labels in [found(&[("-", "x")]), Always(Labels::NotYet)] {
        let plan = plan_with(&labelled(&[("-", "x")]), &labels);
        assert!(!plan.is_selected() && !plan.not_yet);
        let expected = "InvalidConfig: error using matchLabels from event source Kustomization/apps/*";
        assert_eq!(messages(&plan, &event()), [expected]);
    }
}

#[test]
fn labels_that_are_not_known_yet_defer_the_event() {
    let plan = plan_with(&labelled(&[("app", "podinfo")]), &Always(Labels::NotYet));
    assert!(plan.not_yet && !plan.is_selected());
}

#[test]
fn an_event_is_not_deferred_for_labels_that_can_not_decide() {
    let labels = Always(Labels::NotYet);
    let wanting = || labelled(&[("app", "podinfo")]);
    let sure = Alert { sources: vec![wanting().sources.remove(0), source()], ..alert() };
    assert_eq!(notified(&plan_with(&sure, &labels)), ["on-call"]);
    for alert in [
        Alert { severity: Severity::Error, ..wanting() },
        Alert { inclusion: vec!["nowhere".into()], ..wanting() },
        Alert { exclusion: vec!["finished".into()], ..wanting() },
        Alert { suspend: true, ..wanting() },
    ] {
        let plan = plan_with(&alert, &labels);
        assert!(!plan.not_yet && !plan.is_selected(), "{alert:?}");
    }
}

#[test]
fn the_first_matching_source_ends_the_search() {
    let bad = EventSource { match_labels: Some(map(&[("-", "x")])), ..source() };
    let named = EventSource { name: "podinfo".into(), ..source() };
    let first_bad = Alert { sources: vec![bad.clone(), named.clone()], ..alert() };
    let plan = plan_with(&first_bad, &found(&[]));
    assert_eq!((notified(&plan).len(), plan.notices.len()), (1, 1));
    let first_good = Alert { sources: vec![named, bad], ..alert() };
    let plan = plan_with(&first_good, &found(&[]));
    assert_eq!((notified(&plan).len(), plan.notices.len()), (1, 0));
}
