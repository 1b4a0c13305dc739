//! The operations API as commands use it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use awc::ClientRequest;
use awc::error::SendRequestError;
use serde::de::DeserializeOwned;

use crate::ops::ErrorBody;

/// Most bytes read of an answer: 10,000 deliveries with their failures take less.
const MOST_BYTES: usize = 64 << 20;

/// How long an answer may take: longer than the longest test notification.
const PATIENCE: Duration = Duration::from_secs(150);

/// Gets `path` of the instance whose operations API is at `address`.
pub(crate) async fn get<T: DeserializeOwned>(address: &str, path: &str) -> Result<T> {
    let request = awc::Client::default().get(url(address, path)).timeout(PATIENCE);
    answer(address, request.send().await).await
}

/// Posts a JSON document to `path`.
pub(crate) async fn post<T: DeserializeOwned>(address: &str, path: &str, json: Vec<u8>) -> Result<T> {
    let request: ClientRequest = awc::Client::default().post(url(address, path)).timeout(PATIENCE);
    answer(address, request.content_type("application/json").send_body(json).await).await
}

fn url(address: &str, path: &str) -> String {
    format!("http://{address}{path}")
}

type Sent = Result<awc::ClientResponse, SendRequestError>;

async fn answer<T: DeserializeOwned>(address: &str, sent: Sent) -> Result<T> {
    let mut response = sent.map_err(|error| {
        anyhow!("reach the operations API at {address}: {error}; is campanile running? name its --admin-addr here too")
    })?;
    #[expect(clippy::disallowed_methods, reason = "the next call sets the bound")]
    let body = response.body();
    let body = body.limit(MOST_BYTES).await.context("read the answer of the operations API")?;
    if !response.status().is_success() {
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(refusal) => bail!("{}", refusal.error),
            Err(_) => bail!("get an answer from {address}: {}; is it a campanile?", response.status()),
        }
    }
    serde_json::from_slice(&body)
        .with_context(|| format!("understand {address}: is it a campanile of another version?"))
}
