use std::collections::BTreeMap;

use campanile_testkit::{alert, event, provider, source};

use super::*;

fn named(name: &str) -> Alert {
    Alert { key: ObjectKey::new("apps", name), ..alert() }
}

fn applied<T>(value: T) -> Change<T> {
    Change::Applied(Arc::new(value))
}

/// The candidates for the usual object, as `name: positions of sources`.
fn candidates(index: &Index) -> Vec<String> {
    let describe = |candidate: bucket::Candidate<'_>| {
        let positions: Vec<String> = candidate.sources().map(|(at, _)| at.to_string()).collect();
        format!("{}: {}", candidate.alert.alert.key.name, positions.join(" "))
    };
    index.candidates(&event().involved_object).map(describe).collect()
}

fn source_of(name: &str, kind: &str, namespace: &str) -> EventSource {
    EventSource { name: name.into(), kind: kind.into(), namespace: namespace.into(), ..source() }
}

#[test]
fn only_sources_that_name_the_object_come_up_each_alert_once_and_in_the_users_order() {
    let mut index = Index::new();
    let sources = vec![
        source_of("*", "Kustomization", "apps"),
        source_of("podinfo", "HelmRelease", "apps"),
        source_of("podinfo", "Kustomization", "apps"),
        source_of("podinfo", "Kustomization", "other"),
        source_of("other", "Kustomization", "apps"),
        source_of("*", "Kustomization", "apps"),
    ];
    index.apply(&applied(Alert { sources, ..named("many") }));
    index.apply(&applied(Alert {
        sources: vec![source_of("podinfo", "Kustomization", "apps")],
        ..named("one")
    }));
    index.apply(&applied(Alert {
        sources: vec![source_of("other", "Kustomization", "apps")],
        ..named("not")
    }));
    index.apply(&applied(Alert { sources: Vec::new(), ..named("none") }));
    index.apply(&applied(named("all")));
    assert_eq!(candidates(&index), ["many: 0 2 5", "one: 0", "all: 0"]);
    assert_eq!(index.alert_count(), 5);
}

#[test]
fn a_changed_alert_keeps_its_place_and_a_suspended_one_leaves() {
    let mut index = Index::new();
    for name in ["a", "b", "c"] {
        index.apply(&applied(named(name)));
    }
    assert!(index.apply(&applied(Alert { generation: 2, ..named("a") })));
    assert_eq!(candidates(&index), ["a: 0", "b: 0", "c: 0"]);
    assert!(index.apply(&applied(Alert { suspend: true, ..named("b") })));
    assert_eq!(candidates(&index), ["a: 0", "c: 0"]);
    assert!(index.apply(&Change::Deleted(ObjectKey::new("apps", "a"))));
    assert!(!index.apply(&Change::Deleted(ObjectKey::new("apps", "a"))));
    assert_eq!(candidates(&index), ["c: 0"]);
    assert_eq!(index.alert_count(), 2);
}

#[test]
fn nothing_is_kept_of_what_is_gone() {
    let mut index = Index::new();
    for n in 0..50 {
        let sources =
            vec![source_of(&format!("n{n}"), &format!("K{}", n % 3), &format!("ns{}", n % 5)), source()];
        index.apply(&applied(Alert { sources, inclusion: vec![format!("p{n}")], ..named(&format!("a{n}")) }));
    }
    assert_eq!(index.pattern_count(), 50);
    for n in 0..50 {
        index.apply(&Change::Deleted(ObjectKey::new("apps", format!("a{n}"))));
    }
    assert!(index.buckets.is_empty());
    assert_eq!((index.alert_count(), index.pattern_count()), (0, 0));
}

#[test]
fn replacing_everything_keeps_what_did_not_change() {
    let mut index = Index::new();
    let pattern = |name: &str| Alert { inclusion: vec!["^x".into()], ..named(name) };
    index.replace(
        &[applied(pattern("a")), applied(pattern("b")), applied(pattern("c"))],
        &[applied(provider())],
    );
    assert_eq!((index.pattern_count(), index.provider_count()), (1, 1));
    let kept = index.alerts[&pattern("a").key].clone();

    index.replace(&[applied(pattern("c")), applied(pattern("a")), applied(named("d"))], &[]);
    assert!(Arc::ptr_eq(&kept, &index.alerts[&pattern("a").key]));
    assert_eq!(candidates(&index), ["a: 0", "c: 0", "d: 0"]);
    assert_eq!(index.provider_count(), 0);
}

#[test]
fn a_change_says_whether_it_made_a_difference() {
    let mut index = Index::new();
    assert!(index.apply(&applied(alert())));
    assert!(!index.apply(&applied(alert())));
    assert!(index.apply_provider(&applied(provider())));
    assert!(!index.apply_provider(&applied(provider())));
    assert!(index.apply_provider(&applied(ProviderSpec { suspend: true, ..provider() })));
    assert!(index.provider(&provider().key).unwrap().suspend);
    assert!(index.apply_provider(&Change::Deleted(provider().key)));
    assert!(index.provider(&provider().key).is_none());
}

#[test]
fn ill_formed_labels_and_patterns_are_known_by_their_position() {
    let labels = |key: &str| Some(BTreeMap::from([(key.to_owned(), "x".to_owned())]));
    let sources = vec![
        EventSource { match_labels: labels("app"), ..source() },
        EventSource { match_labels: labels("-"), ..source() },
    ];
    let inclusion = vec!["[".into(), "a".into()];
    let compiled =
        Compiled::new(Arc::new(Alert { sources, inclusion, ..alert() }), 1, &mut Interner::default());
    assert_eq!([0, 1].map(|position| compiled.has_valid_labels(position)), [true, false]);
    assert_eq!([0, 1].map(|position| compiled.inclusion[position].is_some()), [false, true]);
}

#[test]
fn an_alert_with_more_patterns_than_it_may_have_holds_nobody_up() {
    let mut index = Index::new();
    let patterns = |count: usize| (0..count).map(|n| format!("failed {n}")).collect();
    index.apply(&applied(Alert { exclusion: patterns(100_000), ..named("greedy") }));
    index.apply(&applied(Alert { inclusion: patterns(10), ..named("modest") }));
    assert!((100..300).contains(&index.pattern_count()), "{}", index.pattern_count());
    assert_eq!(candidates(&index), ["greedy: 0", "modest: 0"]);
}
