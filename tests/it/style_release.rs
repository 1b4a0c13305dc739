//! What is shipped beside the code: the profile of releases, the image, the network policy.

use std::path::Path;

fn text(below: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(below)).expect("the file can be read")
}

/// The lines of a section of `Cargo.toml`.
fn section(name: &str) -> Vec<String> {
    let all = text("Cargo.toml");
    let (_, rest) = all.split_once(&format!("[{name}]\n")).expect("there is such a section");
    rest.lines().take_while(|line| !line.starts_with('[')).map(str::to_owned).collect()
}

#[test]
fn style_issue_17_releases_check_overflow() {
    assert!(section("profile.release").contains(&"overflow-checks = true".to_owned()));
    let dist = section("profile.dist");
    assert!(dist.contains(&"inherits = \"release\"".to_owned()), "{dist:?}");
    assert!(!dist.iter().any(|line| line.starts_with("overflow-checks")), "{dist:?}");
}

#[test]
fn style_issue_17_the_image_has_no_shell_a_base_that_can_be_pinned_and_no_build_paths() {
    let dockerfile = text("deploy/Dockerfile");
    let instructions: Vec<&str> = dockerfile.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(instructions, ["FROM ${BASE} AS build", "FROM scratch"]);
    let (build, last) = dockerfile.split_once("FROM scratch\n").expect("a last stage");
    assert!(build.contains("\nARG BASE=") && !last.contains("RUN "), "{dockerfile}");
    for path in ["/usr/local/cargo", "/src"] {
        assert!(build.contains(&format!("--remap-path-prefix={path}=")), "{path} shows in panics");
    }
}

#[test]
fn style_issue_17_the_network_policy_closes_metadata_addresses_and_metrics() {
    let policy = text("deploy/manager/network-policy.yaml");
    assert!(policy.contains("policyTypes: [Ingress, Egress]"), "{policy}");
    for address in ["169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::254/128"] {
        assert!(policy.contains(&format!("- {address} ")), "{address} is open");
    }
    let (_, metrics) = policy.split_once("# Metrics").expect("a part about metrics");
    let (metrics, _) = metrics.split_once("http-prom").expect("its port");
    assert!(metrics.contains("matchLabels") && !metrics.contains("namespaceSelector: {}"), "{metrics}");
}
