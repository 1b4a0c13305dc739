//! Contract, control plane 14.4.

use campanile_testkit::source;

use super::*;

fn excluded() -> Event {
    let involved_object = ObjectRef { name: "foo".into(), ..event().involved_object };
    Event { involved_object, message: "some excluded message".into(), ..event() }
}

fn including(name: &str, pattern: &str) -> Alert {
    Alert { inclusion: vec![pattern.into()], ..named(name) }
}

fn excluding(name: &str, pattern: &str) -> Alert {
    Alert { exclusion: vec![pattern.into()], ..named(name) }
}

fn selected(alerts: &[Alert]) -> Vec<String> {
    let plan = plan_for(alerts, &excluded());
    notified(&plan).into_iter().map(ToOwned::to_owned).collect()
}

fn foo() -> Alert {
    Alert { sources: vec![EventSource { name: "foo".into(), ..source() }], ..named("foo") }
}

#[test]
fn s01_a_wildcard_and_a_name_both_select() {
    assert_eq!(selected(&[named("star"), foo()]), ["star", "foo"]);
}

#[test]
fn s02_a_suspended_alert_selects_nothing() {
    assert_eq!(selected(&[Alert { suspend: true, ..named("star") }, foo()]), ["foo"]);
}

#[test]
fn s03_an_inclusion_that_does_not_match_selects_nothing() {
    assert!(selected(&[including("a", "nowhere")]).is_empty());
}

#[test]
fn s04_of_two_inclusions_the_matching_one_selects() {
    assert_eq!(selected(&[including("a", "some"), including("b", "nowhere")]), ["a"]);
}

#[test]
fn s05_an_invalid_inclusion_selects_nothing() {
    let plan = plan_for(&[including("a", "[")], &excluded());
    assert!(!plan.is_selected());
    assert_eq!(messages(&plan, &excluded()), ["InvalidConfig: failed to compile inclusion regex: ["]);
}

#[test]
fn s06_a_matching_exclusion_drops_that_alert_alone() {
    assert_eq!(selected(&[excluding("a", "excluded message"), named("b")]), ["b"]);
}

#[test]
fn s07_an_invalid_exclusion_is_reported_and_ignored() {
    let plan = plan_for(&[excluding("a", "["), named("b")], &excluded());
    assert_eq!(notified(&plan), ["a", "b"]);
    assert_eq!(messages(&plan, &excluded()), ["InvalidConfig: failed to compile exclusion regex: ["]);
}

#[test]
fn s08_exclusion_beats_inclusion() {
    let both = Alert { exclusion: vec!["some".into()], ..including("a", "some") };
    assert_eq!(selected(&[both, named("b")]), ["b"]);
}

#[test]
fn s09_a_source_of_a_foreign_namespace_is_not_overridden() {
    let foreign = EventSource { namespace: "foreign".into(), ..source() };
    assert!(selected(&[Alert { sources: vec![foreign], ..named("a") }]).is_empty());
}

#[test]
fn an_alert_with_several_matching_sources_selects_once() {
    let sources = vec![source(), EventSource { name: "foo".into(), ..source() }, source()];
    assert_eq!(selected(&[Alert { sources, ..named("a") }]), ["a"]);
}

#[test]
fn patterns_behind_the_first_match_are_not_reported() {
    let inclusion = vec!["(".into(), "some".into(), "[".into()];
    let plan = plan_for(&[Alert { inclusion, ..named("a") }], &excluded());
    assert_eq!(notified(&plan), ["a"]);
    assert_eq!(messages(&plan, &excluded()), ["InvalidConfig: failed to compile inclusion regex: ("]);
}

#[test]
fn without_a_match_there_is_nothing() {
    let plan = plan_for(&[], &excluded());
    assert!(!plan.is_selected() && plan.notices.is_empty() && !plan.not_yet);
}
