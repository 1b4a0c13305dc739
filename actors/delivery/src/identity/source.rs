//! The tokens of clouds for one provider actor, from the cache of all Providers or obtained anew.

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, ObjectKey, Proxy};
use campanile_providers::identity::Annotations;
use campanile_providers::{AccessToken, Credential, Identity};
use tokio::sync::Mutex;

use super::TokenService;
use super::cache::CacheKey;
use super::login::TokenRoute;
use super::requests::TokenRequests;
use crate::carrier::{Obtained, Obtaining, TokenSource};

/// Obtains the tokens of one Provider, one at a time.
pub(super) struct CloudTokens {
    requests: TokenRequests,
    /// Held while an account is read or a token obtained, so that the Provider's other exchanges wait for it.
    turn: Mutex<()>,
}

impl CloudTokens {
    pub(super) fn new(service: Arc<TokenService>, proxy: Option<Proxy>) -> Self {
        Self { requests: TokenRequests { service, proxy }, turn: Mutex::default() }
    }

    fn service(&self) -> &TokenService {
        &self.requests.service
    }

    /// The service account that `identity` is; none is the controller itself, or whom a credential says.
    fn account(&self, identity: &Identity) -> Option<ObjectKey> {
        let default = &self.service().parts.config.default_account;
        let name = if identity.service_account.is_empty() { default } else { &identity.service_account };
        (!name.is_empty() && identity.credential.is_none())
            .then(|| ObjectKey::new(identity.provider.namespace.clone(), name.as_str()))
    }

    fn key(&self, identity: &Identity, annotations: Arc<Annotations>) -> CacheKey {
        CacheKey {
            cloud: identity.cloud,
            account: self.account(identity),
            annotations,
            proxy: self.requests.proxy.clone(),
            credential: identity.credential.as_ref().map(Credential::digest),
        }
    }

    /// What the account of `identity` says about tokens, read anew unless that was done within the last second.
    async fn annotations(&self, identity: &Identity) -> Result<Arc<Annotations>, Failure> {
        let (accounts, clock) = (&self.service().accounts, &self.service().parts.clock);
        let Some(account) = self.account(identity) else { return Ok(Arc::default()) };
        if let Some(fresh) = accounts.fresh(&account, clock.now()) {
            return Ok(fresh);
        }
        let _turn = self.turn.lock().await;
        if let Some(fresh) = accounts.fresh(&account, clock.now()) {
            return Ok(fresh);
        }
        match self.login(identity, Some(&account), &Annotations::new()).read_annotations(&account).await {
            Ok(annotations) => Ok(accounts.keep(&account, annotations, clock.now())),
            Err(failure) if failure.class == FailureClass::Connection => {
                accounts.last(&account).ok_or(failure)
            }
            Err(failure) => {
                accounts.forget(&account);
                Err(failure)
            }
        }
    }

    async fn obtain(&self, identity: &Identity) -> Result<Obtained, Failure> {
        let (cache, clock) = (&self.service().cache, &self.service().parts.clock);
        let annotations = self.annotations(identity).await.inspect_err(|_| {
            cache.count(&identity.provider, false);
            cache.count_outcome(false);
        })?;
        let key = self.key(identity, annotations);
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
        let outcome =
            self.login(identity, key.account.as_ref(), &key.annotations).token(identity.cloud).await;
        cache.count_outcome(outcome.is_ok());
        let token = outcome?;
        cache.tokens.keep(key, &token, clock.now());
        Ok(Obtained { token, is_new: true })
    }

    fn login<'a>(
        &'a self,
        identity: &'a Identity,
        account: Option<&'a ObjectKey>,
        annotations: &'a Annotations,
    ) -> TokenRoute<'a> {
        TokenRoute {
            requests: &self.requests,
            account,
            annotations,
            credential: identity.credential.as_ref(),
        }
    }
}

impl TokenSource for CloudTokens {
    fn token<'a>(&'a self, identity: &'a Identity) -> Obtaining<'a> {
        Box::pin(self.obtain(identity))
    }

    fn forget(&self, identity: &Identity, token: &AccessToken) {
        let known = self.account(identity).and_then(|account| self.service().accounts.last(&account));
        let key = self.key(identity, known.unwrap_or_default());
        self.service().cache.tokens.forget(&key, &token.value);
    }
}
