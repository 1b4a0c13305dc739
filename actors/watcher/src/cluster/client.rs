//! Configuration and construction of the client of the API server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use campanile_domain::LabelSelector;
use kube::client::ClientBuilder;
use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::middleware::MiddlewareLayer;
use super::pace::WatchPace;
use super::reconciles::Reconciles;
use super::requests::{ApiRequests, RequestCounter};
use super::throttle::{Throttle, Throttling};

/// Which cluster, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct ClusterConfig {
    /// The only namespace to look at; none means all.
    pub namespace: Option<String>,
    /// The kubeconfig to use. None means the one that `KUBECONFIG` names, else the service account of the pod, else
    /// `~/.kube/config` (contract, control plane 8.3).
    pub kubeconfig: Option<PathBuf>,
    /// How fast an API server is asked that does not share itself out.
    pub throttle: Throttle,
    /// What counts requests and reconciles.
    pub meters: ClusterMeters,
    /// Of which changed Secrets Receivers hear at once.
    pub secrets: SecretWatch,
    /// Whether a Receiver may reconcile objects of its own namespace alone.
    pub no_cross_namespace_refs: bool,
    /// The audience of senders' tokens, where these are reviewed: whether they can be is then tried with each new client.
    pub review_audience: Option<String>,
}

/// Of which changed Secrets Receivers hear at once; of others they hear after their interval (contract, receivers 2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretWatch {
    /// What their labels must fulfil.
    pub selector: LabelSelector,
    /// Whether the limit is switched off.
    pub off: bool,
}

impl SecretWatch {
    /// Whether Receivers hear at once of a Secret with these labels.
    pub(crate) fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.off && self.selector.matches(labels)
    }
}

/// Meters of a process's requests to the API server. Copies count together.
#[derive(Clone, Debug, Default)]
pub struct ClusterMeters {
    /// Requests, those of the election too.
    pub requests: ApiRequests,
    /// Looks at objects whose status may have to be written.
    pub reconciles: Reconciles,
}

/// The reason that there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is missing or wrong.
    #[error("read the kubeconfig: {0}; correct it, or name another one with KUBECONFIG")]
    Kubeconfig(#[from] KubeconfigError),
    /// The pod has no usable service account.
    #[error("read the service account of the pod: {0}; let the pod mount its token, or set KUBECONFIG")]
    InCluster(#[from] InClusterError),
    /// The settings make no client.
    #[error("build a client for the API server: {0}; correct the kubeconfig")]
    Client(#[from] kube::Error),
}

impl ClusterConfig {
    /// A client for the present settings. Its background task belongs to the arbiter that calls this.
    pub(crate) async fn connect(&self) -> Result<Client, ConnectError> {
        let settings = self.settings().await?;
        let host = settings.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
        let builder = ClientBuilder::try_from(settings)?
            .with_layer(&MiddlewareLayer(RequestCounter::new(self.meters.requests.clone(), &host)))
            .with_layer(&MiddlewareLayer(Throttling::new(self.throttle)))
            .with_layer(&MiddlewareLayer(WatchPace::default()));
        Ok(builder.build())
    }

    /// Host and port of the API server, which says that there are settings to connect with. Dials nothing: a server that is away
    /// now may come back, but a missing kubeconfig will not.
    ///
    /// # Errors
    /// As for the settings themselves, with the remedy.
    pub async fn api_server(&self) -> Result<(String, u16), ConnectError> {
        let url = self.settings().await?.cluster_url;
        let usual = if url.scheme_str() == Some("http") { 80 } else { 443 };
        Ok((url.host().unwrap_or_default().to_owned(), url.port_u16().unwrap_or(usual)))
    }

    async fn settings(&self) -> Result<Config, ConnectError> {
        let options = KubeConfigOptions::default();
        if let Some(file) = &self.kubeconfig {
            let kubeconfig = Kubeconfig::read_from(file)?;
            return Ok(Config::from_custom_kubeconfig(kubeconfig, &options).await?);
        }
        let given = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        if !given("KUBECONFIG") && given("KUBERNETES_SERVICE_HOST") {
            return Ok(Config::incluster()?);
        }
        Ok(Config::from_kubeconfig(&options).await?)
    }
}
