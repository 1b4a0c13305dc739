//! The worked examples of `deploy/flux` over objects of the shape that each installer leaves, on the real API server, and back.

use std::path::{Path, PathBuf};
use std::process::Command;

use campanile_yaml as yaml;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::{Cluster, path_of};
use crate::support::{Namespace, campanile, campanile_in, documents, kubectl};

const IMAGE: &str = "images.example.com/campanile:0.1.0";

fn file(below: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What an installer has put into the cluster: Flux's controller in its shape, and Flux's definitions.
fn flux() -> String {
    let definitions = ["alerts", "providers", "receivers"]
        .map(|plural| file(&format!("tests/fixtures/flux-2.10/{plural}.yaml")));
    [vec![file("tests/fixtures/installers/flux.yaml")], definitions.to_vec()].concat().join("\n---\n")
}

/// A cluster of its own with the namespace of Flux, and Flux in it.
fn cluster_with_flux() -> (Namespace, Vec<Value>) {
    let cluster = Cluster::another();
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}});
    cluster.must("POST", "/api/v1/namespaces", &object);
    let namespace = Namespace::of(cluster, "installers");
    apply(&namespace, &flux());
    let before = specs(&namespace);
    (namespace, before)
}

/// As kustomize-controller and the Flux Operator apply.
fn apply(namespace: &Namespace, text: &str) {
    let arguments = ["apply", "--server-side", "--force-conflicts", "--field-manager=flux", "-f", "-"];
    kubectl(namespace, &arguments, text);
}

/// What Flux installed, as it is stored.
fn specs(namespace: &Namespace) -> Vec<Value> {
    let objects = documents(&flux()).into_iter().filter(|object| !object.is_null());
    objects
        .map(|object| {
            let mut stored = namespace.cluster.must("GET", &path_of(&object), &Value::Null);
            let spec = ["spec", "rules", "subjects"].map(|field| stored[field].take());
            // The API server gives it at the first definition, and keeps it.
            json!([object["metadata"]["name"], spec])
        })
        .collect()
}

/// The folder of an example, with the image set and what its texts say to put beside.
fn example(folder: &str, beside: &[(&str, &str)]) -> TempDir {
    let copy = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder can be made");
    let source: PathBuf = [env!("CARGO_MANIFEST_DIR"), folder].iter().collect();
    for entry in std::fs::read_dir(&source).expect("the folder is there").flatten() {
        let to = copy.path().join(entry.file_name());
        std::fs::copy(entry.path(), &to).expect("it can be copied");
        let text = std::fs::read_to_string(&to).expect("a text").replace("campanile.invalid/set-me:0", IMAGE);
        std::fs::write(&to, text).expect("the folder is ours");
    }
    for (name, text) in beside {
        std::fs::write(copy.path().join(name), text).expect("the folder is ours");
    }
    copy
}

fn built(namespace: &Namespace, folder: &TempDir) -> String {
    kubectl(namespace, &["kustomize", folder.path().to_str().expect("UTF-8")], "")
}

fn definitions(namespace: &Namespace, more: &[&str]) -> String {
    let made = campanile_in(&namespace.cluster.kubeconfig, &[&["crds", "--merge"][..], more].concat());
    assert_eq!(made.code, Some(0), "{made:#?}");
    made.stdout
}

/// Campanile is there, in Flux's Deployment and with its own definitions.
fn is_campanile(namespace: &Namespace, first: &[&str]) {
    let cluster = &namespace.cluster;
    let path = "/apis/apps/v1/namespaces/flux-system/deployments/notification-controller";
    let spec = cluster.must("GET", path, &Value::Null)["spec"].take();
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], IMAGE);
    let args: Vec<&str> = pod["containers"][0]["args"]
        .as_array()
        .expect("arguments")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(args, [first, &["--state-dir=/state/outbox"]].concat());
    // The program takes every one of them.
    let help = campanile(&[&["controller"][..], &args, &["--help"]].concat());
    assert_eq!(help.code, Some(0), "{help:#?}");
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
    );
    assert_eq!(pod["terminationGracePeriodSeconds"], 30);
    assert_eq!(pod["containers"][0]["startupProbe"]["failureThreshold"], 60);
    assert_eq!(pod["securityContext"]["fsGroup"], 1337);
    let volume = pod["volumes"].as_array().expect("volumes").iter().find(|volume| volume["name"] == "state");
    assert_eq!(
        volume.expect("a volume")["persistentVolumeClaim"]["claimName"],
        "notification-controller-state"
    );
    for plural in ["alerts", "providers"] {
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.notification.toolkit.fluxcd.io"
        );
        let versions = cluster.must("GET", &path, &Value::Null)["spec"]["versions"].take();
        let names: Vec<&str> = versions
            .as_array()
            .expect("versions")
            .iter()
            .filter_map(|version| version["name"].as_str())
            .collect();
        assert_eq!(names, ["v1", "v1beta3", "v1beta2"], "{plural}");
        assert!(versions[0]["subresources"]["status"].is_object(), "{plural} shows its status");
    }
}

/// The example is taken back: Flux applies what it had, and prunes the claim.
fn is_flux_again(namespace: &Namespace, before: &[Value]) {
    apply(namespace, &flux());
    let claim = "/api/v1/namespaces/flux-system/persistentvolumeclaims/notification-controller-state";
    namespace.cluster.must("DELETE", claim, &Value::Null);
    namespace.cluster.must("PATCH", claim, &json!({"metadata": {"finalizers": null}}));
    assert_eq!(namespace.cluster.ask("GET", claim, &Value::Null).status, 404);
    assert_eq!(specs(namespace), before, "nothing is left");
}

