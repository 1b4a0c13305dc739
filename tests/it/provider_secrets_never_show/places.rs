//! Everywhere a text leaves the program.

use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde_json::Value;

use super::mark::Leaks;
use crate::support::{Authority, Instance, Namespace, Output, Site, campanile, get};

/// An instance, and where it shows its metrics.
pub(super) struct Watched {
    pub(super) instance: Instance,
    metrics: SocketAddr,
}

/// An instance that logs all there is to log, and that trusts `authority` where a Provider names no other.
pub(super) fn start(site: &Site, authority: &Authority) -> Watched {
    start_in(site, authority, &[])
}

/// As [`start`], in surroundings that have these variables.
pub(super) fn start_in(site: &Site, authority: &Authority, variables: &[(&str, &OsStr)]) -> Watched {
    let trusted = site.path("trusted.pem");
    fs::write(&trusted, &authority.pem).expect("the folder is ours");
    // The instance does not tell where its metrics are; the gap is short.
    let metrics =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port is free");
    let flags = ["--log-level=trace", &format!("--metrics-addr={metrics}")];
    let surroundings = [variables, &[("SSL_CERT_FILE", trusted.as_os_str())]].concat();
    let instance = Instance::start_in(&surroundings, &site.manifests(), &site.state(), &flags);
    Watched { instance, metrics }
}

/// What the operations API and the metrics show, and the commands that read the former.
pub(super) fn search(leaks: &mut Leaks, site: &Site, Watched { instance, metrics }: &Watched) {
    let answer = get(*metrics, "/metrics").expect("the metrics are there");
    assert!(answer.body.contains("campanile"), "{}", answer.body);
    leaks.search("/metrics", &answer.body);
    for path in ["/v1/objects", "/v1/deliveries", "/v1/deliveries?dead=true", "/v1/state"] {
        let answer = get(instance.admin, path).expect("the operations API answers");
        leaks.search(path, &answer.body);
    }
    for kind in ["alerts", "providers", "deliveries", "dead"] {
        for form in ["table", "json"] {
            let output = operate(instance, &["get", kind, "-o", form]);
            assert!(
                output.stdout.lines().count() > 1 || kind == "dead",
                "get {kind} shows something: {output:?}"
            );
            leaks.search(&format!("get {kind} -o {form}"), &both(&output));
        }
    }
    let manifests = site.manifests().display().to_string();
    leaks.search("check", &both(&campanile(&["check", &manifests])));
}

/// What a test through the real path says of this Provider.
pub(super) fn search_send(leaks: &mut Leaks, instance: &Instance, provider: &str) {
    let provider = format!("apps/{provider}");
    let output = operate(
        instance,
        &[
            "send",
            "--provider",
            &provider,
            "--severity",
            "error",
            "--revision",
            "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738",
            "-o",
            "json",
        ],
    );
    assert!(output.stdout.contains("requests"), "{provider}: {output:?}");
    leaks.search(&format!("send {provider}"), &both(&output));
}

/// What giving dead letters another chance says.
pub(super) fn search_redrive(leaks: &mut Leaks, instance: &Instance) {
    let dead = instance.ask("/v1/deliveries?dead=true");
    let ids = dead["items"]
        .as_array()
        .expect("a list")
        .iter()
        .take(20)
        .map(|item| item["id"].as_str().expect("a text").to_owned());
    let ids: Vec<String> = ids.collect();
    assert!(!ids.is_empty(), "something was given up");
    let arguments: Vec<&str> = ["redrive"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    leaks.search("redrive", &both(&operate(instance, &arguments)));
}

/// All that was logged until the end.
pub(super) fn search_log(leaks: &mut Leaks, instance: &mut Instance) {
    instance.stop();
    let log = instance.log();
    assert!(log.len() > 50, "a log at this level has many lines: {}", log.len());
    leaks.search("the log", &log.join("\n"));
}

/// What the API server was told: Kubernetes Events and the status of objects.
pub(super) fn search_cluster(leaks: &mut Leaks, namespace: &Namespace) {
    for event in events(namespace) {
        leaks.search("a Kubernetes Event", &event.to_string());
    }
    for plural in ["alerts", "providers"] {
        let all = namespace.all("notification.toolkit.fluxcd.io/v1beta3", plural);
        let list = namespace.cluster.must("GET", &all, &Value::Null);
        for object in list["items"].as_array().expect("a list") {
            assert!(object["status"]["conditions"].is_array(), "{object} has a status");
            leaks.search(&format!("the status of {plural}"), &object["status"].to_string());
        }
    }
}

/// All Kubernetes Events of a namespace.
pub(super) fn events(namespace: &Namespace) -> Vec<Value> {
    let list = namespace.cluster.must("GET", &namespace.all("v1", "events"), &Value::Null);
    list["items"].as_array().expect("a list").clone()
}

/// What is on disk.
pub(super) fn search_files(leaks: &mut Leaks, site: &Site) {
    let found = files(&site.state());
    assert!(!found.is_empty(), "there is an outbox");
    for file in found {
        let bytes = fs::read(&file).expect("the file can be read");
        leaks.search(&file.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn operate(instance: &Instance, arguments: &[&str]) -> Output {
    let admin = instance.admin.to_string();
    campanile(&[arguments, &["--admin-addr", &admin]].concat())
}

fn both(output: &Output) -> String {
    format!("{}\n{}", output.stdout, output.stderr)
}
