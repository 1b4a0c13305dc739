//! Everything that is wrong with a state of manifests, each with its file and line.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use campanile_crds::Level;
use campanile_domain::{ObjectKey, ProviderSpec};

use crate::{Loaded, Located};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The file; the folder itself if it is about that.
    pub file: Arc<Path>,
    /// The line, counted from 1; 0 if it is about the file or folder as a whole.
    pub line: usize,
    /// `Kind/namespace/name`; empty if it is about no object.
    pub object: String,
    /// What is wrong and the remedy.
    pub message: String,
}

impl Finding {
    pub(crate) fn error(
        file: &Arc<Path>,
        line: usize,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { level: Level::Error, file: file.clone(), line, object: object.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        if self.level == Level::Warning {
            f.write_str(" warning:")?;
        }
        if !self.object.is_empty() {
            write!(f, " {}:", self.object)?;
        }
        write!(f, " {}", self.message)
    }
}

/// Judges a whole state: what can not be used, what should not stay so, and references that lead nowhere. Sorted by
/// file and line. Whether addresses suit the Providers' types is not judged here.
pub fn findings(loaded: &Loaded) -> Vec<Finding> {
    let mut found = loaded.problems.clone();
    found.extend(loaded.remarks.iter().cloned());
    for alert in loaded.alerts.values() {
        if !loaded.providers.contains_key(&alert.value.provider) {
            let line = alert.position.line_of_reference("providerRef");
            let object = format!("Alert/{}", alert.value.key);
            found.push(Finding::error(
                &alert.position.file,
                line,
                object,
                missing_provider(&alert.value.provider),
            ));
        }
    }
    for provider in loaded.providers.values() {
        found.extend(missing_secrets(loaded, provider));
    }
    found.sort_by(|a, b| (&a.file, a.line, a.level).cmp(&(&b.file, b.line, b.level)));
    found
}

/// What an Alert says whose Provider does not exist (contract, control plane 3.3).
pub(crate) fn missing_provider(provider: &ObjectKey) -> String {
    format!("failed to get provider '{provider}': not found; create it or correct spec.providerRef")
}

/// What a Provider says whose Secret does not exist.
pub(crate) fn missing_secret(secret: &ObjectKey, field: &str) -> String {
    format!("failed to get secret '{secret}': not found; create it or correct spec.{field}")
}

/// The Secrets that a Provider names, each with the field that names it.
pub(crate) fn secret_fields(provider: &ProviderSpec) -> impl Iterator<Item = (&'static str, ObjectKey)> + '_ {
    [
        ("secretRef", &provider.secret_ref),
        ("certSecretRef", &provider.cert_secret_ref),
        ("proxySecretRef", &provider.proxy_secret_ref),
    ]
    .into_iter()
    .filter_map(|(field, name)| {
        let name = name.as_deref()?;
        Some((field, ObjectKey::new(provider.key.namespace.clone(), name)))
    })
}

fn missing_secrets<'a>(
    loaded: &'a Loaded,
    provider: &'a Located<ProviderSpec>,
) -> impl Iterator<Item = Finding> + 'a {
    let exists =
        |key: &ObjectKey| loaded.secrets.contains_key(key) || loaded.unreadable_secrets.contains_key(key);
    secret_fields(&provider.value).filter(move |(_, key)| !exists(key)).map(|(field, key)| {
        let line = provider.position.line_of_reference(field);
        let object = format!("Provider/{}", provider.value.key);
        Finding::error(&provider.position.file, line, object, missing_secret(&key, field))
    })
}
