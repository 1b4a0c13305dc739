//! `googlepubsub`: the event itself, published to a topic of Google Cloud Pub/Sub (contract, providers 23.8).
//!
//! It speaks the REST API, with a token that the key of a service account signs for, or that workload identity gives; the
//! emulator of Pub/Sub is spoken to without one.

mod answer;
mod exchange;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Notification, Request};
use serde::Serialize;

use crate::encoding::segment;
use crate::identity::credential::{Author, CredentialError, kind_of};
use crate::identity::service_account::ServiceAccount;
use crate::render::event_body::fitting;
use crate::sample::{Limit, LoginForm, Markup, Sample, Sends};
use crate::webhook::{json_body, json_headers};
use crate::{Cloud, ConfigError, Credential, Exchange, Identity, Provider, Settings, Token, TokenForm};
use exchange::PublishExchange;

/// The address of the Pub/Sub API.
const API: &str = "https://pubsub.googleapis.com";

/// What the token of a service account's key is good for: no more than Pub/Sub.
const SCOPE: &str = "https://www.googleapis.com/auth/pubsub";

/// Longest event, in bytes: Pub/Sub takes 10 MB a request, in which it is written a third longer (Pub/Sub, "Quotas and limits",
/// resource limits, publish request, <https://cloud.google.com/pubsub/quotas#resource_limits>). What is left takes the 100
/// attributes of 1,280 bytes that the same table allows.
const LONGEST: usize = 7_000_000;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Box::new(PubSub::new(settings)?))
}

struct PubSub {
    topic: Arc<Topic>,
    attributes: BTreeMap<String, String>,
    is_emulated: bool,
    /// Where neither a service account's key nor an emulator is.
    identity: Option<Identity>,
}

/// The topic on which messages are published, and the login there.
struct Topic {
    /// The full name of the topic, `projects/P/topics/T`.
    name: String,
    url: String,
    /// None at an emulator, and where an identity gives the token.
    account: Option<ServiceAccount>,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Publish<'a> {
    messages: [Message<'a>; 1],
}

#[derive(Serialize)]
struct Message<'a> {
    data: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, String>,
}

impl PubSub {
    fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let emulator = settings.environment.pubsub_emulator.as_deref();
        let name = topic_name(settings.address.as_str(), &settings.channel)?;
        let (account, identity) = match emulator {
            Some(_) => (None, None),
            None => login(settings).map_err(PubSubError::from)?,
        };
        let root = emulator.map_or_else(|| API.to_owned(), |host| format!("http://{host}"));
        let path: Vec<String> = name.split('/').map(segment).collect();
        let url = format!("{root}/v1/{}:publish", path.join("/"));
        let topic = Topic { name, url, account, masker: settings.masker.clone() };
        let attributes = settings.headers.clone();
        Ok(Self { topic: Arc::new(topic), attributes, is_emulated: emulator.is_some(), identity })
    }

    fn request(&self, event: &[u8]) -> Result<Request, Failure> {
        let message = Message { data: STANDARD.encode(event), attributes: &self.attributes };
        let body: Bytes = json_body(&Publish { messages: [message] })?;
        Ok(Request { method: Method::Post, url: self.topic.url.clone(), headers: json_headers(1), body })
    }
}

/// The key of a service account, which signs for itself, or an identity: by another credential of the Secret, or by none.
fn login(settings: &Settings) -> Result<(Option<ServiceAccount>, Option<Identity>), CredentialError> {
    let identity = settings.identity(Cloud::Google, TokenForm::Bearer);
    let token = settings.token.as_ref().filter(|token| !token.raw().trim_ascii().is_empty());
    let Some(json) = token.map(Token::raw) else { return Ok((None, Some(identity))) };
    if kind_of(json)? == "service_account" {
        return Ok((Some(ServiceAccount::parse(json, SCOPE)?), None));
    }
    let credential = Some(Credential::parse(json, Author::Secret)?);
    Ok((None, Some(Identity { credential, ..identity })))
}

/// A channel of four parts is the whole name; any other one is the topic's in the project of the address.
fn topic_name(project: &str, channel: &str) -> Result<String, PubSubError> {
    if project.is_empty() {
        return Err(PubSubError::NoProject);
    }
    if channel.is_empty() {
        return Err(PubSubError::NoTopic);
    }
    let is_whole = channel.split('/').count() == 4;
    Ok(if is_whole { channel.to_owned() } else { format!("projects/{project}/topics/{channel}") })
}

impl Provider for PubSub {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let request = self.request(&fitting(notification, LONGEST)?)?;
        Ok(Box::new(PublishExchange::new(self.topic.clone(), request)))
    }

    fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    fn secrets(&self) -> Vec<String> {
        let credential = self.identity.as_ref().and_then(|identity| identity.credential.as_ref());
        credential.map(Credential::secrets).unwrap_or_default()
    }

    /// Google's hosts, which no private trust store must break.
    fn public_host(&self) -> bool {
        !self.is_emulated
    }
}

/// Errors for which nothing can be published with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PubSubError {
    /// The address, which is the project, is empty.
    #[error("GCP project ID cannot be empty: write it in spec.address")]
    NoProject,
    /// The channel, which is the topic, is empty.
    #[error("GCP Pub/Sub topic ID cannot be empty: write it in spec.channel")]
    NoTopic,
    /// The key cannot be used.
    #[error("key 'token' of the Secret {0}")]
    Credential(#[from] CredentialError),
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "project",
    channel: "flux",
    logins: &[LoginForm::ServiceAccount],
    fixed_host: Some("pubsub.googleapis.com"),
    sends: Sends::Exchange,
    taken: (200, r#"{"messageIds":["1"]}"#),
    says_cut: false,
    ..Sample::webhook(
        Markup::Verbatim,
        &[Limit::body(
            "request",
            10_000_000,
            "[Quotas and limits, Resource limits](https://cloud.google.com/pubsub/quotas#resource_limits)",
        )],
    )
};
