//! `campanile explain` renders any event for any type, offline: nothing is dialled, and nothing secret is shown.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::recording::{parsed, recording, sources_of};
use crate::support::{Site, alert, campanile_with_input, everything_from, failing, provider, secret};

/// A key that Google's accounts and GitHub's Apps sign with.
const PEM: &str = include_str!("../../actors/providers/fixtures/github-app/pkcs8.pem");

/// Where the types that read more out of an address than where to send find it.
fn address(type_name: &str) -> &'static str {
    match type_name {
        "sentry" => "https://public@sentry.invalid/42",
        "googlepubsub" => "project",
        "nats" => "nats://nats.invalid:4222",
        "azureeventhub" => {
            "Endpoint=sb://hub.invalid/;SharedAccessKeyName=n;SharedAccessKey=c2VjcmV0LWtleQ==;EntityPath=flux"
        }
        "bitbucketserver" => "https://git.invalid/scm/org/repo.git",
        "azuredevops" => "https://dev.azure.com/org/project/_git/repo",
        _ => "https://host.invalid/org/repo",
    }
}

fn token(type_name: &str) -> String {
    let key = json!({
        "type": "service_account", "project_id": "project", "private_key_id": "key-1", "private_key": PEM,
        "client_email": "flux@project.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
    });
    match type_name {
        "googlepubsub" => key.to_string(),
        "bitbucket" => "bot:secret-app-password".to_owned(),
        _ => "secret-token".to_owned(),
    }
}

fn objects(type_name: &str) -> [Value; 2] {
    let name = type_name.replace('.', "-");
    let channel = match type_name {
        "zulip" => "general/alerts",
        "nats" => "flux.events",
        _ => "general",
    };
    let mut data = json!({ "address": address(type_name) });
    // A connection string is all that an event hub wants.
    if type_name != "azureeventhub" {
        data["token"] = token(type_name).into();
        data["username"] = "somebody".into();
        data["password"] = "secret-password".into();
    }
    let spec = json!({ "channel": channel, "secretRef": { "name": name } });
    [provider(&name, type_name, spec), secret(&name, data)]
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
    let types: Vec<&str> = campanile_providers::supported().collect();
    let site = Site::new();
    for type_name in &types {
        let alert = everything_from(&type_name.replace('.', "-"));
        let objects = [objects(type_name).to_vec(), vec![alert]].concat();
        site.apply(&format!("{type_name}.yaml"), &objects);
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
    for type_name in types {
        let name = format!("apps/{}", type_name.replace('.', "-"));
        assert!(table.contains(&format!("sends through provider {name}")), "{name}: {table}");
    }
}

#[test]
fn explain_has_an_answer_to_every_real_event_for_every_type() {
    let bodies = recording();
    let events = parsed(&bodies);
    let sources = sources_of(&events);
    let site = Site::new();
    for type_name in campanile_providers::supported() {
        let name = type_name.replace('.', "-");
        let alert = alert(&format!("to-{name}"), &name, json!({ "eventSources": sources }));
        let objects = [objects(type_name).to_vec(), vec![alert]].concat();
        site.apply(&format!("{type_name}.yaml"), &objects);
    }
    let kinds = |event: &Value| format!("{} {}", event["involvedObject"]["kind"], event["reason"]);
    let mut seen = BTreeSet::new();
    // One event of each kind and reason.
    for (body, event) in bodies.iter().zip(&events).filter(|(_, event)| seen.insert(kinds(event))) {
        let explanation: Value = serde_json::from_str(&explained(&site, body, "json")).expect("this is JSON");
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
