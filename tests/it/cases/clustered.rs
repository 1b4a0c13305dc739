//! What a case's objects make an instance ask of the API server.
//!
//! The API server is a stand-in: it has the objects of the case, a sound pair with a Secret, and no more of the API than an
//! instance needs to read them.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_yaml as yaml;
use serde::Deserialize;
use serde_json::{Value, json};

use super::evidence::Evidence;
use super::folder::{DESTINATION, Deviations, Folder, deviate};
use super::ran::Row;
use crate::support::{Arrival, Instance, Raw, Sink, Thought, event, everything_from, object, provider};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

const GROUP: &str = "/apis/notification.toolkit.fluxcd.io/v1beta3";

/// How many copies of the case's objects there are, as somebody makes them who means harm.
const COPIES: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clustered {
    /// Parts of paths and queries that are never asked for.
    never: Vec<String>,
    /// What an object of the case says of itself.
    status: Row,
}

/// The objects that the stand-in has.
struct Objects(Vec<Value>);

impl Objects {
    /// Those of the case, in as many copies as there are to be, and a sound pair with a Secret.
    fn of(folder: &Folder, sink: &Sink) -> Self {
        let mut objects = vec![
            provider("sound", "generic", json!({ "secretRef": { "name": "sound" } })),
            everything_from("sound"),
            object(
                "v1",
                "Secret",
                "sound",
                json!({ "data": { "address": STANDARD.encode(sink.url("/sound")) } }),
            ),
        ];
        let texts = folder
            .manifests()
            .into_iter()
            .map(|(_, text)| text.replace(DESTINATION, &sink.address.to_string()));
        let documents = texts.flat_map(|text| yaml::parse(&text).expect("the manifests are YAML"));
        let theirs: Vec<Value> = documents.map(|document| document.to_json()).collect();
        for copy in 0..COPIES {
            let mut object = theirs[copy % theirs.len()].clone();
            object["metadata"]["name"] = format!("copy-{copy}").into();
            objects.push(object);
        }
        for (number, object) in objects.iter_mut().enumerate() {
            object["metadata"]["uid"] = format!("00000000-0000-0000-0000-{number:012}").into();
            object["metadata"]["resourceVersion"] = "1".into();
            object["metadata"]["generation"] = 1.into();
        }
        Self(objects)
    }

    /// The answer to a request; a watch without a kind's name at its end hangs, as it does at an API server.
    fn thought(&self, request: &Arrival) -> Thought {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if path.ends_with('/') && query.contains("watch=") {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            return Thought { raw: Some(Raw { bytes: head.to_vec(), hangs: true }), ..Thought::default() };
        }
        let (status, body) = self.answer(request);
        Thought { status, body, ..Thought::default() }
    }

    fn answer(&self, request: &Arrival) -> (u16, String) {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let last = path.rsplit('/').next().unwrap_or_default();
        let kind = match last {
            "alerts" => "Alert",
            "providers" => "Provider",
            "secrets" => "Secret",
            _ if path == GROUP => return (200, resources().to_string()),
            _ if path.contains("/secrets/") => {
                let found = self
                    .0
                    .iter()
                    .find(|object| object["kind"] == "Secret" && object["metadata"]["name"] == last);
                return found.map_or_else(missing, |found| (200, found.to_string()));
            }
            _ => return missing(),
        };
        if query.contains("watch=") {
            return (200, String::new());
        }
        let items: Vec<&Value> = self.0.iter().filter(|object| object["kind"] == kind).collect();
        let version = if kind == "Secret" { "v1" } else { "notification.toolkit.fluxcd.io/v1beta3" };
        let list = json!({
            "apiVersion": version, "kind": format!("{kind}List"), "metadata": { "resourceVersion": "1" }, "items": items,
        });
        (200, list.to_string())
    }
}

fn missing() -> (u16, String) {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found",
    });
    (404, status.to_string())
}

/// What is served of the group.
fn resources() -> Value {
    let resource = |name: &str, kind: &str| json!({ "name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list", "watch"] });
    let all = [
        ("alerts", "Alert"),
        ("alerts/status", "Alert"),
        ("providers", "Provider"),
        ("providers/status", "Provider"),
    ];
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP.trim_start_matches("/apis/"),
        "resources": all.map(|(name, kind)| resource(name, kind)),
    })
}

impl Clustered {
    pub(super) fn deviations(&self, folder: &Folder, patience: Duration) -> Deviations {
        let (sink, api) = (Sink::start(), Sink::start());
        let objects = Objects::of(folder, &sink);
        api.think_of(move |request| objects.thought(request));
        let site = folder.quiet_site();
        let kubeconfig = site.path("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "stand-in",
            "clusters": [{ "name": "stand-in", "cluster": { "server": api.url("") } }],
            "users": [{ "name": "stand-in", "user": {} }],
            "contexts": [{ "name": "stand-in", "context": { "cluster": "stand-in", "user": "stand-in" } }],
        });
        std::fs::write(&kubeconfig, config.to_string()).expect("the site is ours");
        let instance =
            Instance::in_cluster(&kubeconfig, None, &site.state(), &["--enable-leader-election=false"]);
        instance.accept(&event("sound", "sent with an address from a Secret"));
        let deadline = Instant::now() + patience;
        loop {
            let evidence = Evidence::gather(&instance, &sink);
            let deviations = self.compare(&evidence, &api.arrivals());
            if deviations.is_empty() || Instant::now() >= deadline {
                return deviations;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    fn compare(&self, evidence: &Evidence, asked: &[Arrival]) -> Deviations {
        let mut deviations = Deviations::new();
        let is_wrong = |request: &&Arrival| self.never.iter().any(|part| request.path.contains(part));
        let wrong = asked.iter().find(is_wrong);
        let told = || wrong.map(|request| request.path.clone()).unwrap_or_default();
        deviate(&mut deviations, "cluster.never", wrong.is_none(), told);
        let is_said = self.status.is_in(&evidence.objects);
        deviate(&mut deviations, "cluster.status", is_said, || evidence.objects.to_string());
        let served = evidence.requests.len();
        deviate(&mut deviations, "cluster.served", served == 1, || {
            format!("{served} requests of the sound Provider")
        });
        deviations
    }
}
