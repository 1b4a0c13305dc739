use super::*;
use crate::{ObjectKey, ObjectRef, Severity};

const G: &str = "kustomize.toolkit.fluxcd.io";

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn event(metadata: &[(&str, &str)]) -> Event {
    let involved_object = ObjectRef { api_version: format!("{G}/v1"), ..ObjectRef::default() };
    Event { involved_object, metadata: map(metadata), ..Event::default() }
}

fn alert(event_metadata: &[(&str, &str)], summary: &str) -> Alert {
    Alert {
        key: ObjectKey::new("apps", "on-call"),
        uid: "".into(),
        generation: 1,
        provider: ObjectKey::new("apps", "chat"),
        severity: Severity::Info,
        sources: Vec::new(),
        inclusion: Vec::new(),
        exclusion: Vec::new(),
        event_metadata: map(event_metadata),
        summary: summary.to_owned(),
        suspend: false,
        object: "{}".into(),
    }
}

fn sources(combined: &Combined, key: &str) -> String {
    let conflict = combined.conflicts.iter().find(|conflict| conflict.key == key).expect(key);
    conflict.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(", ")
}

#[test]
fn y01_no_metadata_anywhere_combines_to_none() {
    assert_eq!(combine(&event(&[]), &alert(&[], "")), Combined::default());
}

#[test]
fn y02_sources_without_overlap_are_united() {
    let event =
        event(&[("event.toolkit.fluxcd.io/team", "web"), ("kustomize.toolkit.fluxcd.io/revision", "r1")]);
    let combined = combine(&event, &alert(&[("cluster", "prod")], "all is well"));
    let expected = [("team", "web"), ("cluster", "prod"), ("summary", "all is well"), ("revision", "r1")];
    assert_eq!(combined, Combined { metadata: map(&expected), conflicts: Vec::new() });
}

#[test]
fn y03_the_alerts_summary_beats_an_annotation() {
    let combined = combine(&event(&[("event.toolkit.fluxcd.io/summary", "a")]), &alert(&[], "of the alert"));
    assert_eq!(combined.metadata, map(&[("summary", "of the alert")]));
    assert_eq!(sources(&combined, "summary"), "involved object annotations, Alert object .spec.summary");
}

#[test]
fn y04_spec_summary_beats_event_metadata() {
    let combined = combine(&event(&[]), &alert(&[("summary", "of the map")], "of the field"));
    assert_eq!(combined.metadata, map(&[("summary", "of the field")]));
    assert_eq!(sources(&combined, "summary"), "Alert object .spec.eventMetadata, Alert object .spec.summary");
}

#[test]
fn y05_the_controller_beats_the_alert() {
    let event = event(&[("kustomize.toolkit.fluxcd.io/summary", "of the controller")]);
    let combined = combine(&event, &alert(&[], "of the alert"));
    assert_eq!(combined.metadata, map(&[("summary", "of the controller")]));
    assert_eq!(
        sources(&combined, "summary"),
        "Alert object .spec.summary, involved object controller metadata"
    );
}

#[test]
fn y06_overlaps_are_resolved_and_exactly_they_are_reported() {
    let event = event(&[
        ("event.toolkit.fluxcd.io/a", "annotation"),
        ("event.toolkit.fluxcd.io/b", "annotation"),
        ("event.toolkit.fluxcd.io/own", "annotation"),
        ("kustomize.toolkit.fluxcd.io/b", "controller"),
        ("kustomize.toolkit.fluxcd.io/c", "controller"),
    ]);
    let combined = combine(&event, &alert(&[("a", "alert"), ("c", "alert"), ("mine", "alert")], ""));
    let expected =
        [("a", "alert"), ("b", "controller"), ("c", "controller"), ("mine", "alert"), ("own", "annotation")];
    assert_eq!(combined.metadata, map(&expected));
    let keys: Vec<&str> = combined.conflicts.iter().map(|conflict| conflict.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(sources(&combined, "b"), "involved object annotations, involved object controller metadata");
}

#[test]
fn a_key_of_four_sources_is_one_conflict() {
    let event =
        event(&[("event.toolkit.fluxcd.io/summary", "1"), ("kustomize.toolkit.fluxcd.io/summary", "4")]);
    let combined = combine(&event, &alert(&[("summary", "2")], "3"));
    assert_eq!(combined.metadata, map(&[("summary", "4")]));
    assert_eq!(combined.conflicts.len(), 1);
    assert_eq!(combined.conflicts[0].sources.len(), 4);
}

#[test]
fn keys_of_other_groups_are_left_out_and_inner_slashes_kept() {
    let event = event(&[
        ("helm.toolkit.fluxcd.io/revision", "r1"),
        ("kustomize.toolkit.fluxcd.io.evil/x", "1"),
        ("kustomize.toolkit.fluxcd.io/aa/bb", "kept"),
        ("plain", "1"),
    ]);
    assert_eq!(combine(&event, &alert(&[], "")).metadata, map(&[("aa/bb", "kept")]));
}

#[test]
fn a_commit_status_update_is_said_by_the_group_of_the_object() {
    assert!(event(&[("kustomize.toolkit.fluxcd.io/commit_status", "update")]).is_commit_status_update());
    for other in [
        ("kustomize.toolkit.fluxcd.io/commit_status", "keep"),
        ("helm.toolkit.fluxcd.io/commit_status", "update"),
        ("event.toolkit.fluxcd.io/commit_status", "update"),
    ] {
        assert!(!event(&[other]).is_commit_status_update(), "{other:?}");
    }
}

#[test]
fn commit_and_change_request_must_be_annotations_and_not_empty() {
    assert!(event(&[("event.toolkit.fluxcd.io/commit", "main@sha1:1")]).has_commit());
    assert!(!event(&[("event.toolkit.fluxcd.io/commit", "")]).has_commit());
    assert!(!event(&[("kustomize.toolkit.fluxcd.io/commit", "main@sha1:1")]).has_commit());
    assert!(event(&[("event.toolkit.fluxcd.io/change_request", "5")]).has_change_request());
    assert!(!event(&[("event.toolkit.fluxcd.io/change_request", "")]).has_change_request());
    assert!(!event(&[("kustomize.toolkit.fluxcd.io/change_request", "5")]).has_change_request());
}
