//! A configuration of workload identity federation (`external_account`; AIP-4117): where another's token is, and where it is
//! exchanged for one of Google's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;
use campanile_domain::{Method, Request};
use serde::Deserialize;

use super::TokenOrigin;
use crate::address::SECRET_PIECE;
use crate::headers;
use crate::identity::credential_error::CredentialError;
use crate::identity::google::{PLATFORM, exchange};
use crate::identity::token_address::{Author, address, secure};

/// A federation: whose token, where it is, and where it is exchanged.
pub(super) struct Federation {
    audience: String,
    subject_token_type: String,
    token_url: String,
    place: Place,
    /// The field of a JSON object that holds the token; none where the token is all there is.
    field: Option<String>,
}

enum Place {
    File(String),
    Address { request: Request, is_local: bool },
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    audience: String,
    #[serde(default)]
    subject_token_type: String,
    #[serde(default)]
    token_url: String,
    #[serde(default)]
    service_account_impersonation_url: Option<String>,
    #[serde(default)]
    service_account_impersonation: Option<Lifetime>,
    #[serde(default)]
    credential_source: CredentialSource,
}

#[derive(Deserialize)]
struct Lifetime {
    #[serde(default)]
    token_lifetime_seconds: Option<u32>,
}

#[derive(Default, Deserialize)]
struct CredentialSource {
    #[serde(default)]
    environment_id: Option<String>,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    subject_token_field_name: Option<String>,
}

/// The address of an account to act as, and for how many seconds.
type Account = (String, Option<u32>);

impl Federation {
    pub(super) fn parse(json: &[u8], author: Author) -> Result<(Self, Option<Account>), CredentialError> {
        let config: Config = serde_json::from_slice(json).map_err(|_| CredentialError::NotJson)?;
        for (part, name) in
            [(&config.audience, "audience"), (&config.subject_token_type, "subject_token_type")]
        {
            if part.is_empty() {
                return Err(CredentialError::Lacks(name));
            }
        }
        let lifetime = config.service_account_impersonation.and_then(|it| it.token_lifetime_seconds);
        let account = config.service_account_impersonation_url.map(|url| (url, lifetime));
        let federation = Self {
            token_url: secure("token_url", config.token_url, author)?,
            field: field(config.credential_source.format.as_ref())?,
            place: place(config.credential_source)?,
            audience: config.audience,
            subject_token_type: config.subject_token_type,
        };
        Ok((federation, account))
    }

    pub(super) fn source(&self) -> TokenOrigin<'_> {
        match &self.place {
            Place::File(file) => TokenOrigin::File(file),
            Place::Address { request, is_local } => TokenOrigin::Address { request, is_local: *is_local },
        }
    }

    pub(super) fn subject(&self, text: &str) -> Option<String> {
        let token = match &self.field {
            None => text.trim().to_owned(),
            Some(field) => {
                let object: serde_json::Value = serde_json::from_str(text).ok()?;
                object.get(field)?.as_str()?.to_owned()
            }
        };
        (!token.is_empty()).then_some(token)
    }

    pub(super) fn request(&self, subject: &str) -> Request {
        exchange(&self.token_url, &self.audience, &self.subject_token_type, subject, PLATFORM)
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        match &self.place {
            Place::File(_) => Vec::new(),
            // A short value is a switch, as in `Metadata: True`.
            Place::Address { request, .. } => {
                let values = request.headers.iter().map(|(_, value)| value);
                values.filter(|value| value.len() >= SECRET_PIECE).cloned().collect()
            }
        }
    }
}

fn field(format: Option<&Format>) -> Result<Option<String>, CredentialError> {
    match format.map(|format| (format.kind.as_str(), &format.subject_token_field_name)) {
        None | Some(("text", _)) => Ok(None),
        Some(("json", Some(field))) if !field.is_empty() => Ok(Some(field.clone())),
        Some(_) => Err(CredentialError::Format),
    }
}

fn place(source: CredentialSource) -> Result<Place, CredentialError> {
    match source {
        CredentialSource { environment_id: Some(_), .. } => Err(CredentialError::Source),
        CredentialSource { file: Some(file), .. } if !file.is_empty() => Ok(Place::File(file)),
        CredentialSource { url: Some(url), headers, .. } => {
            let url = address(url).ok_or(CredentialError::SourceAddress)?.as_str().to_owned();
            let headers = headers::for_http(&headers).map_err(|_| CredentialError::SourceAddress)?;
            let is_local = is_local(&url);
            let request = Request { method: Method::Get, url, headers, body: Bytes::new() };
            Ok(Place::Address { request, is_local })
        }
        _ => Err(CredentialError::Source),
    }
}

/// Whether a URL names this machine, or what only this machine can reach.
fn is_local(url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unicast_link_local(),
        Err(_) => host == "localhost",
    }
}
