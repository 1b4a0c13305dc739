//! What a sound namespace sees that shares an instance with the objects and events of a case.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::evidence::Evidence;
use super::folder::{DESTINATION, Deviations, Folder, deviate};
use super::ran::Row;
use crate::support::{Arrival, Instance, Sink, event, post};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Neighbour {
    /// Its namespace.
    namespace: String,
    /// Where its notifications go.
    path: String,
    /// What an object of the case says of itself.
    status: Row,
}

impl Neighbour {
    /// Starts twice, so that what is left on disk from the first time takes part in the second, and posts an event of the
    /// neighbour before and after those of the case. An instance that does not serve is killed.
    pub(super) fn deviations(&self, folder: &Folder, patience: Duration) -> Deviations {
        let sink = Sink::start();
        let site = folder.site(&[(DESTINATION, sink.address.to_string())]);
        let mut deviations = Deviations::new();
        for start in ["first", "second"] {
            let instance = Instance::start_unready(&site.manifests(), &site.state(), &[]);
            let served =
                |when: &str| self.is_served(&instance, &sink, &format!("{start} start, {when}"), patience);
            let before = served("before");
            // Whether these are accepted is not the neighbour's business.
            let posted = |event: &Value| drop(post(instance.events, event.to_string().as_bytes()));
            folder.events().iter().for_each(posted);
            let is_served = before && served("after");
            deviate(&mut deviations, "neighbour.served", is_served, || format!("not served, {start} start"));
            if !is_served {
                return deviations;
            }
            let objects = Evidence::gather(&instance, &sink).objects;
            deviate(&mut deviations, "neighbour.status", self.status.is_in(&objects), || objects.to_string());
        }
        deviations
    }

    /// Whether an event of the neighbour is accepted and delivered in time.
    fn is_served(&self, instance: &Instance, sink: &Sink, message: &str, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut event = event("sound", message);
        event["involvedObject"]["namespace"] = self.namespace.as_str().into();
        let answer = post(instance.events, event.to_string().as_bytes());
        if !answer.is_ok_and(|answer| answer.status == 202) {
            return false;
        }
        let is_it = |arrival: &Arrival| arrival.path == self.path && arrival.message() == message;
        while !sink.arrivals().iter().any(is_it) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::park_timeout(PAUSE);
        }
        true
    }
}
