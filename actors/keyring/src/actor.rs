//! The actor: one fetch at a time for each issuer, and many who wait for it.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use campanile_protocol::GetKeys;
use campanile_receivers::{KeyCache, KeyError, KeyPlan, KeySet, KeySource};
use campanile_supervision::{GetSnapshot, LifeGuard, SharedClock, failpoint};
use campanile_transport::{Client, Transport};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::fetch;

/// Issuers that are asked at the same time.
const MOST_FETCHES: usize = 32;

/// The parts that a [`KeyringActor`] is built from.
pub struct KeyringParts {
    /// The transport, which dials issuers.
    pub transport: Transport,
    /// The clock, by which keys grow old.
    pub clock: SharedClock,
    /// Tells the supervisor when the actor ends.
    pub guard: LifeGuard<&'static str>,
}

type Answer = Result<Arc<KeySet>, KeyError>;

/// Fetches and keeps the public keys of issuers. What it keeps is lost with it, and fetched again.
pub struct KeyringActor {
    transport: Transport,
    /// Made with the first question: it belongs to the thread of the actor.
    client: Option<Rc<Client>>,
    cache: KeyCache,
    waiting: HashMap<KeySource, Vec<oneshot::Sender<Answer>>>,
    clock: SharedClock,
    _guard: LifeGuard<&'static str>,
}

/// The keyring, as tests and the supervisor see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyringSnapshot {
    /// Issuers that are being asked.
    pub fetching: usize,
}

/// The outcome of a fetch.
#[derive(Message)]
#[rtype(result = "()")]
struct Fetched {
    source: KeySource,
    result: Result<KeySet, KeyError>,
}

impl KeyringActor {
    /// An actor that knows no keys yet.
    pub fn new(KeyringParts { transport, clock, guard }: KeyringParts) -> Self {
        let (cache, waiting) = (KeyCache::default(), HashMap::new());
        Self { transport, client: None, cache, waiting, clock, _guard: guard }
    }

    fn client(&mut self) -> Result<Rc<Client>, KeyError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = fetch::client(&self.transport).map_err(|error| KeyError::Fetch(error.to_string()))?;
        Ok(self.client.insert(Rc::new(client)).clone())
    }

    /// Waits for a fetch that is under way, or begins one.
    fn fetch(
        &mut self,
        source: &KeySource,
        ctx: &Context<Self>,
    ) -> Result<oneshot::Receiver<Answer>, KeyError> {
        let (sender, receiver) = oneshot::channel();
        if let Some(waiting) = self.waiting.get_mut(source) {
            waiting.push(sender);
            return Ok(receiver);
        }
        if self.waiting.len() >= MOST_FETCHES {
            return Err(KeyError::Fetch(format!("more than {MOST_FETCHES} issuers are being asked already")));
        }
        let client = self.client()?;
        self.waiting.insert(source.clone(), vec![sender]);
        let (actor, source) = (ctx.address().downgrade(), source.clone());
        actix_rt::spawn(async move {
            let result = fetch::keys(&client, &source).await;
            if let Some(actor) = actor.upgrade() {
                actor.do_send(Fetched { source, result });
            }
        });
        Ok(receiver)
    }
}

impl Actor for KeyringActor {
    type Context = Context<Self>;
}

impl Handler<GetKeys> for KeyringActor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, GetKeys { source, key_id }: GetKeys, ctx: &mut Self::Context) -> Self::Result {
        let fetch = match self.cache.plan(&source, key_id.as_deref(), self.clock.now()) {
            KeyPlan::Use(keys) => return Box::pin(async { Ok(keys) }),
            KeyPlan::Failed(error) => return Box::pin(async { Err(error) }),
            KeyPlan::Fetch => self.fetch(&source, ctx),
        };
        Box::pin(async {
            let lost = |_| Err(KeyError::Fetch("the question was lost; send the webhook again".to_owned()));
            fetch?.await.unwrap_or_else(lost)
        })
    }
}

impl Handler<Fetched> for KeyringActor {
    type Result = ();

    fn handle(&mut self, Fetched { source, result }: Fetched, _: &mut Self::Context) {
        if let Err(error) = &result {
            tracing::warn!(%error, %source, "failed to fetch the keys of an issuer");
        }
        let answer = self.cache.fetched(&source, result, self.clock.now());
        for waiting in self.waiting.remove(&source).unwrap_or_default() {
            // Whoever left does not wait for it any more.
            drop(waiting.send(answer.clone()));
        }
    }
}

impl Handler<GetSnapshot<KeyringSnapshot>> for KeyringActor {
    type Result = MessageResult<GetSnapshot<KeyringSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<KeyringSnapshot>, _: &mut Self::Context) -> Self::Result {
        failpoint("keyring", "snapshot");
        MessageResult(KeyringSnapshot { fetching: self.waiting.len() })
    }
}
