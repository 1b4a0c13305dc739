//! Prometheus, the real one. Where it is missing a test fails and says how to get it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::exchange;
use super::ready_server::ReadyServer;

/// A running Prometheus, which scrapes one target each second.
pub(crate) struct Prometheus(ReadyServer);

impl Prometheus {
    /// Scrapes `target` and evaluates the groups of rules in `rules`.
    pub(crate) fn start(target: SocketAddr, rules: &Value) -> Self {
        // JSON is YAML.
        let configuration = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": ["rules.yaml"],
            "scrape_configs": [{ "job_name": "campanile", "static_configs": [{ "targets": [target.to_string()] }] }],
        });
        let files = [("prometheus.yml", configuration.to_string()), ("rules.yaml", rules.to_string())];
        let data = |folder: &Path| vec![format!("--storage.tsdb.path={}", folder.display())];
        Self(ReadyServer::start("Prometheus", installed("prometheus"), &files, data))
    }

    /// The series that a query has now.
    pub(crate) fn query(&self, query: &str) -> Vec<Value> {
        let answer = self.ask(&format!("/api/v1/query?query={}", escaped(query)));
        answer["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}")).clone()
    }

    /// The rules as they are evaluated.
    pub(crate) fn rules(&self) -> Vec<Value> {
        let answer = self.ask("/api/v1/rules");
        let groups = answer["groups"].as_array().expect("a list of groups").clone();
        groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()).collect()
    }

    fn ask(&self, path: &str) -> Value {
        // HTTP/1.0, since longer answers come in chunks otherwise.
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        let answer = exchange(self.0.address, request.as_bytes()).expect("Prometheus answers");
        let mut body: Value =
            serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body));
        assert_eq!(body["status"], "success", "{path}: {body}");
        body["data"].take()
    }
}

/// Runs promtool in `folder`; returns whether it succeeded and what it printed.
pub(crate) fn promtool(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(installed("promtool")).args(arguments).current_dir(folder).output();
    let output = output.expect("promtool runs");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn installed(program: &str) -> PathBuf {
    let places = ["/usr/bin", "/usr/local/bin"].map(|folder| Path::new(folder).join(program));
    let found = places.iter().find(|path| path.exists()).cloned();
    found
        .unwrap_or_else(|| panic!("none of {places:?} is there, install it with: apt-get install prometheus"))
}
