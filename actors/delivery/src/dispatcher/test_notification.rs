//! A test notification: the real exchange of a Provider, carried out once and outside of its queue.
//!
//! Settings, Secrets and the client are made as for any delivery, so that it fails where a delivery would. It is not
//! stored, not retried and settles nothing; its answer is what the destination said, masked. One that arrives wakes the
//! queue of its Provider.

mod recorder;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, AsyncContext, Context, Handler, Message, ResponseFuture};
use campanile_domain::default_commit_status_name;
use campanile_domain::{
    AlertRef, Delivery, DeliveryId, Environment, Event, Failure, FailureClass, Installation, NewDelivery,
    ObjectKey, ProviderSpec, Verdict, commit_of,
};
use campanile_protocol::{ReadSecrets, Secrets};
use campanile_supervision::{Link, SharedClock};

use super::{Dispatcher, RetryNow};
use crate::drive::ExchangeDriver;
use crate::resolve::lookup_in;
use crate::{Clients, NoProvider, resolve_provider};
use recorder::Recorder;

/// Longest test, whatever `spec.timeout` says: somebody waits for the answer.
const LONGEST: Duration = Duration::from_secs(120);

/// To the dispatcher: send this through the Provider now, and say what the destination answers.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Tested, TestError>")]
pub struct SendTest {
    /// Namespace and name of the Provider.
    pub provider: ObjectKey,
    /// What it is to tell.
    pub event: Arc<Event>,
    /// The metadata as combined for a delivery, without prefixes.
    pub metadata: BTreeMap<String, String>,
}

/// The result of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// What the Provider's type concludes.
    pub verdict: Verdict,
    /// The answer to the last request; none if there was none.
    pub answer: Option<DestinationAnswer>,
    /// How many requests and publications were sent.
    pub requests: usize,
}

/// An answer of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationAnswer {
    /// The HTTP status of the answer, 100 to 599.
    pub status: u16,
    /// The beginning of the body on one line, masked.
    pub excerpt: String,
}

/// Errors for which no test was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// There is no such Provider.
    #[error(transparent)]
    NotFound(#[from] NoProvider),
    /// The Provider is switched off.
    #[error("send through provider '{0}': it is suspended; set spec.suspend to false")]
    Suspended(ObjectKey),
    /// A commit status belongs to a commit.
    #[error(
        "send through provider '{0}': its type writes commit statuses; name a commit with --revision main@sha1:<40 hex>"
    )]
    NoRevision(ObjectKey),
    /// Objects or Secrets are not known yet, or the process stops.
    #[error("send a test: the instance is starting, restarting a part of itself or stopping; try again")]
    Unavailable,
}

impl Handler<SendTest> for Dispatcher {
    type Result = ResponseFuture<Result<Tested, TestError>>;

    fn handle(&mut self, test: SendTest, ctx: &mut Context<Self>) -> Self::Result {
        match self.trial(test, ctx.address()) {
            Ok(trial) => Box::pin(trial.run()),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

impl Dispatcher {
    fn trial(&mut self, test: SendTest, dispatcher: Addr<Self>) -> Result<Trial, TestError> {
        if !self.synced || self.draining {
            return Err(TestError::Unavailable);
        }
        let key = &test.provider;
        let slot = self.slots.get_mut(key).ok_or_else(|| NoProvider(key.clone()))?;
        if slot.spec.suspend {
            return Err(TestError::Suspended(key.clone()));
        }
        if slot.spec.writes_commit_status() && commit_of(&test.metadata).is_err() {
            return Err(TestError::NoRevision(key.clone()));
        }
        Ok(Trial {
            spec: slot.spec.clone(),
            test,
            dispatcher,
            clients: self.clients.clone(),
            environment: self.environment.clone(),
            secrets: self.secrets.clone(),
            clock: self.shared.clock.clone(),
            installation: self.shared.installation.clone(),
        })
    }
}

/// A test that may be made.
struct Trial {
    spec: Arc<ProviderSpec>,
    test: SendTest,
    dispatcher: Addr<Dispatcher>,
    clients: Arc<dyn Clients>,
    environment: Arc<Environment>,
    secrets: Link<ReadSecrets>,
    clock: SharedClock,
    installation: Installation,
}

impl Trial {
    async fn run(self) -> Result<Tested, TestError> {
        let secrets = self.read_secrets().await?;
        let tested = match self.send(&secrets).await {
            Ok(tested) => tested,
            Err(failure) => Tested { verdict: Verdict::Failed(failure), answer: None, requests: 0 },
        };
        let arrived = matches!(tested.verdict, Verdict::Delivered | Verdict::Skipped);
        tracing::info!(provider = %self.spec.key, arrived, "sent a test notification");
        if tested.verdict == Verdict::Delivered {
            // The destination works: what waits for it need not wait for the next probe.
            self.dispatcher.do_send(RetryNow(self.spec.key.clone()));
        }
        Ok(tested)
    }

    async fn read_secrets(&self) -> Result<Secrets, TestError> {
        let wanted: Vec<ObjectKey> = self.spec.secret_keys().collect();
        if wanted.is_empty() {
            return Ok(Secrets::new());
        }
        self.secrets.ask(ReadSecrets(wanted)).await.map_err(|_| TestError::Unavailable)
    }

    async fn send(&self, secrets: &Secrets) -> Result<Tested, Failure> {
        let endpoint =
            resolve_provider(&self.spec, &lookup_in(secrets), &self.environment, self.clients.as_ref())?;
        let recorder = Recorder::new(self.clients.client(&self.spec.key, &endpoint)?);
        let limit = endpoint.connection.timeout.min(LONGEST);
        let delivery = self.delivery();
        let driver = ExchangeDriver {
            endpoint: &endpoint,
            carrier: &recorder,
            tokens: &recorder,
            memo: None,
            clock: self.clock.as_ref(),
            installation: &self.installation,
        };
        let verdict = match tokio::time::timeout(limit, driver.drive(&delivery)).await {
            Ok((verdict, _)) => verdict,
            Err(_) => Verdict::Failed(self.too_slow(limit)),
        };
        Ok(recorder.tested(verdict, &endpoint.masker))
    }

    fn too_slow(&self, limit: Duration) -> Failure {
        let (key, seconds) = (&self.spec.key, limit.as_secs_f32());
        let text = format!(
            "finish the exchange of provider '{key}' within {seconds} s; raise spec.timeout if it needs longer"
        );
        Failure::new(FailureClass::Timeout, text)
    }

    fn delivery(&self) -> Delivery {
        let (spec, now) = (&self.spec, self.clock.now());
        let object = &self.test.event.involved_object;
        let status = || default_commit_status_name(&self.test.event, &spec.uid);
        Delivery {
            // No stored delivery has a negative number, and no two tests have the same: destinations that know a
            // message by it do not take the second test for a repetition.
            id: DeliveryId::numbered(-now.as_microsecond()),
            event: self.test.event.clone(),
            plan: NewDelivery {
                provider: spec.key.clone(),
                alert: AlertRef { key: spec.key.clone(), uid: String::new() },
                lane: object.path().into(),
                metadata: self.test.metadata.clone(),
                commit_status: spec.writes_commit_status().then(status),
                newest_only: false,
                deadline: now + LONGEST,
            },
            accepted_at: now,
            attempts: 0,
        }
    }
}
