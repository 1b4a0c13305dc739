//! One crypto provider in the program (ADR 23): a second one is bytes that nobody runs, and rustls then refuses to choose.

use std::process::Command;

/// The packages of the shipped program, for every platform.
fn packages() -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--edges=normal",
            "--target=all",
            "--prefix=none",
            "--format={p}",
            "--offline",
            "--locked",
        ])
        .args(["--package=campanile"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn style_aws_lc_is_the_one_crypto_provider_of_the_program() {
    let packages = packages();
    let has = |name: &str| packages.iter().any(|package| package == name);
    assert!(has("aws-lc-rs") && has("rustls"), "the tree was not read: {packages:?}");
    for other in ["ring", "openssl", "openssl-sys", "native-tls", "boring"] {
        assert!(!has(other), "{other} is in the program: cargo tree -i {other}");
    }
}

/// The lock file has the packages of every platform. It names ring, too, of which an optional feature of `rustls-webpki`
/// speaks; that nothing uses it is shown above.
#[test]
fn style_the_crypto_provider_needs_a_c_compiler_alone() {
    let lock =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).expect("it is there");
    for tool in ["bindgen", "aws-lc-fips-sys"] {
        assert!(
            !lock.contains(&format!("name = \"{tool}\"\n")),
            "{tool} came in: cargo tree -e all -i {tool}"
        );
    }
}
