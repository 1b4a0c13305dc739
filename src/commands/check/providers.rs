//! Findings of the provider types themselves: addresses, keys, certificates. The rules are those by which a Provider is built.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_delivery::{Diagnosis, diagnose_provider};
use campanile_domain::{Environment, ObjectKey, ProviderSpec, Secret};
use campanile_providers::BlamedPart;
use campanile_transport::{Limits, Transport};
use campanile_watcher::{Finding, Level, Loaded, Located, Rule};

use crate::config::environment;

/// One finding at most for each Provider of a known type.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let judge = Judge {
        loaded,
        transport: Transport::new(environment(), Limits::default()),
        environment: Arc::new(environment()),
    };
    let known = loaded.providers.values().filter(|provider| provider.value.kind().is_some());
    known.filter_map(|provider| judge.finding(provider)).collect()
}

struct Judge<'a> {
    loaded: &'a Loaded,
    transport: Transport,
    environment: Arc<Environment>,
}

impl Judge<'_> {
    fn finding(&self, provider: &Located<ProviderSpec>) -> Option<Finding> {
        let spec = &provider.value;
        let are_known = spec.secret_keys().all(|key| self.loaded.secrets.contains_key(&key));
        let Diagnosis { failure, blame } =
            if are_known { self.diagnose(spec)? } else { self.diagnose_without_secrets(spec)? };
        let rule = match blame.subject {
            BlamedPart::Address => Rule::Address,
            BlamedPart::Channel => Rule::Channel,
            BlamedPart::Credentials => Rule::Credentials,
            BlamedPart::Certificates => Rule::Certificates,
            BlamedPart::Proxy => Rule::Proxy,
            BlamedPart::Expression => Rule::Expression,
            BlamedPart::Type => Rule::ProviderType,
            BlamedPart::Other => Rule::Schema,
        };
        let place = provider.position.of_reference(blame.field);
        Some(Finding::new(rule, Level::Error, place, format!("Provider/{}", spec.key), failure.message))
    }

    fn diagnose(&self, spec: &ProviderSpec) -> Option<Diagnosis> {
        let secret = |key: &ObjectKey| {
            self.loaded
                .secrets
                .get(key)
                .map(|found| found.value.clone())
                .ok_or_else(|| "not found".to_owned())
        };
        diagnose_provider(spec, &secret, &self.environment, &self.transport).err()
    }

    /// What is wrong whatever the Secrets hold, which are not known here: they may bring any key but not mend what stands in
    /// the spec alone.
    fn diagnose_without_secrets(&self, spec: &ProviderSpec) -> Option<Diagnosis> {
        let alone = ProviderSpec { cert_secret_ref: None, proxy_secret_ref: None, ..spec.clone() };
        let nothing = |key: &ObjectKey| {
            let type_name = String::new();
            Ok(Arc::new(Secret { key: key.clone(), type_name, data: BTreeMap::new() }))
        };
        let diagnosis = diagnose_provider(&alone, &nothing, &self.environment, &self.transport).err()?;
        let is_of_spec = match diagnosis.blame.subject {
            BlamedPart::Channel | BlamedPart::Expression | BlamedPart::Type => true,
            BlamedPart::Address => diagnosis.blame.field == "address" && !spec.address.is_empty(),
            _ => false,
        };
        is_of_spec.then_some(diagnosis)
    }
}
