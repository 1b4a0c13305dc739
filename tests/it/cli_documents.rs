//! README.md and docs/operations.md as they are typed on a fresh clone: every command runs, and prints what the page says. So do
//! the pages on fields, by manifests of an app team.
//!
//! A block of commands is fenced as `console`; lines that begin with `$` are typed, the others are printed. A block that
//! cannot run here says so above it, with the reason: `<!-- not run: … -->`. Ports, ids of notifications and the address of
//! the quickstart's destination are put in place of those on the page. Of what is printed, digits may be others.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Arrival, Instance, Sink, campanile, event, eventually};

/// Blocks that are not run. The number may only fall.
const NOT_RUN: usize = 4;

/// Where the quickstart's destination listens.
const QUICKSTART: &str = "127.0.0.1:8055";

/// A fenced block of commands.
struct Block {
    place: String,
    typed: Vec<Typed>,
    /// Why it is not run.
    not_run: Option<String>,
}

/// A command, and what the page shows of its output.
struct Typed {
    command: String,
    shown: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of a page.
fn blocks(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join(page)).expect("the page can be read");
    let mut blocks = Vec::new();
    let mut last = "";
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            None if line.trim() == "```console" => {
                let not_run =
                    last.trim().strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
                let place = format!("{page}:{}", number + 2);
                open = Some(Block { place, typed: Vec::new(), not_run: not_run.map(str::to_owned) });
            }
            None => {}
            Some(_) if line.trim() == "```" => blocks.extend(open.take()),
            Some(block) => block.take(line),
        }
        if !line.trim().is_empty() {
            last = line;
        }
    }
    assert!(!blocks.is_empty(), "{page} has no commands");
    blocks
}

impl Block {
    fn take(&mut self, line: &str) {
        let goes_on =
            self.typed.last().is_some_and(|typed| typed.shown.is_empty() && typed.command.ends_with('\\'));
        match (line.strip_prefix("$ "), self.typed.last_mut()) {
            (Some(command), _) => self.typed.push(Typed { command: command.to_owned(), shown: Vec::new() }),
            (None, Some(typed)) if goes_on => drop(write!(typed.command, "\n{line}")),
            (None, Some(typed)) => typed.shown.push(line.to_owned()),
            (None, None) => panic!("{}: output without a command", self.place),
        }
    }
}

/// Somebody who types what stands on a page, in a clone.
struct Reader {
    clone: TempDir,
    /// What is typed in place of what stands on the page.
    replaced: Vec<(String, String)>,
    admin: String,
    running: Vec<Running>,
}

