//! Violations of a schema: the field of an object, and what is wrong with it.

use std::fmt;

use campanile_yaml::PathStep;

use crate::Rule;

/// The way from an object's root to a field, printed like `spec.eventSources[0].kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(pub Vec<PathStep>);

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Key(key) if key.contains(['.', '/']) => write!(f, "[\"{key}\"]")?,
                PathStep::Key(key) if place == 0 => f.write_str(key)?,
                PathStep::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// A broken constraint of the schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} {message}")]
pub struct Violation {
    /// The rule that is broken.
    pub rule: Rule,
    /// The path of the field, such as `spec.eventSources[0].kind`.
    pub path: FieldPath,
    /// What is wrong and the remedy, to be read after the path.
    pub message: String,
}
