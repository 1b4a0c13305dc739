//! Prometheus' Alertmanager, the real one. Where it is missing a test fails and says how to get it.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{eventually, get};

/// A running Alertmanager on a free loopback port.
pub(crate) struct Alertmanager {
    child: Child,
    folder: TempDir,
    address: SocketAddr,
}

impl Alertmanager {
    /// Groups by namespace, notifies the webhook at `url` within a second, and ends alerts that are not told again after
    /// `resolve_timeout`.
    pub(crate) fn start(url: &str, resolve_timeout: &str) -> Self {
        let folder = TempDir::with_prefix("campanile-alertmanager-").expect("a temporary folder can be made");
        let configuration = format!(
            "global: {{ resolve_timeout: {resolve_timeout} }}\n\
             route: {{ receiver: hook, group_by: [namespace], group_wait: 500ms, group_interval: 1s }}\n\
             receivers: [{{ name: hook, webhook_configs: [{{ url: '{url}', send_resolved: true }}] }}]\n"
        );
        fs::write(folder.path().join("alertmanager.yml"), configuration).expect("the folder is ours");
        // Alertmanager does not tell which free port it took; the gap is short.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.expect("a port is free");
        let child = Command::new(installed())
            .arg(format!("--config.file={}", folder.path().join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).expect("the folder is ours"))
            .spawn()
            .expect("Alertmanager can be started");
        let mut running = Self { child, folder, address };
        eventually("Alertmanager to be ready", || running.is_ready().then_some(()));
        running
    }

    fn is_ready(&mut self) -> bool {
        let ended = self.child.try_wait().expect("a child can be asked").is_some();
        let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(!ended, "Alertmanager ended at once:\n{}", log());
        get(self.address, "/-/ready").is_ok_and(|answer| answer.status == 200)
    }

    /// Where alerts are posted to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v2/alerts/", self.address)
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
        let answer = get(self.address, path).expect("Alertmanager answers");
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn installed() -> PathBuf {
    let places = ["/usr/bin/prometheus-alertmanager", "/usr/bin/alertmanager", "/usr/local/bin/alertmanager"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("none of {places:?} is there, install it with: apt-get install prometheus-alertmanager")
    })
}
