//! TLS material from Secrets, checked for completeness (contract, providers 6). Parsing it is the transport's task.

use campanile_domain::{ProviderSpec, Secret, TlsMaterial};

use super::SettingsWarning;
use crate::{ConfigError, TlsMaterialError};

/// A key's name, and the name it had before.
#[derive(Clone, Copy)]
struct KeyName {
    preferred: &'static str,
    legacy: &'static str,
}

const CA: KeyName = KeyName { preferred: "ca.crt", legacy: "caFile" };
const CERTIFICATE: KeyName = KeyName { preferred: "tls.crt", legacy: "certFile" };
const PRIVATE_KEY: KeyName = KeyName { preferred: "tls.key", legacy: "keyFile" };

/// The material of `spec.certSecretRef`, which must be complete; else, for commit-status types, what the credentials
/// Secret holds of it, as far as it is complete; else none.
pub(super) fn resolve(
    spec: &ProviderSpec,
    cert_secret: Option<&Secret>,
    credentials: Option<&Secret>,
    notices: &mut Vec<SettingsWarning>,
) -> Result<Option<TlsMaterial>, ConfigError> {
    if let Some(secret) = cert_secret {
        check_type(secret)?;
        let problem = |problem| ConfigError::Tls { secret: secret.key.clone(), problem };
        return Keys::read(secret, notices).complete().map(Some).map_err(problem);
    }
    let credentials = credentials.filter(|_| spec.writes_commit_status());
    Ok(credentials.and_then(|secret| Keys::read(secret, notices).usable()))
}

/// Contract, control plane 3.2 and V12.
fn check_type(secret: &Secret) -> Result<(), ConfigError> {
    if matches!(secret.type_name.as_str(), "" | "Opaque" | "kubernetes.io/tls") {
        return Ok(());
    }
    let name = secret.key.name.to_string();
    Err(ConfigError::CertificateType { name, type_name: secret.type_name.clone() })
}

/// The keys of a Secret, empty values left out.
struct Keys<'a> {
    ca: Option<&'a [u8]>,
    certificate: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
}

impl<'a> Keys<'a> {
    fn read(secret: &'a Secret, notices: &mut Vec<SettingsWarning>) -> Self {
        let mut value = |name| value(secret, name, notices);
        Self { ca: value(CA), certificate: value(CERTIFICATE), key: value(PRIVATE_KEY) }
    }

    fn complete(self) -> Result<TlsMaterial, TlsMaterialError> {
        match (self.ca, self.certificate, self.key) {
            (_, Some(_), None) => Err(TlsMaterialError::NoKey),
            (_, None, Some(_)) => Err(TlsMaterialError::NoCertificate),
            (None, None, None) => Err(TlsMaterialError::Nothing),
            _ => Ok(self.material()),
        }
    }

    fn usable(self) -> Option<TlsMaterial> {
        let material = self.material();
        (material.ca.is_some() || material.pair.is_some()).then_some(material)
    }

    fn material(&self) -> TlsMaterial {
        TlsMaterial {
            ca: self.ca.map(<[u8]>::to_vec),
            pair: self
                .certificate
                .zip(self.key)
                .map(|(certificate, key)| (certificate.to_vec(), key.to_vec())),
        }
    }
}

/// The value under the preferred name; only where that does not exist at all, the one under the legacy name.
fn value<'a>(secret: &'a Secret, name: KeyName, notices: &mut Vec<SettingsWarning>) -> Option<&'a [u8]> {
    let KeyName { preferred, legacy } = name;
    let found = secret.data.get(preferred).or_else(|| {
        let found = secret.data.get(legacy)?;
        notices.push(SettingsWarning::LegacyKey { secret: secret.key.clone(), key: legacy, preferred });
        Some(found)
    });
    found.map(Vec::as_slice).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
