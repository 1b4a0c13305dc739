use campanile_domain::{Alert, ObjectRef};
use campanile_protocol::{Change, LabelLookup, Labels, Resync};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::json;

use crate::api::{Namespace, alert_spec, until};
use crate::rig::{Rig, run};

fn applied(changes: &[Change<Alert>]) -> Vec<String> {
    let name = |change: &Change<Alert>| match change {
        Change::Applied(alert) => alert.key.name.to_string(),
        Change::Deleted(key) => format!("-{}", key.name),
    };
    changes.iter().map(name).collect()
}

#[test]
fn the_first_batch_is_everything_and_later_ones_are_the_changes() {
    run("changes", async |namespace| {
        namespace.provider("chat").await;
        namespace.alert("one").await;
        let rig = Rig::new(&namespace);
        let initial = rig.initial().await;
        assert!(initial.initial);
        assert_eq!((applied(&initial.alerts), initial.providers.len()), (vec!["one".to_owned()], 1));
        namespace.alert("two").await;
        let heard = rig.until_heard(|changes| !changes.initial && !changes.alerts.is_empty()).await;
        let last = heard.last().unwrap();
        assert_eq!((applied(&last.alerts), last.providers.len()), (vec!["two".to_owned()], 0));
        namespace.ours("Alert").delete("one", &Default::default()).await.unwrap();
        let heard = rig.until_heard(|changes| !changes.alerts.is_empty()).await;
        assert_eq!(applied(&heard.last().unwrap().alerts), ["-one"]);
        rig.watcher.do_send(Resync);
        let heard = rig.until_heard(|changes| changes.initial).await;
        assert_eq!(applied(&heard.last().unwrap().alerts), ["two"]);
    });
}

#[test]
fn a_malformed_object_stops_neither_the_first_list_nor_the_watch_and_is_named() {
    run("malformed", async |namespace| {
        namespace.create("Alert", "broken", json!({})).await;
        namespace.alert("sound").await;
        let rig = Rig::new(&namespace);
        assert_eq!(applied(&rig.initial().await.alerts), ["sound"]);
        let problems = rig.objects().await.problems;
        let start = format!("Alert/{}/broken: spec is required", namespace.name);
        assert!(problems.len() == 1 && problems[0].starts_with(&start), "{problems:?}");
        namespace.patch("Alert", "broken", json!({"spec": alert_spec()})).await;
        let heard = rig.until_heard(|changes| !changes.initial && !changes.alerts.is_empty()).await;
        assert_eq!(applied(&heard.last().unwrap().alerts), ["broken"]);
        assert_eq!(rig.objects().await.problems, Vec::<String>::new());
    });
}

/// A Kustomization as the cluster of these tests knows it.
async fn kustomization(namespace: &Namespace, team: &str) -> ObjectRef {
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "kustomizations.kustomize.toolkit.fluxcd.io"},
        "spec": {
            "group": "kustomize.toolkit.fluxcd.io", "scope": "Namespaced",
            "names": {"kind": "Kustomization", "plural": "kustomizations", "singular": "kustomization"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    });
    let apply = PatchParams::apply("test").force();
    let definitions = namespace.api(&kind);
    let name = "kustomizations.kustomize.toolkit.fluxcd.io";
    definitions.patch(name, &apply, &Patch::Apply(&definition)).await.unwrap();
    let kind = GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
    let api: Api<DynamicObject> =
        Api::namespaced_with(namespace.client.clone(), &namespace.name, &ApiResource::from_gvk(&kind));
    let object = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "podinfo", "labels": {"team": team}},
    });
    until(async || api.patch("podinfo", &apply, &Patch::Apply(&object)).await.ok()).await;
    ObjectRef {
        kind: "Kustomization".into(),
        namespace: namespace.name.clone(),
        name: "podinfo".into(),
        api_version: "kustomize.toolkit.fluxcd.io/v1".into(),
        ..ObjectRef::default()
    }
}

#[test]
fn labels_are_watched_from_the_first_alert_that_asks_to_the_last() {
    run("labels", async |namespace| {
        let object = kustomization(&namespace, "red").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        assert_eq!(rig.labels.labels(&object), Labels::NotYet);
        let mut spec = alert_spec();
        spec["eventSources"][0]["matchLabels"] = json!({"team": "red"});
        namespace.create("Alert", "asks", json!({"spec": spec})).await;
        rig.until_heard(|changes| !changes.initial && changes.labels).await;
        let team = || match rig.labels.labels(&object) {
            Labels::Found(labels) => labels["team"].clone(),
            other => format!("{other:?}"),
        };
        // Others hear of it, too, when it is known which group serves the kind, before any label is.
        until(async || (team() == "red").then_some(())).await;
        kustomization(&namespace, "blue").await;
        rig.until_heard(|changes| changes.labels).await;
        until(async || (team() == "blue").then_some(())).await;
        namespace.ours("Alert").delete("asks", &Default::default()).await.unwrap();
        until(async || (team() == "NotYet").then_some(())).await;
    });
}
