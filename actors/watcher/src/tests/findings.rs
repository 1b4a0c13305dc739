use super::{alert, provider, secret, write};
use crate::{Level, Loaded, findings, load};

fn texts(loaded: &Loaded) -> Vec<String> {
    findings(loaded).iter().map(ToString::to_string).collect()
}

fn of(text: &str) -> Vec<String> {
    texts(&Loaded::from_text("in.yaml".as_ref(), text))
}

#[test]
fn sound_manifests_have_no_findings() {
    let with_secret = provider("http://one\n  secretRef: {name: token}");
    assert_eq!(of(&[alert("a"), with_secret, secret("s")].join("---\n")), Vec::<String>::new());
}

#[test]
fn every_finding_has_its_file_its_line_and_its_remedy() {
    let patterns = "  inclusionList:\n    - fine\n    - 'a**'\n  exclusionList: ['(?=x)']\n";
    let labels = "    - kind: Bucket\n      name: x\n      matchLabels:\n        team: 'not valid'\n";
    let text = [
        alert("a") + labels + patterns,
        provider("http://one\n  certSecretRef:\n    name: absent"),
        "apiVersion: notification.toolkit.fluxcd.io/v1beta1\nkind: Provider\nmetadata: {name: old}\nspec:\n  type: pigeon\n"
            .to_owned(),
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: b}\nspec:\n  providerRef:\n    \
         name: nobody\n  eventSources: []\n  summary: s\n"
            .to_owned(),
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: c}\nspec: {}\n".to_owned(),
    ]
    .join("---\n");
    let found = of(&text);
    let expected = [
        "in.yaml:12: Alert/apps/a: spec.eventSources[1].matchLabels selects nothing: ",
        "in.yaml:16: Alert/apps/a: spec.inclusionList[1] is not a valid pattern and is ignored: ",
        "in.yaml:17: Alert/apps/a: spec.exclusionList[0] is not a valid pattern and is ignored: ",
        "in.yaml:28: Provider/apps/chat: failed to get secret 'apps/absent': not found; create it or correct spec.certSecretRef",
        "in.yaml:30: warning: Provider/default/old: apiVersion is old: v1beta1 Provider is deprecated, upgrade to v1, or to v1beta3 for Flux 2.9 and older",
        "in.yaml:34: Provider/default/old: spec.type is wrong: provider type 'pigeon' is not supported; use one of generic, ",
        "in.yaml:41: Alert/default/b: failed to get provider 'default/nobody': not found; create it or correct spec.providerRef",
        "in.yaml:43: warning: Alert/default/b: spec.summary is deprecated, Flux's controller of 2.10 drops it; use spec.eventMetadata.summary",
        "in.yaml:48: Alert/default/c: spec.providerRef is required",
        "in.yaml:48: Alert/default/c: spec.eventSources is required",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
}

#[test]
fn a_text_that_does_not_parse_is_one_finding() {
    let found = of("kind: Alert\nspec: [\nmetadata: {}\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("in.yaml:3: does not parse at column 1: "), "{found:?}");
}

#[test]
fn findings_of_a_folder_come_in_the_order_of_its_files() {
    let dir = tempfile::TempDir::new().unwrap();
    write(&dir.path().join("b.yaml"), "a: [\n");
    write(&dir.path().join("a.yaml"), &alert("x"));
    let found = findings(&load(dir.path()).unwrap());
    let files: Vec<_> = found.iter().map(|finding| finding.file.file_name().unwrap().to_owned()).collect();
    assert_eq!(files, ["a.yaml", "b.yaml"]);
    assert!(found.iter().all(|finding| finding.level == Level::Error));
}

#[test]
fn one_pattern_too_many_is_one_finding_and_not_one_for_each_that_follows() {
    let patterns = |count: usize| (0..count).map(|n| format!("failed {n}")).collect();
    let greedy = campanile_domain::Alert { inclusion: patterns(50_000), ..campanile_testkit::alert() };
    let faults = crate::faults::of_alert(&greedy);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].1.contains("use fewer, or several Alerts"), "{}", faults[0].1);
    assert_eq!(crate::faults::announcements(&greedy).len(), 1);
}
