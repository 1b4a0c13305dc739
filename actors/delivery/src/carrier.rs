//! What carries requests to a destination. The transport is one implementation; tests of faults bring their own.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use campanile_domain::{Connection, Failure, Request, Response};
use campanile_transport::{Client, Transport, TransportError};

/// An answer on the way, in the arbiter of the provider actor.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + 'a>>;

/// A client that belongs to one provider actor.
pub trait Carrier {
    /// Sends one request and waits for the answer, as long as the connection's timeout allows.
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a>;
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
}

fn failure(error: &TransportError) -> Failure {
    Failure::new(error.class(), error.to_string())
}
