//! A namespace of a real cluster with the program's account in it, and a cloud on loopback that knows whom it trusts.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use campanile_yaml as yaml;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::Cluster;
use crate::support::{
    Authority, Gate, Instance, Namespace, Passed, Sink, Tunnel, condition, everything_from, object, provider,
    secret, shipped_with,
};

pub(crate) const CONTROLLER: &str = "notification-controller";

/// The service account of the Providers.
pub(super) const ACCOUNT: &str = "flux-events";

const HOSTS: &[&str] = &[
    "login.microsoftonline.com",
    "ns.servicebus.windows.net",
    "dev.azure.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "pubsub.googleapis.com",
];

/// What a cloud knows of those it trusts: the federated credential of an application, or a pool's provider.
#[derive(Clone)]
pub(super) struct Trust {
    cluster: Arc<Cluster>,
    issuer: String,
    subject: String,
    audience: String,
}

impl Trust {
    pub(super) fn new(namespace: &Namespace, audience: &str) -> Self {
        let cluster = namespace.cluster.clone();
        let known = cluster.must("GET", "/.well-known/openid-configuration", &Value::Null);
        Self {
            issuer: known["issuer"].as_str().expect("the API server names itself").to_owned(),
            subject: format!("system:serviceaccount:{}:{ACCOUNT}", namespace.name),
            audience: audience.to_owned(),
            cluster,
        }
    }

    /// Why a token is not taken, as a cloud would say it. Its signature is the API server's to judge.
    pub(super) fn judge(&self, token: &str) -> Result<(), String> {
        let claims = token.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).ok_or("no JWT")?;
        let expected =
            [("iss", json!(self.issuer)), ("sub", json!(self.subject)), ("aud", json!([self.audience]))];
        for (claim, value) in expected {
            if claims[claim] != value {
                return Err(format!("{claim} is {} and not {value}", claims[claim]));
            }
        }
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "spec": { "token": token, "audiences": [self.audience] },
        });
        let path = "/apis/authentication.k8s.io/v1/tokenreviews";
        let status = self.cluster.must("POST", path, &review)["status"].take();
        if status["authenticated"] == true { Ok(()) } else { Err(format!("it is not authentic: {status}")) }
    }
}

/// A namespace with the program's account and rights, and a cloud that all proxied requests arrive at.
pub(super) struct Stage {
    pub(super) namespace: Namespace,
    pub(super) cloud: Sink,
    pub(super) gate: Gate,
    folder: TempDir,
    _tunnel: Tunnel,
}

impl Stage {
    pub(super) fn new(name: &str, components: &[&str]) -> Self {
        let namespace = Namespace::new(name);
        grant(&namespace, components);
        let (authority, folder) = (Authority::named("clouds"), TempDir::new().expect("a temporary folder"));
        std::fs::write(folder.path().join("trusted.pem"), &authority.pem).expect("the folder is ours");
        let cloud = Sink::start_tls(authority.sign_all(HOSTS).server(None));
        let tunnel = Tunnel::to(cloud.address);
        namespace.apply(secret("proxy", json!({ "address": tunnel.url() })));
        let gate = Gate::before(&namespace.cluster, Some(&namespace.token(CONTROLLER)));
        Self { namespace, cloud, gate, folder, _tunnel: tunnel }
    }

    pub(super) fn account(&self, name: &str, annotations: &Value) {
        let metadata = json!({ "metadata": { "name": name, "annotations": annotations } });
        self.namespace.apply(object("v1", "ServiceAccount", name, metadata));
    }

    /// A Provider that speaks through the proxy, and an Alert for it.
    pub(super) fn provider(&self, name: &str, kind: &str, mut spec: Value) {
        spec["proxySecretRef"] = json!({ "name": "proxy" });
        self.namespace.apply(provider(name, kind, spec));
        self.namespace.apply(everything_from(name));
    }

    pub(super) fn start(&self, flags: &[&str]) -> Instance {
        let trusted = self.folder.path().join("trusted.pem");
        let state = self.folder.path().join("state");
        let variables = [("SSL_CERT_FILE", trusted.as_os_str())];
        let (kubeconfig, only) = (self.gate.kubeconfig(), Some(self.namespace.name.as_str()));
        Instance::in_cluster_and(&variables, &kubeconfig, only, &state, flags).loaded()
    }

    /// What the status of a Provider says against it.
    pub(super) fn complaint(&self, provider: &str) -> String {
        let is_bad = |status: &Value| condition(status, "Delivering")["status"] == "False";
        let status = self.namespace.status("providers", provider, is_bad);
        condition(&status, "Delivering")["message"].as_str().expect("a text").to_owned()
    }
}

/// Applies the account of the program and what it may do, with these components, and returns the objects.
pub(crate) fn grant(namespace: &Namespace, components: &[&str]) -> Vec<Value> {
    let shipped = shipped_with("deploy/namespaced", components, namespace);
    let kinds = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
    let documents = yaml::parse(&shipped).expect("kubectl prints YAML");
    let objects = documents.iter().map(yaml::Node::to_json);
    let mut granted: Vec<Value> =
        objects.filter(|object| kinds.iter().any(|kind| object["kind"] == *kind)).collect();
    for object in &mut granted {
        own(object, namespace);
        namespace.cluster.apply(object);
    }
    granted
}

/// Gives what is not of a namespace a name of this test's own.
fn own(object: &mut Value, namespace: &Namespace) {
    if !object["kind"].as_str().unwrap_or_default().starts_with("Cluster") {
        return;
    }
    let suffixed = |name: &Value| json!(format!("{}-{}", name.as_str().unwrap_or_default(), namespace.name));
    object["metadata"]["name"] = suffixed(&object["metadata"]["name"]);
    if object["roleRef"]["kind"] == "ClusterRole" {
        object["roleRef"]["name"] = suffixed(&object["roleRef"]["name"]);
    }
}

/// Grants what the documentation shows for a single account.
pub(super) fn narrow(stage: &Stage) {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/workload-identity.md"));
    let page = page.expect("the page is there");
    let mut blocks = page.split("```yaml\n").filter_map(|block| block.split("```").next());
    let block = blocks.find(|block| block.contains("kind: RoleBinding")).expect("the page shows the rights");
    for document in yaml::parse(block).expect("the page has YAML") {
        let mut object = document.to_json();
        if object["kind"] == "RoleBinding" {
            object["subjects"][0]["namespace"] = stage.namespace.name.as_str().into();
        }
        stage.namespace.apply(object);
    }
}

/// What the API server refused to our account, and what it was asked about accounts.
pub(super) fn asked(gate: &Gate) -> (Vec<String>, Vec<String>) {
    let line = |passed: &Passed| format!("{} {}", passed.method, passed.path);
    let passed = gate.passed();
    let refused = passed.iter().filter(|passed| passed.status == Some(403)).map(line).collect();
    let mut accounts: Vec<String> =
        passed.iter().filter(|passed| passed.path.contains("/serviceaccounts/")).map(line).collect();
    accounts.dedup();
    (refused, accounts)
}
