//! The token service in this process, with a cloud and a Kubernetes that record what they are asked.

use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler};
use campanile_delivery::{Clouds, CloudsParts, IdentityConfig, TokenSource};
use campanile_domain::{Connection, Environment, Proxy, ProxyScheme};
use campanile_protocol::{AccountError, ReadServiceAccount, RequestToken};
use campanile_supervision::{Clock, Link, SystemClock};
use campanile_transport::{Limits, Transport};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Authority, Sink, Tunnel};

type Annotations = BTreeMap<String, String>;

#[derive(Default)]
struct Known {
    /// Of all accounts; none means that there are no accounts.
    annotations: Option<Annotations>,
    audiences: Vec<String>,
    /// Whether Kubernetes answers no question about accounts.
    is_down: bool,
}

/// Kubernetes, as far as it is asked.
struct Kubernetes(Arc<Mutex<Known>>);

impl Actor for Kubernetes {
    type Context = Context<Self>;
}

impl Handler<ReadServiceAccount> for Kubernetes {
    type Result = Result<Annotations, AccountError>;

    fn handle(&mut self, ReadServiceAccount(key): ReadServiceAccount, _: &mut Context<Self>) -> Self::Result {
        let known = self.0.lock().unwrap();
        if known.is_down {
            return Err(AccountError::Unreachable { account: key, cause: "it is down".to_owned() });
        }
        known.annotations.clone().ok_or(AccountError::NotFound(key))
    }
}

impl Handler<RequestToken> for Kubernetes {
    type Result = Result<String, AccountError>;

    fn handle(&mut self, request: RequestToken, _: &mut Context<Self>) -> Self::Result {
        let RequestToken { account, audiences, expiration, named_by_account } = request;
        let life = expiration.map(|life| format!(" for {life:?}")).unwrap_or_default();
        let named = if named_by_account { ", named by the account" } else { "" };
        let asked = format!("{account} {}{life}{named}", audiences.join(","));
        self.0.lock().unwrap().audiences.push(asked);
        Ok(format!("jwt-for-{account}"))
    }
}

/// The system's clock, set forward.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Relaxed))
    }
}

/// Everything that a token needs.
pub(super) struct Desk {
    pub(super) clouds: Clouds,
    /// Whatever leaves through the proxy arrives there.
    pub(super) cloud: Sink,
    tunnel: Tunnel,
    known: Arc<Mutex<Known>>,
    clock: Arc<Ahead>,
    folder: TempDir,
}

impl Desk {
    pub(super) fn new(hosts: &[&str], variable: impl Fn(&str) -> Option<String>) -> Self {
        Self::with(hosts, variable, IdentityConfig::default())
    }

    pub(super) fn with(
        hosts: &[&str],
        variable: impl Fn(&str) -> Option<String>,
        config: IdentityConfig,
    ) -> Self {
        let (authority, folder) = (Authority::named("clouds"), TempDir::new().unwrap());
        let trusted = folder.path().join("trusted.pem");
        std::fs::write(&trusted, &authority.pem).unwrap();
        let cloud = Sink::start_tls(authority.sign_all(hosts).server(None));
        let (known, accounts, tokens) = (Arc::<Mutex<Known>>::default(), Link::new(), Link::new());
        let clock = Arc::<Ahead>::default();
        let kubernetes = Kubernetes(known.clone()).start();
        accounts.point_at(&kubernetes);
        tokens.point_at(&kubernetes);
        let environment = Environment { cert_file: Some(trusted), ..Environment::default() };
        let clouds = Clouds::new(CloudsParts {
            transport: Transport::new(environment, Limits::default()),
            config,
            environment: Arc::new(Environment::from(|name| variable(name).map(Into::into))),
            accounts,
            tokens,
            clock: clock.clone(),
        });
        Self { clouds, tunnel: Tunnel::to(cloud.address), cloud, known, clock, folder }
    }

    /// A file with this text, as somebody mounts it.
    pub(super) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// All service accounts have these annotations.
    pub(super) fn accounts(&self, annotations: Value) {
        self.known.lock().unwrap().annotations = Some(serde_json::from_value(annotations).unwrap());
    }

    /// There are no service accounts any more.
    pub(super) fn no_accounts(&self) {
        self.known.lock().unwrap().annotations = None;
    }

    /// Kubernetes answers no question about accounts.
    pub(super) fn is_down(&self, is_down: bool) {
        self.known.lock().unwrap().is_down = is_down;
    }

    /// A second goes by.
    pub(super) fn a_second_later(&self) {
        self.clock.0.fetch_add(1, Relaxed);
    }

    /// For which account and audience Kubernetes made tokens.
    pub(super) fn audiences(&self) -> Vec<String> {
        self.known.lock().unwrap().audiences.clone()
    }

    /// The tokens of a Provider with a proxy.
    pub(super) fn tokens(&self) -> Rc<dyn TokenSource> {
        let url = self.tunnel.url();
        let (host, port) = url.trim_start_matches("http://").split_once(':').unwrap();
        let proxy = Proxy {
            scheme: ProxyScheme::Http,
            host: host.to_owned(),
            port: port.parse().unwrap(),
            username: None,
            password: None,
        };
        let connection = Connection {
            namespace: "apps".into(),
            proxy: Some(proxy),
            tls: None,
            timeout: Duration::from_secs(20),
            confidential: true,
        };
        self.clouds.connect(&connection).unwrap().tokens
    }
}

/// Runs a test in an actor system.
pub(super) fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}
