//! How commands begin and end: help, usage, ports, the demo.

use std::net::TcpListener;

use campanile_domain::ProviderType;
use campanile_providers::sample::{LoginForm, Sample};
use serde_json::{Map, Value, json};

use crate::support::{Sink, Site, alert, campanile, everything_from, provider, secret};

#[test]
fn every_command_has_help_with_an_example() {
    let commands =
        ["run", "demo", "get", "check", "explain", "send", "retry", "redrive", "drop", "controller", "crds"];
    for command in commands {
        let output = campanile(&[command, "--help"]);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
        let example = output.stdout.split("Example:").nth(1).unwrap_or_default();
        assert!(example.contains(&format!("campanile {command}")), "{}", output.stdout);
    }
    let output = campanile(&["--help"]);
    assert_eq!(output.code, Some(0));
    assert!(
        ["run", "demo", "get", "check"].iter().all(|command| output.stdout.contains(command)),
        "{}",
        output.stdout
    );
}

#[test]
fn the_bare_name_shows_help_and_touches_no_cluster() {
    let kubeconfig = tempfile::NamedTempFile::new().expect("a temporary file");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_campanile"))
        .env_remove("KUBERNETES_SERVICE_HOST")
        .env("KUBECONFIG", kubeconfig.path())
        .output()
        .expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{stderr}");
    assert!(stderr.contains("Usage: campanile") && stderr.contains("controller"), "{stderr}");
}

#[test]
fn a_folder_that_does_not_exist_ends_with_1() {
    let site = Site::new();
    let state = site.state().display().to_string();
    let missing = site.path("alertz").display().to_string();
    let free = ["--events-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"];
    let output = campanile(&[&["run", "--manifests", &missing, "--state-dir", &state][..], &free].concat());
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert!(
        output.stderr.contains("alertz: it does not exist; name a folder with --manifests"),
        "{}",
        output.stderr
    );
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    let cases: [(&[&str], &str); 9] = [
        (&["fly"], "fly"),
        (&["run"], "--manifests"),
        (&["run", "--manifests=.", "--no-such-flag"], "--no-such-flag"),
        (&["run", "--manifests=.", "--events-addr=here"], "write host:port"),
        (&["run", "--manifests=.", "--rate-limit-interval=soon"], "soon"),
        (&["run", "--manifests=.", "--feature-gates=Magic=maybe"], "'maybe' is neither true nor false"),
        (&["--kubeconfig=x"], "--kubeconfig"),
        (&["--enable-leader-election", "false"], "false"),
        (&["get", "bananas"], "bananas"),
    ];
    for (arguments, part) in cases {
        let output = campanile(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && output.stderr.contains(part), "{arguments:?}: {}", output.stderr);
    }
}

#[test]
fn a_port_in_use_ends_with_1_and_names_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("a listener has an address");
    let site = Site::new();
    let (manifests, state) = (site.manifests(), site.state());
    for flag in ["--events-addr", "--health-addr", "--admin-addr", "--metrics-addr"] {
        let mut arguments = vec![
            "run".to_owned(),
            format!("--manifests={}", manifests.display()),
            format!("--state-dir={}", state.display()),
        ];
        for other in ["--events-addr", "--health-addr", "--admin-addr", "--metrics-addr"] {
            let port = if other == flag { address.port() } else { 0 };
            arguments.push(format!("{other}=127.0.0.1:{port}"));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = campanile(&arguments);
        assert_eq!(output.code, Some(1), "{flag}");
        let last = output.stderr.lines().last().expect("a message");
        for part in ["failed to start", "\"listen on", &address.to_string(), flag] {
            assert!(last.contains(part), "no {part:?} in {last}");
        }
    }
    assert!(!state.exists(), "nothing was begun");
}

/// The lines of the checks page that tell of states, and what it says stands now.
fn checks(output: &str) -> (Vec<&str>, &str) {
    let (_, page) = output.split_once("Checks of commit ").expect("a checks page");
    let states = page.lines().filter_map(|line| line.trim().strip_prefix('┃')?.split_whitespace().nth(1));
    let now = page.lines().find_map(|line| line.trim().strip_prefix("now: "));
    (states.collect(), now.expect("what stands now"))
}

