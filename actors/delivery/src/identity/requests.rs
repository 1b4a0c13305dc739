//! The requests by which tokens are obtained, on the network paths that the contract sets for them (providers 20).

use std::sync::Arc;

use campanile_domain::{Connection, Failure, Proxy, Request, Response};
use campanile_providers::identity::credential::Author;
use campanile_transport::{AddressGuard, BodyUse, Transport, TransportError};

use super::{PATIENCE, TokenService};

/// Sends requests for tokens on behalf of one Provider.
pub(super) struct TokenRequests {
    pub(super) service: Arc<TokenService>,
    /// The proxy of the Provider, if it has one.
    pub(super) proxy: Option<Proxy>,
}

impl TokenRequests {
    /// Asks a cloud, through the Provider's proxy. What a Secret names may not be anywhere.
    pub(super) async fn ask(&self, request: &Request, author: Author) -> Result<Response, Failure> {
        let answer = send_by(&self.transport_of(author), self.proxy.clone(), request).await;
        answer.map_err(|error| unobtained(&error))
    }

    /// Asks an address that a tenant names, which may not be this machine, whatever its name turns out to mean and whatever is
    /// open to other requests; none if it is.
    pub(super) async fn ask_guarded(&self, request: &Request) -> Result<Option<Response>, Failure> {
        let transport = self.transport().clone().with_guard(AddressGuard::of_the_machine());
        match send_by(&transport, self.proxy.clone(), request).await {
            Err(error) if error.is_denied() => Ok(None),
            answered => answered.map(Some).map_err(|error| unobtained(&error)),
        }
    }

    /// Asks an address of the machine itself, such as its metadata server, without a proxy.
    pub(super) async fn ask_machine(&self, request: &Request, author: Author) -> Result<Response, Failure> {
        let answer = send_by(&self.transport_of(author).direct(), None, request).await;
        answer.map_err(|error| unobtained(&error))
    }

    fn transport(&self) -> &Transport {
        &self.service.parts.transport
    }

    fn transport_of(&self, author: Author) -> Transport {
        match author {
            Author::Operator => self.transport().for_operators(),
            Author::Secret => self.transport().clone(),
        }
    }
}

async fn send_by(
    transport: &Transport,
    proxy: Option<Proxy>,
    request: &Request,
) -> Result<Response, TransportError> {
    let connection =
        Connection { namespace: "".into(), proxy, tls: None, timeout: PATIENCE, confidential: true };
    transport.client(&connection)?.send(request, BodyUse::Body).await
}

fn unobtained(error: &TransportError) -> Failure {
    Failure::new(error.class(), format!("failed to get token: {error}"))
}
