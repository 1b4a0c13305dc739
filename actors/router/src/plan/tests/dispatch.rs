//! Contract, control plane 14.6, as far as planning decides; the rest is the providers'.

use std::time::Duration;

use campanile_domain::{ProviderClass, ProviderType, Severity};

use super::*;

const COMMIT_STATUS: (&str, &str) = ("kustomize.toolkit.fluxcd.io/commit_status", "update");
const REVISION: (&str, &str) =
    ("kustomize.toolkit.fluxcd.io/revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738");
const ONE_NAMESPACE: RoutingPolicy = RoutingPolicy { no_cross_namespace_refs: true, deadline: None };

fn of_type(type_name: &str) -> ProviderSpec {
    ProviderSpec { type_name: type_name.into(), ..provider() }
}

/// The types of a class.
fn of_class(class: ProviderClass) -> impl Iterator<Item = &'static str> {
    ProviderType::all().filter(move |kind| kind.class() == class).map(ProviderType::name)
}

fn with(metadata: &[(&str, &str)]) -> Event {
    Event { metadata: map(metadata), ..event() }
}

fn plan_to(provider: ProviderSpec, event: &Event) -> Plan {
    plan_ruled(provider, event, &RoutingPolicy::default())
}

fn plan_ruled(provider: ProviderSpec, event: &Event, rules: &RoutingPolicy) -> Plan {
    plan_at_noon(event, &index(&[alert()], provider), &Always(Labels::Absent), rules)
}

/// Why the one Alert was dropped; none if it notifies.
#[track_caller]
fn dropped(plan: &Plan) -> Option<DropReason> {
    assert_eq!(plan.deliveries.len() + plan.drops.len(), 1);
    plan.drops.first().map(|dropped| dropped.reason.clone())
}

/// An Alert in `apps` for the object in namespace `other`.
fn foreign(rules: &RoutingPolicy) -> Plan {
    let involved_object = ObjectRef { namespace: "other".into(), ..event().involved_object };
    let source = EventSource { namespace: "other".into(), ..campanile_testkit::source() };
    let index = index(&[Alert { sources: vec![source], ..alert() }], provider());
    plan_at_noon(&Event { involved_object, ..event() }, &index, &Always(Labels::Absent), rules)
}

#[test]
fn d01_a_generic_provider_in_the_alerts_namespace_is_notified() {
    let plan = plan_to(provider(), &event());
    let expected = campanile_domain::NewDelivery {
        deadline: noon() + Duration::from_secs(24 * 3600),
        ..campanile_testkit::new_delivery()
    };
    assert_eq!(plan.deliveries, [expected]);
}

#[test]
fn d02_a_provider_of_another_namespace_is_not_found() {
    let plan = plan_to(ProviderSpec { key: ObjectKey::new("other", "chat"), ..provider() }, &event());
    assert_eq!(dropped(&plan), Some(DropReason::ProviderMissing));
    let expected =
        "failed to read provider: provider 'apps/chat' not found; create it or correct spec.providerRef";
    assert_eq!(plan.drops[0].message(&event()), expected);
    assert!(plan.drops[0].reason.is_error());
}

#[test]
fn d03_a_suspended_provider_is_skipped_silently() {
    let suspended = ProviderSpec { suspend: true, secret_ref: Some("missing".into()), ..provider() };
    let plan = plan_to(suspended, &event());
    assert_eq!(dropped(&plan), Some(DropReason::ProviderSuspended));
    assert!(!plan.drops[0].reason.is_error());
}

#[test]
fn d04_other_namespaces_are_notified_about_with_the_flag_off() {
    assert_eq!(dropped(&foreign(&RoutingPolicy::default())), None);
}

#[test]
fn d05_other_namespaces_are_refused_with_the_flag_on() {
    let plan = foreign(&ONE_NAMESPACE);
    assert_eq!(dropped(&plan), Some(DropReason::CrossNamespace));
    let involved_object = ObjectRef { namespace: "other".into(), ..event().involved_object };
    assert_eq!(
        plan.drops[0].message(&Event { involved_object, ..event() }),
        "discarding event, access denied to cross-namespace sources: alert 'apps/on-call' can't process event from \
         'Kustomization/other/podinfo', cross-namespace references have been blocked"
    );
}

#[test]
fn d07_d08_the_alerts_summary_goes_out() {
    for metadata in [&[][..], &[("foo", "x"), ("summary", "y")]] {
        let index = index(&[Alert { summary: "of the alert".into(), ..alert() }], provider());
        let plan = plan_at_noon(&with(metadata), &index, &Always(Labels::Absent), &RoutingPolicy::default());
        assert_eq!(plan.deliveries[0].metadata, map(&[("summary", "of the alert")]));
        assert!(plan.notices.is_empty());
    }
}

