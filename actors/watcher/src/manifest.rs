//! One file's text turned into objects, problems and remarks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use campanile_crds::{NOT_SUPPORTED, Object, Told, in_status, lint, unsupported_type};
use campanile_domain::yaml::{self, Node, Value};
use campanile_domain::{Alert, ObjectKey, ProviderSpec, Receiver, Secret};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::kind::{Id, Kind};
use crate::label_store::manifest_key;
use crate::{Finding, Level, Located, Position, faults};

/// An object of a file.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Alert(Located<Alert>),
    Provider(Located<ProviderSpec>),
    Receiver(Located<Receiver>),
    Secret(Located<Secret>),
    /// Labels of any other object, by its key in the index.
    Labels(String, Arc<BTreeMap<String, String>>),
}

/// An Alert, a Provider or a Receiver of a file that breaks the schema.
#[derive(Clone, Debug)]
pub(crate) struct Malformed {
    pub(crate) id: Id,
    pub(crate) uid: Arc<str>,
    pub(crate) file: Arc<Path>,
    /// Every constraint that it breaks, with its line.
    pub(crate) why: String,
}

impl Entry {
    fn is(&self, kind: &str, key: &ObjectKey) -> bool {
        match self {
            Self::Alert(alert) => kind == "Alert" && alert.value.key == *key,
            Self::Provider(provider) => kind == "Provider" && provider.value.key == *key,
            Self::Receiver(receiver) => kind == "Receiver" && receiver.value.key == *key,
            Self::Secret(secret) => kind == "Secret" && secret.value.key == *key,
            Self::Labels(..) => false,
        }
    }
}

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) entries: Vec<Entry>,
    /// What can not be used.
    pub(crate) problems: Vec<Finding>,
    /// What can be used but is remarkable.
    pub(crate) remarks: Vec<Finding>,
    /// Those of the remarks that the log of an instance has, too.
    pub(crate) logged: Vec<Finding>,
    /// Alerts and Providers that break the schema. Those that were good before are among the entries, too.
    pub(crate) malformed: Vec<Malformed>,
    /// Secrets that break the schema and have no last good state, with the reason.
    pub(crate) unreadable_secrets: Vec<(ObjectKey, String)>,
}

impl Content {
    /// The last good objects of a file that now fails as a whole.
    pub(crate) fn failed(self, problem: Finding) -> Self {
        Self { problems: vec![problem], remarks: Vec::new(), logged: Vec::new(), ..self }
    }
}

/// Reads all documents of `text`. An object that breaks the schema stays as it was in `last_good`, if it was there; a
/// text that does not parse leaves everything as it was.
pub(crate) fn parse_text(file: &Arc<Path>, text: &str, last_good: &[Entry]) -> Content {
    let mut reader = Reader { file, last_good, content: Content::default() };
    match yaml::each_document(text, &mut |document| reader.document(&document)) {
        Ok(()) => {
            reader.content.entries.shrink_to_fit();
            reader.content
        }
        Err(error) => {
            let message =
                format!("does not parse at column {}: {}; correct the text", error.column, error.message);
            let entries = last_good.to_vec();
            Content { entries, ..Content::default() }.failed(Finding::error(file, error.line, "", message))
        }
    }
}

struct Reader<'a> {
    file: &'a Arc<Path>,
    last_good: &'a [Entry],
    content: Content,
}

