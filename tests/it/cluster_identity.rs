//! Workload identity against a real API server, which issues the tokens, under the roles that are shipped: a cloud on loopback
//! judges the tokens as the real one does, and the destinations get what the cloud gave (contract, providers 20).

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use campanile_domain::yaml;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::Cluster;
use crate::support::{
    Arrival, Authority, COMMIT, Gate, Instance, Namespace, Sink, Tunnel, condition, everything_from, object,
    provider, secret, shipped_with,
};

const CONTROLLER: &str = "notification-controller";
const ACCOUNT: &str = "flux-events";

const HOSTS: &[&str] = &[
    "login.microsoftonline.com",
    "ns.servicebus.windows.net",
    "dev.azure.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "pubsub.googleapis.com",
];

const POOL: &str = "projects/12/locations/global/workloadIdentityPools/pool/providers/prov";

const GATE: &str = "--feature-gates=ObjectLevelWorkloadIdentity=true";

/// What a cloud knows of those it trusts: the federated credential of an application, or a pool's provider.
#[derive(Clone)]
struct Trust {
    cluster: Arc<Cluster>,
    issuer: String,
    subject: String,
    audience: String,
}

impl Trust {
    fn new(namespace: &Namespace, audience: &str) -> Self {
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
    fn judge(&self, token: &str) -> Result<(), String> {
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

fn value(arrival: &Arrival, key: &str) -> String {
    let body = arrival.text();
    let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned());
    let text = found.unwrap_or_default();
    text.replace('+', " ").replace("%3A", ":").replace("%2F", "/")
}

/// What the API server refused to our account, and what it was asked about accounts.
fn asked(gate: &Gate) -> (Vec<String>, Vec<String>) {
    let line = |passed: &crate::support::Passed| format!("{} {}", passed.method, passed.path);
    let passed = gate.passed();
    let refused = passed.iter().filter(|passed| passed.status == Some(403)).map(line).collect();
    let mut accounts: Vec<String> =
        passed.iter().filter(|passed| passed.path.contains("/serviceaccounts/")).map(line).collect();
    accounts.dedup();
    (refused, accounts)
}

/// A namespace with the program's account and rights, and a cloud that all proxied requests arrive at.
struct Stage {
    namespace: Namespace,
    cloud: Sink,
    gate: Gate,
    folder: TempDir,
    _tunnel: Tunnel,
}

impl Stage {
    fn new(name: &str, components: &[&str]) -> Self {
        let namespace = Namespace::new(name);
        let shipped = shipped_with("deploy/namespaced", components, &namespace);
        let kinds = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
        for document in yaml::parse(&shipped).expect("kubectl prints YAML") {
            let mut object = document.to_json();
            if kinds.iter().any(|kind| object["kind"] == *kind) {
                own(&mut object, &namespace);
                namespace.cluster.apply(&object);
            }
        }
        let (authority, folder) = (Authority::named("clouds"), TempDir::new().expect("a temporary folder"));
        std::fs::write(folder.path().join("trusted.pem"), &authority.pem).expect("the folder is ours");
        let cloud = Sink::start_tls(authority.sign_all(HOSTS).server(None));
        let tunnel = Tunnel::to(cloud.address);
        namespace.apply(secret("proxy", json!({ "address": tunnel.url() })));
        let gate = Gate::before(&namespace.cluster, Some(&namespace.token(CONTROLLER)));
        Self { namespace, cloud, gate, folder, _tunnel: tunnel }
    }

    fn account(&self, name: &str, annotations: &Value) {
        let metadata = json!({ "metadata": { "name": name, "annotations": annotations } });
        self.namespace.apply(object("v1", "ServiceAccount", name, metadata));
    }

    /// A Provider that speaks through the proxy, and an Alert for it.
    fn provider(&self, name: &str, kind: &str, mut spec: Value) {
        spec["proxySecretRef"] = json!({ "name": "proxy" });
        self.namespace.apply(provider(name, kind, spec));
        self.namespace.apply(everything_from(name));
    }

    fn start(&self, flags: &[&str]) -> Instance {
        let trusted = self.folder.path().join("trusted.pem");
        let state = self.folder.path().join("state");
        let variables = [("SSL_CERT_FILE", trusted.as_os_str())];
        let (kubeconfig, only) = (self.gate.kubeconfig(), Some(self.namespace.name.as_str()));
        Instance::in_cluster_and(&variables, &kubeconfig, only, &state, flags).loaded()
    }

    /// What the status of a Provider says against it.
    fn complaint(&self, provider: &str) -> String {
        let is_bad = |status: &Value| condition(status, "Delivering")["status"] == "False";
        let status = self.namespace.status("providers", provider, is_bad);
        condition(&status, "Delivering")["message"].as_str().expect("a text").to_owned()
    }
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

fn azure_annotations() -> Value {
    json!({
        "azure.workload.identity/tenant-id": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "azure.workload.identity/client-id": "6a3c1b6e-0000-4000-8000-000000000001",
    })
}

/// Azure with two services, and Google with its topic; what their endpoints refused goes into `refused`.
fn think(cloud: &Sink, trust: Trust, refused: Arc<Mutex<Vec<String>>>) {
    cloud.think(move |arrival| {
        let granted = |proof: &str, answer: Value| match trust.judge(&value(arrival, proof)) {
            Ok(()) => (200, answer.to_string()),
            Err(why) => {
                refused.lock().expect("no other thread panicked").push(why);
                (400, r#"{"error":"invalid_client"}"#.to_owned())
            }
        };
        let path = arrival.path.split('?').next().unwrap_or_default();
        match (arrival.header("host").unwrap_or_default(), path.rsplit('/').next().unwrap_or_default()) {
            ("login.microsoftonline.com", "token") => {
                let token = match value(arrival, "scope").contains("eventhubs") {
                    true => "of-event-hubs",
                    false => "of-devops",
                };
                granted("client_assertion", json!({ "access_token": token, "expires_in": 3600 }))
            }
            ("ns.servicebus.windows.net", "messages") => (201, String::new()),
            ("dev.azure.com", "statuses") if arrival.method == "GET" => (200, r#"{"value":[]}"#.to_owned()),
            ("dev.azure.com", "statuses") => (201, "{}".to_owned()),
            ("sts.googleapis.com", "token") => {
                granted("subject_token", json!({ "access_token": "of-sts", "expires_in": 3600 }))
            }
            ("iamcredentials.googleapis.com", _) => {
                let until = "2036-01-01T00:00:00Z";
                (200, json!({ "accessToken": "of-the-account", "expireTime": until }).to_string())
            }
            ("pubsub.googleapis.com", "flux:publish") => (200, r#"{"messageIds":["1"]}"#.to_owned()),
            _ => (404, String::new()),
        }
    });
}

/// `HOST: the Authorization of its requests`, in the order of arrival, once for each.
fn passes(cloud: &Sink) -> Vec<String> {
    let mut passes = Vec::new();
    for arrival in cloud.arrivals() {
        let of = |name| arrival.header(name).unwrap_or_default().to_owned();
        let pass = format!("{}: {}", of("host"), of("authorization"));
        if !passes.contains(&pass) {
            passes.push(pass);
        }
    }
    passes
}

#[test]
fn cluster_identity_azure_takes_the_token_of_the_account_and_the_destinations_take_azures_20() {
    let stage = Stage::new("azure", &["deploy/workload-identity"]);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let trust = Trust::new(&stage.namespace, "api://AzureADTokenExchange");
    think(&stage.cloud, trust, refused.clone());
    stage.account(ACCOUNT, &azure_annotations());
    let hub = json!({ "address": "hub", "channel": "ns", "serviceAccountName": ACCOUNT });
    stage.provider("bus", "azureeventhub", hub);
    let repository = "https://dev.azure.com/org/project/_git/repo";
    stage.provider("repo", "azuredevops", json!({ "address": repository, "serviceAccountName": ACCOUNT }));
    let instance = stage.start(&[GATE]);
    let mut event = stage.namespace.event("web", "hello");
    event["metadata"]["event.toolkit.fluxcd.io/commit"] = format!("main@sha1:{COMMIT}").into();
    instance.accept(&event);
    let state = instance.settle();
    let refused = refused.lock().unwrap().clone();
    assert_eq!((&state["delivery"]["delivered"], refused), (&json!(2), Vec::new()), "{state}");
    let mut passes = passes(&stage.cloud);
    passes.sort_unstable();
    // Azure DevOps takes tokens where it takes passwords (contract, providers 23.34): base64 of `:of-devops`.
    assert_eq!(
        passes,
        [
            "dev.azure.com: Basic Om9mLWRldm9wcw==",
            "login.microsoftonline.com: ",
            "ns.servicebus.windows.net: Bearer of-event-hubs",
        ]
    );
    let (refused, mut asked) = asked(&stage.gate);
    asked.sort_unstable();
    asked.dedup();
    let path = format!("{}/{ACCOUNT}", stage.namespace.all("v1", "serviceaccounts"));
    assert_eq!(
        asked,
        [format!("GET {path}"), format!("POST {path}/token?")],
        "all that the component grants"
    );
    assert!(refused.is_empty(), "not granted: {refused:?}");
}

/// Grants what the documentation shows for a single account.
fn narrow(stage: &Stage) {
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

#[test]
fn cluster_identity_google_takes_the_token_of_the_one_account_that_is_granted_20() {
    let stage = Stage::new("google", &[]);
    narrow(&stage);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let trust = Trust::new(&stage.namespace, &format!("//iam.googleapis.com/{POOL}"));
    think(&stage.cloud, trust, refused.clone());
    let annotations = json!({
        "gcp.auth.fluxcd.io/workload-identity-provider": POOL,
        "iam.gke.io/gcp-service-account": "flux@my-project.iam.gserviceaccount.com",
    });
    stage.account(ACCOUNT, &annotations);
    stage.account("not-granted", &annotations);
    let topic = |account: &str| json!({ "address": "p", "channel": "flux", "serviceAccountName": account });
    stage.provider("topic", "googlepubsub", topic(ACCOUNT));
    stage.provider("other", "googlepubsub", topic("not-granted"));
    let instance = stage.start(&[GATE]);
    instance.accept(&stage.namespace.event("web", "hello"));
    let state = instance.settle();
    let refused = refused.lock().unwrap().clone();
    assert_eq!((&state["delivery"]["delivered"], refused), (&json!(1), Vec::new()), "{state}");
    assert_eq!(
        passes(&stage.cloud),
        [
            "sts.googleapis.com: ",
            "iamcredentials.googleapis.com: Bearer of-sts",
            "pubsub.googleapis.com: Bearer of-the-account",
        ]
    );
    let text = stage.complaint("other");
    assert!(text.contains("not-granted'") && text.contains("forbidden"), "{text}");
    assert!(text.contains("grant it with deploy/workload-identity"), "{text}");
}

#[test]
fn cluster_identity_what_is_missing_stands_in_the_status_with_the_remedy_20() {
    let stage = Stage::new("missing", &["deploy/workload-identity"]);
    stage.account("bare", &json!({}));
    stage.account("odd", &json!({ "gcp.auth.fluxcd.io/workload-identity-provider": "projects/x" }));
    let hub = |account: &str| json!({ "address": "hub", "channel": "ns", "serviceAccountName": account });
    let topic = |account: &str| json!({ "address": "p", "channel": "flux", "serviceAccountName": account });
    stage.provider("absent", "azureeventhub", hub("absent"));
    stage.provider("bare", "azureeventhub", hub("bare"));
    stage.provider("odd", "googlepubsub", topic("odd"));
    let mut instance = stage.start(&[GATE]);
    instance.accept(&stage.namespace.event("web", "hello"));
    let name = &stage.namespace.name;
    for (provider, text) in [
        ("absent", format!("failed to get token: service account '{name}/absent' not found; create it")),
        (
            "bare",
            format!(
                "service account '{name}/bare' lacks the annotation 'azure.workload.identity/tenant-id'; add it"
            ),
        ),
        (
            "odd",
            format!(
                "annotation 'gcp.auth.fluxcd.io/workload-identity-provider' of service account '{name}/odd' is not of the form"
            ),
        ),
    ] {
        let said = stage.complaint(provider);
        assert!(said.contains(&text), "{said}");
        assert!(!said.contains("lock-down"), "{said}");
    }
    assert!(stage.cloud.arrivals().is_empty(), "the cloud was not asked");
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn cluster_identity_a_missing_default_account_speaks_of_lock_down_and_goes_on_once_it_is_there_20() {
    let stage = Stage::new("default", &["deploy/workload-identity"]);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let trust = Trust::new(&stage.namespace, "api://AzureADTokenExchange");
    think(&stage.cloud, trust, refused.clone());
    stage.provider("bus", "azureeventhub", json!({ "address": "hub", "channel": "ns" }));
    let default = format!("--default-service-account={ACCOUNT}");
    let instance = stage.start(&[GATE, &default]);
    instance.accept(&stage.namespace.event("web", "hello"));
    let said = stage.complaint("bus");
    let name = &stage.namespace.name;
    assert!(said.contains(&format!("service account '{name}/{ACCOUNT}' not found; create it")), "{said}");
    assert!(
        said.contains("multi-tenant lock-down wants the service account of --default-service-account"),
        "{said}"
    );
    stage.account(ACCOUNT, &azure_annotations());
    // What waits for a human goes on when the Provider is touched.
    stage.provider("bus", "azureeventhub", json!({ "address": "hub", "channel": "ns", "timeout": "30s" }));
    stage.cloud.wait_for(2);
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
    assert!(refused.lock().unwrap().is_empty());
    assert_eq!(passes(&stage.cloud)[1], "ns.servicebus.windows.net: Bearer of-event-hubs");
}
