//! Connection strings, and the signatures that their keys make (Azure Service Bus, "Access control with Shared Access
//! Signatures").

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use url::Url;

use super::EventHubError;
use crate::encoding::form;
use crate::headers::is_value;

/// How long a signature holds, in seconds (contract, providers 23.11).
const VALIDITY: i64 = 2 * 60 * 60;

/// A hub and a key that may send to it. Never printed.
pub(super) struct ConnectionString {
    /// Host, and the port where one is given.
    namespace: String,
    hub: String,
    key_name: String,
    secret: String,
}

impl ConnectionString {
    /// Reads `Endpoint=sb://NS/;SharedAccessKeyName=N;SharedAccessKey=K;EntityPath=HUB`.
    ///
    /// # Errors
    /// [`EventHubError`] for what is missing or cannot be used.
    pub(super) fn parse(text: &str) -> Result<Self, EventHubError> {
        let value = |name: &str| {
            let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
            let mut found =
                pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
            found.next_back().unwrap_or_default().to_owned()
        };
        let namespace = namespace(&value("Endpoint")).ok_or(EventHubError::Lacks("Endpoint"))?;
        let (key_name, secret) = (value("SharedAccessKeyName"), value("SharedAccessKey"));
        if key_name.is_empty() || !is_value(&key_name) {
            return Err(EventHubError::Lacks("SharedAccessKeyName"));
        }
        if secret.is_empty() {
            return Err(EventHubError::Lacks("SharedAccessKey"));
        }
        let hub = value("EntityPath");
        match hub.as_str() {
            "" => Err(EventHubError::NoEntityPath),
            hub if !is_hub(hub) => Err(EventHubError::Lacks("EntityPath")),
            _ => Ok(Self { namespace, hub, key_name, secret }),
        }
    }

    /// The full name of the hub, `NAMESPACE/HUB`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.namespace, self.hub)
    }

    /// The key with which tokens are signed.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// The value of `Authorization` for requests from `now` on.
    pub(super) fn sign(&self, now: Timestamp) -> String {
        let until = (now.as_second() + VALIDITY).to_string();
        let resource = format!("https://{}", self.name()).to_lowercase();
        // Only the values are escaped: what is signed is the resource as it stands in the signature.
        let escaped = |value: &str| form::encode([("", value)]).trim_start_matches('=').to_owned();
        let resource = escaped(&resource);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, format!("{resource}\n{until}").as_bytes()));
        let (signature, name) = (escaped(&signature), escaped(&self.key_name));
        format!("SharedAccessSignature sr={resource}&sig={signature}&se={until}&skn={name}")
    }
}

/// Host and port of `sb://HOST:PORT/`.
fn namespace(endpoint: &str) -> Option<String> {
    let url = Url::parse(endpoint).ok().filter(|url| url.scheme() == "sb")?;
    let host = url.host_str().filter(|host| is_host(host))?.to_ascii_lowercase();
    Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
}

/// Whether this can stand where a host does.
pub(super) fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// Whether this is a name of an event hub ("Resource naming rules", `namespaces/eventhubs`).
pub(super) fn is_hub(text: &str) -> bool {
    let is_ok = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=256).contains(&text.len()) && text.bytes().all(is_ok)
}
