//! Helm, the real one, on the chart that is shipped.

use std::path::Path;
use std::process::Command;

use super::Namespace;

/// What to do where there is none.
const MISSING: &str = "helm is missing: start the tests with 'tests/run cluster', which builds it, or put the folder of what 'tests/cluster/up --helm' prints on the PATH";

/// What a command of Helm printed; standard error is part of it where it fails.
pub(crate) struct Helm {
    pub(crate) succeeded: bool,
    pub(crate) text: String,
}

/// Runs Helm in the cluster of a namespace, with folders of its own.
pub(crate) fn helm(namespace: &Namespace, arguments: &[&str]) -> Helm {
    let home = tempfile::TempDir::with_prefix("campanile-helm-").expect("a folder");
    let output = Command::new("helm")
        .env("KUBECONFIG", &namespace.cluster.kubeconfig)
        .env("HELM_CACHE_HOME", home.path())
        .env("HELM_CONFIG_HOME", home.path())
        .env("HELM_DATA_HOME", home.path())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["--namespace", &namespace.name])
        .args(arguments)
        .output()
        .expect(MISSING);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let succeeded = output.status.success();
    let told = if succeeded { String::new() } else { text(&output.stderr) };
    Helm { succeeded, text: text(&output.stdout) + &told }
}

/// What the chart makes of these values.
pub(crate) fn rendered(namespace: &Namespace, values: &[&str]) -> String {
    let set: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
    let made = helm(namespace, &[&["template", "campanile", "deploy/chart"][..], &set].concat());
    assert!(made.succeeded, "{values:?}: {}", made.text);
    made.text
}
