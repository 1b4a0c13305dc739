//! The contents of a folder of manifests, with file and line of each object.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use campanile_domain::yaml::{Node, Step};
use campanile_domain::{Alert, ObjectKey, ProviderSpec, Receiver, Secret};
use campanile_protocol::{LabelLookup, SecretError, Specs};

use crate::Finding;
use crate::kind::{Id, Kind};
use crate::label_store::LabelIndex;
use crate::manifest::{Content, Entry, Malformed, parse_text};

/// A file and a line of it.
#[derive(Clone, Debug)]
pub struct Position {
    /// The file, under the folder's path as it was given.
    pub file: Arc<Path>,
    /// The object's first line, counted from 1.
    pub line: usize,
    /// The lines of [`REFERENCES`].
    references: [u32; REFERENCES.len()],
}

/// The fields of `spec` that name other objects: findings about them come after the text is forgotten.
const REFERENCES: [&str; 4] = ["providerRef", "secretRef", "certSecretRef", "proxySecretRef"];

impl Position {
    /// Where `node`, an object of `file`, stands.
    pub(crate) fn new(file: &Arc<Path>, node: &Node) -> Self {
        let line = |field| {
            let line = node.line_of(&["spec".into(), Step::from(field), "name".into()]);
            u32::try_from(line).unwrap_or(u32::MAX)
        };
        Self { file: file.clone(), line: node.line, references: REFERENCES.map(line) }
    }

    /// The line on which a field of `spec` names another object, or of the nearest ancestor that the object has.
    pub(crate) fn line_of_reference(&self, field: &str) -> usize {
        let place = REFERENCES.iter().position(|known| *known == field);
        place.map_or(self.line, |place| self.references[place] as usize)
    }
}

/// An object and where it stands.
#[derive(Debug)]
pub struct Located<T> {
    /// The object.
    pub value: Arc<T>,
    /// Where it stands.
    pub position: Position,
    /// What is wrong with it whatever else there is, in words for its status.
    pub fault: Option<String>,
    /// What its status says of it although it is ready.
    pub remark: Option<String>,
}

impl<T> Clone for Located<T> {
    fn clone(&self) -> Self {
        let Self { value, position, fault, remark } = self;
        let (fault, remark) = (fault.clone(), remark.clone());
        Self { value: value.clone(), position: position.clone(), fault, remark }
    }
}

/// The objects of a folder. Each name occurs once: of several manifests of one object the first in the order of paths
/// counts. Objects of files that fail are those of the last time when the file was good.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The Alerts.
    pub alerts: BTreeMap<ObjectKey, Located<Alert>>,
    /// The Providers; the type of each may be unknown.
    pub providers: BTreeMap<ObjectKey, Located<ProviderSpec>>,
    /// The Receivers.
    pub receivers: BTreeMap<ObjectKey, Located<Receiver>>,
    /// The Secrets.
    pub secrets: BTreeMap<ObjectKey, Located<Secret>>,
    /// Manifests that can not be used: unreadable files, broken texts, objects that break the schema, duplicates.
    pub problems: Vec<Finding>,
    /// What is said about single objects that can be used: deprecations, patterns, selectors.
    pub(crate) remarks: Vec<Finding>,
    /// Those of them that the log of an instance has, too.
    pub(crate) logged: Vec<Finding>,
    /// Alerts and Providers that break the schema. Those that were good before are among the objects, too.
    pub(crate) malformed: BTreeMap<Id, Malformed>,
    /// Secrets that exist but were never good, with the reason.
    pub(crate) unreadable_secrets: HashMap<ObjectKey, String>,
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
        Self::assemble([&content], Vec::new())
    }

    /// Puts files together, in the order of their paths.
    pub(crate) fn assemble<'a>(
        contents: impl IntoIterator<Item = &'a Content>,
        problems: Vec<Finding>,
    ) -> Self {
        let mut loaded = Self { problems, ..Self::default() };
        let mut labels = LabelIndex::new();
        for content in contents {
            loaded.problems.extend(content.problems.iter().cloned());
            loaded.remarks.extend(content.remarks.iter().cloned());
            loaded.logged.extend(content.logged.iter().cloned());
            for malformed in &content.malformed {
                loaded.malformed.entry(malformed.id.clone()).or_insert_with(|| malformed.clone());
            }
            let unreadable = content.unreadable_secrets.iter().map(|(key, why)| (key.clone(), why.clone()));
            loaded.unreadable_secrets.extend(unreadable);
            for entry in &content.entries {
                let duplicate = match entry {
                    Entry::Alert(alert) => add(&mut loaded.alerts, alert, "Alert", |alert| &alert.key),
                    Entry::Provider(provider) => {
                        add(&mut loaded.providers, provider, "Provider", |provider| &provider.key)
                    }
                    Entry::Receiver(receiver) => {
                        add(&mut loaded.receivers, receiver, "Receiver", |receiver| &receiver.key)
                    }
                    Entry::Secret(secret) => add(&mut loaded.secrets, secret, "Secret", |secret| &secret.key),
                    Entry::Labels(name, found) => {
                        labels.entry(name.clone()).or_insert_with(|| found.clone());
                        None
                    }
                };
                loaded.problems.extend(duplicate);
            }
        }
        loaded.labels = Arc::new(labels);
        loaded.forget_replaced();
        loaded.compact()
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
    let (file, line) = (first.position.file.display(), first.position.line);
    let message = format!("is defined already at {file}:{line}, which counts; remove one of the two");
    Some(Finding::error(&object.position.file, object.position.line, format!("{kind}/{key}"), message))
}
