//! Tokens of Microsoft Entra (Microsoft identity platform, "OAuth 2.0 client credentials flow"; Azure Instance Metadata
//! Service, "Managed identities").

mod certificate;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Method, ObjectKey, Request};

use super::{Annotations, IdentityError};
use crate::address::{AddressSource, DestinationAddress};
use crate::encoding::form;
pub use certificate::{Certificate, ClientCertificateError};

/// The resource of Event Hubs' tokens; the double slash is meant (contract, providers 20).
pub const EVENT_HUBS: &str = "https://eventhubs.azure.net//.default";
/// The resource of Azure DevOps' tokens.
pub const DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
/// The audience of Kubernetes' tokens that are exchanged here.
pub const AUDIENCE: &str = "api://AzureADTokenExchange";
/// The authority that gives tokens, unless `AZURE_AUTHORITY_HOST` says otherwise.
pub const AUTHORITY: &str = "https://login.microsoftonline.com/";
/// The address at which a machine asks for the tokens of its own identities.
pub const MACHINE: &str = "http://169.254.169.254";

const TENANT: &str = "azure.workload.identity/tenant-id";
const CLIENT: &str = "azure.workload.identity/client-id";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An application, or a managed identity, of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The id of the tenant.
    pub tenant: String,
    /// The id of the application.
    pub client: String,
}

/// The proof by which an application shows who it is.
pub enum Proof<'a> {
    /// By a token that the tenant trusts: Kubernetes' own, or one that is signed with a [`Certificate`].
    Assertion(&'a str),
    /// The login by a client secret.
    Secret(&'a str),
}

/// The application that a service account stands for.
///
/// # Errors
/// [`IdentityError::Lacks`]: both annotations are needed.
pub fn application(account: &ObjectKey, annotations: &Annotations) -> Result<Application, IdentityError> {
    let value = |annotation: &'static str| {
        let value = annotations.get(annotation).filter(|value| !value.is_empty());
        value.cloned().ok_or_else(|| IdentityError::Lacks { account: account.clone(), annotation })
    };
    Ok(Application { tenant: value(TENANT)?, client: value(CLIENT)? })
}

/// The URL at which `authority` gives the tokens of a tenant.
///
/// # Errors
/// If the tenant or the authority cannot stand in an address.
pub fn token_url(authority: &str, application: &Application) -> Result<String, IdentityError> {
    let tenant = &application.tenant;
    if tenant.is_empty() || !tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    {
        return Err(IdentityError::Tenant(tenant.chars().take(64).collect()));
    }
    let address = DestinationAddress::new(authority.to_owned(), AddressSource::Spec);
    let authority = address.hook_url("AZURE_AUTHORITY_HOST").map_err(|_| IdentityError::Authority)?;
    if !authority.as_str().starts_with("https://") {
        return Err(IdentityError::Authority);
    }
    Ok(format!("{}/{tenant}/oauth2/v2.0/token", authority.as_str().trim_end_matches('/')))
}

/// Asks `authority` for a token of `application` that is good for `scope`.
///
/// # Errors
/// As for [`token_url`].
pub fn exchange(
    authority: &str,
    application: &Application,
    scope: &str,
    proof: &Proof<'_>,
) -> Result<Request, IdentityError> {
    let (url, client) = (token_url(authority, application)?, &application.client);
    let mut pairs =
        vec![("client_id", client.as_str()), ("grant_type", "client_credentials"), ("scope", scope)];
    match proof {
        Proof::Assertion(assertion) => {
            pairs.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion)]);
        }
        Proof::Secret(secret) => pairs.push(("client_secret", secret)),
    }
    let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    Ok(Request { method: Method::Post, url, headers, body: Bytes::from(form::encode(pairs)) })
}

/// Asks the machine for a token of its identity, or of the one of its identities that `client` names.
pub fn of_machine(host: &str, scope: &str, client: Option<&str>) -> Request {
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    let mut pairs = vec![("api-version", "2018-02-01"), ("resource", resource)];
    pairs.extend(client.map(|client| ("client_id", client)));
    let host = host.trim_end_matches('/');
    Request {
        method: Method::Get,
        url: format!("{host}/metadata/identity/oauth2/token?{}", form::encode(pairs)),
        headers: vec![("Metadata".to_owned(), "true".to_owned())],
        body: Bytes::new(),
    }
}