#[test]
fn d09_the_alerts_event_metadata_goes_out() {
    let event_metadata = map(&[("aaa", "1"), ("ccc", "2")]);
    let index = index(&[Alert { event_metadata: event_metadata.clone(), ..alert() }], provider());
    let plan = plan_at_noon(&event(), &index, &Always(Labels::Absent), &RoutingPolicy::default());
    assert_eq!(plan.deliveries[0].metadata, event_metadata);
}

#[test]
fn t09_a_service_account_needs_no_gate() {
    let account = ProviderSpec { service_account: "flux".into(), ..provider() };
    assert_eq!(dropped(&plan_to(account, &event())), None);
}

#[test]
fn d12_an_info_event_without_commit_is_dropped_for_commit_status_types() {
    for name in of_class(ProviderClass::CommitStatus) {
        let plan = plan_to(of_type(name), &event());
        assert_eq!(dropped(&plan), Some(DropReason::NoCommit), "{name}");
        assert!(!plan.drops[0].reason.is_error());
    }
    let empty = with(&[("event.toolkit.fluxcd.io/commit", "")]);
    assert_eq!(dropped(&plan_to(of_type("github"), &empty)), Some(DropReason::NoCommit));
}

#[test]
fn d13_d14_errors_updates_and_commits_reach_commit_status_types() {
    let error = Event { severity: Severity::Error, ..with(&[REVISION]) };
    let commit = with(&[("event.toolkit.fluxcd.io/commit", REVISION.1)]);
    for event in [error, with(&[COMMIT_STATUS, REVISION]), commit] {
        let plan = plan_to(of_type("github"), &event);
        assert_eq!(dropped(&plan), None);
        assert_eq!(plan.deliveries[0].commit_status.as_deref(), Some("kustomization/podinfo/0c9c2e41"));
    }
}

#[test]
fn d15_d16_commit_status_updates_reach_generic_types() {
    for name in of_class(ProviderClass::Generic) {
        let plan = plan_to(of_type(name), &with(&[COMMIT_STATUS]));
        assert_eq!(dropped(&plan), None, "{name}");
        assert_eq!(plan.deliveries[0].commit_status, None);
    }
}

#[test]
fn commit_status_updates_reach_no_other_type() {
    let change = [COMMIT_STATUS, ("event.toolkit.fluxcd.io/change_request", "5")];
    let others = of_class(ProviderClass::Message).chain(of_class(ProviderClass::ChangeRequest));
    for name in others.chain(["of-a-later-version"]) {
        let plan = plan_to(of_type(name), &with(&change));
        assert_eq!(dropped(&plan), Some(DropReason::CommitStatusUpdate), "{name}");
    }
}

#[test]
fn comments_need_a_change_request() {
    for name in of_class(ProviderClass::ChangeRequest) {
        assert_eq!(dropped(&plan_to(of_type(name), &event())), Some(DropReason::NoChangeRequest), "{name}");
        let change = with(&[("event.toolkit.fluxcd.io/change_request", "5")]);
        assert_eq!(dropped(&plan_to(of_type(name), &change)), None, "{name}");
    }
}

#[test]
fn x02_x03_the_default_commit_status_is_in_lower_case() {
    let object =
        ObjectRef { kind: "HelmRelease".into(), name: "GitOps-System".into(), ..event().involved_object };
    let event = Event { involved_object: object, ..with(&[COMMIT_STATUS, REVISION]) };
    let source = EventSource { kind: "HelmRelease".into(), ..campanile_testkit::source() };
    let index = index(&[Alert { sources: vec![source], ..alert() }], of_type("gitlab"));
    let plan = plan_at_noon(&event, &index, &Always(Labels::Absent), &RoutingPolicy::default());
    assert_eq!(plan.deliveries[0].commit_status.as_deref(), Some("helmrelease/gitops-system/0c9c2e41"));
}

/// A Provider of type github whose statuses are named by `expression`.
fn named_by(expression: &str) -> ProviderSpec {
    let object = r#"{"metadata":{"name":"chat","uid":"0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a"}}"#;
    ProviderSpec { commit_status_expr: Some(expression.into()), object: object.into(), ..of_type("github") }
}

