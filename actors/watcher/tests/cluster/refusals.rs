use std::path::Path;

use campanile_protocol::SecretError;
use kube::api::{GroupVersionKind, PostParams};
use kube::config::Kubeconfig;
use serde_json::{Value as Json, json};

use crate::api::{Namespace, alert_spec, another, kubeconfig, until};
use crate::rig::{Rig, run};

/// Writes a kubeconfig like the administrator's after `change`.
fn altered(dir: &Path, change: impl FnOnce(&mut Json)) -> std::path::PathBuf {
    let mut config = serde_json::to_value(Kubeconfig::read_from(kubeconfig()).unwrap()).unwrap();
    change(&mut config);
    let file = dir.join("kubeconfig");
    std::fs::write(&file, config.to_string()).unwrap();
    file
}

async fn until_problem(rig: &Rig, wanted: &str) -> String {
    until(async || rig.objects().await.problems.into_iter().find(|problem| problem.contains(wanted))).await
}

#[test]
fn an_api_server_that_is_away_is_said_and_waited_for() {
    run("away", async |namespace| {
        let dir = tempfile::tempdir().unwrap();
        let file = altered(dir.path(), |config| {
            config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9".into();
        });
        let rig = Rig::with(&namespace, file, true);
        let problem = until_problem(&rig, "failed to watch alerts").await;
        assert!(
            problem.contains("refused") && problem.contains("check that the API server is up"),
            "{problem}"
        );
        assert!(matches!(rig.token().await, Err(SecretError::Unreadable { .. })));
        rig.until_snapshot(|snapshot| !snapshot.loaded && snapshot.problems > 0).await;
    });
}

#[test]
fn a_kubeconfig_that_is_missing_is_said() {
    run("no-kubeconfig", async |namespace| {
        let rig = Rig::with(&namespace, "/nonexistent/kubeconfig".into(), true);
        let problem = until_problem(&rig, "failed to read the kubeconfig").await;
        assert!(problem.ends_with("correct it, or name another one with KUBECONFIG"), "{problem}");
    });
}

/// A kubeconfig of an account that may do what `rules` say.
async fn account(namespace: &Namespace, dir: &Path, rules: Json) -> std::path::PathBuf {
    let create = async |kind, body: Json| {
        let object = serde_json::from_value(body).unwrap();
        namespace.api(&kind).create(&PostParams::default(), &object).await.unwrap();
    };
    let rbac = |kind| GroupVersionKind::gvk("rbac.authorization.k8s.io", "v1", kind);
    let metadata = json!({"name": "limited"});
    create(GroupVersionKind::gvk("", "v1", "ServiceAccount"), json!({"metadata": metadata})).await;
    create(rbac("Role"), json!({"metadata": metadata, "rules": rules})).await;
    let subject = json!({"kind": "ServiceAccount", "name": "limited", "namespace": namespace.name});
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"});
    create(rbac("RoleBinding"), json!({"metadata": metadata, "roleRef": role, "subjects": [subject]})).await;
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let answer = namespace
        .core("ServiceAccount")
        .create_subresource::<Json, Json>("token", "limited", &PostParams::default(), &request)
        .await
        .unwrap();
    altered(dir, |config| config["users"][0]["user"] = json!({"token": answer["status"]["token"]}))
}

#[test]
fn what_the_account_may_not_do_is_said_with_the_remedy() {
    run("forbidden", async |namespace| {
        let dir = tempfile::tempdir().unwrap();
        let file = account(&namespace, dir.path(), json!([])).await;
        let rig = Rig::with(&namespace, file, true);
        let problem = until_problem(&rig, "failed to watch providers").await;
        assert!(problem.contains("403") && problem.contains("apply the roles in deploy/rbac"), "{problem}");
    });
}

#[test]
fn without_the_right_to_watch_secrets_everything_else_works() {
    run("no-secret-watch", async |namespace| {
        namespace.secret("t").await;
        namespace.provider("chat").await;
        let dir = tempfile::tempdir().unwrap();
        let rules = json!([
            {"apiGroups": ["notification.toolkit.fluxcd.io"], "resources": ["alerts", "providers"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        ]);
        let file = account(&namespace, dir.path(), rules).await;
        let rig = Rig::with(&namespace, file, true);
        rig.initial().await;
        assert_eq!(rig.token().await.as_deref(), Ok("t"));
        until_problem(&rig, "changes are noticed within a minute only").await;
        rig.resolved("chat", 1);
        let problem = until_problem(&rig, "failed to write the status of providers").await;
        assert!(problem.contains("apply the roles in deploy/rbac"), "{problem}");
    });
}

/// Makes a definition like those of old: one version, and no status.
fn old(definition: &mut Json) {
    let versions = definition["spec"]["versions"].as_array_mut().unwrap();
    versions.retain(|version| version["name"] == "v1beta2");
    versions[0]["storage"] = true.into();
    versions[0]["subresources"] = json!({});
    versions[0]["schema"]["openAPIV3Schema"]["properties"].as_object_mut().unwrap().remove("status");
}

#[test]
fn definitions_without_status_and_of_an_older_version_do() {
    let kubeconfig = another(old);
    actix_rt::System::new().block_on(async {
        let namespace = Namespace::of(&kubeconfig, "old").await;
        let kind = GroupVersionKind::gvk("notification.toolkit.fluxcd.io", "v1beta2", "Alert");
        let alerts = namespace.api(&kind);
        let create = async |name| {
            let object = json!({
                "apiVersion": "notification.toolkit.fluxcd.io/v1beta2", "kind": "Alert",
                "metadata": {"name": name, "finalizers": ["finalizers.fluxcd.io"]}, "spec": alert_spec(),
            });
            alerts.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
        };
        create("one").await;
        let rig = Rig::with(&namespace, kubeconfig, true);
        assert_eq!(rig.initial().await.alerts.len(), 1);
        create("two").await;
        rig.until_heard(|changes| !changes.initial && changes.alerts.len() == 1).await;
        let stripped = async |name| {
            let alert = alerts.get(name).await.unwrap();
            alert.metadata.finalizers.unwrap_or_default().is_empty().then_some(())
        };
        until(async || stripped("one").await).await;
        until(async || stripped("two").await).await;
        assert!(alerts.get("one").await.unwrap().data["status"].is_null());
        let table = rig.objects().await;
        assert_eq!(table.alerts[0].object.conditions[0].status, "False");
        assert_eq!(table.problems, Vec::<String>::new());
    });
}
