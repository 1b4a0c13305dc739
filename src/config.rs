//! The configuration of a running instance, as the command line gives it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use campanile_delivery::IdentityConfig;
use campanile_domain::{Environment, ObjectKey};
use campanile_intake::SenderMode;
use campanile_router::RoutingPolicy;
use campanile_tls::SpiffeRule;
use campanile_transport::Destination;
use campanile_watcher::{Receivers, RetryDelays, SecretWatch, Throttle};

/// The address on which a listener binds: `host:port`, or `:port` for all addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress(String);

impl ListenAddress {
    /// A port of `host`, or of all addresses if that is empty.
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Self(format!("{host}:{port}"))
    }

    /// Binds the address. `flag` is named in the error. Call it inside a runtime.
    ///
    /// # Errors
    /// If the address cannot be resolved or bound, with the flag and the remedy.
    pub fn bind(&self, flag: &str) -> Result<TcpListener> {
        self.try_bind().with_context(|| {
            format!("listen on {}: is another program using it? choose another address with {flag}", self.0)
        })
    }

    fn try_bind(&self) -> std::io::Result<TcpListener> {
        if let Some(port) = self.0.strip_prefix(':') {
            return bind_all(port);
        }
        let mut last = std::io::Error::other("the host has no address");
        for address in self.0.to_socket_addrs()? {
            match campanile_intake::bind(address) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The addresses that it will bind, as far as they are known before: port 0 stands for any.
    pub(crate) fn known(&self) -> Vec<SocketAddr> {
        let all = |port: &str| port.parse().ok().map(|port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
        let known = match self.0.strip_prefix(':') {
            Some(port) => all(port).into_iter().collect(),
            None => self.0.to_socket_addrs().map(Iterator::collect).unwrap_or_else(|_| Vec::new()),
        };
        known.into_iter().filter(|address| address.port() != 0).collect()
    }

    /// Whether the listener is switched off: by `0`, as the contract has it for metrics, or by nothing.
    pub fn is_off(&self) -> bool {
        self.0 == "0" || self.0.is_empty()
    }

    /// Reads an address, or nothing, which switches the listener off.
    ///
    /// # Errors
    /// As for every other address.
    pub fn or_off(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(Self(String::new())) } else { text.parse() }
    }
}

/// All addresses of both families where the machine has IPv6, otherwise of IPv4.
fn bind_all(port: &str) -> std::io::Result<TcpListener> {
    let port: u16 =
        port.parse().map_err(|_| std::io::Error::other("the port is not a number below 65536"))?;
    match campanile_intake::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(error),
        Err(_) => campanile_intake::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
    }
}

impl std::str::FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port = text.rsplit_once(':').map(|(_, port)| port);
        if text == "0" || port.is_some_and(|port| port.parse::<u16>().is_ok()) {
            return Ok(Self(text.to_owned()));
        }
        Err("not an address: write host:port, or :port for all addresses".to_owned())
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The environment variables of this process.
pub(crate) fn environment() -> Environment {
    Environment::from(|name| std::env::var_os(name))
}

/// The source of Alerts, Providers and Secrets, which also takes their status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Standalone mode: a folder of manifests; status is shown by the operations API.
    Folder(PathBuf),
    /// Objects come from the Kubernetes API.
    Cluster(Cluster),
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the manifests in {}", folder.display()),
            Self::Cluster(Cluster { namespace: Some(name), .. }) => {
                write!(f, "the cluster's namespace {name}")
            }
            Self::Cluster(_) => f.write_str("all namespaces of the cluster"),
        }
    }
}

/// The settings of cluster mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The only namespace to look at; none means all.
    pub namespace: Option<String>,
    /// How replicas agree on the one that writes status; none means that this is the only replica.
    pub election: Option<Election>,
    /// How fast an API server is asked that has no priority and fairness.
    pub throttle: Throttle,
    /// Of which changed Secrets Receivers hear at once.
    pub secrets: SecretWatch,
}

