//! One file's text turned into objects, problems and remarks.

mod comment;
pub(crate) mod encrypted;
mod entry;
mod list;

use std::path::Path;
use std::sync::Arc;

use campanile_crds::{
    Level, Object, Rule, SchemaFinding, Told, in_status, lint, meant_kind, misfit, unsupported_type,
};
use campanile_domain::{Alert, ObjectKey};
use campanile_yaml::{self as yaml, Document, Mark, Node, Value, YamlError};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::finding::{FilePlace, Finding};
use crate::kind::{Id, Kind};
use crate::label_store::manifest_key;
use crate::loaded::Hidden;
use crate::watched::{REQUESTED_AT, Watched};
use crate::{Located, Position, violations};
pub(crate) use entry::ManifestObject;

/// An Alert, a Provider or a Receiver of a file that breaks the schema.
#[derive(Clone, Debug)]
pub(crate) struct MalformedEntry {
    pub(crate) id: Id,
    pub(crate) uid: Arc<str>,
    pub(crate) file: Arc<Path>,
    /// Every constraint that it breaks, with its line.
    pub(crate) why: String,
}

/// The contents of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) entries: Vec<ManifestObject>,
    /// The findings about what cannot be used.
    pub(crate) problems: Vec<Finding>,
    /// What can be used but is remarkable.
    pub(crate) remarks: Vec<Finding>,
    /// Those of the remarks that the log of an instance has once for each kind and version.
    pub(crate) logged: Vec<Finding>,
    /// Alerts and Providers that break the schema. Those that were good before are among the entries, too.
    pub(crate) malformed: Vec<MalformedEntry>,
    /// Secrets that break the schema and have no last good state, with the reason.
    pub(crate) unreadable_secrets: Vec<(ObjectKey, String)>,
    /// Kinds and names of objects that cannot be used as they are now.
    pub(crate) refused: Vec<(String, ObjectKey)>,
    /// Providers that ask for their queue to be tried at once, with the value of the annotation.
    pub(crate) requested: Vec<(ObjectKey, Box<str>)>,
    /// How many documents there are that are not empty.
    pub(crate) documents: usize,
}

impl Content {
    /// The last good objects of a file that now fails as a whole.
    pub(crate) fn failed(self, problem: Finding) -> Self {
        Self { problems: vec![problem], remarks: Vec::new(), logged: Vec::new(), documents: 1, ..self }
    }
}

/// Reads all documents of `text`. An object that cannot be used stays as it was in `last_good`, if it was there. A document
/// of which nothing can be told leaves every object as it was that the file had and does not name any more.
pub(crate) fn parse_text(file: &Arc<Path>, text: &str, last_good: &[ManifestObject]) -> Content {
    if let Some(tool) = encrypted::by(text.as_bytes()) {
        return encrypted::content(file, tool, last_good);
    }
    let mut reader = Reader { file, text, last_good, is_broken: false, content: Content::default() };
    yaml::each_document(text, &mut |document| match document {
        Ok(document) => reader.document(&document),
        Err(error) => reader.syntax(&error),
    });
    reader.finish()
}

struct Reader<'a> {
    file: &'a Arc<Path>,
    text: &'a str,
    last_good: &'a [ManifestObject],
    /// Whether there is a document of which it is not known what it was.
    is_broken: bool,
    content: Content,
}

