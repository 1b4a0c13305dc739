//! Workload identity: tokens of clouds for Providers without credentials of their own (contract, providers 20).
//!
//! [`Clouds`] makes the clients of provider actors: connections of the transport, and tokens from one cache
//! ([`TokenCache`]) of all Providers. A token is obtained by the first exchange that needs it while the others of its Provider wait, kept for at most four fifths of its
//! life, and forgotten when a destination no longer takes it. Tokens are in memory only and in no text.
//!
//! Requests for tokens go through the Provider's proxy and trust the system's certificates; those to the machine itself, whose
//! address leads nowhere else, go through none.

mod accounts;
mod cache;
mod file;
mod login;
mod requests;
mod source;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{Connection, Environment, Failure, ObjectKey};
use campanile_protocol::{ReadServiceAccount, RequestToken};
use campanile_providers::BuiltProvider;
use campanile_providers::identity::google::Gke;
use campanile_supervision::{Link, SharedClock};
use campanile_transport::Transport;
use parking_lot::Mutex;

use crate::carrier::failure;
use crate::{CheckConnection, Clients, ProviderClient};
use accounts::Accounts;
use cache::TokenCache;
pub use cache::{CacheUse, TokenCacheSnapshot};
use source::CloudTokens;

/// How long one request for a token may take (contract, providers 20).
const PATIENCE: Duration = Duration::from_secs(10);

/// The settings that the operator decides (contract, control plane 8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityConfig {
    /// Most tokens in the cache; zero switches it off.
    pub cache_size: usize,
    /// How long a token is kept at most; an hour is the longest.
    pub cache_age: Duration,
    /// The service account of Providers that name none; empty means the controller's own identity.
    pub default_account: String,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self { cache_size: 100, cache_age: LONGEST_AGE, default_account: String::new() }
    }
}

/// No token is kept for longer.
const LONGEST_AGE: Duration = Duration::from_secs(3600);

/// The parts that [`Clouds`] is made from.
pub struct CloudsParts {
    /// The transport, which carries the requests for tokens.
    pub transport: Transport,
    /// The settings of the operator.
    pub config: IdentityConfig,
    /// Says who the controller itself is.
    pub environment: Arc<Environment>,
    /// To ask the watcher about service accounts.
    pub accounts: Link<ReadServiceAccount>,
    /// To ask the watcher for their tokens.
    pub tokens: Link<RequestToken>,
    /// The clock, by which tokens end.
    pub clock: SharedClock,
}

/// Clients that can obtain tokens. Made once; clones share the tokens.
#[derive(Clone)]
pub struct Clouds(Arc<TokenService>);

/// The service behind all clients: the token cache and the peers that tokens are obtained from.
struct TokenService {
    parts: CloudsParts,
    cache: TokenCache,
    accounts: Accounts,
    /// The machine's cluster, once all of it is known.
    gke: Mutex<Option<Gke>>,
}

impl Clouds {
    /// Makes clients over the transport of `parts`.
    pub fn new(parts: CloudsParts) -> Self {
        let (size, age) = (parts.config.cache_size, parts.config.cache_age.min(LONGEST_AGE));
        Self(Arc::new(TokenService {
            parts,
            cache: TokenCache::new(size, age),
            accounts: Accounts::default(),
            gke: Mutex::default(),
        }))
    }

    /// The snapshot of the cache; none where it is off.
    pub fn snapshot(&self) -> Option<TokenCacheSnapshot> {
        (self.0.parts.config.cache_size > 0).then(|| self.0.cache.snapshot())
    }
}

impl CheckConnection for Clouds {
    fn check(&self, connection: &Connection) -> Result<(), Failure> {
        CheckConnection::check(&self.0.parts.transport, connection)
    }
}

impl Clients for Clouds {
    fn client(&self, _: &ObjectKey, endpoint: &BuiltProvider) -> Result<ProviderClient, Failure> {
        self.connect(&endpoint.connection)
    }
}

impl Clouds {
    /// A client with connections of its own.
    ///
    /// # Errors
    /// If the machine has no trust store, or the connection's certificates or proxy cannot be used.
    pub fn connect(&self, connection: &Connection) -> Result<ProviderClient, Failure> {
        let client = self.0.parts.transport.client(connection).map_err(|error| failure(&error))?;
        let tokens = CloudTokens::new(self.0.clone(), connection.proxy.clone());
        Ok(ProviderClient { carrier: Rc::new(client), tokens: Rc::new(tokens) })
    }
}
