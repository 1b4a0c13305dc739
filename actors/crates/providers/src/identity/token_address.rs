//! Addresses that tokens are sent to, and who may name them.

use super::credential_error::CredentialError;
use crate::address::{AddressSource, DestinationAddress, HookUrl};

/// The author of a credential, who is trusted more or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Who runs the program: its environment names the file.
    Operator,
    /// Written by those who may write Secrets.
    Secret,
}

/// The address in field `name`, if tokens may be sent there: over TLS, and to Google where a Secret says so.
pub(crate) fn secure(name: &'static str, url: String, author: Author) -> Result<String, CredentialError> {
    if url.is_empty() {
        return Err(CredentialError::Lacks(name));
    }
    let parsed = address(url).filter(|url| url.as_str().starts_with("https://"));
    let url = parsed.ok_or(CredentialError::Url(name))?;
    let host = url::Url::parse(url.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_google = host.is_some_and(|host| host.ends_with(".googleapis.com"));
    if author == Author::Secret && !is_google {
        return Err(CredentialError::Foreign(name));
    }
    Ok(url.as_str().to_owned())
}

/// A URL that can be sent to.
pub(super) fn address(text: String) -> Option<HookUrl> {
    DestinationAddress::new(text, AddressSource::Spec).hook_url("credential").ok()
}
