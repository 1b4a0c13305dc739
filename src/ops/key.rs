//! Names of objects in requests.

use campanile_domain::ObjectKey;

use super::error::ApiError;

/// Reads `namespace/name`; `what` names the field.
pub(super) fn object_key(what: &str, text: &str) -> Result<ObjectKey, ApiError> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err(ApiError::bad_request(format!("read {what}: write NAMESPACE/NAME"))),
    }
}
