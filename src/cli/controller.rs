//! Flags of the controller: `campanile` without a command, in place of the notification-controller. Names, defaults and
//! order are those of the contract, control plane 8.1.

use std::time::Duration;

use campanile_delivery::IdentityConfig;
use campanile_domain::LabelSelector;
use campanile_watcher::{RetryDelays, SecretWatch, Throttle};
use clap::Args;

use super::event_auth::TokenTrust;
use super::flags::{CommonFlags, Usual};
use super::{Refused, duration, state_dir};
use crate::config::{Cluster, Config, Election, Objects};

/// Secrets whose changes Receivers hear of at once.
const SELECTOR: &str = "reconcile.fluxcd.io/watch=Enabled";

/// Listeners without a flag take connections on all addresses, as Services and kubelets expect.
const ANY_ADDRESS: &str = "";

/// Flags of the controller in a cluster.
#[derive(Debug, Args)]
pub struct ControllerFlags {
    /// Look at all namespaces; with `false` only at that of RUNTIME_NAMESPACE, which needs no ClusterRole.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    pub watch_all_namespaces: bool,
    /// The namespace for `--watch-all-namespaces=false`; empty means all.
    #[arg(long, env = "RUNTIME_NAMESPACE", default_value = "", hide = true)]
    pub runtime_namespace: String,
    /// Let replicas elect the one that writes status. Every replica takes events in and delivers them.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub enable_leader_election: bool,
    /// Let go of the Lease at the end, so that another replica need not wait.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    pub leader_election_release_on_cancel: bool,
    /// How long other replicas wait after the last renewal.
    #[arg(long, value_name = "DURATION", default_value = "35s", value_parser = duration::parse)]
    pub leader_election_lease_duration: Duration,
    /// How long the leader tries to renew before it gives up.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub leader_election_renew_deadline: Duration,
    /// The pause between tries to get the Lease.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    pub leader_election_retry_period: Duration,
    /// The namespace of the Lease; without it that of the pod's service account. For trying things out outside of a pod.
    #[arg(long, hide = true, value_name = "NAMESPACE")]
    pub leader_election_namespace: Option<String>,
    /// Workers per controller. Accepted for compatibility: nothing here needs it.
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    pub concurrent: i64,
    /// Most requests a second to an API server without priority and fairness; 0 or less sets no limit.
    #[arg(long, value_name = "NUMBER", default_value_t = 50.0, allow_negative_numbers = true)]
    pub kube_api_qps: f32,
    /// Most requests at once to such an API server.
    #[arg(long, value_name = "NUMBER", default_value_t = 300, allow_negative_numbers = true)]
    pub kube_api_burst: i64,
    /// Secrets, by their labels, of whose changes Receivers hear at once; of others they hear after `spec.interval`.
    #[arg(long, value_name = "SELECTOR", default_value = SELECTOR)]
    pub watch_configs_label_selector: String,
    /// Shortest pause before a Receiver whose token is missing is looked at again.
    #[arg(long, value_name = "DURATION", default_value = "750ms", value_parser = duration::parse)]
    pub min_retry_delay: Duration,
    /// Longest pause before a Receiver whose token is missing is looked at again.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration::parse)]
    pub max_retry_delay: Duration,
    /// Most tokens of clouds that are kept; 0 keeps none.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, allow_negative_numbers = true)]
    pub token_cache_max_size: i64,
    /// How long a token of a cloud is kept at most, up to 1h.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration::parse)]
    pub token_cache_max_duration: Duration,
    /// Service account of Providers that name none, for workload identity.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub default_service_account: String,
    /// The flags that both modes have.
    #[command(flatten)]
    pub common: CommonFlags,
}

impl ControllerFlags {
    /// Refuses what cannot be meant, after the gates are known (contract, control plane 8.2).
    ///
    /// # Errors
    /// The line to log before the process ends.
    pub(super) fn check(&self) -> Result<(), Refused> {
        self.common.check(ANY_ADDRESS, TokenTrust::Reviewed)?;
        let refused = |error: String| Err(Refused { what: "invalid configuration", error });
        match LabelSelector::parse(&self.watch_configs_label_selector) {
            Err(wrong) => refused(format!(
                "parse --watch-configs-label-selector: {wrong}, write for example {SELECTOR}"
            )),
            Ok(_) => Ok(()),
        }
    }

    /// The configuration that these flags describe.
    pub fn config(&self) -> Config {
        let one = !self.watch_all_namespaces && !self.runtime_namespace.is_empty();
        let election = self.enable_leader_election.then(|| Election {
            namespace: self.leader_election_namespace.clone(),
            lease_duration: self.leader_election_lease_duration,
            renew_deadline: self.leader_election_renew_deadline,
            retry_period: self.leader_election_retry_period,
            release_on_cancel: self.leader_election_release_on_cancel,
        });
        let namespace = one.then(|| self.runtime_namespace.clone());
        let throttle = Throttle::new(self.kube_api_qps, self.kube_api_burst);
        let identity = IdentityConfig {
            cache_size: usize::try_from(self.token_cache_max_size).unwrap_or_default(),
            cache_age: self.token_cache_max_duration,
            default_account: self.default_service_account.clone(),
        };
        // What cannot be read was refused before.
        let selector = LabelSelector::parse(&self.watch_configs_label_selector).unwrap_or_default();
        let secrets = SecretWatch { selector, off: self.common.gate("DisableConfigWatchers") };
        let retry_delays = RetryDelays { min: self.min_retry_delay, max: self.max_retry_delay };
        let cluster = Cluster { namespace, election, throttle, secrets };
        let usual = Usual { state_dir: state_dir::of_pod(), host: ANY_ADDRESS, tokens: TokenTrust::Reviewed };
        Config { identity, retry_delays, ..self.common.config(Objects::Cluster(cluster), usual) }
    }
}
