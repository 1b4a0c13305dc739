//! The client of a provider actor: the carrier of its requests and the source of its tokens.
//!
//! The transport and the clouds are the implementations in the product; tests of faults bring their own. No method here
//! has a default body: whoever wraps a carrier or a token source passes all of it on, or does not compile.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use campanile_domain::{Connection, Failure, ObjectKey, Publication, Request, Response};
use campanile_providers::{AccessToken, BuiltProvider, Identity};
use campanile_transport::{BodyUse, Client, Transport, TransportError};

/// The answer to a request, awaited in the arbiter of the provider actor.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + 'a>>;

/// The server's word for a publication, awaited in the arbiter of the provider actor.
pub type Publishing<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// An access token, awaited in the arbiter of the provider actor.
pub type Obtaining<'a> = Pin<Box<dyn Future<Output = Result<Obtained, Failure>> + 'a>>;

/// A token as a [`TokenSource`] gives it.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// The token for the request.
    pub token: AccessToken,
    /// Whether it was given just now: a destination that does not take it will not take the next one either.
    pub is_new: bool,
}

/// Sends the requests and publications of one provider actor.
pub trait Carrier {
    /// Sends one request and waits for what is wanted of the answer, as long as the connection's timeout allows.
    fn send<'a>(&'a self, request: &'a Request, wanted: BodyUse) -> Sending<'a>;

    /// Publishes on NATS and waits until a server has the message, as long as the connection's timeout allows.
    fn publish<'a>(&'a self, publication: &'a Publication) -> Publishing<'a>;
}

/// Gives the tokens that requests of an identity carry.
pub trait TokenSource {
    /// A token for requests of `identity`, obtained or kept.
    fn token<'a>(&'a self, identity: &'a Identity) -> Obtaining<'a>;

    /// Forgets a token that the destination no longer takes, so that it is not used again.
    fn forget(&self, identity: &Identity, token: &AccessToken);
}

/// The client that one provider actor owns. Clones share the connections.
#[derive(Clone)]
pub struct ProviderClient {
    /// Sends what exchanges ask for.
    pub carrier: Rc<dyn Carrier>,
    /// Gives tokens to Providers that have an identity instead of credentials.
    pub tokens: Rc<dyn TokenSource>,
}

/// Checks the certificates and the proxy of a Provider.
pub trait CheckConnection: Send + Sync {
    /// Checks certificates and proxy without dialling.
    ///
    /// # Errors
    /// A [`Failure`] that says what is wrong with them.
    fn check(&self, connection: &Connection) -> Result<(), Failure>;
}

/// Makes the clients of provider actors.
pub trait Clients: CheckConnection {
    /// A client of `provider` with connections of its own, for use in the arbiter that asks for it.
    ///
    /// # Errors
    /// As for [`check`](CheckConnection::check).
    fn client(&self, provider: &ObjectKey, endpoint: &BuiltProvider) -> Result<ProviderClient, Failure>;
}

impl CheckConnection for Transport {
    fn check(&self, connection: &Connection) -> Result<(), Failure> {
        Transport::check(self, connection).map_err(|error| match error {
            TransportError::Ca | TransportError::Pair(_) => {
                Failure::new(error.class(), format!("failed to get TLS config: {error}"))
            }
            _ => failure(&error),
        })
    }
}

impl Carrier for Client {
    fn send<'a>(&'a self, request: &'a Request, wanted: BodyUse) -> Sending<'a> {
        Box::pin(async move { Client::send(self, request, wanted).await.map_err(|error| failure(&error)) })
    }

    fn publish<'a>(&'a self, publication: &'a Publication) -> Publishing<'a> {
        Box::pin(async move {
            Client::publish(self, publication).await.map_err(|error| {
                let text = format!("publish to subject {}: {error}", publication.subject);
                Failure::new(error.class(), text)
            })
        })
    }
}

pub(crate) fn failure(error: &TransportError) -> Failure {
    Failure::new(error.class(), error.to_string())
}
