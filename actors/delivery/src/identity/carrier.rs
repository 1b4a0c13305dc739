//! A carrier that can get tokens, for one provider actor.

use std::rc::Rc;
use std::sync::Arc;

use campanile_domain::{Connection, Failure, ObjectKey, Proxy, Publication, Request, Response};
use campanile_providers::identity::Granted;
use campanile_providers::{Credential, Identity};
use campanile_transport::{AddressGuard, Client, Transport, TransportError};
use tokio::sync::Mutex;

use super::cache::CacheKey;
use super::login::Login;
use super::{Desk, PATIENCE};
use crate::carrier::{Obtaining, Publishing, Sending, failure};
use crate::{Carrier, Pass};

/// The transport's client, and the shared desk.
pub(super) struct CloudCarrier {
    pub(super) desk: Arc<Desk>,
    client: Client,
    proxy: Option<Proxy>,
    /// Held while a token is obtained.
    turn: Mutex<()>,
}

impl CloudCarrier {
    pub(super) fn make(desk: Arc<Desk>, connection: &Connection) -> Result<Rc<dyn Carrier>, Failure> {
        let client = desk.parts.transport.client(connection).map_err(|error| failure(&error))?;
        Ok(Rc::new(Self { desk, client, proxy: connection.proxy.clone(), turn: Mutex::default() }))
    }

    fn key(&self, identity: &Identity) -> CacheKey {
        let default = &self.desk.parts.config.default_account;
        let name = if identity.service_account.is_empty() { default } else { &identity.service_account };
        let credential = identity.credential.as_ref().map(Credential::digest);
        let account = (!name.is_empty() && credential.is_none())
            .then(|| ObjectKey::new(identity.provider.namespace.clone(), name.as_str()));
        CacheKey { cloud: identity.cloud, account, proxy: self.proxy.clone(), credential }
    }

    async fn obtain(&self, identity: &Identity) -> Result<Pass, Failure> {
        let (cache, clock, key) = (&self.desk.cache, &self.desk.parts.clock, self.key(identity));
        let found = |kept: Granted| {
            cache.count(&identity.provider, true);
            cache.count_outcome(true);
            Ok(pass(kept, false))
        };
        if let Some(token) = cache.usable(&key, clock.now()) {
            return found(token);
        }
        let _turn = self.turn.lock().await;
        if let Some(token) = cache.usable(&key, clock.now()) {
            return found(token);
        }
        cache.count(&identity.provider, false);
        let outcome = self.login(identity, key.account.as_ref()).token(identity.cloud).await;
        cache.count_outcome(outcome.is_ok());
        let granted = outcome?;
        cache.keep(key, &granted, clock.now());
        Ok(pass(granted, true))
    }

    fn login<'a>(&'a self, identity: &'a Identity, account: Option<&'a ObjectKey>) -> Login<'a> {
        Login { carrier: self, account, credential: identity.credential.as_ref() }
    }

    /// Asks a cloud, through the Provider's proxy.
    pub(super) async fn ask(&self, request: &Request) -> Result<Response, Failure> {
        let answer = send_by(&self.desk.parts.transport, self.proxy.clone(), request).await;
        answer.map_err(|error| unobtained(&error))
    }

    /// Asks an address that a tenant names, which may not be this machine, whatever its name turns out to mean; none if it
    /// is.
    pub(super) async fn ask_guarded(&self, request: &Request) -> Result<Option<Response>, Failure> {
        let transport = self.desk.parts.transport.clone().with_guard(AddressGuard::of_the_machine());
        match send_by(&transport, self.proxy.clone(), request).await {
            Err(error) if error.is_denied() => Ok(None),
            answered => answered.map(Some).map_err(|error| unobtained(&error)),
        }
    }

    /// Asks the machine.
    pub(super) async fn ask_machine(&self, request: &Request) -> Result<Response, Failure> {
        let answer = send_by(&self.desk.parts.transport.direct(), None, request).await;
        answer.map_err(|error| unobtained(&error))
    }
}

async fn send_by(
    transport: &Transport,
    proxy: Option<Proxy>,
    request: &Request,
) -> Result<Response, TransportError> {
    let connection = Connection { proxy, tls: None, timeout: PATIENCE };
    transport.client(&connection)?.send(request).await
}

fn unobtained(error: &TransportError) -> Failure {
    Failure::new(error.class(), format!("failed to get token: {error}"))
}

fn pass(Granted { value, quota_project, .. }: Granted, is_new: bool) -> Pass {
    Pass { value, is_new, quota_project }
}

impl Carrier for CloudCarrier {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Carrier::send(&self.client, request)
    }

    fn publish<'a>(&'a self, publication: &'a Publication) -> Publishing<'a> {
        Carrier::publish(&self.client, publication)
    }

    fn token<'a>(&'a self, identity: &'a Identity) -> Obtaining<'a> {
        Box::pin(self.obtain(identity))
    }

    fn forget(&self, identity: &Identity, token: &Pass) {
        self.desk.cache.forget(&self.key(identity), &token.value);
    }
}
