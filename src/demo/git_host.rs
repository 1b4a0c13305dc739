//! A Git host as far as commit statuses go, in the words of Gitea's API: it lists the statuses of a commit, newest
//! first, and takes new ones.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// Most statuses that are kept; the oldest go first.
const MOST_STATUSES: usize = 1000;

/// The memory of the demo's Git host.
#[derive(Default)]
pub(super) struct GitHost(Mutex<VecDeque<(String, Value)>>);

impl GitHost {
    /// The statuses of the commit that a request reads, if that is what it does.
    pub(super) fn list(&self, method: &str, path: &str) -> Option<Value> {
        let commit = path.strip_prefix("/api/v1/repos/")?.strip_suffix("/statuses")?.rsplit('/').next()?;
        let statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_commit =
            statuses.iter().rev().filter(|(of, _)| of == commit).map(|(_, status)| status.clone());
        (method == "GET").then(|| Value::Array(of_commit.collect()))
    }

    /// Takes a new status, if that is what a request brings, and answers with what is shown now.
    pub(super) fn take(&self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let (_, commit) = path.strip_prefix("/api/v1/repos/")?.split_once("/statuses/")?;
        if method != "POST" {
            return None;
        }
        let mut statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let status = json!({
            "id": statuses.len() + 1, "status": body["state"], "context": body["context"],
            "description": body["description"], "target_url": body["target_url"],
        });
        statuses.push_back((commit.to_owned(), status.clone()));
        if statuses.len() > MOST_STATUSES {
            statuses.pop_front();
        }
        Some(status)
    }
}
