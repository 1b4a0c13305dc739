//! Commit statuses as events ask for them, and as the APIs of hosts carry them.

use serde_json::Value;

use crate::support::Arrival;
use crate::support::recording::{cleaned, group, text};

/// A host's API.
#[derive(Clone, Copy, Debug)]
pub(super) enum Host {
    Github,
    Gitlab,
    Gitea,
    BitbucketServer,
    AzureDevops,
}

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

impl Host {
    /// The answer to a question about a commit without statuses.
    pub(super) fn nothing_shown(self) -> (u16, &'static str) {
        match self {
            Self::BitbucketServer => (404, "{}"),
            Self::AzureDevops => (200, r#"{"count":0,"value":[]}"#),
            _ => (200, "[]"),
        }
    }

    /// A status as far as the API carries it in clear.
    pub(super) fn visible(self, status: Written) -> Written {
        match self {
            // The key is a hash; the name has no uid and the description with it.
            Self::BitbucketServer => {
                let (name, _) = status.context.rsplit_once('/').expect("a context ends with a uid");
                Written { context: format!("{name} [{}]", status.description), ..status }
            }
            _ => status,
        }
    }

    /// The status that a request writes.
    pub(super) fn read(self, arrival: &Arrival) -> Written {
        let body = arrival.json();
        let (context, state) = match self {
            Self::Github | Self::Gitea => (&body["context"], ["success", "failure"]),
            Self::Gitlab => (&body["name"], ["success", "failed"]),
            Self::BitbucketServer => (&body["name"], ["SUCCESSFUL", "FAILED"]),
            Self::AzureDevops => (&body["context"]["name"], ["succeeded", "error"]),
        };
        let known = state.iter().position(|state| body["state"] == *state).expect("a state of this API");
        let is_hash = |part: &&str| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        Written {
            commit: arrival.path.split(['/', '?']).find(is_hash).expect("the path names a commit").to_owned(),
            context: context.as_str().expect("a status has a name").to_owned(),
            failed: known == 1,
            description: text(&body, "description").to_owned(),
        }
    }
}