impl Reader<'_> {
    /// A document is an object or a `List` of objects.
    fn document(&mut self, document: &Node) {
        let kind = document.get("kind").map(|kind| &kind.value);
        let is_list = matches!(kind, Some(Value::String(kind)) if kind.ends_with("List"));
        match document.get("items") {
            Some(Node { value: Value::Sequence(items), .. }) if is_list => {
                items.iter().for_each(|item| self.object(item));
            }
            _ => self.object(document),
        }
    }

    fn object(&mut self, node: &Node) {
        let mut json = node.to_json();
        complete(&mut json);
        match Object::from_json(&json) {
            Ok(None) => {}
            Ok(Some(object)) => self.sound(object, &json, node),
            Err(violations) => {
                let identity = Object::identity(&json);
                let name = identity.as_ref().map(|(kind, key)| format!("{kind}/{key}")).unwrap_or_default();
                for violation in &violations {
                    let line = node.line_of(&violation.path.0);
                    let problem = Finding::error(self.file, line, name.clone(), violation.to_string());
                    self.content.problems.push(problem);
                }
                if let Some((kind, key)) = identity {
                    let why = violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    if let Some(kind) = Kind::named(&kind) {
                        let uid = json["metadata"]["uid"].as_str().unwrap_or_default().into();
                        let file = self.file.clone();
                        let why = format!("{why} ({}:{})", file.display(), node.line);
                        self.content.malformed.push(Malformed { id: (kind, key.clone()), uid, file, why });
                    }
                    self.keep_last_good(&kind, key, why);
                }
            }
        }
    }

    fn keep_last_good(&mut self, kind: &str, key: ObjectKey, why: String) {
        match self.last_good.iter().find(|entry| entry.is(kind, &key)) {
            Some(entry) => self.content.entries.push(entry.clone()),
            None if kind == "Secret" => self.content.unreadable_secrets.push((key, why)),
            None => {}
        }
    }

    fn sound(&mut self, object: Object, json: &Json, node: &Node) {
        let position = Position::new(self.file, node);
        let entry = match object {
            Object::Labelled { api_version, kind, key, labels } => {
                Entry::Labels(manifest_key(&api_version, &kind, &key), Arc::new(labels))
            }
            Object::Secret(secret) => {
                Entry::Secret(Located { value: Arc::new(secret), position, fault: None, remark: None })
            }
            Object::Alert(alert) => {
                let name = format!("Alert/{}", alert.key);
                let remark = self.lint(json, &name, node);
                let fault = self.judge(&alert, &name, node);
                Entry::Alert(Located { value: Arc::new(alert), position, fault, remark })
            }
            Object::Provider(provider) => {
                let remark = self.lint(json, &format!("Provider/{}", provider.key), node);
                let fault = provider.kind().is_none().then(|| unsupported_type(&provider.type_name));
                Entry::Provider(Located { value: Arc::new(provider), position, fault, remark })
            }
            Object::Receiver(receiver) => {
                let name = format!("Receiver/{}", receiver.key);
                let finding = Finding::error(self.file, node.line, name, NOT_SUPPORTED);
                self.content.remarks.push(Finding { level: Level::Warning, ..finding });
                Entry::Receiver(Located { value: Arc::new(receiver), position, fault: None, remark: None })
            }
        };
        self.content.entries.push(entry);
    }

    /// Notes every remark on an object, and returns what its status says of them.
    fn lint(&mut self, json: &Json, object: &str, node: &Node) -> Option<String> {
        let lints = lint(json);
        for remark in &lints {
            let finding = Finding {
                level: remark.level,
                file: self.file.clone(),
                line: node.line_of(&remark.violation.path.0),
                object: object.to_owned(),
                message: remark.violation.to_string(),
            };
            if remark.told == Told::InLog {
                self.content.logged.push(finding.clone());
            }
            self.content.remarks.push(finding);
        }
        in_status(&lints)
    }

    /// Notes every pattern and selector that selects nothing, and returns what the status says of them.
    fn judge(&mut self, alert: &Alert, object: &str, node: &Node) -> Option<String> {
        let faults = faults::of_alert(alert);
        for (path, message) in &faults {
            let (line, message) = (node.line_of(&path.0), format!("{path} {message}"));
            self.content.remarks.push(Finding::error(self.file, line, object, message));
        }
        faults::summary(&faults)
    }
}

/// Gives an object what the API server would: a namespace, and a uid that is the same every time.
fn complete(json: &mut Json) {
    let Some((kind, key)) = Object::identity(json) else { return };
    let Some(metadata) = json.get_mut("metadata").and_then(Json::as_object_mut) else { return };
    let absent = |value: Option<&Json>| value.is_none_or(|value| value.is_null() || value == "");
    if absent(metadata.get("namespace")) {
        metadata.insert("namespace".into(), Json::from(key.namespace.as_ref()));
    }
    if absent(metadata.get("uid")) {
        let name = format!("{kind}/{}/{}", key.namespace, key.name);
        metadata.insert(
            "uid".into(),
            Json::from(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()),
        );
    }
}
