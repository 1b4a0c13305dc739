//! Positions of the parts of an object, for findings about it after its text is forgotten.

use std::path::Path;
use std::sync::Arc;

use campanile_yaml::{Mark, Node, PathStep, Value};

use crate::finding::FilePlace;

/// The position of an object in its file.
#[derive(Clone, Debug)]
pub struct Position {
    /// The file, under the folder's path as it was given.
    pub file: Arc<Path>,
    mark: Short,
    /// The places of the fields in [`REFERENCES`].
    references: [Short; REFERENCES.len()],
    /// Whether `metadata.namespace` says where it lives.
    pub(crate) has_namespace: bool,
}

/// The fields of `spec` that findings are about which come after the text is forgotten.
const REFERENCES: [&str; 9] = [
    "providerRef",
    "secretRef",
    "certSecretRef",
    "proxySecretRef",
    "address",
    "channel",
    "proxy",
    "commitStatusExpr",
    "type",
];

impl Position {
    /// Where `node`, an object of `file`, stands.
    pub(crate) fn new(file: &Arc<Path>, node: &Node) -> Self {
        let mark = |field| Short::of(node.mark_of(&["spec".into(), PathStep::from(field), "name".into()]));
        let namespace = node.get("metadata").and_then(|metadata| metadata.get("namespace"));
        Self {
            file: file.clone(),
            mark: Short::of(node.mark),
            references: REFERENCES.map(mark),
            has_namespace: namespace.is_some_and(|namespace| namespace.value != Value::Null),
        }
    }

    /// The place of the object's first character.
    pub fn place(&self) -> FilePlace {
        FilePlace::at(&self.file, self.mark.long())
    }

    /// The place of a field of `spec`, or the name that it gives; the nearest ancestor if the object has no such field.
    pub fn of_reference(&self, field: &str) -> FilePlace {
        let place = REFERENCES.iter().position(|known| *known == field);
        FilePlace::at(&self.file, place.map_or(self.mark, |place| self.references[place]).long())
    }
}

/// A mark in half the memory: each object keeps some.
#[derive(Clone, Copy, Debug)]
struct Short {
    line: u32,
    column: u32,
}

impl Short {
    fn of(mark: Mark) -> Self {
        let short = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self { line: short(mark.line), column: short(mark.column) }
    }

    fn long(self) -> Mark {
        Mark { line: self.line as usize, column: self.column as usize }
    }
}
