//! Secrets that exist and whose contents a manifest does not tell: encrypted ones, and those that another object stands for.

use campanile_domain::ObjectKey;
use serde_json::Value as Json;

use crate::Map;
use crate::metadata::key_of;

/// What every value that SOPS encrypted begins with (SOPS, "Encryption protocol",
/// <https://getsops.io/docs/#encryption-protocol>).
const CIPHERTEXT: &str = "ENC[AES256_GCM,";

/// A Secret whose contents are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenSecret {
    /// Namespace and name of the Secret.
    pub key: ObjectKey,
    /// The cause for which the field has no effect.
    pub cause: Cause,
}

/// The causes for which the contents of a Secret are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// It is a Secret, and its values are ciphertext.
    #[error("it is encrypted with SOPS, and ciphertext is never used; decrypt it on its way here")]
    Encrypted,
    /// A controller in the cluster makes it of an object of this kind.
    #[error(
        "it is made of a {0} in a cluster, and its contents are not known here; put the Secret itself beside it"
    )]
    Made(String),
}

/// Kinds of which controllers make Secrets: the end of the group, the kind, and the way to the Secret's name; where that is
/// absent the Secret is called as the object.
const MAKERS: &[(&str, &str, &[&str])] = &[
    ("bitnami.com", "SealedSecret", &["spec", "template", "metadata", "name"]),
    ("external-secrets.io", "ExternalSecret", &["spec", "target", "name"]),
    ("external-secrets.io", "ClusterExternalSecret", &["spec", "externalSecretName"]),
    ("isindir.github.com", "SopsSecret", &[]),
    ("secrets.hashicorp.com", "VaultStaticSecret", &["spec", "destination", "name"]),
    ("secrets.hashicorp.com", "VaultDynamicSecret", &["spec", "destination", "name"]),
    ("secrets.hashicorp.com", "HCPVaultSecretsApp", &["spec", "destination", "name"]),
    ("onepassword.com", "OnePasswordItem", &[]),
    ("spv.no", "AzureKeyVaultSecret", &["spec", "output", "secret", "name"]),
    ("infisical.com", "InfisicalSecret", &["spec", "managedSecretReference", "secretName"]),
    ("secrets.doppler.com", "DopplerSecret", &["spec", "managedSecret", "name"]),
    ("bitwarden.com", "BitwardenSecret", &["spec", "secretName"]),
    ("cert-manager.io", "Certificate", &["spec", "secretName"]),
];

/// The Secret that an object hides.
pub(crate) fn read(root: &Map, api_version: &str, kind: &str) -> Option<HiddenSecret> {
    let mut key = key_of(root.get("metadata")?.as_object()?);
    let cause = if api_version == "v1" && kind == "Secret" {
        is_encrypted(root).then_some(Cause::Encrypted)?
    } else {
        let group = api_version.split_once('/')?.0;
        let (_, _, path) = MAKERS.iter().find(|(end, known, _)| *known == kind && group.ends_with(end))?;
        let named = path.iter().try_fold(None, |at: Option<&Json>, step| {
            at.map_or_else(|| root.get(*step), |value| value.get(*step)).map(Some)
        });
        if let Some(name) = named.flatten().and_then(Json::as_str) {
            key = ObjectKey::new(key.namespace, name);
        }
        Cause::Made(kind.to_owned())
    };
    (!key.name.is_empty()).then_some(HiddenSecret { key, cause })
}

/// Whether SOPS encrypted values of a Secret.
fn is_encrypted(root: &Map) -> bool {
    let values = ["data", "stringData"].iter().filter_map(|field| root.get(*field)?.as_object());
    values.flat_map(Map::values).any(is_ciphertext)
}

/// Whether a value is ciphertext of SOPS.
pub fn is_ciphertext(value: &Json) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(CIPHERTEXT))
}
