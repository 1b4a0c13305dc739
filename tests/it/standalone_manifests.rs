//! What a folder of manifests may hold.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    NAMESPACE, Sink, Site, alert, campanile, event, everything_from, object, provider, receiver, secret,
};

const GROUP: &str = "notification.toolkit.fluxcd.io";

#[test]
fn all_versions_forms_and_places_are_read_and_other_kinds_are_passed_over() {
    let sink = Sink::start();
    let site = Site::new();
    let text = format!(
        "# a comment\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: other, namespace: apps }}\nspec: {{ replicas: 3 }}\n---\n\
         apiVersion: {GROUP}/v1beta1\nkind: Provider\nmetadata: {{ name: one, namespace: apps }}\nspec: {{ type: generic, address: '{one}' }}\n---\n\
         apiVersion: {GROUP}/v1beta1\nkind: Alert\nmetadata: {{ name: one, namespace: apps }}\nspec:\n  providerRef: {{ name: one }}\n  eventSources:\n  - {{ kind: Kustomization, name: web }}\n---\n\
         apiVersion: {GROUP}/v1beta2\nkind: Provider\nmetadata: {{ name: two, namespace: apps }}\nspec: {{ type: generic, interval: 5m, address: '{two}' }}\n---\n\
         apiVersion: {GROUP}/v1beta2\nkind: Alert\nmetadata: {{ name: two, namespace: apps }}\nspec:\n  providerRef: {{ name: two }}\n  eventSources:\n  - {{ kind: Kustomization, name: '*' }}\n",
        one = sink.url("/one"),
        two = sink.url("/two"),
    );
    site.write("mixed.yml", &text);
    let api_version = format!("{GROUP}/v1beta3");
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": api_version, "kind": "Provider", "metadata": { "name": "three", "namespace": "apps" },
          "spec": { "type": "generic", "address": sink.url("/three") } },
        { "apiVersion": api_version, "kind": "Alert", "metadata": { "name": "three", "namespace": "apps" },
          "spec": { "providerRef": { "name": "three" }, "eventSources": [{ "kind": "Kustomization", "name": "*" }] } },
    ]});
    fs::create_dir(site.manifests().join("deeper")).expect("the site can be written");
    site.write("deeper/list.json", &list.to_string());
    site.write("notes.txt", "{ no manifest");
    let instance = site.start(&[]);
    for name in ["one", "two", "three"] {
        instance.row("alerts", name, |row| row["conditions"][0]["message"] == "Initialized");
    }
    instance.accept(&event("web", "hello"));
    instance.settle();
    let mut paths: Vec<String> = sink.arrivals().into_iter().map(|arrival| arrival.path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/one", "/three", "/two"]);
    assert_eq!(instance.ask("/v1/objects")["problems"], json!([]));
}

#[test]
fn t05_an_old_version_is_warned_of_once_and_t03_a_field_that_flux_drops_stands_in_the_status() {
    let sink = Sink::start();
    let old = |mut object: Value| {
        object["apiVersion"] = format!("{GROUP}/v1beta2").into();
        object
    };
    let mut hook = provider("hook", "generic", json!({ "address": sink.url("/"), "interval": "5m" }));
    let site = Site::with(&[hook.clone(), old(everything_from("hook"))]);
    hook["metadata"]["name"] = "other".into();
    site.apply("old.yaml", &[old(hook), old(alert("more", "hook", json!({ "eventSources": [] })))]);
    let instance = site.start(&[]);
    let said = "spec.interval is deprecated, Flux's controller of 2.10 drops it; it has no effect; remove it";
    let row = instance.row("providers", "hook", |row| row["conditions"][0]["status"] == "True");
    assert_eq!(row["conditions"][0]["message"], format!("Initialized; {said}"));
    instance.accept(&event("web", "hello"));
    sink.wait_for(1);
    for kind in ["Alert", "Provider"] {
        let warning =
            format!("v1beta2 {kind} is deprecated, upgrade to v1, or to v1beta3 for Flux 2.9 and older");
        let lines: Vec<String> = instance.log().into_iter().filter(|line| line.contains(&warning)).collect();
        assert_eq!(lines.len(), 1, "{lines:#?}");
    }
}

