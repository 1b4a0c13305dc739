//! The definitions as patches of a FluxInstance: the Flux Operator makes Flux's own, and patches them into ours.

use anyhow::{Context, Result};
use campanile_yaml as yaml;

/// Where the versions begin in a file of `deploy/crds`; they are the last of it.
const VERSIONS: &str = "\n  versions:\n";

/// The beginning of a FluxInstance, as far as it matters here.
const HEAD: &str = "spec:\n  kustomize:\n    patches:\n";

/// What comes before each line of a patch.
const INDENT: &str = "            ";

/// One patch for each definition of a stream, behind which others may stand.
pub(super) fn patches(stream: &str) -> Result<String> {
    let patches: Result<String> = stream.split("---\n").map(patch).collect();
    Ok(format!("{HEAD}{}", patches?))
}

fn patch(definition: &str) -> Result<String> {
    let parsed = yaml::parse(definition).ok().and_then(|documents| Some(documents.first()?.to_json()));
    let parsed = parsed.context("read the definition of the program")?;
    let name = parsed["metadata"]["name"].as_str().unwrap_or_default();
    let (_, versions) = definition.split_once(VERSIONS).context("find the versions of the definition")?;
    let lines = versions
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{INDENT}{line}\n") });
    Ok(format!(
        "      - target: {{ kind: CustomResourceDefinition, name: {name} }}\n        patch: |\n          - op: replace\n            \
         path: /spec/versions\n            value:\n{}",
        lines.collect::<String>()
    ))
}
