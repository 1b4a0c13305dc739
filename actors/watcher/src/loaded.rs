//! The contents of a folder of manifests, with file and line of each object.

mod known;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use campanile_crds::Rule;
use campanile_domain::{Alert, ObjectKey, ProviderSpec, ReceiverSpec, Secret};
use campanile_protocol::{LabelLookup, SecretError, Specs};

use crate::finding::{FilePlace, Finding};
use crate::kind::{Id, Kind};
use crate::label_store::LabelIndex;
use crate::manifest::{Content, MalformedEntry, ManifestObject, parse_text};
use crate::position::Position;
pub(crate) use known::{Hidden, ReferenceState};

/// An object and where it stands.
#[derive(Debug)]
pub struct Located<T> {
    /// The object that was read.
    pub value: Arc<T>,
    /// The position of the object.
    pub position: Position,
    /// What is wrong with it whatever else there is, in words for its status.
    pub violation: Option<String>,
    /// What its status says of it although it is ready.
    pub remark: Option<String>,
}

impl<T> Clone for Located<T> {
    fn clone(&self) -> Self {
        let Self { value, position, violation, remark } = self;
        let (violation, remark) = (violation.clone(), remark.clone());
        Self { value: value.clone(), position: position.clone(), violation, remark }
    }
}

/// The objects of a folder. Each name occurs once: of several manifests of one object the first in the order of paths
/// counts. Objects of files that fail are those of the last time when the file was good.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The Alerts by namespace and name.
    pub alerts: BTreeMap<ObjectKey, Located<Alert>>,
    /// The Providers; the type of each may be unknown.
    pub providers: BTreeMap<ObjectKey, Located<ProviderSpec>>,
    /// The Receivers by namespace and name.
    pub receivers: BTreeMap<ObjectKey, Located<ReceiverSpec>>,
    /// The Secrets by namespace and name.
    pub secrets: BTreeMap<ObjectKey, Located<Secret>>,
    /// Manifests that cannot be used: unreadable files, broken texts, objects that break the schema, duplicates.
    pub problems: Vec<Finding>,
    /// What is said about single objects that can be used: deprecations, patterns, selectors.
    pub(crate) remarks: Vec<Finding>,
    /// Those of them that the log of an instance has once for each kind and version.
    pub(crate) logged: Vec<Finding>,
    /// Alerts and Providers that break the schema. Those that were good before are among the objects, too.
    pub(crate) malformed: BTreeMap<Id, MalformedEntry>,
    /// Secrets that exist but cannot be read, with the reason.
    pub(crate) unreadable_secrets: HashMap<ObjectKey, String>,
    /// Those of them that are encrypted, or made elsewhere.
    pub(crate) hidden: BTreeMap<ObjectKey, Hidden>,
    /// Objects of any kind that cannot be used as they are now, by kind.
    pub(crate) refused: HashSet<(String, ObjectKey)>,
    /// Providers that ask for their queue to be tried at once, with the value of the annotation.
    pub(crate) requested: BTreeMap<ObjectKey, Box<str>>,
    /// How many documents there are.
    pub(crate) documents: usize,
    /// Labels of all other objects.
    pub(crate) labels: Arc<LabelIndex>,
}

impl Loaded {
    /// The Alerts and Providers, for looking at what they do; `labels` and `problems` are what else is known.
    pub fn specs(&self, labels: Arc<dyn LabelLookup>, problems: Vec<String>) -> Specs {
        Specs {
            alerts: self.alerts.values().map(|alert| alert.value.clone()).collect(),
            providers: self.providers.values().map(|provider| provider.value.clone()).collect(),
            labels,
            problems,
        }
    }

    /// A Secret.
    ///
    /// # Errors
    /// If there is none, or it was never good.
    pub fn secret(&self, key: ObjectKey) -> Result<Arc<Secret>, SecretError> {
        match (self.secrets.get(&key), self.unreadable_secrets.get(&key)) {
            (Some(secret), _) => Ok(secret.value.clone()),
            (None, Some(cause)) => Err(SecretError::Unreadable { key, cause: cause.clone() }),
            (None, None) => Err(SecretError::NotFound(key)),
        }
    }

    /// Reads one text that is no file of a folder, for example standard input. `name` stands in findings.
    pub fn from_text(name: &Path, text: &str) -> Self {
        let content = parse_text(&Arc::from(name), text, &[]);
        Self::assemble(name, [&content], Vec::new())
    }

    /// The number of objects of a kind, usable or not.
    pub fn count(&self, kind: &str) -> usize {
        let usable = match kind {
            "Alert" => self.alerts.len(),
            "Provider" => self.providers.len(),
            "Receiver" => self.receivers.len(),
            _ => self.secrets.len(),
        };
        usable + self.refused.iter().filter(|(refused, _)| refused == kind).count()
    }

    /// What an instance says of the manifests in its log. What works as it is, and what is said once for many objects, is not
    /// among it.
    pub(crate) fn said(&self) -> impl Iterator<Item = &Finding> {
        let is_quiet = |rule| matches!(rule, Rule::OldVersion | Rule::DeprecatedField);
        let all = self.problems.iter().chain(&self.remarks);
        all.filter(move |finding| finding.concerns.is_said(None) && !is_quiet(finding.rule))
    }

    /// Puts several readings together as one state: of one object in two of them the first counts.
    pub fn together(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut whole = parts.next().unwrap_or_default();
        for part in parts {
            whole.add(part);
        }
        whole
    }

