//! Keys of objects as people write them.

use campanile_domain::ObjectKey;

/// Parses `NAMESPACE/NAME`.
///
/// # Errors
/// The form to write, for a person.
pub(super) fn parse(text: &str) -> Result<ObjectKey, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err("write NAMESPACE/NAME".to_owned()),
    }
}