#[test]
fn the_demo_shows_what_arrives_and_ends_with_0() {
    let output = campanile(&["demo"]);
    assert_eq!(output.code, Some(0), "{output:#?}");
    let parts = [
        "● a commit is being applied",
        "● it is applied and healthy",
        "● its health check fails",
        "● it recovers",
        "posted ",
        "arrived  slack",
        "arrived  webhook",
        "arrived  checks",
        "kustomization/webapp.flux-system",
        "messages arrived, none was lost.",
    ];
    for part in parts {
        assert!(output.stdout.contains(part), "no {part:?} in\n{}", output.stdout);
    }
    let written = vec!["pending", "success", "failure", "success"];
    assert_eq!(checks(&output.stdout), (written, "success"), "{}", output.stdout);
    assert!(!output.stdout.contains('\u{1b}'), "no colours where nobody looks");
}

/// Long enough to be taken for a secret.
const SECRET: &str = "hunter22hunter22hunter22";

#[test]
fn issue_18_the_demo_tries_every_type_of_ones_own_and_reaches_no_real_destination() {
    let (real, site) = (Sink::start(), Site::new());
    let mut objects = Vec::new();
    for kind in ProviderType::all() {
        let (name, sample) = (kind.name().replace('.', "-"), Sample::of(kind));
        let login = sample.logins.first().copied().filter(|login| *login != LoginForm::ServiceAccount);
        let login = login.unwrap_or(LoginForm::Address);
        let pairs = sample.secret(login, &real.url(""), SECRET, "");
        let data: Map<_, _> = pairs.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let spec = json!({ "channel": sample.channel, "secretRef": { "name": name } });
        objects.extend([
            provider(&name, kind.name(), spec),
            secret(&name, data.into()),
            everything_from(&name),
        ]);
    }
    site.apply("all.yaml", &objects);
    let output = campanile(&["demo", "--manifests", &site.manifests().display().to_string()]);
    let count = ProviderType::all().count();
    assert!(output.stdout.contains("in place of every address of your Providers"), "{}", output.stdout);
    for kind in ProviderType::all() {
        let name = kind.name().replace('.', "-");
        assert!(
            output.stdout.contains(&format!("arrived  for apps/{name}, in place of:")),
            "no {name}: {output:#?}"
        );
    }
    assert!(
        output.stdout.ends_with(&format!("{count} of {count} Alerts sent a message that arrived here.\n")),
        "{}",
        output.stdout
    );
    assert_eq!((output.code, real.arrivals().len()), (Some(0), 0), "{}", output.stderr);
    assert!(!output.stdout.contains(SECRET) && !output.stderr.contains(SECRET), "{}", output.stdout);
}

#[test]
fn issue_18_the_demo_says_which_alert_was_not_tried_and_whose_message_did_not_arrive() {
    let sources = json!([{ "kind": "HelmRelease", "name": "web" }]);
    let of = |name: &str, provider: &str, key: &str, value: Value| {
        alert(name, provider, json!({ "eventSources": sources, key: value }))
    };
    let hook = |name: &str, rest: Value| {
        let mut spec = json!({ "address": "http://hook.example.invalid/" });
        spec.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        provider(name, "generic", spec)
    };
    let site = Site::with(&[
        hook("hook", json!({})),
        hook("locked", json!({ "secretRef": { "name": "nowhere" } })),
        of("included", "hook", "inclusionList", json!(["^only (this|that)$"])),
        of("impossible", "hook", "inclusionList", json!(["a^"])),
        of("asleep", "hook", "suspend", json!(true)),
        of("waits", "locked", "suspend", json!(false)),
        of("lost", "absent", "suspend", json!(false)),
    ]);
    let output = campanile(&["demo", "--manifests", &site.manifests().display().to_string()]);
    assert_eq!(output.code, Some(1), "{output:#?}");
    let parts = [
        "● Alert apps/included\n",
        "only this",
        "● Alert apps/impossible is not tried: no message was found that its inclusionList lets pass",
        "● Alert apps/asleep is not tried: it is suspended",
        "● Alert apps/lost is not tried: failed to read provider: provider 'apps/absent' not found",
        "● Alert apps/waits: nothing arrived: failed to get secret 'apps/nowhere': not found",
        "POST http://hook.example.invalid/",
        "1 of 5 Alerts sent a message that arrived here.",
    ];
    for part in parts {
        assert!(output.stdout.contains(part), "no {part:?} in\n{}", output.stdout);
    }
}

#[test]
fn issue_18_the_demo_needs_an_alert_and_a_folder() {
    let site = Site::new();
    let empty = campanile(&["demo", "--manifests", &site.manifests().display().to_string()]);
    assert_eq!(empty.code, Some(1));
    assert!(empty.stderr.contains("there are none"), "{}", empty.stderr);
    let missing = campanile(&["demo", "--manifests", &site.path("alertz").display().to_string()]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("alertz"), "{}", missing.stderr);
}
