//! Prometheus' Alertmanager, the real one. Where it is missing a test fails and says how to get it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::get;
use super::ready_server::ReadyServer;

/// A running Alertmanager.
pub(crate) struct Alertmanager(ReadyServer);

impl Alertmanager {
    /// Groups by namespace, notifies the webhook at `url` within a second, and ends alerts that are not told again after
    /// `resolve_timeout`.
    pub(crate) fn start(url: &str, resolve_timeout: &str) -> Self {
        let configuration = format!(
            "global: {{ resolve_timeout: {resolve_timeout} }}\n\
             route: {{ receiver: hook, group_by: [namespace], group_wait: 500ms, group_interval: 1s }}\n\
             receivers: [{{ name: hook, webhook_configs: [{{ url: '{url}', send_resolved: true }}] }}]\n"
        );
        let files = [("alertmanager.yml", configuration)];
        let arguments = |data: &Path| {
            vec![format!("--storage.path={}", data.display()), "--cluster.listen-address=".to_owned()]
        };
        Self(ReadyServer::start("Alertmanager", installed(), &files, arguments))
    }

    /// Where alerts are posted to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v2/alerts/", self.0.address)
    }

    /// The alerts that are active, as its API shows them.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        self.list("/api/v2/alerts?active=true")
    }

    /// The groups of alerts.
    pub(crate) fn groups(&self) -> Vec<Value> {
        self.list("/api/v2/alerts/groups")
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let answer = get(self.0.address, path).expect("Alertmanager answers");
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
    }
}

fn installed() -> PathBuf {
    let places = ["/usr/bin/prometheus-alertmanager", "/usr/bin/alertmanager", "/usr/local/bin/alertmanager"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("none of {places:?} is there, install it with: apt-get install prometheus-alertmanager")
    })
}
