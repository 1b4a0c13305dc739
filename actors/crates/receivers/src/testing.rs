//! Values for tests.

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{ObjectKey, ReceiverResource, ReceiverSpec, ReceiverType, Secret};

use crate::{Receiver, Unverified, Verification, Verified, VerifyError, verify};

/// A Receiver of this type in `apps`, with no resources.
pub(crate) fn spec(kind: &str) -> ReceiverSpec {
    ReceiverSpec {
        key: ObjectKey::new("apps", "hook"),
        uid: "uid".into(),
        generation: 1,
        type_name: kind.to_owned(),
        interval: None,
        events: Vec::new(),
        resources: Vec::new(),
        resource_filter: None,
        secret_ref: (kind != ReceiverType::GenericOidc.name()).then(|| "hook-token".to_owned()),
        oidc_providers: Vec::new(),
        suspend: false,
        notify: false,
    }
}

/// An entry that names one resource.
pub(crate) fn resource(filter: Option<&str>) -> ReceiverResource {
    ReceiverResource {
        api_version: None,
        kind: "GitRepository".to_owned(),
        name: "app".to_owned(),
        namespace: None,
        match_labels: None,
        filter: filter.map(str::to_owned),
    }
}

pub(crate) fn secret(data: &[(&str, &[u8])]) -> Secret {
    Secret {
        key: ObjectKey::new("apps", "hook-token"),
        type_name: String::new(),
        data: data.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect(),
    }
}

/// The Secret of most tests: its token is `token`.
pub(crate) fn token() -> Secret {
    secret(&[("token", b"token")])
}

pub(crate) fn request(fields: &[(&str, &str)], body: &[u8]) -> Unverified {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    Unverified::new(fields, Bytes::copy_from_slice(body))
}

pub(crate) fn compile(spec: ReceiverSpec) -> Arc<Receiver> {
    Arc::new(Receiver::compile(Arc::new(spec)).unwrap())
}

/// Verifies a request that needs no keys.
pub(crate) fn outcome(
    receiver: &Arc<Receiver>,
    secret: &Secret,
    request: Unverified,
) -> Result<Verified, VerifyError> {
    match verify(receiver, Some(secret), request) {
        Verification::Verified(verified) => Ok(verified),
        Verification::Refused(error) => Err(error),
        Verification::NeedsKeys(_) => panic!("it needs keys"),
    }
}