/// The leader election (contract, control plane 8.1 and 8.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// Where the Lease is; none means the namespace of the pod's service account.
    pub namespace: Option<String>,
    /// How long others wait after the last renewal.
    pub lease_duration: Duration,
    /// How long a holder tries to renew.
    pub renew_deadline: Duration,
    /// The pause between two tries to get the Lease.
    pub retry_period: Duration,
    /// Whether to let go of the Lease at the end.
    pub release_on_cancel: bool,
}

/// Files of TLS listeners, in PEM. Whoever puts them there may exchange them at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// The file of the certificate's private key, as PEM.
    pub key: PathBuf,
    /// The authorities of clients; none lets every client in.
    pub client_ca: Option<PathBuf>,
}

/// A listener that speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsListener {
    /// The address on which the endpoint listens.
    pub address: ListenAddress,
    /// The files of its certificate, key and trusted authorities.
    pub files: TlsFiles,
    /// The SPIFFE ids of those who may come in; empty allows all that are trusted.
    pub clients: Vec<SpiffeRule>,
    /// Whether clients without a certificate come in too, since they may have a token.
    pub takes_tokens: bool,
}

/// The settings by which senders of events are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAuth {
    /// What is done about those who may not post.
    pub mode: SenderMode,
    /// Whom tokens of senders have to be for; none where nobody reviews any.
    pub audience: Option<String>,
    /// Service accounts that may speak of all namespaces.
    pub controllers: Vec<ObjectKey>,
}

/// The networks and hosts to which objects may lead, and those to which they may not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// What is open although it would be closed.
    pub allowed: Vec<Destination>,
    /// Whether private networks are closed as well.
    pub no_private: bool,
}

/// The configuration of an instance.
#[derive(Clone, Debug)]
pub struct Config {
    /// The source of objects: a folder or a cluster.
    pub objects: Objects,
    /// The folder of the outbox.
    pub state_dir: PathBuf,
    /// Where events come in without TLS.
    pub events: ListenAddress,
    /// Where they come in by TLS, and how.
    pub tls: Option<TlsListener>,
    /// How senders of events are known; none lets everybody post.
    pub event_auth: Option<EventAuth>,
    /// Where webhooks come in without TLS, once there is a Receiver.
    pub webhooks: ListenAddress,
    /// Where they come in by TLS, and how.
    pub webhooks_tls: Option<TlsListener>,
    /// The address on which probes are answered.
    pub health: ListenAddress,
    /// The address on which metrics are read.
    pub metrics: ListenAddress,
    /// The address of the operations API, which `campanile get` asks.
    pub admin: ListenAddress,
    /// Names by which it may ask there beside those of this machine.
    pub admin_hosts: Vec<String>,
    /// Length of the duplicate window.
    pub rate_limit_interval: Duration,
    /// Whether an Alert may not see events of other namespaces.
    pub no_cross_namespace_refs: bool,
    /// What is done about Receivers.
    pub receivers: Receivers,
    /// Pauses before a Receiver whose token is missing is looked at again.
    pub retry_delays: RetryDelays,
    /// Whether metrics may have labels that name objects.
    pub metrics_per_object: bool,
    /// Whether requests are counted by path.
    pub count_paths: bool,
    /// The destinations to which objects may lead.
    pub destinations: Destinations,
    /// How tokens of clouds are had and kept.
    pub identity: IdentityConfig,
    /// How long to wait for a state folder that another process holds.
    pub lock_wait: Duration,
    /// Threads that deliver notifications, the main one included; at least one.
    pub delivery_threads: usize,
    /// Where everything goes that Providers would send elsewhere. Only the demo has one.
    pub detour: Option<SocketAddr>,
}

impl Config {
    /// The folder of manifests in standalone mode.
    pub fn manifests(&self) -> Option<&PathBuf> {
        match &self.objects {
            Objects::Folder(folder) => Some(folder),
            Objects::Cluster(_) => None,
        }
    }

    /// The operator's rules about routing.
    pub fn rules(&self) -> RoutingPolicy {
        RoutingPolicy { no_cross_namespace_refs: self.no_cross_namespace_refs, ..RoutingPolicy::default() }
    }
}
