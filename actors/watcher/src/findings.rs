//! Everything that is wrong with a state of manifests, each with its place.

mod receivers;

use campanile_crds::flux::Flux;
use campanile_crds::{Cause, Level, Rule};
use campanile_domain::{Alert, EventSource, ObjectKey, ProviderSpec, Secret};
use campanile_yaml as yaml;

use crate::finding::Finding;
use crate::loaded::ReferenceState;
use crate::{Loaded, Located, Position};

/// The strictness by which manifests are judged.
#[derive(Clone, Copy, Debug)]
pub struct Strictness {
    /// What a Provider or Secret is that is named and not among the manifests; none if that is not said.
    pub missing: Option<Level>,
    /// A release of Flux whose own controller is to take the manifests as well.
    pub flux: Option<Flux>,
    /// Whether the instance that is to take them runs with `--no-cross-namespace-refs`.
    pub no_cross_namespace_refs: bool,
}

impl Default for Strictness {
    /// A warning, and no Flux.
    fn default() -> Self {
        Self { missing: Some(Level::Warning), flux: None, no_cross_namespace_refs: false }
    }
}

/// Judges a whole state: what cannot be used, what should not stay so, and references that lead nowhere. Sorted as
/// [`sort`] does. Whether addresses suit the Providers' types is not judged here.
pub fn findings(loaded: &Loaded, strictness: Strictness) -> Vec<Finding> {
    let read = loaded.problems.iter().chain(&loaded.remarks).cloned();
    let mut found: Vec<Finding> = read.filter_map(|finding| of_hidden(finding, strictness)).collect();
    found.extend(encrypted_secrets(loaded, strictness));
    found.extend(loaded.secrets.values().flat_map(doubled_headers));
    for alert in loaded.alerts.values() {
        let (key, object) = (&alert.value.provider, format!("Alert/{}", alert.value.key));
        let known = loaded.known("Provider", key, loaded.providers.contains_key(key));
        let (level, is_consequence) = match known {
            ReferenceState::Usable | ReferenceState::Elsewhere => continue,
            ReferenceState::Refused => (Some(Level::Error), true),
            ReferenceState::Absent => (strictness.missing, false),
        };
        let Some(level) = level else { continue };
        let mut message = missing_provider(key);
        message.insert_str(
            message.find(';').unwrap_or(message.len()),
            &loaded.hint("Provider", key, &alert.position),
        );
        let place = alert.position.of_reference("providerRef");
        let finding = Finding::new(Rule::MissingProvider, level, place, object, message);
        found.push(if is_consequence { finding.following() } else { finding });
    }
    for provider in loaded.providers.values() {
        found.extend(missing_secrets(loaded, provider, strictness));
    }
    for receiver in loaded.receivers.values() {
        found.extend(receivers::findings(loaded, receiver, strictness));
    }
    if strictness.no_cross_namespace_refs {
        found.extend(loaded.alerts.values().flat_map(foreign_sources));
    }
    let mut found: Vec<Finding> =
        found.into_iter().filter_map(|one| one.judged_for(strictness.flux)).collect();
    sort(&mut found);
    found
}

/// What is encrypted as a whole is as bad as what is missing, for its objects are; ciphertext of SOPS is an error unless
/// something decrypts it on its way.
fn of_hidden(finding: Finding, strictness: Strictness) -> Option<Finding> {
    match (finding.rule, finding.level) {
        (Rule::EncryptedFile, Level::Warning) => Some(Finding { level: strictness.missing?, ..finding }),
        (Rule::EncryptedFile, Level::Error) => strictness.missing.map(|_| finding),
        _ => Some(finding),
    }
}

/// Sorts by place; what follows from another finding comes last.
pub fn sort(found: &mut [Finding]) {
    let key = |finding: &Finding| {
        (finding.is_consequence, finding.place.file.clone(), finding.place.mark, finding.level, finding.rule)
    };
    found.sort_by_cached_key(key);
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
    strictness: Strictness,
) -> impl Iterator<Item = Finding> + 'a {
    let object = format!("Provider/{}", provider.value.key);
    secret_fields(&provider.value).filter_map(move |(field, key)| {
        absent_secret(loaded, strictness, &provider.position, &object, (field, &key))
    })
}

/// What is to be said of a Secret that `object` names in `field`; nothing if it is there.
fn absent_secret(
    loaded: &Loaded,
    strictness: Strictness,
    position: &Position,
    object: &str,
    (field, key): (&'static str, &ObjectKey),
) -> Option<Finding> {
    let (level, is_consequence) = match loaded.known("Secret", key, loaded.secrets.contains_key(key)) {
        ReferenceState::Usable | ReferenceState::Elsewhere => return None,
        ReferenceState::Refused => (Level::Error, true),
        ReferenceState::Absent => (strictness.missing?, false),
    };
    let mut message = missing_secret(key, field);
    message.insert_str(message.find(';').unwrap_or(message.len()), &loaded.hint("Secret", key, position));
    let finding = Finding::new(Rule::MissingSecret, level, position.of_reference(field), object, message);
    Some(if is_consequence { finding.following() } else { finding })
}

/// Sources of an Alert that are not in its namespace, where it may see no other.
fn foreign_sources(alert: &Located<Alert>) -> Vec<Finding> {
    let own = &*alert.value.key.namespace;
    let foreign = alert.value.sources.iter().enumerate().filter(|(_, source)| source.namespace != own);
    let finding = |(index, source): (usize, &EventSource)| {
        let message = format!(
            "spec.eventSources[{index}].namespace is '{}', and --no-cross-namespace-refs allows '{own}' alone; move the Alert \
             there",
            source.namespace
        );
        Finding::error(
            Rule::CrossNamespace,
            alert.position.place(),
            format!("Alert/{}", alert.value.key),
            message,
        )
    };
    foreign.map(finding).collect()
}

/// Secrets whose values are ciphertext: applied like this, they are no credentials. Where what is missing does not count,
/// they are taken for decrypted on their way.
fn encrypted_secrets(loaded: &Loaded, strictness: Strictness) -> impl Iterator<Item = Finding> + '_ {
    let hidden = loaded
        .hidden
        .iter()
        .filter(move |(_, hidden)| hidden.cause == Cause::Encrypted && strictness.missing.is_some());
    hidden.map(|(key, hidden)| {
        let message = "is encrypted with SOPS, so its values are no credentials; decrypt it on its way, and say --missing=ignore if something does";
        Finding::error(Rule::EncryptedSecret, hidden.position.place(), format!("Secret/{key}"), message)
    })
}

/// Names that stand twice under the key `headers`, which is YAML too.
fn doubled_headers(secret: &Located<Secret>) -> Vec<Finding> {
    let Some(text) = secret.value.data.get("headers").and_then(|value| str::from_utf8(value).ok()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    yaml::each_document(text, &mut |document| {
        for duplicate in document.map(|document| document.duplicates).unwrap_or_default() {
            let (first, again) = (duplicate.first.line, duplicate.again.line);
            let message = format!(
                "key 'headers' has the same name on its lines {first} and {again}; remove one of the two"
            );
            let object = format!("Secret/{}", secret.value.key);
            found.push(Finding::error(Rule::DuplicateKey, secret.position.place(), object, message));
        }
    });
    found
}