    /// A folder in which there is nothing.
    pub(crate) fn nothing(root: &Path) -> Self {
        Self::assemble(root, [], Vec::new())
    }

    /// Puts files together, in the order of their paths. `root` is where they are.
    pub(crate) fn assemble<'a>(
        root: &Path,
        contents: impl IntoIterator<Item = &'a Content>,
        problems: Vec<Finding>,
    ) -> Self {
        let mut loaded = Self { problems, ..Self::default() };
        let mut labels = LabelIndex::new();
        for content in contents {
            loaded.documents += content.documents;
            loaded.problems.extend(content.problems.iter().cloned());
            loaded.remarks.extend(content.remarks.iter().cloned());
            loaded.logged.extend(content.logged.iter().cloned());
            for malformed in &content.malformed {
                loaded.malformed.entry(malformed.id.clone()).or_insert_with(|| malformed.clone());
            }
            loaded.refused.extend(content.refused.iter().cloned());
            for (key, at) in &content.requested {
                loaded.requested.entry(key.clone()).or_insert_with(|| at.clone());
            }
            let unreadable = content.unreadable_secrets.iter().map(|(key, why)| (key.clone(), why.clone()));
            loaded.unreadable_secrets.extend(unreadable);
            for entry in &content.entries {
                loaded.take(entry, &mut labels);
            }
        }
        loaded.labels = Arc::new(labels);
        loaded.forget_replaced();
        if loaded.documents == 0 && loaded.problems.is_empty() {
            let message = "there is no manifest; name a folder, a file or '-' that holds some";
            loaded.remarks.push(Finding::error(Rule::NoManifests, FilePlace::whole(root), "", message));
        }
        loaded.compact()
    }

    /// Adds one entry of a file, and a problem if its name is taken.
    fn take(&mut self, entry: &ManifestObject, labels: &mut LabelIndex) {
        let duplicate = match entry {
            ManifestObject::Alert(alert) => add(&mut self.alerts, alert, "Alert", |alert| &alert.key),
            ManifestObject::Provider(provider) => {
                add(&mut self.providers, provider, "Provider", |provider| &provider.key)
            }
            ManifestObject::Receiver(receiver) => {
                add(&mut self.receivers, receiver, "Receiver", |receiver| &receiver.key)
            }
            ManifestObject::Secret(secret) => add(&mut self.secrets, secret, "Secret", |secret| &secret.key),
            ManifestObject::Hidden(key, hidden) => {
                self.unreadable_secrets.insert(key.clone(), hidden.cause.to_string());
                self.hidden.insert(key.clone(), hidden.clone());
                None
            }
            ManifestObject::Labels(name, found) => {
                labels.entry(name.clone()).or_insert_with(|| found.clone());
                None
            }
        };
        self.problems.extend(duplicate);
    }

    /// Adds what another reading found.
    fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.problems.extend(other.problems);
        self.remarks.extend(other.remarks);
        self.refused.extend(other.refused);
        self.unreadable_secrets.extend(other.unreadable_secrets);
        self.hidden.extend(other.hidden);
        let alerts = other.alerts.into_values().map(ManifestObject::Alert);
        let providers = other.providers.into_values().map(ManifestObject::Provider);
        let secrets = other.secrets.into_values().map(ManifestObject::Secret);
        let receivers = other.receivers.into_values().map(ManifestObject::Receiver);
        let mut labels = LabelIndex::clone(&self.labels);
        for (name, found) in other.labels.iter() {
            labels.entry(name.clone()).or_insert_with(|| found.clone());
        }
        for entry in alerts.chain(providers).chain(secrets).chain(receivers) {
            self.take(&entry, &mut labels);
        }
        self.labels = Arc::new(labels);
    }

    /// Forgets what breaks the schema where another file has a good object of that name, which counts.
    fn forget_replaced(&mut self) {
        let Self { alerts, providers, receivers, malformed, .. } = self;
        malformed.retain(|(kind, key), seen| {
            let good = match kind {
                Kind::Alert => alerts.get(key).map(|alert| &alert.position),
                Kind::Provider => providers.get(key).map(|provider| &provider.position),
                Kind::Receiver => receivers.get(key).map(|receiver| &receiver.position),
            };
            good.is_none_or(|position| position.file == seen.file)
        });
    }

    /// Maps that were filled in the order of their keys are half empty; built from what they hold they are full.
    fn compact(self) -> Self {
        Self {
            alerts: self.alerts.into_iter().collect(),
            providers: self.providers.into_iter().collect(),
            receivers: self.receivers.into_iter().collect(),
            secrets: self.secrets.into_iter().collect(),
            ..self
        }
    }
}

/// Adds an object unless its name is taken; then the finding says where.
fn add<T>(
    objects: &mut BTreeMap<ObjectKey, Located<T>>,
    object: &Located<T>,
    kind: &str,
    key: impl Fn(&T) -> &ObjectKey,
) -> Option<Finding> {
    let key = key(&object.value);
    let Some(first) = objects.get(key) else {
        objects.insert(key.clone(), object.clone());
        return None;
    };
    let first = first.position.place();
    let message = format!("is defined already at {first}, which counts; remove one of the two");
    let place = object.position.place();
    Some(Finding::error(Rule::DuplicateObject, place, format!("{kind}/{key}"), message))
}
