//! The real program in standalone mode, as a child process.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::log::Log;
use super::{Answer, eventually, get, post, within};

/// Variables of whoever runs the tests that would change where requests go.
const FOREIGN: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CAMPANILE_ADMIN",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
    "RUNTIME_NAMESPACE",
];

/// The longest that an ordered stop may take: 9 s and a little.
const STOP: Duration = Duration::from_secs(15);

/// A running instance. It is killed when dropped; if its test fails, the end of its log is printed, and a log with a
/// panic fails the test.
pub(crate) struct Instance {
    child: Child,
    log: Log,
    /// Whether panics in its log are part of the test.
    may_panic: bool,
    pub(crate) events: SocketAddr,
    /// Where events come in by TLS, if `--events-tls-addr` was given.
    pub(crate) events_tls: Option<SocketAddr>,
    pub(crate) health: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
}

/// Names another build of the program to test, for example an optimised one.
const OTHER_BUILD: &str = "CAMPANILE_TEST_PROGRAM";

/// The program, free of the surroundings.
pub(super) fn program() -> Command {
    let ours = || env!("CARGO_BIN_EXE_campanile").into();
    let mut command = Command::new(std::env::var_os(OTHER_BUILD).unwrap_or_else(ours));
    for variable in FOREIGN {
        command.env_remove(variable);
    }
    command
}

