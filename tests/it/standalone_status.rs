//! What is wrong with an object stands in its status with the remedy, and nothing else is disturbed.

use serde_json::{Value, json};

use crate::support::{
    COMMIT, GitHost, Instance, Sink, Site, alert, campanile, event, eventually, everything_from, get,
    provider, secret,
};

const FOLLOW_ALL: fn() -> Value = || json!([{ "kind": "Kustomization", "name": "*" }]);

/// Starts with `broken` beside a sound pair, and posts an event that must arrive through the latter.
fn beside_a_sound_pair(broken: &[Value]) -> (Site, Instance) {
    let sink = Sink::start();
    let sound = [provider("sound", "generic", json!({ "address": sink.url("/") })), everything_from("sound")];
    let site = Site::with(&[broken, &sound].concat());
    let instance = site.start(&[]);
    instance.accept(&event("web", "not disturbed"));
    assert_eq!(sink.wait_for(1)[0].message(), "not disturbed");
    instance.row("alerts", "all-to-sound", |row| row["conditions"][0]["status"] == "True");
    (site, instance)
}

/// The message of an object that is not ready.
fn not_ready(instance: &Instance, kind: &str, name: &str) -> String {
    let row = instance.row(kind, name, |row| row["conditions"][0]["status"] == "False");
    row["conditions"][0]["message"].as_str().expect("a text").to_owned()
}

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
}

#[test]
fn s05_s07_a_bad_regex_is_named() {
    let (_site, instance) = beside_a_sound_pair(&[
        alert("inclusion", "sound", json!({ "eventSources": FOLLOW_ALL(), "inclusionList": ["["] })),
        alert("exclusion", "sound", json!({ "eventSources": FOLLOW_ALL(), "exclusionList": ["(?=x)"] })),
    ]);
    assert_says(
        &not_ready(&instance, "alerts", "inclusion"),
        &["spec.inclusionList[0]", "not a valid pattern"],
    );
    assert_says(
        &not_ready(&instance, "alerts", "exclusion"),
        &["spec.exclusionList[0]", "not a valid pattern"],
    );
    assert_eq!(instance.settle()["delivery"]["delivered"], 2, "a bad exclusion excludes nothing");
}

#[test]
fn d02_v09_v10_a_missing_provider_is_named_until_it_is_there() {
    let (site, instance) = beside_a_sound_pair(&[everything_from("later")]);
    let message = not_ready(&instance, "alerts", "all-to-later");
    assert_says(&message, &["failed to get provider 'apps/later'", "create it or correct spec.providerRef"]);
    let sink = Sink::start();
    site.apply("later.yaml", &[provider("later", "generic", json!({ "address": sink.url("/") }))]);
    instance.row("alerts", "all-to-later", |row| row["conditions"][0]["message"] == "Initialized");
    instance.accept(&event("web", "now"));
    assert!(sink.wait_for(1).iter().any(|arrival| arrival.message() == "now"));
}

#[test]
fn n17_an_unknown_type_is_named_with_those_that_exist() {
    let (_site, instance) = beside_a_sound_pair(&[
        provider("pigeon", "pigeon", json!({ "address": "http://127.0.0.1:9/" })),
        everything_from("pigeon"),
    ]);
    assert_says(
        &not_ready(&instance, "providers", "pigeon"),
        &["'pigeon' is not supported", "generic", "slack"],
    );
}

#[test]
fn an_address_that_is_no_url_is_named_and_not_shown() {
    let addresses = [
        "not a url",
        "hooks.example.com/T000/secret",
        "ftp://127.0.0.1/secret",
        "http://127.0.0.1:99999/secret",
    ];
    for address in addresses {
        let (_site, instance) = beside_a_sound_pair(&[
            provider("nowhere", "generic", json!({ "address": address })),
            everything_from("nowhere"),
        ]);
        let message = not_ready(&instance, "providers", "nowhere");
        assert_says(&message, &["invalid hook URL", "correct spec.address"]);
        assert!(!message.contains("secret"), "{message}");
    }
}

/// Providers that a Secret spoils: name, field, Secret, type, and what the status says.
const SPOILED: [(&str, &str, &str, &str, &[&str]); 8] = [
    ("missing", "secretRef", "nowhere", "generic", &["secret 'apps/nowhere'", "not found", "spec.secretRef"]),
    ("no-key", "secretRef", "empty", "generic-hmac", &["HMAC key is empty", "'token'"]),
    ("headers", "secretRef", "headers", "generic", &["failed to read headers from secret", "'apps/headers'"]),
    ("base64", "secretRef", "base64", "generic", &["'apps/base64'", "is not base64"]),
    ("no-cert", "certSecretRef", "empty", "generic", &["failed to get TLS config", "'ca.crt'"]),
    ("bad-cert", "certSecretRef", "garbage", "generic", &["failed to parse CA certificate"]),
    ("bad-pair", "certSecretRef", "pair", "generic", &["failed to parse TLS certificate and key"]),
    (
        "no-proxy",
        "proxySecretRef",
        "empty",
        "generic",
        &["failed to get proxy URL", "key 'address' not found"],
    ),
];

fn spoiled() -> Vec<Value> {
    let mut base64 = secret("base64", json!({}));
    base64["data"] = json!({ "token": "%%%" });
    let mut objects = vec![
        secret("empty", json!({})),
        secret("headers", json!({ "headers": "foo" })),
        secret("garbage", json!({ "ca.crt": "garbage" })),
        secret("pair", json!({ "tls.crt": "garbage", "tls.key": "garbage" })),
        base64,
    ];
    for (name, field, secret, type_name, _) in SPOILED {
        let spec = json!({ "address": "https://127.0.0.1:9/", field: { "name": secret } });
        objects.extend([provider(name, type_name, spec), everything_from(name)]);
    }
    objects
}