/// A program that was left running.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Reader {
    /// A reader whose quickstart sends to `sink`.
    fn new(sink: &Sink) -> Self {
        let clone = TempDir::with_prefix("campanile-it-").expect("a temporary folder");
        let examples = clone.path().join("examples/quickstart");
        std::fs::create_dir_all(&examples).expect("the folder can be written");
        for below in ["examples/event.json", "examples/destination.py"] {
            std::fs::copy(root().join(below), clone.path().join(below)).expect("the file can be copied");
        }
        for entry in std::fs::read_dir(root().join("examples/quickstart")).expect("it is there").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("a manifest");
            let text = text.replace(QUICKSTART, &sink.address.to_string());
            std::fs::write(examples.join(entry.file_name()), text).expect("the folder can be written");
        }
        let reader = Self { clone, replaced: Vec::new(), admin: String::new(), running: Vec::new() };
        reader.install();
        reader
    }

    /// Puts a `campanile` into the path that asks for free ports where it would listen.
    fn install(&self) {
        let program = self.clone.path().join("bin/campanile");
        std::fs::create_dir(self.clone.path().join("bin")).expect("the folder can be written");
        let free = ["events", "health", "admin"].map(|what| format!("--{what}-addr=127.0.0.1:0"));
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = run ] && exec {real} \"$@\" {} --metrics-addr=0\nexec {real} \"$@\"\n",
            free.join(" "),
            real = env!("CARGO_BIN_EXE_campanile")
        );
        std::fs::write(&program, script).expect("the folder can be written");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(program, executable).expect("the mode can be set");
    }

    fn path(&self, below: &str) -> PathBuf {
        self.clone.path().join(below)
    }

    /// What listens where, from now on.
    fn listens(&mut self, events: &str, health: &str, admin: &str) {
        let pairs = [("127.0.0.1:9090", events), ("localhost:9440", health), ("127.0.0.1:9460", admin)];
        self.replaced.extend(pairs.map(|(stated, real)| (stated.to_owned(), real.to_owned())));
        self.admin = admin.to_owned();
    }

    fn shell(&self, command: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(command).current_dir(self.clone.path()).stdin(Stdio::null());
        shell.env("PATH", format!("{}:{path}", self.path("bin").display()));
        shell
            .env("CAMPANILE_ADMIN", &self.admin)
            .env_remove("KUBERNETES_SERVICE_HOST")
            .env_remove("KUBECONFIG");
        shell
    }

    /// Types a block; what is printed must be what the page shows.
    fn types(&mut self, block: &Block) {
        for typed in &block.typed {
            let mut command = typed.command.clone();
            for (stated, real) in self.replaced.iter().chain(&self.ids(&typed.command)) {
                command = command.replace(stated, real);
            }
            println!("{}: $ {command}", block.place);
            if command.starts_with("campanile run") {
                self.leaves_running(command.trim_end_matches('&'));
                continue;
            }
            // What is looked up may take a moment to be so.
            let mut last = String::new();
            let what = format!("{}: $ {} to print what the page shows", block.place, typed.command);
            let is_question = command.starts_with("campanile get");
            eventually(&what, || {
                let output = self.shell(&command).output().expect("bash runs");
                let text =
                    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let printed = text.concat();
                // A finding that is shown is what the page is about.
                let is_good = output.status.success() || printed.contains(": error: ");
                let found = is_good.then(|| missing(&typed.shown, &printed)).flatten();
                if last != printed {
                    println!("{printed}");
                    last.clone_from(&printed);
                }
                match (is_good, found) {
                    (true, None) => Some(()),
                    _ if is_question => None,
                    (good, missing) => panic!(
                        "{}: $ {}\nexit code 0: {good}, not printed: {missing:?}\n{printed}",
                        block.place, typed.command
                    ),
                }
            });
        }
    }

    /// Ids of dead letters in place of those in `command`.
    fn ids(&self, command: &str) -> Vec<(String, String)> {
        let stated = ["3f9a1c77", "b0d25e14"];
        if !stated.iter().any(|id| command.contains(id)) {
            return Vec::new();
        }
        eventually("dead letters", || {
            let listed = campanile(&["get", "dead", "-o", "json", "--admin-addr", &self.admin]).stdout;
            let letters: Vec<Value> = serde_json::from_str(&listed).unwrap_or_default();
            let ids = letters.iter().filter_map(|letter| letter["id"].as_str()?.get(..8));
            let pairs = stated.iter().map(|id| (*id).to_owned()).zip(ids.map(str::to_owned));
            Some(pairs.collect::<Vec<_>>()).filter(|pairs| pairs.len() == stated.len())
        })
    }

    /// Starts an instance and waits until it is up.
    fn leaves_running(&mut self, command: &str) {
        let log = self.path(&format!("log-{}", self.running.len()));
        let file = std::fs::File::create(&log).expect("the folder can be written");
        let child = self.shell(&format!("exec {command}")).stderr(file).spawn().expect("bash runs");
        self.running.push(Running(child));
        let up: Value = eventually("the instance to be up", || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(!text.contains("failed to start"), "{text}");
            let line = text.lines().find(|line| line.contains("campanile is up"))?.to_owned();
            Some(serde_json::from_str(&line).expect("log lines are JSON"))
        });
        let address = |name: &str| up[name].as_str().expect("an address").to_owned();
        self.listens(&address("events"), &address("health"), &address("admin"));
        if let Some(tls) = up["events_tls"].as_str() {
            self.replaced.push(("localhost:9443".to_owned(), tls.replace("127.0.0.1", "localhost")));
        }
    }
}

/// The first part of what is `shown` that was not printed, in its order.
fn missing(shown: &[String], printed: &str) -> Option<String> {
    let printed = normal(printed);
    let mut rest = printed.as_str();
    for part in shown.iter().flat_map(|line| line.split('…')) {
        let part = normal(part);
        match rest.split_once(part.as_str()) {
            Some((_, behind)) => rest = behind,
            None if part.is_empty() => {}
            None => return Some(part),
        }
    }
    None
}

/// `text` without what differs each time: numbers, units of time, the width of columns.
fn normal(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        let mut digits = false;
        let start = out.len();
        for symbol in word.chars() {
            if !symbol.is_ascii_digit() {
                out.push(symbol);
            } else if !digits {
                out.push('#');
            }
            digits = symbol.is_ascii_digit();
        }
        if matches!(out.get(start..), Some("#s" | "#m" | "#h" | "#d")) {
            out.replace_range(start.., "#t");
        }
        out.push(' ');
    }
    out.trim_end().to_owned()
}

/// Answers as Slack does, as a webhook, and as a Git host that has no commit status yet. Messages that say so are refused, or
/// are not taken now.
fn answer(arrival: &Arrival) -> (u16, String) {
    let body = arrival.text();
    let (status, text): (u16, &str) = match arrival.method.as_str() {
        "GET" => (200, "[]"),
        _ if body.contains("no such channel") => (404, "no_service"),
        _ if body.contains("is refused") => (422, "not like this"),
        _ if body.contains("comes too early") => (503, "later"),
        _ if arrival.path.starts_with("/api/") => (201, "{}"),
        _ => (200, "ok"),
    };
    (status, text.to_owned())
}

#[test]
fn issue_18_every_command_of_the_readme_runs_and_prints_what_it_says() {
    let sink = Sink::start();
    sink.think(answer);
    let mut reader = Reader::new(&sink);
    for block in blocks("README.md").iter().filter(|block| block.not_run.is_none()) {
        reader.types(block);
    }
}

