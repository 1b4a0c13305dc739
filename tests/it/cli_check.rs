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
            6,
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
        (with("spec:\n  type", "spec: [\n  type"), 0, "does not parse: "),
        (format!("{GOOD}---\n{GOOD}"), 18, "Provider/apps/hook: is defined already at"),
    ];
    for (text, line, message) in cases {
        let site = Site::new();
        site.write("manifests.yaml", &text);
        let output = campanile(&["check", site.manifests().to_str().expect("UTF-8"), "--missing=error"]);
        assert_eq!(output.code, Some(1), "{message}: {output:#?}");
        let file = site.manifests().join("manifests.yaml");
        let place =
            if line == 0 { format!("{}:", file.display()) } else { format!("{}:{line}:", file.display()) };
        let found = output.stdout.lines().any(|finding| {
            finding.starts_with(&place) && finding.contains(" error: ") && finding.contains(message)
        });
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
        output.stdout.contains("<stdin>:8:1: warning: Alert/apps/all: apiVersion is old"),
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
    let receiver = "---\napiVersion: notification.toolkit.fluxcd.io/v1\nkind: Receiver\nmetadata: { name: hook, namespace: apps }\n\
                    spec: { type: harbor, secretRef: { name: hook }, events: [PUSH], resources: [{ kind: Bucket, name: a }] }\n";
    let text = with("kind: Kustomization", "kind: Kustomisation") + receiver;
    let output = campanile_with_input(&["check", "-"], &text);
    assert_eq!(output.code, Some(0), "{output:#?}");
    for line in [
        "<stdin>:15:7: warning: Alert/apps/all: spec.eventSources[0].kind 'Kustomisation' is no kind of Flux, and differs little \
         from 'Kustomization'; is that meant? [unknown-kind]\n",
        "warning: Receiver/apps/hook: spec.events has no effect, for type 'harbor' does not look at events",
        "failed to get secret 'apps/hook': not found; create it or correct spec.secretRef [missing-secret]",
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
    assert_eq!((&finding["id"], &finding["level"]), (&"provider-type".into(), &"error".into()));
    assert_eq!((&finding["line"], &finding["column"]), (&5.into(), &3.into()));
    assert!(finding["remedy"].as_str().expect("a text").starts_with("use one of generic"), "{finding}");
    assert_eq!((&finding["file"], &finding["object"]), (&"<stdin>".into(), &"Provider/apps/hook".into()));
}

#[test]
fn a_folder_that_is_not_there_is_said_once() {
    let output = campanile(&["check", "/nowhere/at/all"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert_eq!(output.stderr.matches("No such file").count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains("/nowhere/at/all"), "{}", output.stderr);
}

#[test]
fn item_12_a_secret_or_provider_that_is_not_there_is_a_warning_unless_one_wants_otherwise() {
    let text = with("  type: generic", "  type: generic\n  secretRef: { name: lost }");
    for (flags, code, counts) in [
        (&[][..], 0, "0 errors, 1 warning\n"),
        (&["--missing=warn"][..], 0, "0 errors, 1 warning\n"),
        (&["--missing=error"][..], 1, "1 error, 0 warnings\n"),
        (&["--missing=ignore"][..], 0, "0 errors, 0 warnings\n"),
        (&["--strict"][..], 1, "0 errors, 1 warning\n"),
        (&["--strict", "--missing=ignore"][..], 0, "0 errors, 0 warnings\n"),
    ] {
        let output = campanile_with_input(&[&["check", "-"], flags].concat(), &text);
        assert_eq!(output.code, Some(code), "{flags:?}: {output:#?}");
        assert!(output.stdout.ends_with(counts), "{flags:?}: {}", output.stdout);
    }
}

#[test]
fn item_13_what_cannot_work_is_found_although_the_secret_is_elsewhere() {
    for (part, place, words) in [
        ("type: pagerduty\n  address: https://events.pagerduty.com", ":5:", "empty PagerDuty routing key"),
        (
            "type: slack\n  address: https://slack.com/api/chat.postMessage",
            ":5:",
            "chat.postMessage needs a channel",
        ),
        ("type: alertmanager\n  address: http://alertmanager.monitoring:9093", ":7:", "no path"),
        (
            "type: gitlab\n  address: https://gitlab.com/group/project/-/tree/main",
            ":7:",
            "invalid repository id",
        ),
        ("type: github\n  address: https://github.com/owner/repo/tree/main", ":7:", "invalid repository id"),
        ("type: generic\n  address: 'https://<your-host>/x'", ":7:", "its host is not valid"),
        ("type: generic\n  address: https://h/${TOKEN}", ":7:", "variable"),
        ("type: msteams\n  address: https://h..example/x", ":7:", "its host is not valid"),
    ] {
        let secret = if part.contains("git") { "" } else { "  secretRef: { name: lost }\n" };
        let token = "---\napiVersion: v1\nkind: Secret\nmetadata: { name: token, namespace: apps }\nstringData: { token: x }\n";
        let text =
            with("type: generic\n  address: https://hooks.example.com/flux\n", &format!("{part}\n{secret}"));
        let text = if secret.is_empty() {
            text.replace(part, &format!("{part}\n  secretRef: {{ name: token }}")) + token
        } else {
            text
        };
        let output = campanile_with_input(&["check", "-"], &text);
        assert_eq!(output.code, Some(1), "{part}: {output:#?}");
        let found = output.stdout.lines().any(|line| {
            line.contains("error: Provider/apps/hook: ")
                && line.contains(words)
                && (secret.is_empty() || line.contains("<stdin>:"))
        });
        assert!(found, "{place} {words} in\n{}", output.stdout);
    }
}

#[test]
fn item_14_a_secret_without_the_needed_key_is_told_at_its_reference() {
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: { name: dd, namespace: apps }\nstringData: { apiKey: x }\n";
    let text = with("type: generic", "type: datadog\n  secretRef:\n    name: dd") + secret;
    let output = campanile_with_input(&["check", "-"], &text);
    let line = output.stdout.lines().next().expect("a finding");
    assert!(line.starts_with("<stdin>:7:5: error: Provider/apps/hook: "), "{line}");
    assert!(
        line.contains("'token'") && line.contains("secret 'apps/dd' has the key 'apiKey' alone"),
        "{line}"
    );
    assert!(line.ends_with(" [provider-secret]"), "{line}");
}

#[test]
fn item_17_several_paths_are_one_set_and_none_is_read_twice() {
    let (one, two) = (Site::new(), Site::new());
    let (provider, alert) = GOOD.split_once("---\n").expect("two documents");
    one.write("provider.yaml", provider);
    two.write("alert.yaml", alert);
    let path = |site: &Site| site.manifests().to_str().expect("UTF-8").to_owned();
    let file = one.manifests().join("provider.yaml").to_str().expect("UTF-8").to_owned();
    let output = campanile(&["check", &path(&one), &file, &path(&two), &path(&two)]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "checked 1 alert and 1 provider: 0 errors, 0 warnings\n")
    );
    let output = campanile_with_input(&["check", &path(&one), "-"], alert);
    assert_eq!(output.stdout, "checked 1 alert and 1 provider: 0 errors, 0 warnings\n");
    let output = campanile(&["check", &path(&one), "/nowhere/at/all"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{}", output.stderr);
    let empty = Site::new();
    let output = campanile(&["check", &path(&empty)]);
    assert_eq!(output.code, Some(1));
    assert!(output.stdout.contains(": error: there is no manifest; "), "{}", output.stdout);
}

#[test]
fn item_17_counts_add_up_with_what_cannot_be_used() {
    let text = format!(
        "{GOOD}---\n{}",
        with("name: all", "name: other")
            .split_once("---\n")
            .expect("two")
            .1
            .replace("eventSources:\n", "eventSources: 5\n  x:\n")
    );
    let output = campanile_with_input(&["check", "-"], &text);
    let (findings, counted) = output.stdout.trim_end().rsplit_once('\n').expect("findings and their count");
    let count = |word: &str| findings.lines().filter(|line| line.contains(&format!(": {word}: "))).count();
    assert_eq!(
        counted,
        format!("checked 2 alerts and 1 provider: {} errors, {} warnings", count("error"), count("warning"))
    );
    assert_eq!(count("error") + count("warning"), findings.lines().count());
    assert!(count("error") > 1, "{findings}");
}

#[test]
fn item_17_manifests_are_judged_for_a_release_of_flux_too() {
    let v1 =
        GOOD.replace("/v1beta3", "/v1").replace("spec:\n  providerRef", "spec:\n  summary: s\n  providerRef");
    for (flags, code, line) in [
        (&[][..], 0, "warning: Alert/apps/all: spec.summary is deprecated"),
        (&["--for", "flux-2.10"][..], 1, "error: Alert/apps/all: spec.summary is deprecated"),
        (
            &["--for", "flux-2.9"][..],
            1,
            "error: Alert/apps/all: apiVersion is v1, which Alert does not have in Flux 2.9",
        ),
    ] {
        let output = campanile_with_input(&[&["check", "-"], flags].concat(), &v1);
        assert_eq!(output.code, Some(code), "{flags:?}: {output:#?}");
        assert!(output.stdout.contains(line), "{flags:?}: {}", output.stdout);
    }
    let output = campanile_with_input(&["check", "-", "--for", "flux-2.9"], GOOD);
    assert_eq!(output.code, Some(0), "{output:#?}");
}

#[test]
fn item_17_findings_are_annotations_of_github() {
    let text = with("type: generic", "type: pigeon").replace("name: all", "name: '100%'");
    let output = campanile_with_input(&["check", "-", "-o", "github"], &text);
    assert_eq!(output.code, Some(1));
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with("::error file=<stdin>,line=")), "{lines:?}");
    assert!(
        lines[0].starts_with(
            "::error file=<stdin>,line=5,col=3,title=provider-type::Provider/apps/hook: spec.type"
        ),
        "{lines:?}"
    );
    assert!(lines.iter().any(|line| line.contains("100%25")), "{lines:?}");
}

#[test]
fn item_17_findings_are_sarif() {
    let site = Site::new();
    site.write("a b.yaml", &with("type: generic", "type: pigeon"));
    let output = campanile(&["check", site.manifests().to_str().expect("UTF-8"), "-o", "sarif"]);
    assert_eq!(output.code, Some(1));
    let log: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().expect("a text").ends_with("/sarif-schema-2.1.0.json"));
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "campanile");
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
    }
    let results = runs[0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 1, "{results:?}");
    let result = &results[0];
    assert_eq!(result["ruleId"], "provider-type");
    assert_eq!(rules[result["ruleIndex"].as_u64().expect("an index") as usize]["id"], "provider-type");
    assert!(["error", "warning", "note", "none"].contains(&result["level"].as_str().expect("a level")));
    assert!(result["message"]["text"].as_str().expect("a text").contains("pigeon"));
    let location = &result["locations"][0];
    let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a URI");
    assert!(uri.ends_with("/a%20b.yaml") && !uri.contains(' '), "{uri}");
    assert_eq!(location["physicalLocation"]["region"], serde_json::json!({"startLine": 5, "startColumn": 3}));
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "Provider/apps/hook");
    let good = campanile_with_input(&["check", "-", "-o", "sarif"], GOOD);
    let log: Value = serde_json::from_str(&good.stdout).expect("JSON");
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]), "no finding is an empty list");
}
