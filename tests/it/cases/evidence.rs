//! What can be seen of a running instance from the outside.

use serde_json::Value;

use crate::support::{Arrival, Instance, Sink, get};

pub(super) struct Evidence {
    pub(super) requests: Vec<Arrival>,
    /// The counts are unknown while the operations API does not answer.
    pub(super) delivered: Option<u64>,
    pub(super) dead: Option<u64>,
    /// What is to be tried, and what waits for a human.
    pub(super) waiting: Option<u64>,
    /// The objects, null until they are loaded.
    pub(super) objects: Value,
    deliveries: [Value; 2],
    pub(super) log: Vec<String>,
}

/// What the operations API says at `path`; null if it says nothing.
fn ask(instance: &Instance, path: &str) -> Value {
    let answer = get(instance.admin, path).ok().filter(|answer| answer.status == 200);
    answer.and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default()
}

impl Evidence {
    pub(super) fn gather(instance: &Instance, sink: &Sink) -> Self {
        let state = ask(instance, "/v1/state");
        let total = &state["outbox"]["total"];
        let planned = state["outbox"]["unplanned"] == 0;
        let waiting = total["pending"].as_u64().zip(total["parked"].as_u64()).filter(|_| planned);
        Self {
            delivered: state["delivery"]["delivered"].as_u64(),
            dead: total["dead"].as_u64(),
            waiting: waiting.map(|(pending, parked)| pending + parked),
            objects: ask(instance, "/v1/objects"),
            deliveries: ["/v1/deliveries", "/v1/deliveries?dead=true"].map(|path| ask(instance, path)),
            // Last, so that they are no older than the counts.
            requests: sink.arrivals(),
            log: instance.log(),
        }
    }

    /// Everything that the operations API shows to a user.
    pub(super) fn shown(&self) -> String {
        let [waiting, dead] = &self.deliveries;
        format!("{}\n{waiting}\n{dead}", self.objects)
    }

    /// The numbers as text.
    pub(super) fn counted(&self) -> String {
        let told = |count: Option<u64>| count.map_or("?".to_owned(), |count| count.to_string());
        let [delivered, dead, waiting] = [self.delivered, self.dead, self.waiting].map(told);
        let requests = self.requests.len();
        format!("{requests} requests, {delivered} delivered, {dead} dead letters, {waiting} waiting")
    }

    /// The requests as text.
    pub(super) fn requested(&self) -> String {
        let told = |arrival: &Arrival| {
            let headers: String =
                arrival.headers().map(|(name, value)| format!("{name}: {value}\n")).collect();
            let body = String::from_utf8_lossy(&arrival.body);
            format!("{} {}\n{headers}\n{body}\n", arrival.method, arrival.path)
        };
        self.requests.iter().map(told).collect()
    }
}