#[test]
fn issue_18_every_command_of_the_operations_page_runs_and_prints_what_it_says() {
    let sink = Sink::start();
    sink.think(answer);
    let mut reader = Reader::new(&sink);
    let instance = Instance::start(&reader.path("examples/quickstart"), &reader.path("state"), &[]);
    reader.listens(&instance.events.to_string(), &instance.health.to_string(), &instance.admin.to_string());
    std::fs::copy(root().join("examples/event.json"), reader.path("event.json"))
        .expect("the file can be copied");
    let about = |name: &str, message: &str| {
        let mut event = event(name, message);
        event["involvedObject"]["namespace"] = json!("flux-system");
        event["severity"] = json!("error");
        instance.accept(&event);
    };
    ["one", "two", "three", "four", "five"]
        .iter()
        .for_each(|number| about("webapp", &format!("{number} is refused")));
    eventually("dead letters", || {
        let rows = instance.ask("/v1/deliveries?dead=true");
        (rows["total"].as_u64() >= Some(10)).then_some(())
    });
    ["one", "two", "three"].iter().for_each(|number| about("frontend", &format!("{number} comes too early")));
    for block in blocks("docs/operations.md").iter().filter(|block| block.not_run.is_none()) {
        reader.types(block);
    }
}

/// Manifests of an app team, with the slips that the pages tell of. `DESTINATION` is the address of one.
const TEAM: &[(&str, &str)] = &[
    (
        "alerts/on-call.yaml",
        r#"apiVersion: notification.toolkit.fluxcd.io/v1
kind: Alert
metadata: { name: on-call, namespace: apps }
spec:
  providerRef: { name: slack }
  eventSources:
    - kind: Kustomization
      name: "*"
  exclusionList:
    - "dependency .* is not ready"
    - "a(?=b)"
"#,
    ),
    (
        "alerts/github.yaml",
        r#"apiVersion: notification.toolkit.fluxcd.io/v1
kind: Provider
metadata: { name: github, namespace: apps }
spec:
  type: github
  address: https://github.com/org/webapp
  secretRef: { name: github }
  commitStatusExpr: event.metadata.a + event.metadata.b
---
apiVersion: notification.toolkit.fluxcd.io/v1
kind: Alert
metadata: { name: checks, namespace: apps }
spec: { providerRef: { name: github }, eventSources: [{ kind: Kustomization, name: "*" }] }
---
{ apiVersion: v1, kind: Secret, metadata: { name: github, namespace: apps }, stringData: { token: of-a-test } }
"#,
    ),
    (
        "alerts/slack.yaml",
        r#"apiVersion: notification.toolkit.fluxcd.io/v1
kind: Provider
metadata: { name: slack, namespace: apps }
spec: { type: slack, channel: general, address: "http://DESTINATION/services/T0/B0/XXXX" }
"#,
    ),
];

#[test]
fn issue_18_every_command_of_the_pages_on_fields_runs_and_prints_what_it_says() {
    let sink = Sink::start();
    sink.think(answer);
    let mut reader = Reader::new(&sink);
    std::fs::copy(root().join("examples/event.json"), reader.path("event.json"))
        .expect("the file can be copied");
    for (below, text) in TEAM {
        let file = reader.path(below);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be written");
        let text = text.replace("DESTINATION", &sink.address.to_string());
        std::fs::write(file, text).expect("the folder can be written");
    }
    let instance = Instance::start(&reader.path("alerts"), &reader.path("state"), &[]);
    reader.listens(&instance.events.to_string(), &instance.health.to_string(), &instance.admin.to_string());
    let pages = ["docs/alerts.md", "docs/provider-fields.md"];
    for block in pages.into_iter().flat_map(blocks).filter(|block| block.not_run.is_none()) {
        reader.types(&block);
    }
}

#[test]
fn issue_18_blocks_that_are_not_run_say_why_and_become_no_more() {
    let pages = ["README.md", "docs/operations.md", "docs/alerts.md", "docs/provider-fields.md"];
    let all: Vec<Block> = pages.into_iter().flat_map(blocks).collect();
    let reasons: Vec<(&str, &str)> =
        all.iter().filter_map(|block| Some((block.place.as_str(), block.not_run.as_deref()?))).collect();
    assert!(reasons.iter().all(|(_, why)| why.len() > 10), "{reasons:?}");
    assert_eq!(reasons.len(), NOT_RUN, "lower the number if it fell: {reasons:#?}");
}

#[test]
fn issue_18_what_is_printed_is_held_against_the_page_but_for_digits_and_what_is_left_out() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let printed = "NAME    AGE\nslack   12s\n{\n  \"a\": [\n    1\n  ],\n  \"b\": 2\n}\n";
    assert_eq!(missing(&shown("NAME   AGE\nslack   3m\n{\n  \"a\": [ … ],\n  \"b\": 7"), printed), None);
    assert_eq!(missing(&shown("slack 3m\nNAME"), printed).as_deref(), Some("NAME"));
    assert_eq!(missing(&shown("slack 12 s"), printed).as_deref(), Some("slack # s"));
}