impl Reader<'_> {
    fn finish(mut self) -> Content {
        if self.is_broken {
            let is_named = |good: &&ManifestObject| self.content.entries.iter().any(|now| now.is_same(good));
            let lost: Vec<ManifestObject> =
                self.last_good.iter().filter(|good| !is_named(good)).cloned().collect();
            self.content.entries.extend(lost);
        }
        self.content.entries.shrink_to_fit();
        self.content
    }

    fn place(&self, mark: Mark) -> FilePlace {
        FilePlace::at(self.file, mark)
    }

    fn problem(&mut self, rule: Rule, mark: Mark, object: &str, message: String) {
        let problem = Finding::error(rule, self.place(mark), object, message);
        self.content.problems.push(problem);
    }

    fn syntax(&mut self, error: &YamlError) {
        self.is_broken = true;
        self.content.documents += 1;
        let mark = Mark { line: error.line, column: error.column };
        let message = format!("does not parse: {}; {}", error.message, self.remedy(error.line));
        self.problem(Rule::Syntax, mark, "", message);
    }

    /// A marker with a dash too few or too many is a common cause of a text that does not parse.
    fn remedy(&self, line: usize) -> &'static str {
        let is_dashes = |text: &str| text.len() >= 2 && text != "---" && text.bytes().all(|b| b == b'-');
        let mut near = self.text.lines().skip(line.saturating_sub(2)).take(2).map(str::trim);
        if near.any(is_dashes) { "write '---' between two documents" } else { "correct the text" }
    }

    /// A document is an object or a list of objects.
    fn document(&mut self, document: &Document) {
        let root = &document.root;
        self.content.documents += usize::from(root.value != Value::Null);
        if document.duplicates.is_empty() {
            list::each(root, &mut |node, json| self.object(node, json));
            return;
        }
        let mut name = String::new();
        list::each(root, &mut |_, json| match identity(&json) {
            Some((kind, key)) => {
                name = format!("{kind}/{key}");
                self.refuse(&kind, key, "a key stands twice in its manifest");
            }
            None => self.is_broken = true,
        });
        for duplicate in &document.duplicates {
            let (key, first) = (&duplicate.key, self.place(duplicate.first));
            let begins_object = duplicate.again.column == 1 && matches!(key.as_str(), "apiVersion" | "kind");
            let or = if begins_object { ", or write '---' before the next object" } else { "" };
            let message = format!(
                "the key '{key}' stands at {first} already, so the document is not used; remove one of the two{or}"
            );
            self.problem(Rule::DuplicateKey, duplicate.again, &name, message);
        }
    }

    fn object(&mut self, node: &Node, mut json: Json) {
        if let Some(misfit) = misfit(&json) {
            self.misfit(&misfit, &json, node);
            return;
        }
        complete(&mut json);
        match Object::from_json(&json) {
            Ok(None) => {}
            Ok(Some(object)) => self.sound(object, &json, node),
            Err(violations) => {
                let identity = Object::identity(&json);
                let name = identity.as_ref().map(|(kind, key)| format!("{kind}/{key}")).unwrap_or_default();
                for violation in &violations {
                    let mark = node.mark_of(&violation.path.0);
                    self.problem(violation.rule, mark, &name, violation.to_string());
                }
                self.lint(&json, &name, node);
                if let Some((kind, key)) = identity {
                    let why = violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    if let Some(kind) = Kind::named(&kind) {
                        let uid = json["metadata"]["uid"].as_str().unwrap_or_default().into();
                        let file = self.file.clone();
                        let why = format!("{why} ({}:{})", file.display(), node.mark.line);
                        self.content.malformed.push(MalformedEntry {
                            id: (kind, key.clone()),
                            uid,
                            file,
                            why,
                        });
                    }
                    self.refuse(&kind, key, &why);
                }
            }
        }
    }

    /// A document that is skipped.
    fn misfit(&mut self, misfit: &SchemaFinding, json: &Json, node: &Node) {
        let identity = identity(json);
        let name = identity.as_ref().map(|(kind, key)| format!("{kind}/{key}")).unwrap_or_default();
        let SchemaFinding { level, violation, .. } = misfit;
        let is_whole = violation.path.0.is_empty();
        let message = if is_whole { violation.message.clone() } else { violation.to_string() };
        let place = self.place(node.mark_of(&violation.path.0));
        let finding = Finding::new(violation.rule, *level, place, name, message.clone());
        if *level == Level::Warning {
            self.content.remarks.push(finding);
            return;
        }
        self.content.problems.push(finding);
        match (meant_kind(json), identity) {
            (Some(kind), Some((_, key))) => self.refuse(kind, key, &message),
            _ => self.is_broken = true,
        }
    }

    /// Notes that an object cannot be used as it is, and keeps what was good of it.
    fn refuse(&mut self, kind: &str, key: ObjectKey, why: &str) {
        match self.last_good.iter().find(|entry| entry.identity() == Some((kind, &key))) {
            Some(entry) => self.content.entries.push(entry.clone()),
            None if kind == "Secret" => self.content.unreadable_secrets.push((key.clone(), why.to_owned())),
            None => {}
        }
        self.content.refused.push((kind.to_owned(), key));
    }

    fn sound(&mut self, object: Object, json: &Json, node: &Node) {
        let position = Position::new(self.file, node);
        let entry = match object {
            Object::Labelled { api_version, kind, key, labels } => {
                ManifestObject::Labels(manifest_key(&api_version, &kind, &key), Arc::new(labels))
            }
            Object::Hidden(hidden) => {
                ManifestObject::Hidden(hidden.key, Hidden { cause: hidden.cause, position })
            }
            Object::Secret(secret) => {
                self.lint(json, &format!("Secret/{}", secret.key), node);
                ManifestObject::Secret(Located {
                    value: Arc::new(secret),
                    position,
                    violation: None,
                    remark: None,
                })
            }
            Object::Receiver(receiver) => {
                let name = format!("Receiver/{}", receiver.key);
                let remark = self.lint(json, &name, node);
                self.comments(&name, node);
                let violation = receiver.violation();
                ManifestObject::Receiver(Located { value: Arc::new(receiver), position, violation, remark })
            }
            Object::Alert(alert) => {
                let name = format!("Alert/{}", alert.key);
                let remark = self.lint(json, &name, node);
                self.comments(&name, node);
                let violation = self.judge(&alert, &name, node);
                ManifestObject::Alert(Located { value: Arc::new(alert), position, violation, remark })
            }
            Object::Provider(provider) => {
                let name = format!("Provider/{}", provider.key);
                let remark = self.lint(json, &name, node);
                self.comments(&name, node);
                let violation = provider.kind().is_none().then(|| unsupported_type(&provider.type_name));
                let requested = json["metadata"]["annotations"][REQUESTED_AT].as_str();
                self.content.requested.extend(requested.map(|at| (provider.key.clone(), at.into())));
                ManifestObject::Provider(Located { value: Arc::new(provider), position, violation, remark })
            }
        };
        self.content.entries.push(entry);
    }

    /// Notes every remark on an object, and returns what its status says of them.
    fn lint(&mut self, json: &Json, object: &str, node: &Node) -> Option<String> {
        let findings = lint(json);
        for SchemaFinding { level, concerns, violation, told } in &findings {
            let place = self.place(node.mark_of(&violation.path.0));
            let finding = Finding::new(violation.rule, *level, place, object, violation.to_string());
            let finding = Finding { concerns: *concerns, ..finding };
            if *told == Told::InLog {
                self.content.logged.push(finding.clone());
            }
            self.content.remarks.push(finding);
        }
        in_status(&findings)
    }

    fn comments(&mut self, object: &str, node: &Node) {
        for (path, mark) in comment::for_values(node, self.text) {
            let message =
                format!("{path} has no value, for what follows a '#' is a comment; put the value in quotes");
            self.content.remarks.push(Finding::error(Rule::Comment, self.place(mark), object, message));
        }
    }

    /// Notes every pattern and selector that selects nothing, and returns what the status says of them.
    fn judge(&mut self, alert: &Alert, object: &str, node: &Node) -> Option<String> {
        let violations = violations::of_alert(alert);
        for violation in &violations {
            let place = self.place(node.mark_of(&violation.path.0));
            self.content.remarks.push(Finding::error(violation.rule, place, object, violation.to_string()));
        }
        violations::summary(&violations)
    }
}

/// Kind and name of an object, as far as they can be read.
fn identity(json: &Json) -> Option<(String, ObjectKey)> {
    Object::identity(json).filter(|(_, key)| !key.name.is_empty())
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
