//! Leader election with a Lease (contract, control plane 8.4).
//!
//! One holder at a time: a Lease is taken only when its holder has not renewed it for its whole duration, measured on
//! our own clock from when we saw the renewal, and every write demands that nobody wrote in between. A holder that cannot
//! renew gives up before others may take over. The client is the election's own, so a restart of the watcher does
//! not cost the lease.

mod record;
mod said;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use campanile_supervision::SharedClock;
use futures_util::future::{Either, select};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::Instant;

use super::client::{ClusterConfig, ConnectError};
use super::trouble;
use record::{LeaseAction, Seen};

/// Waits between tries to take a lease are longer by up to this share, so that candidates do not march in step.
const JITTER: f64 = 1.2;

/// The shortest time that one request is given.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// The terms of taking part in an election.
#[derive(Clone, Debug)]
pub struct ElectionConfig {
    /// The cluster whose Lease is held.
    pub cluster: ClusterConfig,
    /// Where the Lease is: the pod's own namespace.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// Who we are; different in every process.
    pub identity: String,
    /// How long others wait after the last renewal before they take over; whole seconds.
    pub lease_duration: Duration,
    /// How long a holder tries to renew before it gives up; shorter than the lease.
    pub renew_deadline: Duration,
    /// The pause between two tries to get the Lease.
    pub retry_period: Duration,
    /// Whether to let go of the Lease at the end, so that another need not wait.
    pub release_on_cancel: bool,
}

/// The reason that an election ended. The process cannot go on as it was.
#[derive(Debug, thiserror::Error)]
pub enum ElectionError {
    /// There is no client of the API server.
    #[error("take part in the leader election: {0}")]
    Connect(#[from] ConnectError),
    /// Somebody else has the Lease, or it could not be renewed in time.
    #[error("keep the lease '{lease}': {cause}")]
    Lost {
        /// Namespace and name of the Lease.
        lease: String,
        /// The reason, with the remedy where there is one.
        cause: String,
    },
}

/// Takes part until `cancelled` is done. `leader` says at any time whether the Lease is held.
///
/// # Errors
/// [`ElectionError`] if there is no client, or the Lease was held and is lost.
pub async fn elect(
    config: ElectionConfig,
    clock: SharedClock,
    leader: watch::Sender<bool>,
    cancelled: impl Future<Output = ()>,
) -> Result<(), ElectionError> {
    let client = config.cluster.connect().await?;
    let api = Api::namespaced(client.clone(), &config.namespace);
    let mut candidate =
        Candidate { client, api, config, clock, seen: Seen::default(), uid: None, said: None };
    let outcome = {
        let campaign = pin!(candidate.campaign(&leader));
        match select(campaign, pin!(cancelled)).await {
            Either::Left((lost, _)) => Err(lost),
            Either::Right(((), _)) => Ok(()),
        }
    };
    let held = leader.send_replace(false);
    if held && outcome.is_ok() && candidate.config.release_on_cancel {
        candidate.release().await;
    }
    if held {
        candidate.say("stopped leading").await;
    }
    outcome
}

struct Candidate {
    client: Client,
    api: Api<Lease>,
    config: ElectionConfig,
    clock: SharedClock,
    seen: Seen,
    /// The uid of the Lease, once it is known.
    uid: Option<String>,
    /// The last trouble that was logged.
    said: Option<String>,
}

impl Candidate {
    /// Takes the Lease and holds it until it is lost.
    async fn campaign(&mut self, leader: &watch::Sender<bool>) -> ElectionError {
        while !self.attempt(self.config.renew_deadline).await {
            tokio::time::sleep(self.config.retry_period.mul_f64(1.0 + JITTER * fastrand::f64())).await;
        }
        tracing::info!(lease = self.lease(), identity = self.config.identity, "is leader now");
        leader.send_replace(true);
        // Beside the election: renewals do not wait for it.
        actix::spawn(self.say("became leader"));
        let mut renewed = Instant::now();
        loop {
            // Never beyond the deadline: others may take over soon after it.
            let left = self.config.renew_deadline.saturating_sub(renewed.elapsed());
            tokio::time::sleep(self.config.retry_period.min(left)).await;
            let left = self.config.renew_deadline.saturating_sub(renewed.elapsed());
            let began = Instant::now();
            if self.attempt(left).await {
                renewed = began;
            } else if self.seen.is_held_by_another(&self.config.identity) {
                return self.lost("another has it");
            } else if renewed.elapsed() >= self.config.renew_deadline {
                return self.lost("it could not be renewed in time; check that the API server is up");
            }
        }
    }

    fn say(&self, did: &'static str) -> impl Future<Output = ()> + use<> {
        said::say(self.client.clone(), self.config.clone(), self.uid.clone(), did, self.clock.now())
    }

    fn lost(&self, cause: &str) -> ElectionError {
        ElectionError::Lost { lease: self.lease(), cause: cause.to_owned() }
    }

    fn lease(&self) -> String {
        format!("{}/{}", self.config.namespace, self.config.name)
    }

    /// Takes or renews the Lease, within `patience`. Returns whether it is ours now.
    async fn attempt(&mut self, patience: Duration) -> bool {
        let outcome = match tokio::time::timeout(patience.max(LEAST_PATIENCE), self.take_or_renew()).await {
            Ok(outcome) => outcome.map_err(|error| trouble::describe("renew the lease", &error)),
            Err(_) => {
                Err("failed to renew the lease: the API server does not answer; it is tried again".to_owned())
            }
        };
        match outcome {
            Ok(ours) => {
                self.said = None;
                ours
            }
            Err(text) => {
                if self.said.as_ref() != Some(&text) {
                    tracing::error!(lease = self.lease(), "{text}");
                }
                self.said = Some(text);
                false
            }
        }
    }

    async fn take_or_renew(&mut self) -> Result<bool, kube::Error> {
        let parameters = PostParams::default();
        let Some(found) = self.api.get_opt(&self.config.name).await? else {
            let lease = record::fresh(&self.config, self.clock.now());
            let created = self.api.create(&parameters, &lease).await;
            return self.taken(created);
        };
        self.seen.note(&found, Instant::now());
        match self.seen.turn(&self.config.identity, Instant::now()) {
            LeaseAction::Wait => Ok(false),
            LeaseAction::Ours => {
                let lease = record::renewed(found, &self.config, self.clock.now());
                let replaced = self.api.replace(&self.config.name, &parameters, &lease).await;
                self.taken(replaced)
            }
        }
    }

    /// Somebody who was faster is no trouble.
    fn taken(&mut self, written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
        match written {
            Ok(lease) => {
                self.seen.note(&lease, Instant::now());
                self.uid = lease.metadata.uid;
                Ok(true)
            }
            Err(error) if trouble::code_of(&error) == Some(409) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets go of the Lease, if it still is ours.
    async fn release(&mut self) {
        let release = async {
            let Some(found) = self.api.get_opt(&self.config.name).await? else { return Ok(()) };
            match record::released(found, &self.config.identity, self.clock.now()) {
                Some(lease) => {
                    self.api.replace(&self.config.name, &PostParams::default(), &lease).await.map(drop)
                }
                None => Ok(()),
            }
        };
        match tokio::time::timeout(self.config.retry_period, release).await {
            Ok(Ok(())) => tracing::info!(lease = self.lease(), "let go of the lease"),
            Ok(Err(error)) => tracing::warn!("{}", trouble::describe("let go of the lease", &error)),
            Err(_) => {
                tracing::warn!(lease = self.lease(), "failed to let go of the lease in time; it runs out");
            }
        }
    }
}
