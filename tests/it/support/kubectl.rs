//! kubectl, the real one, as users call it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use campanile_yaml as yaml;
use serde_json::Value;
use tempfile::TempDir;

use super::Namespace;

/// What to do where there is none.
const MISSING: &str = "kubectl is missing: start the tests with 'tests/run cluster', which builds it, or put the folder of what 'tests/cluster/up --kubectl' prints on the PATH";

/// Runs kubectl in the cluster of a namespace and returns what it printed; it must succeed.
pub(crate) fn kubectl(namespace: &Namespace, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("kubectl")
        .env("KUBECONFIG", &namespace.cluster.kubeconfig)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(MISSING);
    // A command that does not read its input may have ended already.
    drop(child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("kubectl ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "kubectl {arguments:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// The objects of a text of YAML documents.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    yaml::parse(text).expect("it is YAML").iter().map(yaml::Node::to_json).collect()
}

/// The manifests of a folder of the repository, as `kubectl apply -k` would send them to a namespace.
pub(crate) fn shipped(folder: &str, namespace: &Namespace) -> String {
    shipped_with(folder, &[], namespace)
}

/// As [`shipped`], with components.
pub(crate) fn shipped_with(folder: &str, components: &[&str], namespace: &Namespace) -> String {
    let overlay = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder can be made");
    let up: PathBuf = overlay.path().components().skip(1).map(|_| "..").collect();
    let relative = |folder: &str| {
        let base: PathBuf = [env!("CARGO_MANIFEST_DIR"), folder].iter().collect();
        let base = base.strip_prefix("/").expect("the repository has an absolute path");
        up.join(base).display().to_string()
    };
    let components: Vec<String> = components.iter().map(|folder| relative(folder)).collect();
    let (name, folder, components) = (&namespace.name, relative(folder), components.join(", "));
    let text = format!("namespace: {name}\nresources: [{folder}]\ncomponents: [{components}]\n");
    std::fs::write(overlay.path().join("kustomization.yaml"), text).expect("the folder is ours");
    kubectl(namespace, &["kustomize", overlay.path().to_str().expect("a UTF-8 path")], "")
}
