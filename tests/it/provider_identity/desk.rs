//! The token service in this process, with a cloud and a Kubernetes that record what they are asked.

use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler};
use campanile_delivery::{Clients, Clouds, CloudsParts, IdentityConfig, TokenSource};
use campanile_domain::{Connection, Environment, Proxy, ProxyScheme};
use campanile_protocol::{AccountError, ReadServiceAccount, RequestToken};
use campanile_supervision::{Link, SystemClock};
use campanile_transport::{Limits, Transport};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Authority, Sink, Tunnel};

type Annotations = BTreeMap<String, String>;

#[derive(Default)]
struct Known {
    /// Of all accounts; none means that there are no accounts.
    annotations: Option<Annotations>,
    audiences: Vec<String>,
}

/// Kubernetes, as far as it is asked.
struct Kubernetes(Arc<Mutex<Known>>);

impl Actor for Kubernetes {
    type Context = Context<Self>;
}

impl Handler<ReadServiceAccount> for Kubernetes {
    type Result = Result<Annotations, AccountError>;

    fn handle(&mut self, ReadServiceAccount(key): ReadServiceAccount, _: &mut Context<Self>) -> Self::Result {
        self.0.lock().unwrap().annotations.clone().ok_or(AccountError::NotFound(key))
    }
}

impl Handler<RequestToken> for Kubernetes {
    type Result = Result<String, AccountError>;

    fn handle(&mut self, request: RequestToken, _: &mut Context<Self>) -> Self::Result {
        let RequestToken { account, audience } = request;
        self.0.lock().unwrap().audiences.push(format!("{account} {audience}"));
        Ok(format!("jwt-for-{account}"))
    }
}

/// Everything that a token needs.
pub(super) struct Desk {
    pub(super) clouds: Clouds,
    /// Whatever leaves through the proxy arrives there.
    pub(super) cloud: Sink,
    tunnel: Tunnel,
    known: Arc<Mutex<Known>>,
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
            clock: Arc::new(SystemClock),
        });
        Self { clouds, tunnel: Tunnel::to(cloud.address), cloud, known, folder }
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
        let connection = Connection { proxy: Some(proxy), tls: None, timeout: Duration::from_secs(20) };
        self.clouds.client(&connection).unwrap().tokens
    }
}

/// Runs a test in an actor system.
pub(super) fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}
