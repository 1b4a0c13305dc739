//! What is wrong with an object, and where.

use std::fmt;

use campanile_yaml::Step;

use crate::Rule;

/// The way from an object's root to a field, printed like `spec.eventSources[0].kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(pub Vec<Step>);

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.contains(['.', '/']) => write!(f, "[\"{key}\"]")?,
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// A broken constraint of the schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} {message}")]
pub struct Violation {
    /// Which rule is broken.
    pub rule: Rule,
    /// The field.
    pub path: FieldPath,
    /// What is wrong and the remedy, to be read after the path.
    pub message: String,
}