#[test]
fn x04_x06_an_expression_names_the_commit_status_from_event_provider_and_alert() {
    let named_alert = Alert { object: r#"{"metadata":{"name":"on-call"}}"#.into(), ..alert() };
    let expression = "event.involvedObject.kind + '/' + event.metadata.env + '/' + provider.metadata.uid + '/' + alert.metadata.name";
    let event = with(&[COMMIT_STATUS, REVISION, ("event.toolkit.fluxcd.io/env", "prod")]);
    let index = index(&[named_alert], named_by(expression));
    let plan = plan_at_noon(&event, &index, &Always(Labels::Absent), &RoutingPolicy::default());
    let name = plan.deliveries[0].commit_status.as_deref();
    assert_eq!(name, Some("Kustomization/prod/0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a/on-call"));
}

#[test]
fn an_expression_sees_the_alert_as_it_was_last_changed() {
    let of_team =
        |team: &str| Alert { object: format!(r#"{{"metadata":{{"team":"{team}"}}}}"#).into(), ..alert() };
    let mut index = index(&[of_team("red")], named_by("'of-' + alert.metadata.team"));
    let event = with(&[COMMIT_STATUS, REVISION]);
    let name = |index: &Index| {
        let mut plan = plan_at_noon(&event, index, &Always(Labels::Absent), &RoutingPolicy::default());
        plan.deliveries.remove(0).commit_status.unwrap()
    };
    assert_eq!([name(&index), name(&index)], ["of-red", "of-red"]);
    index.apply(&Change::Applied(Arc::new(of_team("blue"))));
    assert_eq!(name(&index), "of-blue");
}

#[test]
fn x08_x10_an_expression_that_gives_no_name_drops_its_alert_and_says_why() {
    for (expression, part) in [
        ("event.metadata.absent + ''", "no such key: absent"),
        ("true", "expected string, got bool"),
        ("notification.name + ''", "undeclared reference to 'notification'"),
    ] {
        let event = with(&[COMMIT_STATUS, REVISION]);
        let plan = plan_to(named_by(expression), &event);
        let text = plan.drops[0].message(&event);
        assert!(
            text.starts_with(
                "failed to create commit status: failed to evaluate the spec.commitStatusExpr CEL"
            ),
            "{text}"
        );
        assert!(text.contains(part), "{text}");
        assert!(plan.drops[0].reason.is_error());
    }
}

#[test]
fn statuses_of_one_commit_and_name_share_a_lane_of_which_only_the_newest_goes_out() {
    let event = with(&[COMMIT_STATUS, REVISION]);
    let delivery = plan_to(of_type("github"), &event).deliveries.remove(0);
    assert!(delivery.newest_only);
    assert_eq!(&*delivery.lane, "5394cb7f48332b2de7c17dd8b8384bbc84b7e738 kustomization/podinfo/0c9c2e41");
    assert!(!plan_to(provider(), &event).deliveries[0].newest_only);
}

#[test]
fn what_is_no_state_of_a_commit_is_dropped_before_it_can_cover_one() {
    let metadata = [COMMIT_STATUS, REVISION];
    let progressing = Event { reason: "Progressing".into(), ..with(&metadata) };
    let trace = Event { severity: Severity::Trace, ..with(&metadata) };
    for event in [&progressing, &trace] {
        assert_eq!(dropped(&plan_to(of_type("github"), event)), Some(DropReason::NoState));
    }
    assert_eq!(dropped(&plan_to(of_type("gitea"), &progressing)), None, "Gitea shows it as pending");
    let oci = with(&[COMMIT_STATUS, ("kustomize.toolkit.fluxcd.io/revision", "6.3.5")]);
    assert_eq!(dropped(&plan_to(of_type("github"), &oci)), Some(DropReason::NoRevision));
}

#[test]
fn deadlines_follow_the_type_unless_the_operator_says_otherwise() {
    let hours = |name: &str, rules: &RoutingPolicy| {
        let plan = plan_ruled(of_type(name), &event(), rules);
        plan.deliveries[0].deadline.duration_since(noon()).as_hours()
    };
    assert_eq!(
        ["slack", "generic", "of-a-later-version"].map(|name| hours(name, &RoutingPolicy::default())),
        [1, 24, 24]
    );
    let three = RoutingPolicy { deadline: Some(Duration::from_secs(3 * 3600)), ..RoutingPolicy::default() };
    assert_eq!(["slack", "generic"].map(|name| hours(name, &three)), [3, 3]);
    let forever = RoutingPolicy { deadline: Some(Duration::MAX), ..RoutingPolicy::default() };
    let plan = plan_ruled(provider(), &event(), &forever);
    assert_eq!(plan.deliveries[0].deadline, Timestamp::MAX);
}

#[test]
fn one_broken_alert_does_not_disturb_the_others_and_deliveries_share_their_lane() {
    let broken = Alert { provider: ObjectKey::new("apps", "missing"), ..named("broken") };
    let plan = plan_for(&[named("a"), broken, named("b")], &event());
    assert_eq!(notified(&plan), ["a", "b"]);
    assert_eq!(plan.drops.len(), 1);
    assert!(Arc::ptr_eq(&plan.deliveries[0].lane, &plan.deliveries[1].lane));
    assert_eq!(&*plan.deliveries[0].lane, "Kustomization/apps/podinfo");
}

#[test]
fn y03_y06_conflicts_are_reported_with_the_alert_and_do_not_block() {
    let event = with(&[("event.toolkit.fluxcd.io/team", "x"), ("kustomize.toolkit.fluxcd.io/team", "y")]);
    let plan = plan_to(provider(), &event);
    assert_eq!(plan.deliveries[0].metadata, map(&[("team", "y")]));
    let expected = "MetadataAppendFailed: metadata key conflicts detected (please refer to the Alert API docs and \
                    Flux RFC 0008 for more information)";
    assert_eq!(messages(&plan, &event), [expected]);
}
