//! What `campanile run` makes of a case's manifests and events: requests at the destination, and what is shown.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::answers::Destination;
use super::evidence::Evidence;
use super::folder::{Deviations, Folder, deviate};
use super::pki::Form;
use crate::support::{Arrival, Instance};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What is right; what is left out may be as it will. All of it must be so at the same time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// How the destination answers; 200 by default.
    #[serde(default)]
    destination: Destination,
    /// How many requests and deliveries there are.
    #[serde(default)]
    counts: Counts,
    /// The last request.
    #[serde(default)]
    request: Request,
    /// Objects as the operations API shows them.
    #[serde(default)]
    objects: Vec<Row>,
    /// Texts that the operations API shows, among objects and deliveries.
    #[serde(default)]
    shows: Vec<String>,
    /// Texts that neither the operations API nor the log shows.
    #[serde(default)]
    hides: Vec<String>,
    /// For each a line of the log with all these words.
    #[serde(default)]
    logs: Vec<Vec<String>>,
}

/// What is right about the numbers. They are one place: an exchange that went wrong may show first in any of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Counts {
    /// Requests that arrived.
    requests: Option<usize>,
    /// Deliveries that succeeded.
    delivered: Option<u64>,
    /// Dead letters.
    dead: Option<u64>,
    /// Deliveries that are to be tried, or wait for a human.
    waiting: Option<u64>,
}

/// What is right about the last request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    /// Values of headers, names in lower case.
    headers: BTreeMap<String, String>,
    /// Parts of its body.
    has: Vec<String>,
    /// Texts that its body does not have.
    lacks: Vec<String>,
    /// Whether each request is shorter than the one before.
    shorter: bool,
}

/// What is right about an Alert or a Provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// `alerts` or `providers`.
    kind: String,
    name: String,
    /// Whether there is no such object.
    #[serde(default)]
    absent: bool,
    /// The type of a condition.
    #[serde(default)]
    condition: String,
    /// Its status.
    #[serde(default)]
    status: String,
    /// Words of its message.
    #[serde(default)]
    says: Vec<String>,
}

impl Run {
    /// The form of the destination's certificates.
    pub(super) fn form(&self) -> Option<Form> {
        self.destination.tls
    }

    pub(super) fn deviations(&self, folder: &Folder, patience: Duration) -> Deviations {
        let (sink, replacements) = self.destination.open(folder);
        let site = folder.site(&replacements);
        let instance = Instance::start_unready(&site.manifests(), &site.state(), &[]);
        folder.events().iter().for_each(|event| instance.accept(event));
        let deadline = Instant::now() + patience;
        loop {
            let evidence = Evidence::gather(&instance, &sink);
            let deviations = self.compare(&evidence);
            if deviations.is_empty() || self.counts.are_spoilt(&evidence) || Instant::now() >= deadline {
                return deviations;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    fn compare(&self, evidence: &Evidence) -> Deviations {
        let mut deviations = Deviations::new();
        let mut note = |place, is_right, seen: String| deviate(&mut deviations, place, is_right, || seen);
        note("run.counts", self.counts.are_met(evidence), evidence.counted());
        note("run.request", self.request.is_met(&evidence.requests), evidence.requested());
        note(
            "run.objects",
            self.objects.iter().all(|row| row.is_in(&evidence.objects)),
            evidence.objects.to_string(),
        );
        let shown = evidence.shown();
        note("run.shows", self.shows.iter().all(|text| shown.contains(text)), shown.clone());
        let everything = format!("{shown}\n{}", evidence.log.join("\n"));
        note("run.hides", !self.hides.iter().any(|text| everything.contains(text)), everything);
        let has_line = |words: &Vec<String>| {
            evidence.log.iter().any(|line| words.iter().all(|word| line.contains(word)))
        };
        note("run.logs", self.logs.iter().all(has_line), evidence.log.join("\n"));
        deviations
    }
}

impl Counts {
    fn are_met(&self, evidence: &Evidence) -> bool {
        self.requests.is_none_or(|wanted| wanted == evidence.requests.len())
            && (self.delivered.is_none() || self.delivered == evidence.delivered)
            && (self.dead.is_none() || self.dead == evidence.dead)
            && (self.waiting.is_none() || self.waiting == evidence.waiting)
    }

    /// Whether they can never become right: what was sent is sent, and what is dead is dead.
    fn are_spoilt(&self, evidence: &Evidence) -> bool {
        self.requests.is_some_and(|most| evidence.requests.len() > most)
            || self.dead.is_some_and(|most| evidence.dead > Some(most))
    }
}

impl Request {
    fn is_met(&self, requests: &[Arrival]) -> bool {
        let is_plain = self.headers.is_empty() && self.has.is_empty() && self.lacks.is_empty();
        if is_plain && !self.shorter {
            return true;
        }
        let Some(last) = requests.last() else { return false };
        let body = String::from_utf8_lossy(&last.body);
        self.headers.iter().all(|(name, value)| last.header(name) == Some(value))
            && self.has.iter().all(|part| body.contains(part))
            && !self.lacks.iter().any(|part| body.contains(part))
            && (!self.shorter || requests.windows(2).all(|two| two[1].body.len() < two[0].body.len()))
    }
}

impl Row {
    pub(super) fn is_in(&self, objects: &Value) -> bool {
        let Some(rows) = objects[&self.kind].as_array() else { return false };
        let Some(row) = rows.iter().find(|row| row["name"] == *self.name) else { return self.absent };
        let conditions = row["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        !self.absent
            && conditions.iter().any(|condition| {
                let message = condition["message"].as_str().unwrap_or_default();
                condition["type"] == *self.condition
                    && condition["status"] == *self.status
                    && self.says.iter().all(|word| message.contains(word))
            })
    }
}
