//! Flags of a running instance. Names and defaults are those of the contract, control plane 8.1.

use std::path::PathBuf;
use std::time::Duration;

use campanile_delivery::IdentityConfig;
use campanile_transport::Destination;
use campanile_watcher::{Receivers, RetryDelays};
use clap::Args;

use super::event_auth::{EventAuthFlags, TokenTrust};
use super::tls::TlsFlags;
use super::{Refused, duration, gates, state_dir};
use crate::config::{Config, Destinations, ListenAddress, Objects, TlsListener};
use campanile_logging::{Encoding, LogLevel};

/// Where the operations API listens unless told otherwise: this machine only, since it shows what was not delivered.
pub(super) const ADMIN: &str = "127.0.0.1:9460";

/// Where standalone mode listens unless told otherwise: this machine only.
const LOOPBACK: &str = "127.0.0.1";

/// The defaults of a mode, for where no flag says otherwise.
pub(super) struct Usual {
    /// Where the state is kept.
    pub(super) state_dir: PathBuf,
    /// The host of all listeners; empty means all addresses.
    pub(super) host: &'static str,
    /// What tokens of senders are worth.
    pub(super) tokens: TokenTrust,
}

/// Flags of the command `run`.
#[derive(Debug, Args)]
pub struct RunFlags {
    /// Folder with manifests of Alerts, Providers and Secrets; it is watched.
    #[arg(long, value_name = "DIR")]
    pub manifests: PathBuf,
    /// The flags that both modes have.
    #[command(flatten)]
    pub common: CommonFlags,
}

impl RunFlags {
    /// The configuration that these flags describe.
    pub fn config(&self) -> Config {
        let state_dir = state_dir::of_user(|name| std::env::var_os(name));
        let usual = Usual { state_dir, host: LOOPBACK, tokens: TokenTrust::Worthless };
        self.common.config(Objects::Folder(self.manifests.clone()), usual)
    }

    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// The line to log before the process ends.
    pub(super) fn check(&self) -> Result<(), Refused> {
        self.common.check(LOOPBACK, TokenTrust::Worthless)
    }
}

/// The mode in which Receivers are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReceiversFlag {
    /// Receivers take webhooks in this mode.
    Serve,
    /// They are left alone, and nothing listens for webhooks.
    Ignore,
    /// What there was before Receivers were served; the same as `serve`.
    #[value(hide = true)]
    Report,
}

impl From<ReceiversFlag> for Receivers {
    fn from(flag: ReceiversFlag) -> Self {
        match flag {
            ReceiversFlag::Serve | ReceiversFlag::Report => Self::Serve,
            ReceiversFlag::Ignore => Self::Ignore,
        }
    }
}

/// The flags that `run` and the controller share.
#[derive(Debug, Args)]
pub struct CommonFlags {
    /// Folder in which accepted events are kept until they are delivered. Without it `campanile run` takes
    /// $XDG_STATE_HOME/campanile, or ~/.local/state/campanile; in a pod it is /tmp/campanile.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Where events come in; nothing (`--events-addr=`) switches it off, for `--events-tls-addr` alone. [default: :9090, of
    /// `campanile run` 127.0.0.1:9090]
    #[arg(long, value_name = "HOST:PORT", value_parser = ListenAddress::or_off)]
    pub events_addr: Option<ListenAddress>,
    /// Where `/healthz` and `/readyz` are answered; `?verbose` shows what stands behind. [default: :9440, of `campanile run`
    /// 127.0.0.1:9440]
    #[arg(long, value_name = "HOST:PORT")]
    pub health_addr: Option<ListenAddress>,
    /// Where `/metrics` is answered; 0 switches it off. [default: :8080, of `campanile run` 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub metrics_addr: Option<ListenAddress>,
    /// Label metrics by Provider and Alert; `false` leaves sums, for clusters with thousands of them.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    pub metrics_per_object: bool,
    /// Label metrics of requests by their path, up to 16 different ones, instead of `/`.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub export_http_path_metrics: bool,
    /// Where webhooks come in, once there is a Receiver; nothing (`--receiverAddr=`) switches it off, for `--receiver-tls-addr`
    /// alone. [default: :9292, of `campanile run` 127.0.0.1:9292]
    #[arg(long = "receiverAddr", value_name = "HOST:PORT", value_parser = ListenAddress::or_off)]
    pub receiver_addr: Option<ListenAddress>,
    /// What to do about Receivers: `serve` takes their webhooks, `ignore` leaves them alone.
    #[arg(long, value_enum, value_name = "WHAT", default_value = "serve")]
    pub receivers: ReceiversFlag,
    /// Where the operations API for `campanile get` listens.
    #[arg(long, value_name = "HOST:PORT", default_value = ADMIN)]
    pub admin_addr: ListenAddress,
    /// Names by which the operations API may be called, beside `localhost` and the addresses of this machine; comma separated.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub admin_hosts: Vec<String>,
    /// Length of the window in which an equal event is a duplicate.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration::parse)]
    pub rate_limit_interval: Duration,
    /// Refuse events of other namespaces than the Alert's.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub no_cross_namespace_refs: bool,
    /// Destinations that Alerts and Providers may lead to although they are closed: networks, addresses or host names, each also with
    /// a port. Closed are loopback (in a cluster), link-local and unspecified addresses, those of this machine, clouds' metadata
    /// services, this program's Services and the API server; its own listeners stay closed.
    #[arg(long, value_name = "CIDR|NAME", value_delimiter = ',')]
    pub allow_destinations: Vec<Destination>,
    /// Close private networks to Providers as well (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub no_private_destinations: bool,
    /// Feature gates as NAME=true or NAME=false, comma separated. DisableConfigWatchers lets Receivers hear of changed Secrets after
    /// `spec.interval` only; ObjectLevelWorkloadIdentity and CacheSecretsAndConfigMaps are accepted without effect.
    #[arg(long, value_name = "NAME=BOOL", value_delimiter = ',', value_parser = gates::parse)]
    pub feature_gates: Vec<(String, bool)>,
    /// How long to wait for a state folder that another process still holds. The default is longer than the 30 s that a pod may take to end.
    #[arg(long, value_name = "DURATION", default_value = "45s", value_parser = duration::parse)]
    pub state_lock_timeout: Duration,
    /// Threads that deliver notifications, from 1 to 64; more than one is for machines with cores to spare.
    #[arg(long, value_name = "NUMBER", env = "CAMPANILE_DELIVERY_THREADS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub delivery_threads: u16,
    /// Form of log lines: json or console.
    #[arg(long, value_name = "FORM", default_value = "json")]
    pub log_encoding: Encoding,
    /// Least level of log lines: trace, debug, info or error.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
    /// The flags of TLS listeners.
    #[command(flatten)]
    pub tls: TlsFlags,
    /// The flags about the senders of events.
    #[command(flatten)]
    pub event_auth: EventAuthFlags,
}

