//! From a Provider as written to an endpoint that can be used, or the reason why not.

use campanile_domain::{Failure, ProviderSpec};
use campanile_providers::{Endpoint, SecretLookup, build, resolve};

use crate::Carriers;

/// Resolves settings and Secrets, constructs the type, checks certificates and proxy. Dials nothing.
///
/// # Errors
/// A [`Failure`] that names what is wrong and the remedy, secrets masked.
pub fn resolve_provider(
    spec: &ProviderSpec,
    secrets: &SecretLookup<'_>,
    carriers: &dyn Carriers,
) -> Result<Endpoint, Failure> {
    let settings = resolve(spec, secrets)?;
    let endpoint = build(spec, settings)?;
    carriers
        .check(&endpoint.connection)
        .map_err(|failure| Failure::masked(failure.class, &failure.message, &endpoint.masker))?;
    Ok(endpoint)
}
