//! Commit statuses as events ask for them, and as the APIs of hosts carry them.

use campanile_providers::sample::StatusForm;
use serde_json::Value;

use crate::support::Arrival;
use crate::support::recording::{cleaned, group, text};

/// One status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) commit: String,
    pub(super) context: String,
    pub(super) failed: bool,
    pub(super) description: String,
}

/// The status that an event asks for; none if it names no Git commit.
pub(super) fn expected_status(event: &Value, uid: &str) -> Option<Written> {
    let (metadata, group) = (cleaned(event), group(event));
    let revision = |name: &str| metadata.get(&format!("{group}/{name}"));
    let revision = revision("originRevision").or_else(|| revision("revision"))?.as_str()?;
    let (_, commit) = revision.rsplit_once("sha1:")?;
    let object = &event["involvedObject"];
    let name = format!("{}/{}", text(object, "kind"), text(object, "name")).to_lowercase();
    Some(Written {
        commit: commit.to_owned(),
        context: format!("{name}/{uid}"),
        failed: text(event, "severity") == "error",
        description: words(text(event, "reason")),
    })
}

/// `BuildFailed` in words. No reason of the recording that is shown has capitals in a row.
fn words(reason: &str) -> String {
    let mut words = String::new();
    for letter in reason.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// A status as far as the API carries it in clear.
pub(super) fn visible(form: StatusForm, status: Written) -> Written {
    if !form.is_described {
        return status;
    }
    // The key is a hash; the name has no uid and the description with it.
    let (name, _) = status.context.rsplit_once('/').expect("a context ends with a uid");
    Written { context: format!("{name} [{}]", status.description), ..status }
}

/// The status that a request writes.
pub(super) fn read(form: StatusForm, arrival: &Arrival) -> Written {
    let body = arrival.json();
    let context = body.pointer(form.name).and_then(Value::as_str).expect("a status has a name");
    let known = form.states.iter().position(|state| body["state"] == *state).expect("a state of this API");
    let is_hash = |part: &&str| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    Written {
        commit: arrival.path.split(['/', '?']).find(is_hash).expect("the path names a commit").to_owned(),
        context: context.to_owned(),
        failed: known == 1,
        description: text(&body, "description").to_owned(),
    }
}
