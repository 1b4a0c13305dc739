//! Alert, Provider, Receiver and Secret in every served version, turned into domain values at the edge.
//!
//! One entry, [`Object::from_json`], takes any object and either ignores it, converts it, or tells *every* constraint
//! of the contract (control plane 1) that it breaks, each with the path of its field. [`lint()`] tells what is accepted
//! but should not stay: deprecated versions and fields, fields that a version does not have, entries that match nothing,
//! and provider types that this program does not know. Nothing here does I/O, and no message quotes a Secret.

mod alert;
mod bounds;
mod checker;
pub mod condition;
mod duration;
mod fields;
mod finding;
pub mod flux;
mod hidden;
mod metadata;
mod misfit;
mod nearest;
mod object;
mod provider;
mod receiver;
mod rule;
mod secret;
mod source_kinds;
#[cfg(test)]
mod tests;
mod version;
mod violation;

pub use finding::{Level, SchemaFinding, Told, in_status, lint, unsupported_type};
pub use hidden::{Cause, HiddenSecret, is_ciphertext};
pub use misfit::{meant_kind, misfit};
pub use nearest::nearest;
pub use object::Object;
pub use rule::Rule;
pub use version::{GROUP, Version};
pub use violation::{FieldPath, Violation};

use metadata::Metadata;

/// A JSON object, by its keys.
type Map = serde_json::Map<String, serde_json::Value>;
