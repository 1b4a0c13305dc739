//! The two documents of an issuer (OpenID Connect Discovery 1.0, section 4; RFC 7517, section 5).

use std::time::Duration;

use bytes::Bytes;
use campanile_domain::{Connection, Method, Request};
use campanile_receivers::{Discovery, KeyError, KeySet, KeySource};
use campanile_transport::{BodyUse, Client, Transport, TransportError};

/// How long one of the documents may take. A webhook waits for both.
const PATIENCE: Duration = Duration::from_secs(3);

/// A client for the documents of issuers.
///
/// # Errors
/// If none can be made.
pub(crate) fn client(transport: &Transport) -> Result<Client, TransportError> {
    let namespace = "".into();
    transport.client(&Connection { namespace, proxy: None, tls: None, timeout: PATIENCE, confidential: true })
}

/// Fetches the keys of an issuer.
///
/// # Errors
/// Why there are none.
pub(crate) async fn keys(client: &Client, source: &KeySource) -> Result<KeySet, KeyError> {
    let (place, algorithms) = match source {
        KeySource::Known(place) => ((*place).to_owned(), Vec::new()),
        KeySource::Issuer(issuer) => {
            let document = get(client, source.discovery_url().unwrap_or_default()).await?;
            let Discovery { jwks_uri, algorithms, .. } = Discovery::parse(issuer, &document)?;
            (jwks_uri, algorithms)
        }
    };
    KeySet::parse(&get(client, place).await?, algorithms)
}

async fn get(client: &Client, url: String) -> Result<Bytes, KeyError> {
    let headers = vec![("Accept".to_owned(), "application/json".to_owned())];
    let request = Request { method: Method::Get, url, headers, body: Bytes::new() };
    let answer = client.send(&request, BodyUse::Body).await;
    let answer = answer.map_err(|error| KeyError::Fetch(error.to_string()))?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(KeyError::Fetch(format!("it answers with status {status}, where 200 is needed"))),
    }
}