#[test]
fn n02_n05_n09_n13_n21_a_secret_that_does_not_serve_is_named() {
    let (_site, instance) = beside_a_sound_pair(&spoiled());
    for (name, _, _, _, parts) in SPOILED {
        assert_says(&not_ready(&instance, "providers", name), parts);
    }
    eventually("all but one delivery to wait for the mending", || {
        let total = &instance.ask("/v1/state")["outbox"]["total"];
        assert_eq!(total["dead"], 0);
        let waiting = total["pending"].as_u64()? + total["parked"].as_u64()?;
        (waiting == SPOILED.len() as u64).then_some(())
    });
}

#[test]
fn get_alerts_shows_who_is_ready_and_what_is_wrong() {
    let (_site, instance) = beside_a_sound_pair(&[everything_from("nowhere")]);
    let table = campanile(&["get", "alerts", "--admin-addr", &instance.admin.to_string()]);
    let rows: Vec<Vec<&str>> = table
        .stdout
        .lines()
        .map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["NAMESPACE", "NAME", "READY", "STATUS", "AGE"]);
    assert_eq!(
        rows[1][..4],
        [
            "apps",
            "all-to-nowhere",
            "False",
            "failed to get provider 'apps/nowhere': not found; create it or correct spec.providerRef"
        ]
    );
    assert_eq!(rows[2][..4], ["apps", "all-to-sound", "True", "Initialized"]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn neither_readyz_nor_events_wait_for_the_manifests() {
    let sink = Sink::start();
    let site = Site::new();
    let missing = site.path("later");
    // A link whose target comes later, as mounted volumes have it.
    let link = site.path("link");
    std::os::unix::fs::symlink(&missing, &link).expect("the site can be written");
    let instance = Instance::start_unready(&link, &site.state(), &[]);
    assert_eq!(get(instance.health, "/healthz").expect("an answer").status, 200);
    assert_eq!(get(instance.health, "/readyz").expect("an answer").body, "ok");
    let unloaded = get(instance.health, "/readyz/snapshots").expect("an answer");
    assert_eq!(unloaded.status, 500);
    assert_says(&unloaded.body, &["the objects are not loaded yet, events are stored"]);
    instance.accept(&event("web", "stored and planned later"));
    let unknown = get(instance.admin, "/v1/objects").expect("an answer");
    assert_eq!(unknown.status, 503, "an empty table would say that there are no objects");
    assert_says(&unknown.body, &["the objects are not loaded yet, try again"]);
    eventually("the log to say why", || {
        let why = ["manifests folder", "cannot be read"];
        why.iter().all(|part| instance.logged(part)).then_some(())
    });
    site.apply(
        "objects.yaml",
        &[provider("hook", "generic", json!({ "address": sink.url("/") })), everything_from("hook")],
    );
    std::fs::rename(site.manifests(), missing).expect("the site can be written");
    assert_eq!(sink.wait_for(1)[0].message(), "stored and planned later");
    eventually("the objects to be loaded", || {
        (get(instance.health, "/readyz/snapshots").ok()?.status == 200).then_some(())
    });
}

#[test]
fn issue_17_objects_of_two_namespaces_that_share_a_commit_status_are_told_on_the_provider() {
    let host = GitHost::start();
    let git = |more: Value| {
        let mut spec = json!({ "address": host.repository(), "secretRef": { "name": "token" } });
        spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        provider("git", "gitea", spec)
    };
    let sources = ["apps", "web"]
        .map(|namespace| json!({ "kind": "Kustomization", "name": "*", "namespace": namespace }));
    let site = Site::with(&[
        alert("commits", "git", json!({ "eventSources": sources })),
        secret("token", json!({ "token": "t0ken" })),
    ]);
    site.apply("git.yaml", &[git(json!({}))]);
    let instance = site.start(&[]);
    let happened = |namespace: &str, message: &str| {
        let mut event = event("webapp", message);
        event["involvedObject"]["namespace"] = namespace.into();
        event["metadata"]["event.toolkit.fluxcd.io/commit"] = format!("main@sha1:{COMMIT}").into();
        instance.accept(&event);
        instance.settle();
    };
    let message = |row: &Value| row["conditions"][0]["message"].as_str().expect("a text").to_owned();
    happened("apps", "one");
    assert_eq!(message(&instance.row("providers", "git", |_| true)), "Initialized");
    happened("web", "two");
    let row = instance.row("providers", "git", |row| message(row) != "Initialized");
    assert_says(
        &message(&row),
        &[
            "Kustomizations webapp",
            "namespaces apps and web",
            "kustomization/webapp/",
            "spec.commitStatusExpr",
        ],
    );
    assert_eq!(row["conditions"][0]["status"], "True", "the Provider itself is sound");
    let table = campanile(&["get", "providers", "--admin-addr", &instance.admin.to_string()]);
    assert!(table.stdout.contains("share the commit status"), "{table:?}");
    let apart = "event.involvedObject.namespace + '/' + event.involvedObject.name";
    site.apply("git.yaml", &[git(json!({ "commitStatusExpr": apart }))]);
    instance.row("providers", "git", |row| message(row) == "Initialized");
    happened("apps", "three");
    happened("web", "four");
    assert_eq!(message(&instance.row("providers", "git", |_| true)), "Initialized");
    assert!(host.states().len() >= 3, "both are written: {:?}", host.states());
}
