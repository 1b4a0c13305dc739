//! Pure checks of what would go wrong in a cluster that Campanile is put into, or that it runs in.
//!
//! Each check is a function of the [`Snapshot`] and knows no cluster. A finding names the object and the remedy.

mod definitions;
mod destinations;
mod flux;
mod object;
mod receivers;
mod rights;
mod server;
#[cfg(test)]
mod tests;
mod workload;

use std::fmt;

use campanile_watcher::{AccessRight, Level};
use serde_json::Value as Json;

pub(crate) use destinations::{Address, address_of};
pub(crate) use flux::CONTROLLER;
pub(crate) use object::{PART_OF, called, is_ours, object_path, runs_campanile, text};
pub(crate) use rights::wanted;

/// What was read of a cluster. Secrets are not in it, only where they lead.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// Where Campanile is, or is to be.
    pub(crate) namespace: String,
    /// The version of the API server.
    pub(crate) version: String,
    /// The definitions of Alert, Provider and Receiver that are there.
    pub(crate) definitions: Vec<Json>,
    /// Deployments of all namespaces that are part of Flux, which those of Campanile are, too.
    pub(crate) deployments: Vec<Json>,
    /// Claims for volumes in that namespace.
    pub(crate) claims: Vec<Json>,
    /// Classes of volumes; none if they could not be read.
    pub(crate) storage_classes: Option<Vec<Json>>,
    /// Services in that namespace, whoever owns them.
    pub(crate) services: Vec<Json>,
    /// Where the Providers of all namespaces lead, as far as that could be read.
    pub(crate) addresses: Vec<Address>,
    /// Receivers of all namespaces, as read.
    pub(crate) receivers: Vec<Json>,
    /// Rights that the account was asked for and has not; none if it does not exist or nobody could be asked.
    pub(crate) missing_rights: Option<Vec<AccessRight>>,
    /// What could not be read, and why.
    pub(crate) unread: Vec<String>,
}

/// One thing that would go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreflightFinding {
    pub(crate) level: Level,
    /// What docs/install.md lists it by.
    pub(crate) id: &'static str,
    /// The object that it is about.
    pub(crate) object: String,
    /// What is wrong with it, without a remedy.
    pub(crate) text: String,
    /// What to do about it, as an imperative.
    pub(crate) remedy: String,
}

impl PreflightFinding {
    fn error(
        id: &'static str,
        object: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Error, id, object: object.into(), text: text.into(), remedy: remedy.into() }
    }

    fn warning(
        id: &'static str,
        object: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Warning, ..Self::error(id, object, text, remedy) }
    }
}

impl fmt::Display for PreflightFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, id, object, text, remedy } = self;
        write!(f, "{}: {object}: {text}; {remedy} [{id}]", level.name())
    }
}

/// Whether Campanile runs there already.
pub(crate) fn runs(snapshot: &Snapshot) -> bool {
    object::controller(snapshot).is_some_and(object::runs_campanile)
}

/// Everything that would go wrong, errors first.
pub(crate) fn findings(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let checks = [
        server::check,
        definitions::check,
        workload::check,
        rights::check,
        flux::check,
        receivers::check,
        destinations::check,
        unread,
    ];
    let mut found: Vec<PreflightFinding> = checks.iter().flat_map(|check| check(snapshot)).collect();
    found.sort_by_key(|finding| finding.level);
    found
}

fn unread(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let said = |why: &String| {
        PreflightFinding::warning(
            "unread",
            "this look",
            format!("it is not complete: failed to {why}"),
            "look again then",
        )
    };
    snapshot.unread.iter().map(said).collect()
}
