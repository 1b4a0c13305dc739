//! A Git host in the words of Gitea's API: it keeps the statuses that it is sent, and lists them newest first.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Arrival, Sink};

/// A commit that statuses are about.
pub(crate) const COMMIT: &str = "5394cb7f48332b2de7c17dd8b8384bbc84b7e738";

/// A running host. What it was sent it shows from the arrival on, even if its answer is held.
pub(crate) struct GitHost {
    pub(crate) sink: Sink,
    written: Arc<Mutex<Vec<Value>>>,
}

impl GitHost {
    pub(crate) fn start() -> Self {
        Self::at(Sink::start())
    }

    /// A host where a sink was before; it has no statuses.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        Self::at(Sink::start_at(address))
    }

    fn at(sink: Sink) -> Self {
        let written = Arc::<Mutex<Vec<Value>>>::default();
        let kept = written.clone();
        sink.think(move |arrival| answer(arrival, &mut kept.lock().expect("no thread panicked")));
        Self { sink, written }
    }

    /// Address of its one repository.
    pub(crate) fn repository(&self) -> String {
        self.sink.url("/org/webapp")
    }

    /// The states that it was sent, in order.
    pub(crate) fn states(&self) -> Vec<String> {
        let written = self.written.lock().expect("no thread panicked");
        let state = |body: &Value| body["state"].as_str().expect("a status has a state").to_owned();
        written.iter().map(state).collect()
    }

    /// How often it was asked what it shows.
    pub(crate) fn reads(&self) -> usize {
        self.sink.arrivals().iter().filter(|arrival| arrival.method == "GET").count()
    }
}

fn answer(arrival: &Arrival, written: &mut Vec<Value>) -> (u16, String) {
    assert!(arrival.path.contains(COMMIT), "a status of another commit: {}", arrival.path);
    if arrival.method == "POST" {
        written.push(arrival.json());
        return (201, "{}".to_owned());
    }
    // What is written as `state` is listed as `status`.
    let listed = |body: &Value| json!({ "context": body["context"], "status": body["state"], "description": body["description"] });
    (200, Value::Array(written.iter().rev().map(listed).collect()).to_string())
}
