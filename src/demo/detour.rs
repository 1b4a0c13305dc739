//! The detour: what Providers would send goes to the demo's own destination, and nowhere else.
//!
//! It stands in place of all clients of provider actors. What it passes on is the request as `campanile explain` shows it,
//! without addresses that are secret, credentials or any other Secret; what it answers is what a destination of that type
//! answers. Tokens of clouds are made up here, so no cloud is asked for one.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::web::Bytes;
use campanile_delivery::{
    Carrier, CheckConnection, Clients, Obtained, Obtaining, ProviderClient, Publishing, Sending, TokenSource,
};
use campanile_domain::{
    Connection, Failure, Masker, Method, ObjectKey, ProviderClass, Publication, Request, Response,
};
use campanile_providers::sample::Sample;
use campanile_providers::{AccessToken, BuiltProvider, Identity};
use campanile_transport::{BodyUse, Client, Transport};

use crate::explain::{ShownRequest, published, shown};

/// The account of a login at a Git host.
const ACCOUNT: &str = r#"{"id":1,"login":"demo","username":"demo"}"#;

/// Clients that reach one address.
pub(crate) struct Detour {
    transport: Transport,
    destination: SocketAddr,
}

impl Detour {
    /// A detour to `destination` over `transport`, but without a proxy.
    pub(crate) fn new(transport: &Transport, destination: SocketAddr) -> Self {
        Self { transport: transport.direct(), destination }
    }
}

impl CheckConnection for Detour {
    fn check(&self, connection: &Connection) -> Result<(), Failure> {
        CheckConnection::check(&self.transport, connection)
    }
}

impl Clients for Detour {
    fn client(&self, provider: &ObjectKey, endpoint: &BuiltProvider) -> Result<ProviderClient, Failure> {
        let Connection { timeout, namespace, .. } = endpoint.connection.clone();
        let connection = Connection { confidential: true, proxy: None, tls: None, timeout, namespace };
        let client = self.transport.client(&connection);
        let carrier = Detoured {
            client: client.map_err(|error| Failure::new(error.class(), error.to_string()))?,
            url: format!("http://{}/{provider}", self.destination),
            class: endpoint.kind.class(),
            sample: Sample::of(endpoint.kind),
            masker: endpoint.masker.clone(),
        };
        Ok(ProviderClient { carrier: Rc::new(carrier), tokens: Rc::new(MadeUpTokens) })
    }
}

/// Carries what one Provider would send.
struct Detoured {
    client: Client,
    url: String,
    class: ProviderClass,
    sample: &'static Sample,
    masker: Arc<Masker>,
}

impl Detoured {
    /// What a destination answers that has nothing yet, but knows who asks.
    fn read(&self, url: &str) -> (u16, &'static str) {
        let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        let is_account = self.sample.comment.is_some_and(|comment| last(comment.account) == last(url));
        if is_account { (200, ACCOUNT) } else { self.sample.absent }
    }

    async fn carry(&self, shown: ShownRequest) -> Result<(), Failure> {
        let body = serde_json::to_vec(&shown).unwrap_or_default().into();
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let request = Request { method: Method::Post, url: self.url.clone(), headers, body };
        let sent = self.client.send(&request, BodyUse::Status).await;
        sent.map(drop).map_err(|error| Failure::new(error.class(), error.to_string()))
    }
}

impl Carrier for Detoured {
    /// What only reads is answered here.
    fn send<'a>(&'a self, request: &'a Request, _: BodyUse) -> Sending<'a> {
        Box::pin(async move {
            let (status, body) = if request.method == Method::Get {
                self.read(&request.url)
            } else {
                self.carry(shown(request, self.class, &self.masker)).await?;
                self.sample.taken
            };
            let body = Bytes::from_static(body.as_bytes());
            Ok(Response { status, headers: Vec::new(), body, is_quotable: true })
        })
    }

    fn publish<'a>(&'a self, publication: &'a Publication) -> Publishing<'a> {
        Box::pin(self.carry(published(publication, &self.masker)))
    }
}

/// Gives tokens that open nothing.
struct MadeUpTokens;

impl TokenSource for MadeUpTokens {
    fn token<'a>(&'a self, _: &'a Identity) -> Obtaining<'a> {
        let token = AccessToken::new("a token of the demo".to_owned(), None);
        Box::pin(async move { Ok(Obtained { token, is_new: true }) })
    }

    fn forget(&self, _: &Identity, _: &AccessToken) {}
}