#[test]
fn t04_labels_of_a_foreign_kind_are_those_of_the_object_in_the_folder() {
    let (sink, group) = (Sink::start(), "infra.contrib.fluxcd.io/v1");
    let terraform = |name: &str, team: &str| {
        object(
            group,
            "Terraform",
            name,
            json!({
                "metadata": { "name": name, "namespace": NAMESPACE, "labels": { "team": team } },
            }),
        )
    };
    let sources = json!([{ "kind": "Terraform", "name": "*", "matchLabels": { "team": "a" } }]);
    let site = Site::with(&[
        terraform("net", "a"),
        terraform("disk", "b"),
        provider("hook", "generic", json!({ "address": sink.url("/") })),
        alert("team", "hook", json!({ "eventSources": sources })),
    ]);
    let instance = site.start(&[]);
    for name in ["disk", "net"] {
        let mut planned = event(name, name);
        planned["involvedObject"]["kind"] = "Terraform".into();
        planned["involvedObject"]["apiVersion"] = group.into();
        instance.accept(&planned);
    }
    instance.settle();
    assert_eq!(sink.messages(), ["net"]);
}

/// Whether a row of a Receiver says so of its condition.
fn is(row: &serde_json::Value, status: &str, reason: &str) -> bool {
    let ready = &row["conditions"][0];
    ready["status"] == status && ready["reason"] == reason
}

#[test]
fn issue_20_a_receiver_is_ready_with_its_token_and_is_not_looked_at_with_receivers_ignored() {
    let site = Site::with(&[receiver("hook"), everything_from("nowhere")]);
    {
        let instance = site.start(&[]);
        let row = instance.row("receivers", "hook", |row| is(row, "False", "TokenNotFound"));
        let message = row["conditions"][0]["message"].as_str().unwrap_or_default();
        let missing = "unable to read token from secret 'apps/token' error: secrets \"token\" not found";
        assert_eq!(message, missing);
        site.write("token.yaml", &secret("token", json!({"token": "test-token"})).to_string());
        instance.row("receivers", "hook", |row| is(row, "True", "Succeeded"));
        let admin = instance.admin.to_string();
        let shown = campanile(&["get", "receivers", "--admin-addr", &admin]).stdout;
        assert!(shown.contains("hook   generic   True    Initialized   none"), "{shown}");
        assert!(!shown.contains("/hook/"), "the path is for those who may call: {shown}");
    }
    let instance = site.start(&["--receivers=ignore"]);
    instance.row("alerts", "all-to-nowhere", |row| row["conditions"][0]["status"] == "False");
    assert_eq!(instance.ask("/v1/objects")["receivers"], json!([]));
}

#[test]
fn objects_without_a_namespace_live_in_default() {
    let sink = Sink::start();
    let site = Site::new();
    site.write(
        "all.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: hook }}\nstringData: {{ address: '{}' }}\n---\n\
             apiVersion: {GROUP}/v1beta3\nkind: Provider\nmetadata: {{ name: hook }}\nspec: {{ type: generic, secretRef: {{ name: hook }} }}\n---\n\
             apiVersion: {GROUP}/v1beta3\nkind: Alert\nmetadata: {{ name: all }}\nspec:\n  providerRef: {{ name: hook }}\n  eventSources: [{{ kind: Kustomization, name: '*' }}]\n",
            sink.url("/")
        ),
    );
    let instance = site.start(&[]);
    assert_eq!(instance.row("alerts", "all", |_| true)["namespace"], "default");
    let mut hello = event("web", "hello");
    hello["involvedObject"]["namespace"] = "default".into();
    instance.accept(&hello);
    assert_eq!(sink.wait_for(1)[0].message(), "hello");
}

#[test]
fn secrets_are_read_from_data_and_string_data_and_the_latter_wins() {
    let sink = Sink::start();
    let site = Site::new();
    // The values are "X-From: data" and "wrong".
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "hook", "namespace": "apps" },
        "data": { "headers": "WC1Gcm9tOiBkYXRh", "address": "d3Jvbmc=" },
        "stringData": { "address": sink.url("/right") },
    });
    let hook = provider("hook", "generic", json!({ "secretRef": { "name": "hook" } }));
    site.apply("objects.yaml", &[secret, hook, everything_from("hook")]);
    let instance = site.start(&[]);
    instance.accept(&event("web", "hello"));
    let arrivals = sink.wait_for(1);
    assert_eq!((arrivals[0].path.as_str(), arrivals[0].header("x-from")), ("/right", Some("data")));
}

#[test]
fn an_object_with_another_uid_is_another_object() {
    let sink = Sink::start();
    let site = Site::new();
    let apply = |uid: &str| {
        let mut hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
        hook["metadata"]["uid"] = uid.into();
        site.apply("objects.yaml", &[hook, everything_from("hook")]);
    };
    apply("00000000-0000-4000-8000-000000000001");
    let instance = site.start(&[]);
    instance.accept(&event("web", "hello"));
    instance.row("providers", "hook", |row| !row["lastDelivery"].is_null());
    apply("00000000-0000-4000-8000-000000000002");
    instance.row("providers", "hook", |row| row["lastDelivery"].is_null());
}
