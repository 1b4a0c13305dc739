//! The Pub/Sub emulator of the Google Cloud SDK.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use super::http::call;
use super::within;

/// A Java program takes its time.
const START: Duration = Duration::from_secs(90);

/// Set to 1 by whoever runs the tests where the emulator cannot be had.
const WITHOUT: &str = "CAMPANILE_WITHOUT_PUBSUB";

/// A running emulator with one topic and a subscription to it.
pub(crate) struct PubSub {
    child: Child,
    pub(crate) address: SocketAddr,
    topic: String,
}

impl PubSub {
    /// None where the emulator is absent and that is said to be fine.
    pub(crate) fn start(project: &str, topic: &str) -> Option<Self> {
        let Some(program) = installed() else {
            assert!(
                std::env::var(WITHOUT).is_ok_and(|value| value == "1"),
                "the Pub/Sub emulator is absent: install it and Java with 'gcloud components install pubsub-emulator' or \
                 'apt-get install google-cloud-cli-pubsub-emulator', or set {WITHOUT}=1 to do without"
            );
            println!("not run: Pub/Sub, its emulator is absent");
            return None;
        };
        // The emulator does not tell which free port it took; the gap is short.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.expect("a port is free");
        let child = Command::new(program)
            .args(["--host=127.0.0.1", &format!("--port={}", address.port())])
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator can be started");
        let running = Self { child, address, topic: format!("projects/{project}/topics/{topic}") };
        within(START, "the Pub/Sub emulator to have the topic", || running.create());
        Some(running)
    }

    fn create(&self) -> Option<()> {
        let put =
            |path: &str, body: Value| call(self.address, "PUT", &format!("/v1/{path}"), &body.to_string());
        // It answers before it is ready to.
        put(&self.topic, json!({})).ok().filter(|answer| matches!(answer.status, 200 | 409))?;
        let created = put(&self.subscription(), json!({ "topic": self.topic })).ok()?;
        matches!(created.status, 200 | 409).then_some(())
    }

    fn subscription(&self) -> String {
        self.topic.replace("/topics/", "/subscriptions/")
    }

    /// The next messages: what each holds, and its attributes.
    pub(crate) fn pull(&self) -> Vec<(Value, Value)> {
        let path = format!("/v1/{}:pull", self.subscription());
        let body = json!({ "maxMessages": 10, "returnImmediately": true }).to_string();
        let answer = call(self.address, "POST", &path, &body).expect("the emulator answers");
        let answer: Value = serde_json::from_str(&answer.body).expect("the emulator speaks JSON");
        let received = answer["receivedMessages"].as_array().cloned().unwrap_or_default();
        received.iter().map(|message| read(&message["message"])).collect()
    }
}

fn read(message: &Value) -> (Value, Value) {
    let data = STANDARD.decode(message["data"].as_str().expect("a message has data")).expect("it is base64");
    (serde_json::from_slice(&data).expect("the event is JSON"), message["attributes"].clone())
}

impl Drop for PubSub {
    fn drop(&mut self) {
        // The program is a script that starts Java.
        kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
        drop(self.child.wait());
    }
}

/// The emulator beside the `gcloud` on the path.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let gcloud =
        std::env::split_paths(&path).map(|folder| folder.join("gcloud")).find(|file| file.exists())?;
    let sdk = gcloud.canonicalize().ok()?.parent()?.parent()?.to_owned();
    let program = sdk.join("platform/pubsub-emulator/bin/cloud-pubsub-emulator");
    program.exists().then_some(program)
}
