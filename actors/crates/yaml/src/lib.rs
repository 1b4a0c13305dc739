//! YAML and JSON texts as trees that remember the line of each node.
//!
//! Manifests and the `headers` key of Secrets are written by people, so errors and findings must say where. The tree is
//! built from the events of a YAML 1.2 scanner, with the scalar rules of YAML 1.1 that Kubernetes tools apply
//! (contract, providers 4). A text that starts like JSON is read as JSON first: YAML forbids tabs and surrogate pairs
//! that JSON allows. Aliases are expanded; depth, nodes and text are bounded before and after that, so no text can
//! make the tree large. Every failure is a [`YamlError`]; its message quotes no values.

mod build;
mod json;
mod mark;
mod scalar;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use mark::{Duplicate, Mark};

/// The deepest nesting of sequences and mappings.
pub const MAX_DEPTH: usize = 64;

/// The most nodes of all documents together, aliases expanded.
pub const MAX_NODES: usize = 1_000_000;

/// The longest text, in bytes; as much may be added by aliases.
pub const MAX_TEXT: usize = 16 * 1024 * 1024;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The place of its first character.
    pub mark: Mark,
    /// The value that stands there.
    pub value: Value,
}

/// The value of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// A whole number in the range of i64.
    Int(i64),
    /// A number that is not whole, or too large.
    Float(f64),
    /// Text: quoted, tagged `!!str`, or nothing of the above.
    String(String),
    /// Items of a sequence, in order.
    Sequence(Vec<Node>),
    /// Pairs in order. Keys are scalars, and no two have the same text: the last one won.
    Mapping(Vec<(Node, Node)>),
}

/// One step on the way from a node to one of its descendants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// To the value of a mapping's key.
    Key(Cow<'static, str>),
    /// To an item of a sequence, counted from 0.
    Index(usize),
}

impl From<&'static str> for PathStep {
    fn from(key: &'static str) -> Self {
        Self::Key(Cow::Borrowed(key))
    }
}

impl From<usize> for PathStep {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// Line of the error, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, without the line and without values of the text.
    pub message: String,
}

/// A document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it holds; [`Value::Null`] if it is empty.
    pub root: Node,
    /// Keys that stand twice in one mapping, in the order of their second places; at most [`Duplicate::MOST`].
    pub duplicates: Vec<Duplicate>,
}

/// Reads all documents of a text, whatever keys are doubled. Empty documents are [`Value::Null`].
///
/// # Errors
/// [`YamlError`] if any document is no YAML, or the text passes [`MAX_TEXT`], [`MAX_DEPTH`] or [`MAX_NODES`].
pub fn parse(text: &str) -> Result<Vec<Node>, YamlError> {
    let (mut documents, mut first_error) = (Vec::new(), None);
    each_document(text, &mut |document| match document {
        Ok(document) => documents.push(document.root),
        Err(error) => {
            first_error.get_or_insert(error);
        }
    });
    first_error.map_or(Ok(documents), Err)
}

/// Reads a text and hands its documents on one by one, so that a long text takes no more memory than it must. A document
/// that is no YAML is handed on as its error and loses no other; a text that passes a bound ends with the error.
pub fn each_document(text: &str, take: &mut dyn FnMut(Result<Document, YamlError>)) {
    if text.len() > MAX_TEXT {
        let message = format!("the text is longer than {MAX_TEXT} bytes; split it");
        take(Err(YamlError { line: 1, column: 1, message }));
        return;
    }
    stream::documents(text, take);
}

impl Node {
    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pair(key).map(|(_, value)| value)
    }

    fn pair(&self, key: &str) -> Option<&(Self, Self)> {
        let Value::Mapping(pairs) = &self.value else { return None };
        pairs.iter().find(|(found, _)| found.value.scalar_text().is_some_and(|text| text == key))
    }

    /// The place where the descendant at `path` is named: its key, or the item. Where the path ends early it is the place of the
    /// nearest ancestor that exists.
    pub fn mark_of(&self, path: &[PathStep]) -> Mark {
        let (mut node, mut mark) = (self, self.mark);
        for step in path {
            let next = match (step, &node.value) {
                (PathStep::Key(key), _) => node.pair(key).map(|(key, value)| (key.mark, value)),
                (PathStep::Index(index), Value::Sequence(items)) => {
                    items.get(*index).map(|item| (item.mark, item))
                }
                (PathStep::Index(_), _) => None,
            };
            let Some((found, child)) = next else { break };
            (node, mark) = (child, found);
        }
        mark
    }

    /// The same value as JSON. Keys become text; numbers that JSON does not have become null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Float(value) => Json::from(*value),
            Value::String(text) => Json::String(text.clone()),
            Value::Sequence(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Mapping(pairs) => Json::Object(
                pairs
                    .iter()
                    .filter_map(|(key, value)| Some((key.value.scalar_text()?.into_owned(), value.to_json())))
                    .collect(),
            ),
        }
    }
}

impl Value {
    /// A scalar as text by the rules of contract, providers 4: integers in decimal, booleans as `true` and `false`,
    /// floats in their shortest form of 32-bit precision, null as nothing. None for sequences and mappings.
    pub fn scalar_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => Some(Cow::Borrowed("")),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Int(value) => Some(Cow::Owned(value.to_string())),
            Self::Float(value) => Some(Cow::Owned(scalar::float_text(*value))),
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Sequence(_) | Self::Mapping(_) => None,
        }
    }
}