const FIRST: &[&str] =
    &["--watch-all-namespaces=true", "--log-level=info", "--log-encoding=json", "--enable-leader-election"];

#[test]
fn cluster_installers_issue_21_bootstrap_by_patches_in_git_and_back() {
    let (namespace, before) = cluster_with_flux();
    let definitions = definitions(&namespace, &[]);
    let beside = [
        ("gotk-components.yaml", flux()),
        ("gotk-sync.yaml", String::new()),
        ("campanile-crds.yaml", definitions),
    ];
    let beside = beside.each_ref().map(|(name, text)| (*name, text.as_str()));
    let folder = example("deploy/flux/bootstrap", &beside);
    apply(&namespace, &built(&namespace, &folder));
    is_campanile(&namespace, FIRST);
    // What Flux keeps is taken back in Git: the volume is not taken from under it.
    let refused = campanile_in(&namespace.cluster.kubeconfig, &["uninstall"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("an installer of Flux keeps"), "{refused:#?}");
    is_flux_again(&namespace, &before);
}

#[test]
fn cluster_installers_issue_21_flux_operator_by_patches_of_its_fluxinstance_and_back() {
    let (namespace, before) = cluster_with_flux();
    // The operator appends its kinds to Flux's definitions, and somebody one more.
    let kind = json!([{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/eventSources/items/properties/kind/enum/-", "value": "Terraform"}]);
    kubectl(
        &namespace,
        &["patch", "crd", "alerts.notification.toolkit.fluxcd.io", "--type=json", "-p", &kind.to_string()],
        "",
    );
    let text = file("deploy/flux/operator/fluxinstance.yaml").replace("campanile.invalid/set-me:0", IMAGE);
    let instance = yaml::parse(&text).expect("it is YAML")[0].to_json();
    let kinds =
        yaml::parse(&definitions(&namespace, &["--as", "fluxinstance"])).expect("it is YAML")[0].to_json();
    let patches = |part: &Value| part["spec"]["kustomize"]["patches"].as_array().expect("patches").clone();
    // As the operator builds: its own objects, then these patches.
    let all = [patches(&instance), patches(&kinds)].concat();
    let kustomization = json!({"resources": ["flux.yaml"], "patches": all});
    let folder = example(
        "deploy/flux/operator",
        &[("flux.yaml", &flux()), ("kustomization.yaml", &kustomization.to_string())],
    );
    kubectl(&namespace, &["apply", "--server-side", "-f", "-"], &file("deploy/flux/bootstrap/state.yaml"));
    apply(&namespace, &built(&namespace, &folder));
    is_campanile(&namespace, FIRST);
    let alerts =
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/alerts.notification.toolkit.fluxcd.io";
    let kept =
        namespace.cluster.must("GET", alerts, &Value::Null)["spec"]["versions"][1]["schema"].to_string();
    assert!(kept.contains("\"Terraform\"") && kept.contains("\"ResourceSet\""), "kinds of others are kept");
    is_flux_again(&namespace, &before);
}

/// What the community's chart makes of our values (docs/contract/installers.md, section 2).
fn charted(values: &Value) -> String {
    let controller = &values["notificationController"];
    let mut objects: Vec<Value> = documents(&flux()).into_iter().filter(|object| !object.is_null()).collect();
    for object in objects.iter_mut().filter(|object| object["kind"] == "Deployment") {
        let pod = &mut object["spec"]["template"]["spec"];
        let text = |field: &str| controller[field].as_str().expect("a text").to_owned();
        pod["containers"][0]["image"] = format!("{}:{}", text("image"), text("tag")).into();
        let more = |list: &mut Value, further: &Value| {
            list.as_array_mut().expect("a list").extend(further.as_array().expect("a list").clone());
        };
        more(&mut pod["containers"][0]["args"], &controller["container"]["additionalArgs"]);
        more(&mut pod["containers"][0]["volumeMounts"], &controller["volumeMounts"]);
        more(&mut pod["volumes"], &controller["volumes"]);
        pod["securityContext"] = controller["podSecurityContext"].clone();
    }
    objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn cluster_installers_issue_21_the_communitys_chart_by_values_and_post_renderer_and_back() {
    let (namespace, before) = cluster_with_flux();
    let definitions = definitions(&namespace, &[]);
    let folder = example("deploy/flux/helm", &[("campanile-crds.yaml", &definitions)]);
    let text = std::fs::read_to_string(folder.path().join("values.yaml")).expect("it was copied");
    let (repository, tag) = IMAGE.rsplit_once(':').expect("a tag");
    let text =
        text.replace("campanile.invalid/set-me", repository).replace("tag: \"0\"", &format!("tag: {tag}"));
    let values = yaml::parse(&text).expect("it is YAML")[0].to_json();
    assert_eq!(
        values["crds"]["annotations"]["helm.sh/resource-policy"], "keep",
        "or Flux's kinds go with a release"
    );
    let rendered = Rendered::by(&folder.path().join("post-renderer.sh"), &charted(&values));
    kubectl(&namespace, &["apply", "--server-side", "-f", "-"], &file("deploy/flux/bootstrap/state.yaml"));
    apply(&namespace, &rendered.0);
    is_campanile(&namespace, FIRST);
    is_flux_again(&namespace, &before);
}

/// What a post-renderer makes of a text, called as Helm calls it.
struct Rendered(String);

impl Rendered {
    fn by(program: &Path, text: &str) -> Self {
        let input = program.with_file_name("input");
        std::fs::write(&input, text).expect("the folder is ours");
        let input = std::fs::File::open(input).expect("it was written");
        let output = Command::new("sh").arg(program).stdin(input).output().expect("it can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
