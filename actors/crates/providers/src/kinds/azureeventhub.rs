//! `azureeventhub`: the event itself, sent to an Event Hub of Azure (contract, providers 23.11).
//!
//! It speaks the service's HTTPS endpoint (Event Hubs REST API, "Send event"), which gives readers the same event as AMQP
//! does. The login is a signature by the key of a connection string, a token, or workload identity.

mod connection_string;
mod error;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, Masker, Method, Notification, Request, Response, Verdict};
use jiff::Timestamp;

use crate::identity::azure;
use crate::judgement::{classify, judge, told};
use crate::render::event_body::fitting;
use crate::sample::{Limit, LoginForm, Markup, Sample};
use crate::webhook::json_headers;
use crate::{Cloud, ConfigError, Exchange, Identity, Provider, Settings, Step, TokenForm};
use connection_string::ConnectionString;
pub use error::EventHubError;

/// Longest event, in bytes: a hub of the smallest tier takes 256 KB, properties included, the others 1 MB or more (Event Hubs,
/// "Quotas and limits", size of a publication, <https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas>).
const LONGEST: usize = 250_000;

/// Parts of a signature's text that are longer are the signature itself, or harmless.
const SHORTEST_PART: usize = 32;

/// The suffix of namespaces, by a part of `AZURE_AUTHORITY_HOST`.
const SUFFIXES: &[(&str, &str)] = &[
    ("chinacloudapi.cn", ".servicebus.chinacloudapi.cn"),
    ("microsoftonline.us", ".servicebus.usgovcloudapi.net"),
];
const PUBLIC_SUFFIX: &str = ".servicebus.windows.net";

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Box::new(EventHub::new(settings)?))
}

struct EventHub {
    hub: Arc<Hub>,
    identity: Option<Identity>,
}

/// The hub to which events are sent, and the login there.
struct Hub {
    /// The full name of the hub, `NAMESPACE/HUB`.
    name: String,
    login: Login,
    masker: Masker,
}

enum Login {
    /// A login by a key that signs.
    Key(ConnectionString),
    /// A token of the user's.
    Token(String),
    /// Whoever carries the request has a token.
    Identity,
}

impl Login {
    /// What no other type knows to be secret.
    fn secrets(&self) -> Vec<String> {
        match self {
            Self::Key(key) => vec![key.secret().to_owned()],
            Self::Token(_) | Self::Identity => Vec::new(),
        }
    }
}

impl EventHub {
    fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let address = settings.address.as_str();
        if address.is_empty() {
            return Err(EventHubError::NoAddress.into());
        }
        let (name, login) = if address.contains("SharedAccessKey") {
            let key = by_key(settings, address)?;
            (key.name(), Login::Key(key))
        } else {
            (by_token(settings, address)?, token(settings)?)
        };
        let identity = matches!(login, Login::Identity)
            .then(|| settings.identity(Cloud::Azure { scope: azure::EVENT_HUBS }, TokenForm::Bearer));
        let masker = settings.masker.with(login.secrets());
        let hub = Hub { name, login, masker };
        Ok(Self { hub: Arc::new(hub), identity })
    }
}

fn by_key(settings: &Settings, address: &str) -> Result<ConnectionString, EventHubError> {
    if !settings.service_account.is_empty() {
        return Err(EventHubError::AccountAndKey);
    }
    if settings.token.is_some() {
        return Err(EventHubError::TokenAndKey);
    }
    ConnectionString::parse(address)
}

/// The hub of that name in the namespace that the channel names.
fn by_token(settings: &Settings, hub: &str) -> Result<String, EventHubError> {
    let channel = settings.channel.as_str();
    if channel.is_empty() {
        return Err(EventHubError::NoNamespace);
    }
    let authority = settings.environment.azure_authority.as_deref().unwrap_or_default();
    let suffix = SUFFIXES.iter().find(|(part, _)| authority.contains(part)).map(|(_, suffix)| *suffix);
    let namespace = match channel.contains(".servicebus.") {
        true => channel.to_owned(),
        false => format!("{channel}{}", suffix.unwrap_or(PUBLIC_SUFFIX)),
    };
    if !connection_string::is_host(&namespace) {
        return Err(EventHubError::Namespace);
    }
    if !connection_string::is_hub(hub) {
        return Err(EventHubError::Hub(settings.address.source().clone()));
    }
    Ok(format!("{namespace}/{hub}"))
}

fn token(settings: &Settings) -> Result<Login, ConfigError> {
    let Some(token) = settings.header_token()? else { return Ok(Login::Identity) };
    if !settings.service_account.is_empty() {
        return Err(EventHubError::AccountAndToken.into());
    }
    Ok(Login::Token(token.to_owned()))
}

impl Provider for EventHub {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let request = Request {
            method: Method::Post,
            url: format!("https://{}/messages?api-version=2014-01", self.hub.name),
            headers: json_headers(1),
            body: fitting(notification, LONGEST)?,
        };
        Ok(Box::new(Sending { hub: self.hub.clone(), request: Some(request), signature: String::new() }))
    }

    fn secrets(&self) -> Vec<String> {
        self.hub.login.secrets()
    }

    fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Azure's hosts, which no private trust store must break.
    fn public_host(&self) -> bool {
        let host = self.hub.name.split('/').next().unwrap_or_default();
        host.ends_with(PUBLIC_SUFFIX) || SUFFIXES.iter().any(|(_, suffix)| host.ends_with(suffix))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// One try to send one event: signed when it is sent, as a signature holds for two hours.
struct Sending {
    hub: Arc<Hub>,
    request: Option<Request>,
    signature: String,
}

impl Exchange for Sending {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        if let Some(response) = response {
            let parts = self.signature.split(['&', '=']).filter(|part| part.len() > SHORTEST_PART);
            let masker = self.hub.masker.with([self.signature.as_str()].into_iter().chain(parts));
            return Step::Done(verdict(&response, now, &masker));
        }
        let Some(mut request) = self.request.take() else { return out_of_step() };
        match &self.hub.login {
            Login::Key(key) => {
                self.signature = key.sign(now);
                request.headers.push(("Authorization".to_owned(), self.signature.clone()));
            }
            Login::Token(token) => {
                request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
            }
            Login::Identity => {}
        }
        Step::Send(request)
    }
}

fn verdict(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    use FailureClass as C;
    let told = |class, what| told(class, what, response, now, masker);
    match (response.status, classify(response)) {
        // The shared table, and a proxy's or a sign-in page's 200: only 201 says that the hub has the event.
        (201, _) => Verdict::Delivered,
        (200..=299, _) => told(C::Garbled, "that is no answer of an event hub"),
        (401 | 403, Some(C::Credentials)) => told(
            C::Credentials,
            "it may not send; give it the right Send or the role Azure Event Hubs Data Sender",
        ),
        (404 | 410, _) => told(C::Gone, "the event hub is not there; create it, or correct its name"),
        (413, _) => told(C::Rejected, "the event is too long for this event hub"),
        _ => judge(response, now, masker),
    }
}

fn out_of_step() -> Step {
    let text = "the exchange had sent its event and got no answer; start a new one";
    Step::Done(Verdict::Failed(Failure::new(FailureClass::Garbled, text)))
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "Endpoint=sb://{host}/;SharedAccessKeyName=send;SharedAccessKey={secret};EntityPath=hub",
    url: "https://{host}/hub/messages?api-version=2014-01",
    logins: &[LoginForm::Address],
    taken: (201, ""),
    ..Sample::webhook(
        Markup::Verbatim,
        &[Limit::body(
            "event",
            256 * 1024,
            "[Quotas and limits](https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas), smallest tier",
        )],
    )
};
