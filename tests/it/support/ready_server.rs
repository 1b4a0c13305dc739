//! A program of the Prometheus project, the real one, on a free loopback port: it says at `/-/ready` that it serves.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{eventually, get};

/// The running program. Its folder holds its files, its data and its log, and goes with it.
pub(crate) struct ReadyServer {
    name: &'static str,
    child: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
}

impl ReadyServer {
    /// Starts `program` with these files, the first of which is its configuration, and these arguments, and waits until it
    /// serves. `name` is what people call it.
    pub(crate) fn start(
        name: &'static str,
        program: PathBuf,
        files: &[(&str, String)],
        arguments: impl Fn(&Path) -> Vec<String>,
    ) -> Self {
        let folder = TempDir::with_prefix("campanile-ready-").expect("a temporary folder can be made");
        for (file, text) in files {
            fs::write(folder.path().join(file), text).expect("the folder is ours");
        }
        // It does not tell which free port it took; the gap is short.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.expect("a port is free");
        let child = Command::new(program)
            .arg(format!("--config.file={}", folder.path().join(files[0].0).display()))
            .arg(format!("--web.listen-address={address}"))
            .args(arguments(&folder.path().join("data")))
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).expect("the folder is ours"))
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let mut running = Self { name, child, folder, address };
        eventually(&format!("{name} to be ready"), || running.is_ready().then_some(()));
        running
    }

    fn is_ready(&mut self) -> bool {
        let ended = self.child.try_wait().expect("a child can be asked").is_some();
        let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(!ended, "{} ended at once:\n{}", self.name, log());
        get(self.address, "/-/ready").is_ok_and(|answer| answer.status == 200)
    }
}

impl Drop for ReadyServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
