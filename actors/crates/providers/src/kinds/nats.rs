//! `nats`: the event itself, published on a subject of NATS (contract, providers 23.20).
//!
//! Core NATS: a server's word that it has the message counts as delivery; it does not tell whether anybody listens.

mod address;
mod error;
mod key;
mod login;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, NatsServers, Notification, Publication, Response, Verdict};
use jiff::Timestamp;

use crate::render::event_body::fitting;
use crate::sample::{Limit, LoginForm, Markup, Sample, Sends};
use crate::{ConfigError, Exchange, Provider, Settings, Step};
pub use error::NatsSettingsError;

/// Longest event, in bytes: what a server takes unless it is told otherwise (NATS, "Configuration", `max_payload`: 1 MB,
/// <https://docs.nats.io/running-a-nats-service/configuration#limits>).
const LONGEST: usize = 1024 * 1024;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    if settings.address.as_str().trim().is_empty() {
        return Err(NatsSettingsError::NoAddress.into());
    }
    let subject = subject(&settings.channel)?;
    let servers = address::servers(settings.address.as_str()).map_err(|problem| {
        NatsSettingsError::Address { problem, place: settings.address.source().clone() }
    })?;
    let login = login::read(settings)?;
    Ok(Box::new(Nats { servers: Arc::new(NatsServers { servers, login }), subject }))
}

struct Nats {
    servers: Arc<NatsServers>,
    subject: Arc<str>,
}

/// A subject that can be published on: words between dots, none of them a wildcard (NATS, "Subject-Based Messaging").
fn subject(channel: &str) -> Result<Arc<str>, NatsSettingsError> {
    if channel.is_empty() {
        return Err(NatsSettingsError::NoSubject);
    }
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let is_word = |word: &str| !word.is_empty() && word != "*" && word != ">" && !word.contains(odd);
    if channel.split('.').all(is_word) { Ok(channel.into()) } else { Err(NatsSettingsError::Subject) }
}

impl Provider for Nats {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let publication = Publication {
            servers: self.servers.clone(),
            subject: self.subject.clone(),
            payload: fitting(notification, LONGEST)?,
        };
        Ok(Box::new(Handover(Some(publication))))
    }

    fn secrets(&self) -> Vec<String> {
        login::secrets(&self.servers)
    }
}

/// Publishes once; the server's word is the verdict.
struct Handover(Option<Publication>);

impl Exchange for Handover {
    fn next(&mut self, _: Option<Response>, _: Timestamp) -> Step {
        match self.0.take() {
            Some(publication) => Step::Publish(publication),
            None => Step::Done(Verdict::Failed(Failure::new(
                FailureClass::Garbled,
                "the exchange had published its message; start a new one",
            ))),
        }
    }
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "nats://somebody:{secret}@{host}",
    channel: "flux.events",
    logins: &[LoginForm::Pair],
    sends: Sends::Publication,
    // What the kit tries fits.
    says_cut: false,
    ..Sample::webhook(
        Markup::Verbatim,
        &[Limit::body(
            "event",
            1 << 20,
            "[Configuration, `max_payload`](https://docs.nats.io/running-a-nats-service/configuration#limits), as it is shipped",
        )],
    )
};
