//! What carries requests to a destination. The transport is one implementation; tests of faults bring their own.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use campanile_domain::{Connection, Failure, FailureClass, Publication, Request, Response};
use campanile_providers::Identity;
use campanile_transport::{Client, Transport, TransportError};

/// An answer on the way, in the arbiter of the provider actor.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + 'a>>;

/// A publication on the way.
pub type Publishing<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// A token on its way.
pub type Obtaining<'a> = Pin<Box<dyn Future<Output = Result<Pass, Failure>> + 'a>>;

/// A token that lets requests in. Never printed.
pub struct Pass {
    /// The token.
    pub value: String,
    /// Whether it was given just now: a destination that does not take it will not take the next one either.
    pub is_new: bool,
    /// The project of Google that pays for its use, where requests have to say so.
    pub quota_project: Option<String>,
}

/// A client that belongs to one provider actor.
pub trait Carrier {
    /// Sends one request and waits for the answer, as long as the connection's timeout allows.
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a>;

    /// Publishes on NATS and waits until a server has the message, as long as the connection's timeout allows. A carrier
    /// that speaks HTTP only says so.
    fn publish<'a>(&'a self, _publication: &'a Publication) -> Publishing<'a> {
        let text = "publish on NATS: this carrier speaks HTTP only";
        Box::pin(async move { Err(Failure::new(FailureClass::Config, text)) })
    }

    /// A token for requests of `identity`, obtained or kept. A carrier that knows no clouds says so.
    fn token<'a>(&'a self, _identity: &'a Identity) -> Obtaining<'a> {
        let text =
            "failed to get token: workload identity is not available here; put a credential into the Secret";
        Box::pin(async move { Err(Failure::new(FailureClass::Config, text)) })
    }

    /// The destination no longer takes this token: it is not to be used again.
    fn forget(&self, _identity: &Identity, _token: &Pass) {}
}

/// Makes carriers.
pub trait Carriers: Send + Sync {
    /// Checks certificates and proxy without dialling.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(&self, connection: &Connection) -> Result<(), Failure>;

    /// A client with connections of its own.
    ///
    /// # Errors
    /// As for [`check`](Carriers::check).
    fn carrier(&self, connection: &Connection) -> Result<Rc<dyn Carrier>, Failure>;
}

impl Carriers for Transport {
    fn check(&self, connection: &Connection) -> Result<(), Failure> {
        Transport::check(self, connection).map_err(|error| match error {
            TransportError::Ca | TransportError::Pair(_) => {
                Failure::new(error.class(), format!("failed to get TLS config: {error}"))
            }
            _ => failure(&error),
        })
    }

    fn carrier(&self, connection: &Connection) -> Result<Rc<dyn Carrier>, Failure> {
        let client = self.client(connection).map_err(|error| failure(&error))?;
        Ok(Rc::new(client))
    }
}

impl Carrier for Client {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(async move { Client::send(self, request).await.map_err(|error| failure(&error)) })
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
