//! `campanile check`: every finding with file, line and remedy, and the exit code says whether there is an error.

use serde_json::Value;

use crate::support::{Site, campanile, campanile_with_input};

const GOOD: &str = "\
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: { name: hook, namespace: apps }
spec:
  type: generic
  address: https://hooks.example.com/flux
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: { name: all, namespace: apps }
spec:
  providerRef:
    name: hook
  eventSources:
    - kind: Kustomization
      name: '*'
";

/// The good manifests with one part replaced.
fn with(part: &str, other: &str) -> String {
    assert!(GOOD.contains(part), "{part}");
    GOOD.replace(part, other)
}

#[test]
fn the_quickstart_and_good_manifests_pass() {
    let quickstart = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart");
    let output = campanile(&["check", quickstart]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "checked 3 alerts and 3 providers: 0 errors, 0 warnings\n")
    );
    let output = campanile_with_input(&["check", "-"], GOOD);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "checked 1 alert and 1 provider: 0 errors, 0 warnings\n")
    );
}

#[test]
fn each_error_is_found_at_its_line_with_the_remedy() {
    let cases = [
        (
            with("kind: Kustomization", "kind: ''"),
            15,
            "Alert/apps/all: spec.eventSources[0].kind must not be empty",
        ),
        (
            with("name: hook\n  event", "name: huk\n  event"),
            13,
            "failed to get provider 'apps/huk': not found; create it or correct spec.providerRef",
        ),
        (
            with("type: generic", "type: pigeon"),
            5,
            "Provider/apps/hook: spec.type is wrong: provider type 'pigeon' is not supported; use one of generic,",
        ),
        (
            with("address: https://hooks.example.com/flux", "address: hooks.example.com"),
            1,
            "correct spec.address",
        ),
        (
            with("  type: generic", "  type: generic\n  secretRef: { name: lost }"),
            6,
            "failed to get secret 'apps/lost': not found; create it or correct spec.secretRef",
        ),
        (
            with("  eventSources:", "  inclusionList:\n    - ok\n    - '['\n  eventSources:"),
            16,
            "spec.inclusionList[1] is not a valid pattern",
        ),
        (with("  type: generic", "  type: generic\n  timeout: 1 day"), 6, "spec.timeout"),
        (with("  providerRef:\n    name: hook\n", ""), 11, "spec.providerRef"),
        (with("spec:\n  type", "spec: [\n  type"), 0, "does not parse at column"),
        (format!("{GOOD}---\n{GOOD}"), 18, "Provider/apps/hook: is defined already at"),
    ];
    for (text, line, message) in cases {
        let site = Site::new();
        site.write("manifests.yaml", &text);
        let output = campanile(&["check", site.manifests().to_str().expect("UTF-8")]);
        assert_eq!(output.code, Some(1), "{message}: {output:#?}");
        let file = site.manifests().join("manifests.yaml");
        let place =
            if line == 0 { format!("{}:", file.display()) } else { format!("{}:{line}: ", file.display()) };
        let found =
            output.stdout.lines().any(|finding| finding.starts_with(&place) && finding.contains(message));
        assert!(found, "no {place}…{message} in\n{}", output.stdout);
    }
}

#[test]
fn warnings_do_not_fail() {
    let text = with("v1beta3\nkind: Alert", "v1beta2\nkind: Alert")
        .replace("  providerRef", "  summary: old\n  providerRef");
    let output = campanile_with_input(&["check", "-"], &text);
    assert_eq!(output.code, Some(0), "{output:#?}");
    assert!(
        output.stdout.contains("<stdin>:8: warning: Alert/apps/all: apiVersion is old"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains(
            "spec.summary is deprecated, Flux's controller of 2.10 drops it; use spec.eventMetadata.summary"
        ),
        "{}",
        output.stdout
    );
    assert!(output.stdout.ends_with("0 errors, 2 warnings\n"), "{}", output.stdout);
}

#[test]
fn a_slip_in_a_kind_and_a_receiver_are_warnings_and_a_kind_of_others_is_none() {
    let receiver = "---\napiVersion: notification.toolkit.fluxcd.io/v1\nkind: Receiver\nmetadata: { name: hook, namespace: apps }\n";
    let text = with("kind: Kustomization", "kind: Kustomisation") + receiver;
    let output = campanile_with_input(&["check", "-"], &text);
    assert_eq!(output.code, Some(0), "{output:#?}");
    for line in [
        "<stdin>:15: warning: Alert/apps/all: spec.eventSources[0].kind 'Kustomisation' is no kind of Flux, and differs little \
         from 'Kustomization'; is that meant?\n",
        "<stdin>:18: warning: Receiver/apps/hook: Campanile takes no webhooks yet, so nothing acts on this Receiver",
    ] {
        assert!(output.stdout.contains(line), "{line} is not in {}", output.stdout);
    }
    let output = campanile_with_input(&["check", "-"], &with("kind: Kustomization", "kind: Terraform"));
    assert!(output.stdout.ends_with(": 0 errors, 0 warnings\n"), "{}", output.stdout);
}

#[test]
fn findings_are_also_json() {
    let output = campanile_with_input(&["check", "-", "-o", "json"], &with("type: generic", "type: pigeon"));
    assert_eq!(output.code, Some(1));
    let findings: Vec<Value> = serde_json::from_str(&output.stdout).expect("a list");
    let finding = &findings[0];
    assert_eq!((&finding["level"], &finding["line"]), (&"error".into(), &5.into()));
    assert_eq!((&finding["file"], &finding["object"]), (&"<stdin>".into(), &"Provider/apps/hook".into()));
}

#[test]
fn a_folder_that_is_not_there_is_said_once() {
    let output = campanile(&["check", "/nowhere/at/all"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert_eq!(output.stderr.matches("No such file").count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains("/nowhere/at/all"), "{}", output.stderr);
}