impl CommonFlags {
    /// Refuses what cannot be meant. `host` is that of listeners without a flag, `tokens` what those of senders are worth.
    ///
    /// # Errors
    /// The line to log before the process ends.
    pub(super) fn check(&self, host: &str, tokens: TokenTrust) -> Result<(), Refused> {
        if self.receivers == ReceiversFlag::Report {
            tracing::warn!(
                "--receivers=report is the same as --receivers=serve now, which is the default; remove the flag"
            );
        }
        let events = listen(self.events_addr.as_ref(), host, 9090);
        self.tls.check(&events)?;
        self.event_auth.check(&events, self.tls.events().as_ref(), tokens)
    }

    /// Whether a feature gate is on: the last word counts.
    pub(super) fn gate(&self, name: &str) -> bool {
        self.feature_gates.iter().rev().find(|(known, _)| known == name).is_some_and(|(_, on)| *on)
    }

    /// The configuration that these flags describe.
    pub(super) fn config(&self, objects: Objects, usual: Usual) -> Config {
        let Usual { state_dir, host, tokens } = usual;
        Config {
            objects,
            state_dir: self.state_dir.clone().unwrap_or(state_dir),
            events: listen(self.events_addr.as_ref(), host, 9090),
            tls: self
                .tls
                .events()
                .map(|tls| TlsListener { takes_tokens: self.event_auth.takes_tokens(tokens), ..tls }),
            event_auth: self.event_auth.config(tokens),
            webhooks: listen(self.receiver_addr.as_ref(), host, 9292),
            webhooks_tls: self.tls.webhooks(),
            health: listen(self.health_addr.as_ref(), host, 9440),
            metrics: listen(self.metrics_addr.as_ref(), host, 8080),
            admin: self.admin_addr.clone(),
            admin_hosts: self.admin_hosts.clone(),
            rate_limit_interval: self.rate_limit_interval,
            no_cross_namespace_refs: self.no_cross_namespace_refs,
            receivers: self.receivers.into(),
            retry_delays: RetryDelays::default(),
            metrics_per_object: self.metrics_per_object,
            count_paths: self.export_http_path_metrics,
            destinations: Destinations {
                allowed: self.allow_destinations.clone(),
                no_private: self.no_private_destinations,
            },
            identity: IdentityConfig::default(),
            lock_wait: self.state_lock_timeout,
            delivery_threads: usize::from(self.delivery_threads),
            detour: None,
        }
    }
}

/// The address of a flag, or the usual port of `host`.
fn listen(flag: Option<&ListenAddress>, host: &str, port: u16) -> ListenAddress {
    flag.cloned().unwrap_or_else(|| ListenAddress::new(host, port))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::ControllerFlags;

    #[derive(Parser)]
    struct Run {
        #[command(flatten)]
        flags: RunFlags,
    }

    #[derive(Parser)]
    struct Controller {
        #[command(flatten)]
        flags: ControllerFlags,
    }

    fn listeners(config: Config) -> [String; 4] {
        let Config { events, health, metrics, admin, .. } = config;
        [events, health, metrics, admin].map(|address| address.to_string())
    }

    #[test]
    fn issue_17_standalone_mode_listens_on_this_machine_only_unless_told_otherwise() {
        let run = |more: &[&str]| {
            let words = [&["campanile", "--manifests=x"][..], more].concat();
            listeners(Run::try_parse_from(words).unwrap().flags.config())
        };
        assert_eq!(run(&[]), ["127.0.0.1:9090", "127.0.0.1:9440", "127.0.0.1:8080", "127.0.0.1:9460"]);
        assert_eq!(run(&["--events-addr=:9090", "--metrics-addr=0"])[..3], [":9090", "127.0.0.1:9440", "0"]);
        let controller = Controller::try_parse_from(["campanile"]).unwrap().flags;
        assert_eq!(listeners(controller.config()), [":9090", ":9440", ":8080", "127.0.0.1:9460"]);
    }
}
