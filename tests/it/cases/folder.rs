//! A folder of `tests/cases` and the form of its `case.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::checked::Check;
use super::clustered::Clustered;
use super::neighbour::Neighbour;
use super::pki::Pki;
use super::ran::Run;
use crate::support::{Site, event};

/// Where the manifests send to; the case's destination takes its place.
pub(super) const DESTINATION: &str = "127.0.0.1:9999";

/// What is not as it should be: the place in `case.json` that says so, and what was seen instead.
pub(super) type Deviations = BTreeMap<&'static str, String>;

/// Notes a deviation unless `is_right`.
pub(super) fn deviate(
    deviations: &mut Deviations,
    place: &'static str,
    is_right: bool,
    seen: impl FnOnce() -> String,
) {
    if !is_right {
        deviations.insert(place, seen());
    }
}

/// What is right, and how one sees it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Not right yet.
    pub(super) open: Option<Open>,
    /// What `campanile check` says of the manifests.
    pub(super) check: Option<Check>,
    /// What `campanile run` makes of the manifests and the events.
    pub(super) run: Option<Run>,
    /// What a sound namespace beside this one sees.
    pub(super) neighbour: Option<Neighbour>,
    /// What is to be seen in a cluster.
    pub(super) cluster: Option<Clustered>,
}

/// Why a case is open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    /// What is to be mended.
    pub(super) why: String,
    /// Everything that is not right yet, by its place in `case.json`.
    deviates: BTreeSet<String>,
}

/// A case.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) case: Case,
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

impl Folder {
    /// All of them.
    pub(super) fn all() -> Vec<Self> {
        let entries = std::fs::read_dir(root()).expect("tests/cases is there").flatten();
        let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).map(Self::read);
        let folders: Vec<Self> = folders.collect();
        assert!(folders.len() > 20, "tests/cases was not read");
        folders
    }

    fn read(path: PathBuf) -> Self {
        let name = path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path.join("case.json"));
        let text =
            text.unwrap_or_else(|error| panic!("{name}/case.json, which says how it is tried: {error}"));
        let case: Case =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}/case.json: {error}"));
        let ways =
            [case.check.is_some(), case.run.is_some(), case.neighbour.is_some(), case.cluster.is_some()];
        assert!(ways.contains(&true), "{name}/case.json tries nothing");
        Self { name, path, case }
    }

    /// The manifests as they are checked: with certificates, and a destination that nobody asks.
    pub(super) fn quiet_site(&self) -> Site {
        let form = self.case.run.as_ref().and_then(Run::form);
        self.site(&form.map(|form| Pki::make(form).texts()).unwrap_or_default())
    }

    /// The manifests with `replacements`, in a place of their own.
    pub(super) fn site(&self, replacements: &[(&str, String)]) -> Site {
        let site = Site::new();
        for (name, text) in self.manifests() {
            let text = replacements.iter().fold(text, |text, (old, new)| text.replace(old, new));
            site.write(&name, &text);
        }
        site
    }

    /// Names and texts of the manifests.
    pub(super) fn manifests(&self) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(self.path.join("manifests")).expect("a case has manifests").flatten();
        let read = |path: PathBuf| std::fs::read_to_string(path).expect("manifests are text");
        entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), read(entry.path()))).collect()
    }

    /// The events to post: those of `event.json`, or an ordinary one.
    pub(super) fn events(&self) -> Vec<Value> {
        let Ok(text) = std::fs::read_to_string(self.path.join("event.json")) else {
            return vec![event("podinfo", "Reconciliation finished")];
        };
        match serde_json::from_str(&text).expect("event.json is JSON") {
            Value::Array(events) => events,
            event => vec![event],
        }
    }

    /// None if everything is right, or deviates as an open case says.
    pub(super) fn judge(&self, deviations: &Deviations) -> Option<String> {
        let seen: BTreeSet<String> = deviations.keys().map(|place| (*place).to_owned()).collect();
        let told =
            || deviations.iter().map(|(place, seen)| format!("\n  {place}: {seen}")).collect::<String>();
        match &self.case.open {
            None if seen.is_empty() => None,
            None => Some(format!("is not right{}", told())),
            Some(open) if seen == open.deviates => None,
            Some(_) if seen.is_empty() => Some(
                "is right: take \"open\" out of its case.json, and write \"holds\" in the list".to_owned(),
            ),
            Some(open) => {
                Some(format!("deviates otherwise than {:?}, as its \"open\" says{}", open.deviates, told()))
            }
        }
    }
}
