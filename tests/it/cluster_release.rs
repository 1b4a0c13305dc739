//! What `deploy/release` packs, from a program that is there; and that the same twice is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use campanile_yaml as yaml;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{campanile, documents};

const REFERENCE: &str = "images.example.com/campanile:9.9.9";

/// The version of this commit.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Packs a program into a folder of its own.
fn packed() -> TempDir {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder can be made");
    let program = format!("--program=x86_64-unknown-linux-gnu={}", small_program(folder.path()).display());
    let into = folder.path().join("release");
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/release"))
        .args([VERSION, &program, "--image", REFERENCE, "--into"])
        .arg(&into)
        .output()
        .expect("bash and Python are there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// The program without its tables for debuggers, which are most of it.
fn small_program(folder: &Path) -> std::path::PathBuf {
    let small = folder.join("campanile");
    let done = Command::new("strip").arg("-o").arg(&small).arg(env!("CARGO_BIN_EXE_campanile")).status();
    assert!(done.expect("strip comes with the C compiler").success());
    small
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    entries
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

/// Unpacks an archive, and returns where.
fn unpacked(archive: &Path) -> TempDir {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder can be made");
    let done = Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(folder.path()).status();
    assert!(done.expect("tar is there").success(), "{}", archive.display());
    folder
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn json(file: &Path) -> Value {
    serde_json::from_str(&text(file)).expect("JSON")
}

/// The archive of a platform: it runs, and has its papers.
fn archive(release: &Path) {
    let top = format!("campanile-{VERSION}-linux-x86_64");
    let folder = unpacked(&release.join(format!("{top}.tar.gz")));
    let at = |below: &str| folder.path().join(&top).join(below);
    let version = Command::new(at("campanile")).arg("--version").output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("campanile {VERSION}\n"));
    for shell in ["campanile.bash", "campanile.fish", "_campanile"] {
        assert!(text(&at(&format!("completions/{shell}"))).contains("redrive"), "{shell}");
    }
    assert!(text(&at("man/campanile.1")).contains("campanile"));
    assert!(text(&at("man/campanile-check.1")).contains("no\\-cross\\-namespace\\-refs"));
    let licences = text(&at("LICENCES-OF-DEPENDENCIES.txt"));
    for part in ["rustls 0.23", "kube 5.", "Apache License", "Permission is hereby granted"] {
        assert!(licences.contains(part), "no {part}");
    }
}

/// The image: run once in its own root, as its user.
fn image(release: &Path) {
    let layout = unpacked(&release.join(format!("campanile-{VERSION}-linux-x86_64-image.tar")));
    let blob = |digest: &Value| {
        layout.path().join("blobs").join(digest.as_str().expect("a digest").replace(':', "/"))
    };
    assert_eq!(json(&layout.path().join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let index = json(&layout.path().join("index.json"));
    assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], REFERENCE);
    let manifest = json(&blob(&index["manifests"][0]["digest"]));
    let config = json(&blob(&manifest["config"]["digest"]));
    assert_eq!(
        (&config["config"]["User"], &config["architecture"]),
        (&"65534:65534".into(), &"amd64".into())
    );
    let root = unpacked(&blob(&manifest["layers"][0]["digest"]));
    let entry = config["config"]["Entrypoint"][0].as_str().expect("a program");
    let run = Command::new("unshare")
        .args(["--map-root-user", "chroot"])
        .arg(root.path())
        .args([entry, "--version"])
        .output()
        .expect("unshare is part of util-linux");
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        format!("campanile {VERSION}\n"),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(text(&root.path().join("etc/ssl/certs/ca-certificates.crt")).contains("BEGIN CERTIFICATE"));
    assert!(!root.path().join("bin/sh").exists() && !root.path().join("usr/bin/sh").exists(), "no shell");
}

/// The bill of materials lists what is linked, and nothing that only tests.
fn bill(release: &Path) {
    let bill = json(&release.join(format!("campanile-{VERSION}-linux-x86_64.cdx.json")));
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let components = bill["components"].as_array().expect("a list");
    let has = |name: &str| components.iter().any(|component| component["name"] == name);
    assert!(has("rusqlite") && has("campanile-outbox") && !has("rcgen") && !has("campanile-testkit"));
    assert!(components.iter().all(|component| component["licenses"][0]["expression"].is_string()));
    let listed: Vec<&Value> = components.iter().map(|component| &component["bom-ref"]).collect();
    for dependency in bill["dependencies"].as_array().expect("a list") {
        for one in dependency["dependsOn"].as_array().expect("a list") {
            assert!(listed.contains(&one), "{one} is not listed");
        }
    }
}

/// Manifests and chart name the image, and no placeholder is left.
fn manifests(release: &Path) {
    let install = documents(&text(&release.join("install.yaml")));
    let deployment = install.iter().find(|object| object["kind"] == "Deployment").expect("a Deployment");
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], REFERENCE);
    assert_eq!(documents(&text(&release.join("crds.yaml"))).len(), 3);
    let chart = unpacked(&release.join(format!("campanile-chart-{VERSION}.tgz")));
    let values =
        yaml::parse(&text(&chart.path().join("campanile/values.yaml"))).expect("it is YAML")[0].to_json();
    assert_eq!(values["image"]["repository"], "images.example.com/campanile");
    assert_eq!(values["image"]["tag"], "9.9.9");
    assert!(text(&chart.path().join("campanile/Chart.yaml")).contains(&format!("\nversion: {VERSION}\n")));
    // Links are followed: a package stands alone.
    assert!(
        text(&chart.path().join("campanile/files/crds/alerts.yaml")).contains("CustomResourceDefinition")
    );
    for (name, bytes) in files(release).iter().filter(|(name, _)| name.ends_with(".yaml")) {
        assert!(!String::from_utf8_lossy(bytes).contains("campanile.invalid"), "{name}");
    }
}

#[test]
fn cluster_release_issue_21_has_program_image_chart_manifests_bill_and_notes_and_is_the_same_twice() {
    let (first, second) = (packed(), packed());
    let release = first.path().join("release");
    archive(&release);
    image(&release);
    bill(&release);
    manifests(&release);
    assert!(text(&release.join("NOTES.md")).starts_with(&format!("# Campanile {VERSION}\n\n")));
    let sums =
        Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&release).status();
    assert!(sums.expect("sha256sum is there").success());
    let (one, other) = (files(&release), files(&second.path().join("release")));
    assert!(one.len() >= 10 && one.keys().eq(other.keys()), "{:?}", one.keys());
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{name} differs between two releases of the same");
    }
}

#[test]
fn cluster_release_issue_21_says_what_it_cannot_do() {
    let refused = |arguments: &[&str]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/release");
        let output = Command::new(script).args(arguments).output().expect("bash and Python are there");
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["one"]).contains("one is no version such as 0.1.0"));
    assert!(refused(&["77.0.0", "--program=x=y"]).contains("Cargo.toml has another version than 77.0.0"));
    let full = env!("CARGO_MANIFEST_DIR");
    assert!(refused(&[VERSION, "--program=x=y", "--into", full]).contains("is not empty"));
}

#[test]
fn cluster_release_completion_issue_21_knows_every_command() {
    let commands = [
        "run",
        "demo",
        "get",
        "check",
        "explain",
        "send",
        "retry",
        "redrive",
        "drop",
        "receive",
        "crds",
        "preflight",
        "uninstall",
    ];
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = campanile(&["completion", shell]);
        assert_eq!(script.code, Some(0), "{script:#?}");
        for command in commands {
            assert!(script.stdout.contains(command), "{shell} does not know {command}");
        }
    }
}
