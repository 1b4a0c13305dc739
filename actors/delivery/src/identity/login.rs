//! The ways to a token: as a service account of Kubernetes, by a credential of the Provider's, or as the controller itself.

mod azure;
mod google;

use actix::Message;
use actix_rt::time::timeout;
use campanile_domain::{Environment, Failure, FailureClass, ObjectKey, Request};
use campanile_protocol::{AccountError, ReadServiceAccount, RequestToken};
use campanile_providers::identity::credential::Author;
use campanile_providers::identity::{Annotations, TokenWishes, granted, relevant};
use campanile_providers::{AccessToken, Cloud, Credential};
use campanile_supervision::Link;

use super::requests::TokenRequests;
use super::{CloudsParts, PATIENCE};

/// One way to a token.
pub(super) struct TokenRoute<'a> {
    pub(super) requests: &'a TokenRequests,
    /// None is the controller itself.
    pub(super) account: Option<&'a ObjectKey>,
    /// What the account says about tokens.
    pub(super) annotations: &'a Annotations,
    /// The credential in the Provider's Secret.
    pub(super) credential: Option<&'a Credential>,
}

impl TokenRoute<'_> {
    pub(super) async fn token(&self, cloud: Cloud) -> Result<AccessToken, Failure> {
        match (cloud, self.account) {
            (Cloud::Azure { scope }, Some(account)) => self.azure_as(cloud, scope, account).await,
            (Cloud::Azure { scope }, None) => self.azure(cloud, scope).await,
            (Cloud::Google, Some(account)) => self.google_as(account).await,
            (Cloud::Google, None) => self.google().await,
        }
    }

    fn parts(&self) -> &CloudsParts {
        &self.requests.service.parts
    }

    /// Who says where tokens are to be had.
    fn author(&self) -> Author {
        if self.credential.is_some() { Author::Secret } else { Author::Operator }
    }

    fn environment(&self) -> &Environment {
        &self.parts().environment
    }

    /// Sends `request`, whose `secrets` must not be shown, and reads the token in the answer.
    async fn grant(&self, cloud: Cloud, request: &Request, secrets: &[&str]) -> Result<AccessToken, Failure> {
        let response = self.requests.ask(request, self.author()).await?;
        granted(cloud, &response, secrets, self.parts().clock.now())
    }

    /// What the account says about tokens now.
    pub(super) async fn read_annotations(&self, account: &ObjectKey) -> Result<Annotations, Failure> {
        let all = self.watcher(&self.parts().accounts, ReadServiceAccount(account.clone())).await?;
        Ok(relevant(all))
    }

    /// A token of the account as it wants it, for `usual` unless it wants another audience.
    async fn kubernetes_token(
        &self,
        account: &ObjectKey,
        usual: &str,
        wishes: TokenWishes,
    ) -> Result<String, Failure> {
        let TokenWishes { mut audiences, expiration } = wishes;
        let named_by_account = !audiences.is_empty();
        if !named_by_account {
            audiences.push(usual.to_owned());
        }
        let request = RequestToken { account: account.clone(), audiences, expiration, named_by_account };
        self.watcher(&self.parts().tokens, request).await
    }

    async fn watcher<M, T>(&self, link: &Link<M>, message: M) -> Result<T, Failure>
    where
        M: Message<Result = Result<T, AccountError>> + Send + 'static,
        T: Send + 'static,
    {
        let later =
            |text: &str| Failure::new(FailureClass::Connection, format!("failed to get token: {text}"));
        match timeout(PATIENCE, link.ask(message)).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(self.refused(&error)),
            Ok(Err(_)) => Err(later("the watcher is being restarted")),
            Err(_) => Err(later("Kubernetes does not answer")),
        }
    }

    fn refused(&self, error: &AccountError) -> Failure {
        let class = match error {
            AccountError::Unreachable { .. } => FailureClass::Connection,
            AccountError::NotFound(_) | AccountError::Refused { .. } | AccountError::NoCluster(_) => {
                FailureClass::Config
            }
        };
        let default = &self.parts().config.default_account;
        let is_default =
            matches!(error, AccountError::NotFound(key) if key.name.as_ref() == default.as_str());
        let more = match is_default {
            true => {
                ": multi-tenant lock-down wants the service account of --default-service-account in each namespace"
            }
            false => "",
        };
        Failure::new(class, format!("failed to get token: {error}{more}"))
    }
}

/// Without an identity of its own a machine has nobody at that address.
fn no_identity(failure: &Failure) -> Failure {
    let text = format!(
        "{failure}; no identity is configured for the controller: set spec.serviceAccountName, or give the controller one"
    );
    Failure::new(failure.class, text)
}

fn config(text: &str) -> Failure {
    Failure::new(FailureClass::Config, format!("failed to get token: {text}"))
}

fn no_random_numbers() -> Failure {
    Failure::new(FailureClass::Garbled, "failed to get token: the system gave no random numbers")
}