/// `flag`, unless one of `flags` says otherwise.
fn unless_given(flag: &'static str, flags: &[&str]) -> Option<&'static str> {
    let (name, _) = flag.split_once('=').expect("a flag has a value");
    let is_given = flags.iter().any(|given| given.split('=').next() == Some(name));
    (!is_given).then_some(flag)
}

impl Instance {
    /// Starts an instance on free ports and waits until it listens and has loaded its manifests.
    pub(crate) fn start(manifests: &Path, state: &Path, flags: &[&str]) -> Self {
        let instance = Self::start_unready(manifests, state, flags);
        instance.become_ready();
        instance
    }

    /// As [`Instance::start`], in surroundings that have these variables.
    pub(crate) fn start_in(
        variables: &[(&str, &OsStr)],
        manifests: &Path,
        state: &Path,
        flags: &[&str],
    ) -> Self {
        let mut program = program();
        program.envs(variables.iter().copied());
        let instance = Self::launch(program, manifests, state, flags);
        instance.become_ready();
        instance
    }

    /// As [`Instance::start`], but does not wait for the manifests.
    pub(crate) fn start_unready(manifests: &Path, state: &Path, flags: &[&str]) -> Self {
        Self::launch(program(), manifests, state, flags)
    }

    fn become_ready(&self) {
        let loaded = || get(self.health, "/readyz/snapshots").ok().filter(|answer| answer.status == 200);
        eventually("the manifests to be loaded", loaded);
    }

    fn launch(mut program: Command, manifests: &Path, state: &Path, flags: &[&str]) -> Self {
        Self::spawn(program.arg("run").arg("--manifests").arg(manifests), state, flags)
    }

    /// Starts an instance as it runs in a cluster, on free ports, and waits until it listens. It looks at `namespace`, or
    /// at all.
    pub(crate) fn in_cluster(
        kubeconfig: &Path,
        namespace: Option<&str>,
        state: &Path,
        flags: &[&str],
    ) -> Self {
        Self::in_cluster_and(&[], kubeconfig, namespace, state, flags)
    }

    /// As [`Instance::in_cluster`], in surroundings that have these variables.
    pub(crate) fn in_cluster_and(
        variables: &[(&str, &OsStr)],
        kubeconfig: &Path,
        namespace: Option<&str>,
        state: &Path,
        flags: &[&str],
    ) -> Self {
        let mut command = program();
        command.envs(variables.iter().copied());
        command.env("KUBECONFIG", kubeconfig);
        // Destinations of tests are on this machine, which is closed in a cluster.
        command.args(unless_given("--allow-destinations=127.0.0.0/8,::1/128", flags));
        if let Some(namespace) = namespace {
            command.env("RUNTIME_NAMESPACE", namespace).arg("--watch-all-namespaces=false");
        }
        Self::spawn(&mut command, state, flags)
    }

    fn spawn(command: &mut Command, state: &Path, flags: &[&str]) -> Self {
        let mut child = command
            .arg("--health-addr=127.0.0.1:0")
            .args(unless_given("--admin-addr=127.0.0.1:0", flags))
            .args(unless_given("--events-addr=127.0.0.1:0", flags))
            .args(unless_given("--metrics-addr=0", flags))
            .args(unless_given("--receiverAddr=127.0.0.1:0", flags))
            .arg("--state-dir")
            .arg(state)
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let log = Log::follow(child.stderr.take().expect("stderr is piped"));
        let up = eventually("the instance to be up", || {
            let up = log.lines().into_iter().find(|line| line.contains("campanile is up"));
            let ended = up.is_none() && child.try_wait().expect("a child can be asked").is_some();
            assert!(!ended, "the instance ended at once:\n{}", log.tail());
            up
        });
        let up: Value = serde_json::from_str(&up).expect("log lines are JSON");
        let address = |name: &str| up[name].as_str().and_then(|text| text.parse().ok()).expect("an address");
        let (health, admin) = (address("health"), address("admin"));
        let maybe = |name: &str| up[name].as_str().and_then(|text| text.parse().ok());
        // Port 0 answers nobody.
        let events = maybe("events").unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let events_tls = maybe("events_tls");
        let metrics = up["metrics"].as_str().and_then(|text| text.parse().ok());
        Self { events, events_tls, health, admin, metrics, child, log, may_panic: false }
    }

    /// The metrics, if `--metrics-addr` was given.
    pub(crate) fn metrics(&self) -> Answer {
        get(self.metrics.expect("an address"), "/metrics").expect("the metrics are there")
    }

    pub(crate) fn post(&self, event: &Value) -> Answer {
        self.post_bytes(event.to_string().as_bytes())
    }

    pub(crate) fn post_bytes(&self, body: &[u8]) -> Answer {
        post(self.events, body).expect("the event endpoint answers")
    }

    /// Posts an event that must be accepted.
    pub(crate) fn accept(&self, event: &Value) {
        let answer = self.post(event);
        assert_eq!(answer.status, 202, "{event}");
    }

    /// What an endpoint of the operations API says.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let answer = get(self.admin, path).expect("the operations API answers");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).expect("the operations API speaks JSON")
    }

    /// Where webhooks come in, once there is a Receiver.
    pub(crate) fn webhooks(&self) -> SocketAddr {
        eventually("webhooks to come in", || {
            let line = self.log.lines().into_iter().find(|line| line.contains("\"webhooks come in\""))?;
            let line: Value = serde_json::from_str(&line).ok()?;
            line["addr"].as_str()?.parse().ok()
        })
    }

    /// Waits until all objects are known.
    pub(crate) fn loaded(self) -> Self {
        eventually("the objects to be known", || {
            (self.ask("/v1/state")["watcher"]["loaded"] == true).then_some(())
        });
        self
    }

    /// Waits until nothing is on its way any more: everything accepted is delivered, parked or dead.
    pub(crate) fn settle(&self) -> Value {
        eventually("everything to be delivered, parked or dead", || {
            let state = self.ask("/v1/state");
            let counts = [
                &state["outbox"]["total"]["pending"],
                &state["outbox"]["unplanned"],
                &state["delivery"]["inFlight"],
            ];
            counts.iter().all(|count| **count == 0).then_some(state)
        })
    }

    /// One row of `alerts` or `providers`, once it is there and `wanted`.
    pub(crate) fn row(&self, kind: &str, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        eventually(&format!("{name} among the {kind} to look as wanted"), || {
            let table = self.ask("/v1/objects");
            let row = table[kind].as_array()?.iter().find(|row| row["name"] == name)?;
            if last != *row && !wanted(row) {
                last = row.clone();
                println!("{name} looks like {last}");
            }
            wanted(row).then(|| row.clone())
        })
    }

    /// The lines of the log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Resident memory in MiB: now (`VmRSS`), or at its peak (`VmHWM`).
    pub(crate) fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(field)).expect("the kernel tells");
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        kib.expect("a number") / 1024
    }

    /// Seconds of processor time so far, the kernel's included.
    pub(crate) fn processor_seconds(&self) -> f64 {
        // Field 14 and 15 of proc(5), counted behind the name, in ticks of which a second has 100.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let (_, fields) = stat.rsplit_once(')').expect("the kernel writes the name in brackets");
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().expect("a number"));
        ticks.sum::<f64>() / 100.0
    }

    /// The log so far holds this text.
    pub(crate) fn logged(&self, text: &str) -> bool {
        self.log.lines().iter().any(|line| line.contains(text))
    }

    /// Waits until the log holds this text.
    pub(crate) fn wait_for_log(&self, text: &str) {
        eventually(&format!("{text:?} in the log"), || self.logged(text).then_some(()));
    }

    /// The log so far.
    pub(crate) fn log_lines(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Sends the signal that asks it to stop.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("the instance runs");
    }

    /// Asks it to stop, as a service manager does, and returns its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.terminate();
        let status =
            within(STOP, "the instance to stop", || self.child.try_wait().expect("a child can be asked"));
        self.log.finish();
        status.code()
    }

    /// Waits until it ends by itself, and returns its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let status =
            within(STOP, "the instance to end", || self.child.try_wait().expect("a child can be asked"));
        self.log.finish();
        status.code()
    }

    /// The instance whose panics the test asked for.
    #[cfg(feature = "failpoints")]
    pub(crate) fn allowed_to_panic(self) -> Self {
        // A value with a destructor is not taken apart.
        let mut instance = self;
        instance.may_panic = true;
        instance
    }

    /// Ends it as a power cut does: nothing is written any more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the instance runs");
        self.child.wait().expect("a child can be waited for");
        self.log.finish();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        self.log.finish();
        if std::thread::panicking() {
            println!("end of the instance's log:\n{}", self.log.tail());
        } else {
            assert!(
                self.may_panic || !self.logged("panicked"),
                "the instance panicked:\n{}",
                self.log.tail()
            );
        }
    }
}
