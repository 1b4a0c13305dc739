//! From a Provider as written to an endpoint that can be used, or the reason why not.

use std::sync::Arc;

use campanile_domain::compile_commit_status_name;
use campanile_domain::{Environment, Failure, FailureClass, ObjectKey, ProviderSpec, Secret};
use campanile_protocol::{SecretError, Secrets};
use campanile_providers::{Blame, BlamedPart, BuiltProvider, ConfigError, SecretLookup, build, resolve};

use crate::CheckConnection;

/// The diagnosis of a Provider that cannot be used, and which of its fields is to blame.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// What is wrong and the remedy, secrets masked.
    pub failure: Failure,
    /// The object and field that the error is about.
    pub blame: Blame,
}

impl From<ConfigError> for Diagnosis {
    fn from(error: ConfigError) -> Self {
        Self { blame: error.blame(), failure: error.into() }
    }
}

/// Resolves settings and Secrets, constructs the type in this environment, checks certificates and proxy. Dials nothing.
///
/// # Errors
/// A [`Failure`] that names what is wrong and the remedy, secrets masked.
pub fn resolve_provider(
    spec: &ProviderSpec,
    secrets: &SecretLookup<'_>,
    environment: &Arc<Environment>,
    connections: &dyn CheckConnection,
) -> Result<BuiltProvider, Failure> {
    diagnose_provider(spec, secrets, environment, connections).map_err(|diagnosis| diagnosis.failure)
}

/// The same, for whoever shows where in the manifest the reason stands.
///
/// # Errors
/// A [`Diagnosis`] that says which field is to blame.
pub fn diagnose_provider(
    spec: &ProviderSpec,
    secrets: &SecretLookup<'_>,
    environment: &Arc<Environment>,
    connections: &dyn CheckConnection,
) -> Result<BuiltProvider, Diagnosis> {
    if let Some(expression) = &spec.commit_status_expr {
        compile_commit_status_name(expression).map_err(|error| {
            let message = format!("{error}; correct spec.commitStatusExpr");
            let blame = Blame::new(BlamedPart::Expression, "commitStatusExpr");
            Diagnosis { failure: Failure::new(FailureClass::Config, message), blame }
        })?;
    }
    let mut settings = resolve(spec, secrets)?;
    settings.environment = environment.clone();
    // All of it is checked, also what the type leaves aside (contract, providers 6).
    let (connection, secret) = (settings.connection.clone(), settings.secret.clone());
    let endpoint = build(spec, settings).map_err(|error| error.with_keys(secret.as_deref()))?;
    connections.check(&connection).map_err(|failure| {
        let failure = Failure::masked(failure.class, &failure.message, &endpoint.masker);
        Diagnosis { blame: blame_of_connection(spec, &failure), failure }
    })?;
    Ok(endpoint)
}

/// The field that a connection's material comes from.
fn blame_of_connection(spec: &ProviderSpec, failure: &Failure) -> Blame {
    let is_proxy = failure.class == FailureClass::Proxy;
    match (is_proxy, spec.proxy_secret_ref.is_some(), spec.cert_secret_ref.is_some()) {
        (true, true, _) => Blame::new(BlamedPart::Proxy, "proxySecretRef"),
        (true, false, _) => Blame::new(BlamedPart::Proxy, "proxy"),
        (false, _, true) => Blame::new(BlamedPart::Certificates, "certSecretRef"),
        (false, _, false) => Blame::new(BlamedPart::Certificates, "secretRef"),
    }
}

/// Looks Secrets up in those that the watcher answered with.
///
/// # Errors
/// Why one cannot be had, with the remedy, in words that fit after its name and a colon.
pub fn lookup_in(secrets: &Secrets) -> impl Fn(&ObjectKey) -> Result<Arc<Secret>, String> + '_ {
    |key| match secrets.get(key) {
        Some(Ok(secret)) => Ok(secret.clone()),
        Some(Err(SecretError::Name { source, .. })) => Err(source.to_string()),
        Some(Err(SecretError::NotFound(_))) => Err("not found; create it".to_owned()),
        Some(Err(SecretError::Unreadable { cause, .. })) => Err(cause.clone()),
        None => Err("not read yet".to_owned()),
    }
}
