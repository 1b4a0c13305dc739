//! Service accounts, for workload identity (contract, providers 20): read on demand, never watched, and their tokens, which are
//! handed on and not kept here.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use campanile_domain::{ObjectKey, check_object_name};
use campanile_protocol::{AccountError, ReadServiceAccount, RequestToken};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};

use super::trouble;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the roles of the base do not grant, and what does.
const REMEDY: &str = "grant it with deploy/workload-identity";

/// The shortest life of a token that Kubernetes gives, in seconds.
const SHORTEST: i64 = 600;

const NO_ANSWER: &str = "the API server does not answer; it is tried again";

/// The annotations of a service account.
pub(super) async fn annotations(
    client: Option<Client>,
    ReadServiceAccount(key): ReadServiceAccount,
) -> Result<BTreeMap<String, String>, AccountError> {
    let api = accounts(client, &key)?;
    let account = answered("get it", &key, api.get(&key.name)).await?;
    Ok(account.metadata.annotations.unwrap_or_default())
}

/// A token of a service account.
pub(super) async fn token(client: Option<Client>, request: RequestToken) -> Result<String, AccountError> {
    let RequestToken { account: key, audiences, expiration, named_by_account } = request;
    let api = accounts(client, &key)?;
    if named_by_account {
        refuse_own_audience(&api, &key, &audiences).await?;
    }
    let expiration = expiration.map(|expiration| i64::try_from(expiration.as_secs()).unwrap_or(i64::MAX));
    let created = create(&api, &key, Some(audiences), expiration).await?;
    let token = created.status.and_then(|status| status.token).filter(|token| !token.is_empty());
    let cause = "the API server's answer has no token".to_owned();
    token.ok_or(AccountError::Unreachable { account: key, cause })
}

/// Refuses audiences that are the API server's own. It names them in the answer to a request that names none.
async fn refuse_own_audience(
    api: &Api<ServiceAccount>,
    key: &ObjectKey,
    audiences: &[String],
) -> Result<(), AccountError> {
    let own = create(api, key, None, Some(SHORTEST)).await?.spec.and_then(|spec| spec.audiences);
    let own = own.unwrap_or_default();
    match audiences.iter().find(|audience| own.contains(audience)) {
        None => Ok(()),
        Some(audience) => {
            let cause = format!(
                "its annotation 'credential.auth.fluxcd.io/audiences' names '{audience}', which is the API server's own; \
                 name the cloud's"
            );
            Err(AccountError::Refused { account: key.clone(), cause })
        }
    }
}

async fn create(
    api: &Api<ServiceAccount>,
    key: &ObjectKey,
    audiences: Option<Vec<String>>,
    expiration_seconds: Option<i64>,
) -> Result<TokenRequest, AccountError> {
    let spec = TokenRequestSpec { audiences, expiration_seconds, ..TokenRequestSpec::default() };
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let params = PostParams::default();
    answered("create a token", key, api.create_token_request(&key.name, &params, &request)).await
}

fn accounts(client: Option<Client>, key: &ObjectKey) -> Result<Api<ServiceAccount>, AccountError> {
    // Only what names a service account may become a part of a path.
    check_object_name(&key.name)
        .map_err(|error| AccountError::Refused { account: key.clone(), cause: error.to_string() })?;
    let cause = || "there is no connection to the API server yet".to_owned();
    let client = client.ok_or_else(|| AccountError::Unreachable { account: key.clone(), cause: cause() })?;
    Ok(Api::namespaced(client, &key.namespace))
}

async fn answered<T>(
    aim: &str,
    key: &ObjectKey,
    asked: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, AccountError> {
    let account = key.clone();
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) if trouble::is_missing(&error) => Err(AccountError::NotFound(account)),
        Ok(Err(error)) => {
            let cause = trouble::describe(aim, &error);
            Err(match trouble::code_of(&error) {
                Some(403) => AccountError::Refused { account, cause: format!("{cause}; {REMEDY}") },
                Some(400 | 422) => AccountError::Refused { account, cause },
                _ => AccountError::Unreachable { account, cause },
            })
        }
        Err(_) => Err(AccountError::Unreachable { account, cause: NO_ANSWER.to_owned() }),
    }
}
