//! From a Provider as written to an endpoint that can be used, or the reason why not.

use std::sync::Arc;

use campanile_domain::cel::compile_commit_status_name;
use campanile_domain::{Environment, Failure, FailureClass, ObjectKey, ProviderSpec, Secret};
use campanile_protocol::{SecretError, Secrets};
use campanile_providers::{Endpoint, SecretLookup, build, resolve};

use crate::CheckConnection;

/// Resolves settings and Secrets, constructs the type in this environment, checks certificates and proxy. Dials nothing.
///
/// # Errors
/// A [`Failure`] that names what is wrong and the remedy, secrets masked.
pub fn resolve_provider(
    spec: &ProviderSpec,
    secrets: &SecretLookup<'_>,
    environment: &Arc<Environment>,
    connections: &dyn CheckConnection,
) -> Result<Endpoint, Failure> {
    if let Some(expression) = &spec.commit_status_expr {
        compile_commit_status_name(expression).map_err(|error| {
            Failure::new(FailureClass::Config, format!("{error}; correct spec.commitStatusExpr"))
        })?;
    }
    let mut settings = resolve(spec, secrets)?;
    settings.environment = environment.clone();
    // All of it is checked, also what the type leaves aside (contract, providers 6).
    let connection = settings.connection.clone();
    let endpoint = build(spec, settings)?;
    connections
        .check(&connection)
        .map_err(|failure| Failure::masked(failure.class, &failure.message, &endpoint.masker))?;
    Ok(endpoint)
}

/// Looks Secrets up in those that the watcher answered with.
///
/// # Errors
/// Why one can not be had, with the remedy, in words that fit after its name and a colon.
pub fn lookup_in(secrets: &Secrets) -> impl Fn(&ObjectKey) -> Result<Arc<Secret>, String> + '_ {
    |key| match secrets.get(key) {
        Some(Ok(secret)) => Ok(secret.clone()),
        Some(Err(SecretError::Name { source, .. })) => Err(source.to_string()),
        Some(Err(SecretError::NotFound(_))) => Err("not found; create it".to_owned()),
        Some(Err(SecretError::Unreadable { cause, .. })) => Err(cause.clone()),
        None => Err("not read yet".to_owned()),
    }
}
