//! A folder of manifests and a state folder, which outlive the instances that run on them.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::{Instance, join};

/// Where an instance runs.
pub(crate) struct Site {
    root: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let root = TempDir::with_prefix("campanile-it-").expect("a temporary folder can be made");
        fs::create_dir(root.path().join("manifests")).expect("the folder can be written");
        Self { root }
    }

    /// A site with one file of manifests.
    pub(crate) fn with(objects: &[Value]) -> Self {
        let site = Self::new();
        site.apply("objects.yaml", objects);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn manifests(&self) -> PathBuf {
        self.path("manifests")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// Writes a file of manifests, so that it is seen whole or not at all.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let target = self.manifests().join(name);
        // Names that begin with a dot are not read.
        let hidden = target.with_file_name(".being-written");
        fs::write(&hidden, text).expect("the folder can be written");
        fs::rename(hidden, target).expect("the folder can be written");
    }

    pub(crate) fn apply(&self, name: &str, objects: &[Value]) {
        self.write(name, &join(objects));
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.manifests().join(name)).expect("the file is there");
    }

    pub(crate) fn start(&self, flags: &[&str]) -> Instance {
        Instance::start(&self.manifests(), &self.state(), flags)
    }
}
