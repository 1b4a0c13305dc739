//! `googlepubsub`: the event itself, published to a topic of Google Cloud Pub/Sub (contract, providers 23.8).
//!
//! It speaks the REST API, with a token that the key of a service account signs for, or that workload identity gives; the
//! emulator of Pub/Sub is spoken to without one.

mod account;
mod answer;
mod exchange;
mod problem;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use campanile_domain::{Delivery, Failure, Masker, Method, Request};
use serde::Serialize;

use super::commit_status::segment;
use super::event_body::fitting;
use super::webhook::{json_body, json_headers};
use crate::{Cloud, ConfigError, Exchange, Identity, Provider, Settings, TokenForm};
pub(crate) use account::ServiceAccount;
use exchange::PublishExchange;
pub use problem::PubSubProblem;

/// Where the API is.
const API: &str = "https://pubsub.googleapis.com";

/// Longest event, in bytes: Pub/Sub takes 10 MB a request, in which it is written a third longer (quotas, "Publish
/// request").
const LONGEST: usize = 7_000_000;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Box::new(PubSub::new(settings)?))
}

struct PubSub {
    topic: Arc<Topic>,
    attributes: BTreeMap<String, String>,
    is_emulated: bool,
    /// Where neither a key nor an emulator is.
    identity: Option<Identity>,
}

/// Where is published, and as whom.
struct Topic {
    /// `projects/P/topics/T`.
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
        let emulator = settings.surroundings.pubsub_emulator.as_deref();
        let name = topic_name(settings.address.as_str(), &settings.channel)?;
        let has_key = settings.token.as_ref().is_some_and(|token| !token.raw().trim_ascii().is_empty());
        let account = match emulator {
            None if has_key => Some(ServiceAccount::read(settings)?),
            _ => None,
        };
        let identity =
            (emulator.is_none() && !has_key).then(|| settings.identity(Cloud::Google, TokenForm::Bearer));
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

/// A channel of four parts is the whole name; any other one is the topic's in the project of the address.
fn topic_name(project: &str, channel: &str) -> Result<String, PubSubProblem> {
    if project.is_empty() {
        return Err(PubSubProblem::NoProject);
    }
    if channel.is_empty() {
        return Err(PubSubProblem::NoTopic);
    }
    let is_whole = channel.split('/').count() == 4;
    Ok(if is_whole { channel.to_owned() } else { format!("projects/{project}/topics/{channel}") })
}

impl Provider for PubSub {
    fn exchange(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        let request = self.request(&fitting(delivery, LONGEST)?)?;
        Ok(Box::new(PublishExchange::new(self.topic.clone(), request)))
    }

    fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Google's hosts, which no private trust store must break.
    fn public_host(&self) -> bool {
        !self.is_emulated
    }
}
