//! Contract, control plane 14.1, at the level of plans, and the same fixture explained.

use campanile_domain::Severity;
use campanile_testkit::source;

use super::*;

const RULES: RoutingPolicy = RoutingPolicy { no_cross_namespace_refs: true, deadline: None };

/// Two GitRepositories of namespace `apps` exist.
struct Cluster;

impl LabelLookup for Cluster {
    fn labels(&self, object: &ObjectRef) -> Labels {
        let known = object.api_version == "source.toolkit.fluxcd.io/v1" && object.kind == "GitRepository";
        match object.name.as_str() {
            app @ ("podinfo" | "podinfo-two") if known => Labels::Found(Arc::new(map(&[("app", app)]))),
            _ => Labels::Absent,
        }
    }
}

fn fixture() -> Alert {
    let entry = |kind: &str, name: &str| EventSource { kind: kind.into(), name: name.into(), ..source() };
    let sources = vec![
        entry("Bucket", "hyacinth"),
        entry("Kustomization", "*"),
        EventSource { match_labels: Some(map(&[("app", "podinfo")])), ..entry("GitRepository", "*") },
        EventSource { namespace: "test".into(), ..entry("Kustomization", "*") },
    ];
    Alert { sources, ..alert() }
}

fn of(kind: &str, namespace: &str, name: &str) -> Event {
    let involved_object = ObjectRef {
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
        api_version: "source.toolkit.fluxcd.io/v1".into(),
        ..ObjectRef::default()
    };
    Event { involved_object, ..event() }
}

fn forwards(alert: &Alert, event: &Event) -> bool {
    let index = index(std::slice::from_ref(alert), provider());
    !plan_at_noon(event, &index, &Cluster, &RULES).deliveries.is_empty()
}

fn saying(message: &str) -> Event {
    Event { message: message.into(), ..of("Bucket", "apps", "hyacinth") }
}

fn listing(inclusion: &[&str], exclusion: &[&str]) -> Alert {
    let own = |list: &[&str]| list.iter().map(|&pattern| pattern.to_owned()).collect();
    Alert { inclusion: own(inclusion), exclusion: own(exclusion), ..fixture() }
}

#[test]
fn e01_to_e04_kind_name_and_namespace_decide() {
    assert!(forwards(&fixture(), &of("Bucket", "apps", "hyacinth")), "e01");
    assert!(!forwards(&fixture(), &of("GitRepository", "apps", "hyacinth")), "e02");
    assert!(!forwards(&fixture(), &of("Bucket", "apps", "other")), "e03");
    assert!(!forwards(&fixture(), &of("Bucket", "other", "hyacinth")), "e04");
}

#[test]
fn e05_to_e08_inclusions_and_exclusions_decide() {
    assert!(forwards(&listing(&["^included"], &[]), &saying("included")), "e05");
    assert!(!forwards(&listing(&["^included"], &[]), &saying("not included")), "e06");
    assert!(!forwards(&listing(&[], &["doesnotoccur", "excluded"]), &saying("this is excluded")), "e07");
    assert!(!forwards(&listing(&["^included"], &["excluded"]), &saying("included excluded")), "e08");
}

#[test]
fn e09_to_e12_wildcards_labels_and_namespaces_decide() {
    assert!(forwards(&fixture(), &of("Kustomization", "apps", "anything")), "e09");
    assert!(forwards(&fixture(), &of("GitRepository", "apps", "podinfo")), "e10");
    assert!(!forwards(&fixture(), &of("GitRepository", "apps", "podinfo-two")), "e11");
    assert!(!forwards(&fixture(), &of("Kustomization", "test", "anything")), "e12");
}

#[test]
fn explain_names_the_step_that_stopped_each_alert() {
    let alerts = [
        Alert { suspend: true, ..named("a-suspended") },
        Alert { severity: Severity::Error, ..named("b-severity") },
        Alert { sources: vec![EventSource { name: "other".into(), ..source() }], ..named("c-source") },
        Alert {
            sources: vec![EventSource { match_labels: Some(BTreeMap::new()), ..source() }],
            ..named("d-labels")
        },
        Alert { inclusion: vec!["nowhere".into()], ..named("e-included") },
        Alert { exclusion: vec!["finished".into()], ..named("f-excluded") },
        Alert { provider: ObjectKey::new("apps", "missing"), ..named("g-provider") },
        named("h-notifies"),
    ];
    let index = index(&alerts, provider());
    let event = event();
    let steps = explain(Incoming { event: &event, accepted_at: noon() }, &index, &Cluster, &RULES);
    let names: Vec<&str> = steps.iter().map(|(alert, _)| &*alert.key.name).collect();
    assert_eq!(names, alerts.iter().map(|alert| &*alert.key.name).collect::<Vec<_>>());
    let steps: Vec<DecidingStep> = steps.into_iter().map(|(_, step)| step).collect();
    let expected = [
        DecidingStep::Suspended,
        DecidingStep::Severity,
        DecidingStep::NoSource,
        DecidingStep::Labels,
        DecidingStep::NotIncluded,
        DecidingStep::Excluded,
        DecidingStep::Dropped(DropReason::ProviderMissing),
        DecidingStep::Notifies,
    ];
    assert_eq!(steps, expected);
    let not_yet = Always(Labels::NotYet);
    let steps = explain(Incoming { event: &event, accepted_at: noon() }, &index, &not_yet, &RULES);
    assert_eq!(steps[3].1, DecidingStep::LabelsNotYet);
}
