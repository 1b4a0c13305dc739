//! The tokens of clouds for one provider actor, from the cache of all Providers or obtained anew.

use std::sync::Arc;

use campanile_domain::{Failure, ObjectKey, Proxy};
use campanile_providers::{AccessToken, Credential, Identity};
use tokio::sync::Mutex;

use super::TokenService;
use super::cache::CacheKey;
use super::login::Login;
use super::requests::TokenRequests;
use crate::carrier::{Obtained, Obtaining, TokenSource};

/// Obtains the tokens of one Provider, one at a time.
pub(super) struct CloudTokens {
    requests: TokenRequests,
    /// Held while a token is obtained, so that the Provider's other exchanges wait for it.
    turn: Mutex<()>,
}

impl CloudTokens {
    pub(super) fn new(service: Arc<TokenService>, proxy: Option<Proxy>) -> Self {
        Self { requests: TokenRequests { service, proxy }, turn: Mutex::default() }
    }

    fn service(&self) -> &TokenService {
        &self.requests.service
    }

    fn key(&self, identity: &Identity) -> CacheKey {
        let default = &self.service().parts.config.default_account;
        let name = if identity.service_account.is_empty() { default } else { &identity.service_account };
        let credential = identity.credential.as_ref().map(Credential::digest);
        let account = (!name.is_empty() && credential.is_none())
            .then(|| ObjectKey::new(identity.provider.namespace.clone(), name.as_str()));
        CacheKey { cloud: identity.cloud, account, proxy: self.requests.proxy.clone(), credential }
    }

    async fn obtain(&self, identity: &Identity) -> Result<Obtained, Failure> {
        let (cache, clock, key) = (&self.service().cache, &self.service().parts.clock, self.key(identity));
        let found = |token: AccessToken| {
            cache.count(&identity.provider, true);
            cache.count_outcome(true);
            Ok(Obtained { token, is_new: false })
        };
        if let Some(token) = cache.tokens.usable(&key, clock.now()) {
            return found(token);
        }
        let _turn = self.turn.lock().await;
        if let Some(token) = cache.tokens.usable(&key, clock.now()) {
            return found(token);
        }
        cache.count(&identity.provider, false);
        let outcome = self.login(identity, key.account.as_ref()).token(identity.cloud).await;
        cache.count_outcome(outcome.is_ok());
        let token = outcome?;
        cache.tokens.keep(key, &token, clock.now());
        Ok(Obtained { token, is_new: true })
    }

    fn login<'a>(&'a self, identity: &'a Identity, account: Option<&'a ObjectKey>) -> Login<'a> {
        Login { requests: &self.requests, account, credential: identity.credential.as_ref() }
    }
}

impl TokenSource for CloudTokens {
    fn token<'a>(&'a self, identity: &'a Identity) -> Obtaining<'a> {
        Box::pin(self.obtain(identity))
    }

    fn forget(&self, identity: &Identity, token: &AccessToken) {
        self.service().cache.tokens.forget(&self.key(identity), &token.value);
    }
}
