//! `campanile explain` renders any event for any type, offline: nothing is dialled, and nothing secret is shown.

use std::collections::BTreeSet;

use campanile_domain::ProviderType;
use campanile_providers::sample::Sample;
use serde_json::{Map, Value, json};

use crate::support::recording::{FLUX_2_9, FLUX_2_10, Recording, parsed, sources_of};
use crate::support::{Site, alert, campanile_with_input, everything_from, failing, provider, secret};

/// A key that Google's accounts and GitHub's Apps sign with.
const PEM: &str = include_str!("../../actors/crates/providers/fixtures/github-app/pkcs8.pem");

fn objects(kind: ProviderType) -> [Value; 2] {
    let (name, sample) = (kind.name().replace('.', "-"), Sample::of(kind));
    let login = sample.logins.first().copied().expect("a type has a login");
    let pairs = sample.secret(login, "https://host.invalid", "secret-key", PEM).into_iter();
    let data: Map<_, _> = pairs.map(|(key, value)| (key.to_owned(), value.into())).collect();
    let spec = json!({ "channel": sample.channel, "secretRef": { "name": name } });
    [provider(&name, kind.name(), spec), secret(&name, data.into())]
}

fn explained(site: &Site, event: &str, form: &str) -> String {
    let manifests = site.manifests().display().to_string();
    let arguments = ["explain", "--event", "-", "--manifests", &manifests, "-o", form];
    let output = campanile_with_input(&arguments, event);
    assert_eq!(output.code, Some(0), "{output:#?}");
    assert!(
        !output.stdout.contains("secret-") && !output.stdout.contains("PRIVATE KEY"),
        "{}",
        output.stdout
    );
    output.stdout
}

#[test]
fn explain_renders_an_event_for_every_type_without_a_network() {
    let types: Vec<ProviderType> = ProviderType::all().collect();
    let site = Site::new();
    for kind in &types {
        let alert = everything_from(&kind.name().replace('.', "-"));
        let objects = [objects(*kind).to_vec(), vec![alert]].concat();
        site.apply(&format!("{}.yaml", kind.name()), &objects);
    }
    let explanation: Value =
        serde_json::from_str(&explained(&site, &failing().to_string(), "json")).expect("this is JSON");
    let alerts = explanation["alerts"].as_array().expect("a list");
    assert_eq!(alerts.len(), types.len());
    for alert in alerts {
        assert_eq!(alert["result"], "delivers", "{alert}");
        let requests = alert["requests"].as_array().expect("a list");
        assert!(!requests.is_empty(), "{alert}");
        let told = requests.iter().any(|request| !request["body"].is_null());
        let asks_first = alert["moreMayFollow"] == json!(true);
        assert!(told || asks_first, "a message, or a question before it: {alert}");
    }
    let table = explained(&site, &failing().to_string(), "table");
    for kind in types {
        let name = format!("apps/{}", kind.name().replace('.', "-"));
        assert!(table.contains(&format!("sends through provider {name}")), "{name}: {table}");
    }
}

#[test]
fn explain_has_an_answer_to_every_real_event_for_every_type() {
    assert_every_real_event_has_an_answer(FLUX_2_9);
}

#[test]
fn t08_explain_has_an_answer_to_every_real_event_of_flux_2_10() {
    assert_every_real_event_has_an_answer(FLUX_2_10);
}

fn assert_every_real_event_has_an_answer(recording: Recording) {
    let bodies = recording.bodies();
    let events = parsed(&bodies);
    let sources = sources_of(&events);
    let site = Site::new();
    for kind in ProviderType::all() {
        let name = kind.name().replace('.', "-");
        let alert = alert(&format!("to-{name}"), &name, json!({ "eventSources": sources }));
        let objects = [objects(kind).to_vec(), vec![alert]].concat();
        site.apply(&format!("{}.yaml", kind.name()), &objects);
    }
    let kinds = |event: &Value| format!("{} {}", event["involvedObject"]["kind"], event["reason"]);
    let mut seen = BTreeSet::new();
    // One event of each kind and reason.
    for (body, event) in bodies.iter().zip(&events).filter(|(_, event)| seen.insert(kinds(event))) {
        let explanation: Value = serde_json::from_str(&explained(&site, body, "json")).expect("this is JSON");
        assert_eq!(explanation.get("action"), event.get("action"), "{body}");
        for alert in explanation["alerts"].as_array().expect("a list") {
            assert!(
                ["delivers", "stopped", "skips", "fails"].contains(&alert["result"].as_str().unwrap_or("")),
                "{alert}"
            );
            assert_ne!(alert["why"], "", "{alert}");
            assert!(
                alert["result"] != "fails"
                    || alert["why"].as_str().is_some_and(|why| why.contains("revision")),
                "{event}: {alert}"
            );
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
}
