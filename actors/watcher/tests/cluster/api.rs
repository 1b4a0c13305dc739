//! The test cluster, and objects in it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value as Json, json};

/// How long a condition is waited for, in steps of [`STEP`].
const STEPS: u32 = 600;
const STEP: Duration = Duration::from_millis(50);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The kubeconfig of a running cluster that has our definitions.
pub(crate) fn kubeconfig() -> PathBuf {
    static CLUSTER: OnceLock<PathBuf> = OnceLock::new();
    CLUSTER.get_or_init(start).clone()
}

fn start() -> PathBuf {
    let kubeconfig = up(&mut Command::new(root().join("tests/cluster/up")));
    install_in(&kubeconfig, |_| ());
    kubeconfig
}

/// The kubeconfig of one more cluster, whose definitions are ours after `change`.
pub(crate) fn another(change: fn(&mut Json)) -> PathBuf {
    let kubeconfig = up(Command::new(root().join("tests/cluster/up")).env_remove("KUBECONFIG"));
    install_in(&kubeconfig, change);
    kubeconfig
}

fn install_in(kubeconfig: &Path, change: fn(&mut Json)) {
    let kubeconfig = kubeconfig.to_owned();
    let work = move || actix_rt::System::new().block_on(install(kubeconfig, change));
    std::thread::spawn(work).join().unwrap();
}

fn up(command: &mut Command) -> PathBuf {
    let output = command
        .args(["--parent-pid", &std::process::id().to_string()])
        .output()
        .unwrap_or_else(|error| panic!("tests/cluster/up: {error}; the test cluster's starter is missing"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "no test cluster: {told}; see tests/cluster/README.md");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

async fn install(kubeconfig: PathBuf, change: fn(&mut Json)) {
    let client = client_of(&kubeconfig).await;
    for file in ["alerts.yaml", "providers.yaml"] {
        let text = std::fs::read_to_string(root().join("deploy/crds").join(file)).unwrap();
        let mut definition = campanile_yaml::parse(&text).unwrap()[0].to_json();
        change(&mut definition);
        let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &ApiResource::from_gvk(&kind));
        let name = definition["metadata"]["name"].as_str().unwrap().to_owned();
        api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&definition)).await.unwrap();
        until(async || {
            let found = api.get(&name).await.unwrap().data;
            let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True").then_some(())
        })
        .await;
    }
}

async fn client_of(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

/// Waits until `ask` has an answer.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    for _ in 0..STEPS {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("what was waited for did not come");
}

/// A namespace of the cluster.
#[derive(Clone)]
pub(crate) struct Namespace {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Namespace {
    /// A new namespace.
    pub(crate) async fn new(name: &str) -> Self {
        Self::of(&kubeconfig(), name).await
    }

    /// A new namespace of the cluster of that kubeconfig.
    pub(crate) async fn of(kubeconfig: &Path, name: &str) -> Self {
        let client = client_of(kubeconfig).await;
        let name = format!("watcher-{name}");
        let namespace = Self { client, name };
        namespace
            .core("Namespace")
            .create(&Default::default(), &object(&namespace.name, json!({})))
            .await
            .unwrap();
        namespace
    }

    /// Objects of the core group; namespaces themselves are in none.
    pub(crate) fn core(&self, kind: &str) -> Api<DynamicObject> {
        self.api(&GroupVersionKind::gvk("", "v1", kind))
    }

    /// Alerts or Providers.
    pub(crate) fn ours(&self, kind: &str) -> Api<DynamicObject> {
        self.api(&GroupVersionKind::gvk("notification.toolkit.fluxcd.io", "v1beta3", kind))
    }

    pub(crate) fn api(&self, kind: &GroupVersionKind) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(kind);
        match kind.kind.as_str() {
            "Namespace" | "CustomResourceDefinition" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), &self.name, &resource),
        }
    }

    pub(crate) async fn create(&self, kind: &str, name: &str, mut body: Json) {
        body["apiVersion"] = "notification.toolkit.fluxcd.io/v1beta3".into();
        body["kind"] = kind.into();
        self.ours(kind).create(&Default::default(), &object(name, body)).await.unwrap();
    }

    pub(crate) async fn patch(&self, kind: &str, name: &str, patch: Json) {
        self.ours(kind).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    }

    /// Provider `name` that names Secret `token`.
    pub(crate) async fn provider(&self, name: &str) {
        let spec =
            json!({"type": "generic", "address": "http://127.0.0.1:9/", "secretRef": {"name": "token"}});
        self.create("Provider", name, json!({"spec": spec})).await;
    }

    /// Alert `name` that notifies through Provider `chat`.
    pub(crate) async fn alert(&self, name: &str) {
        self.create("Alert", name, json!({"spec": alert_spec()})).await;
    }

    /// Secret `token`, made or changed.
    pub(crate) async fn secret(&self, value: &str) {
        let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"token": value}});
        let parameters = PatchParams::apply("test").force();
        self.core("Secret").patch("token", &parameters, &Patch::Apply(&body)).await.unwrap();
    }

    /// Waits until an object's status satisfies `wanted`.
    pub(crate) async fn until_status(&self, kind: &str, name: &str, wanted: impl Fn(&Json) -> bool) -> Json {
        let api = self.ours(kind);
        until(async || {
            let status = api.get(name).await.unwrap().data["status"].take();
            wanted(&status).then_some(status)
        })
        .await
    }
}

/// What Alerts of these tests ask for.
pub(crate) fn alert_spec() -> Json {
    json!({"providerRef": {"name": "chat"}, "eventSources": [{"kind": "Kustomization", "name": "*"}]})
}

/// The condition of a type.
pub(crate) fn condition(status: &Json, kind: &str) -> Json {
    let all = status["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["type"] == kind).unwrap_or_default()
}

fn object(name: &str, mut body: Json) -> DynamicObject {
    if body["metadata"].is_null() {
        body["metadata"] = json!({});
    }
    body["metadata"]["name"] = name.into();
    serde_json::from_value(body).unwrap()
}
