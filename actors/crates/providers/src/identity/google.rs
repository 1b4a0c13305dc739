//! Tokens of Google Cloud (Security Token Service, "token"; IAM Service Account Credentials, "generateAccessToken"; Compute
//! Engine, "Metadata server").

use bytes::Bytes;
use campanile_domain::{Method, ObjectKey, Request};
use serde_json::json;

use super::{Annotations, IdentityError};
use crate::encoding::form;
use crate::encoding::segment;

/// The scope of the whole cloud.
pub(super) const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
/// Where tokens of others are exchanged for Google's.
const EXCHANGE: &str = "https://sts.googleapis.com/v1/token";
/// The host that a machine asks about itself, unless `GCE_METADATA_HOST` says otherwise.
pub const MACHINE: &str = "metadata.google.internal";

const PROVIDER: &str = "gcp.auth.fluxcd.io/workload-identity-provider";
const ACCOUNT: &str = "iam.gke.io/gcp-service-account";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The annotations of a service account about the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAnnotations {
    /// The workload identity provider; none means GKE's own.
    pub provider: Option<String>,
    /// The Google service account to act as; none means to act as oneself.
    pub account: Option<String>,
}

/// The cluster, where it is one of GKE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gke {
    /// The id of the project.
    pub project: String,
    /// The region or zone of the cluster.
    pub location: String,
    /// The name of the cluster.
    pub cluster: String,
}

/// The exchange of a foreign token, with all that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExchange {
    /// Whom Kubernetes has to make the token for.
    pub kubernetes_audience: String,
    /// Whom Google is told that it was made for.
    pub audience: String,
}

/// The federation that a service account describes.
///
/// # Errors
/// [`IdentityError::Form`] for an annotation of another form than the contract's.
pub fn federation(
    account: &ObjectKey,
    annotations: &Annotations,
) -> Result<AccountAnnotations, IdentityError> {
    let value = |annotation: &'static str, form: &'static str, is_sound: fn(&str) -> bool| {
        let Some(value) = annotations.get(annotation) else { return Ok(None) };
        let wrong = || IdentityError::Form { account: account.clone(), annotation, form };
        if is_sound(value) { Ok(Some(value.clone())) } else { Err(wrong()) }
    };
    Ok(AccountAnnotations {
        provider: value(
            PROVIDER,
            "projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
            is_provider,
        )?,
        account: value(ACCOUNT, "NAME@PROJECT.iam.gserviceaccount.com", is_account)?,
    })
}

fn is_provider(text: &str) -> bool {
    let short = |text: &str| (1..=100).contains(&text.chars().count());
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", provider] => {
            let is_number = (1..=30).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            is_number && short(pool) && short(provider)
        }
        _ => false,
    }
}

fn is_account(text: &str) -> bool {
    let word = |text: &str| {
        (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let parts = text.strip_suffix(".iam.gserviceaccount.com").and_then(|text| text.split_once('@'));
    parts.is_some_and(|(name, project)| word(name) && word(project))
}

impl TokenExchange {
    /// By a workload identity provider of one's own.
    pub fn with(provider: &str) -> Self {
        let audience = format!("//iam.googleapis.com/{provider}");
        Self { kubernetes_audience: audience.clone(), audience }
    }

    /// Federation by the pool of GKE itself.
    pub fn within(Gke { project, location, cluster }: &Gke) -> Self {
        let pool = format!("{project}.svc.id.goog");
        let place = format!("projects/{project}/locations/{location}/clusters/{cluster}");
        let audience = format!("identitynamespace:{pool}:https://container.googleapis.com/v1/{place}");
        Self { kubernetes_audience: pool, audience }
    }

    /// Trades `subject`, Kubernetes' token, for one of Google's; `is_for_trade` if that is to be traded again.
    pub fn request(&self, subject: &str, is_for_trade: bool) -> Request {
        let scopes = if is_for_trade { PLATFORM.to_owned() } else { format!("{PLATFORM} {EMAIL}") };
        exchange(EXCHANGE, &self.audience, JWT, subject, &scopes)
    }
}

pub(super) fn exchange(url: &str, audience: &str, kind: &str, subject: &str, scopes: &str) -> Request {
    let body = form::encode([
        ("audience", audience),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token_type", kind),
        ("subject_token", subject),
        ("scope", scopes),
    ]);
    let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    Request { method: Method::Post, url: url.to_owned(), headers, body: Bytes::from(body) }
}

/// Trades one's own token for one of the service account `email`.
pub fn act_as(email: &str, token: &str) -> Request {
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{}:generateAccessToken",
        segment(email).replace("%40", "@")
    );
    act_at(&url, token, &[], 3600)
}

/// Trades `token` at `url` for one of another account, which lives for `lifetime` seconds; the `delegates` between the two
/// let each other act in turn.
pub(super) fn act_at(url: &str, token: &str, delegates: &[String], lifetime: u32) -> Request {
    let mut body = json!({ "lifetime": format!("{lifetime}s"), "scope": [PLATFORM, EMAIL] });
    if !delegates.is_empty() {
        body["delegates"] = delegates.into();
    }
    let body = body.to_string();
    let headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Authorization".to_owned(), format!("Bearer {token}")),
    ];
    Request { method: Method::Post, url: url.to_owned(), headers, body: Bytes::from(body) }
}

/// Asks the machine about itself: `path` below `computeMetadata/v1/`.
pub fn of_machine(host: &str, path: &str) -> Request {
    Request {
        method: Method::Get,
        url: format!("http://{host}/computeMetadata/v1/{path}"),
        headers: vec![("Metadata-Flavor".to_owned(), "Google".to_owned())],
        body: Bytes::new(),
    }
}

/// Asks the machine for a token of its own service account.
pub fn token_of_machine(host: &str) -> Request {
    let scopes = form::encode([("scopes", format!("{PLATFORM},{EMAIL}").as_str())]);
    of_machine(host, &format!("instance/service-accounts/default/token?{scopes}"))
}
