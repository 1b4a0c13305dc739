//! The watcher in its two forms, and in a cluster the election of the replica that writes status.

use std::sync::Arc;

use actix::{Actor, Addr};
use anyhow::{Context, Result};
use campanile_protocol::LabelLookup;
use campanile_supervision::{SharedClock, Supervise, Supervisor};
use campanile_watcher::{
    ClusterConfig, ClusterParts, ClusterWatcherActor, ElectionConfig, LabelCache, LabelStore, WatcherActor,
    WatcherParts, elect,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::Parts;
use crate::config::{Cluster, Config, Election, Objects};

/// Name of the Lease (contract, control plane 8.4).
const LEASE: &str = "notification-controller-leader-election";

/// Where a pod finds the name of its own namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Fails early where waiting would not help: without a kubeconfig or a service account there is no cluster to watch.
pub(super) async fn check(config: &Config) -> Result<()> {
    match &config.objects {
        Objects::Folder(_) => Ok(()),
        // The text of the error holds its causes already.
        Objects::Cluster(cluster) => {
            ClusterConfig::from(cluster).check().await.map_err(|error| anyhow::Error::msg(error.to_string()))
        }
    }
}

impl From<&Cluster> for ClusterConfig {
    fn from(cluster: &Cluster) -> Self {
        Self { namespace: cluster.namespace.clone(), kubeconfig: None }
    }
}

/// How this instance learns of objects. The label caches outlive restarts of the watcher.
pub(super) enum Watching {
    Folder(Parts, std::path::PathBuf, Arc<LabelStore>),
    Cluster(Parts, Cluster, Arc<LabelCache>),
}

impl Watching {
    pub(super) fn new(parts: &Parts) -> Self {
        match parts.config.objects.clone() {
            Objects::Folder(folder) => Self::Folder(parts.clone(), folder, Arc::default()),
            Objects::Cluster(cluster) => Self::Cluster(parts.clone(), cluster, Arc::default()),
        }
    }

    /// The labels of source objects, for the router.
    pub(super) fn labels(&self) -> Arc<dyn LabelLookup> {
        match self {
            Self::Folder(_, _, labels) => labels.clone(),
            Self::Cluster(_, _, labels) => labels.clone(),
        }
    }

    pub(super) fn supervise(self, supervisor: &Addr<Supervisor>) {
        match self {
            Self::Folder(parts, manifests, labels) => watch_folder(supervisor, parts, manifests, labels),
            Self::Cluster(parts, cluster, labels) => watch_cluster(supervisor, parts, &cluster, labels),
        }
    }
}

fn watch_folder(
    supervisor: &Addr<Supervisor>,
    parts: Parts,
    manifests: std::path::PathBuf,
    labels: Arc<LabelStore>,
) {
    let factory = Box::new(move |guard| {
        let watcher = WatcherActor::new(WatcherParts {
            manifests: manifests.clone(),
            clock: parts.clock.clone(),
            guard,
            subscribers: vec![parts.links.router_changes.clone(), parts.links.dispatcher_changes.clone()],
            labels: labels.clone(),
        });
        parts.links.watcher_is(&watcher.start());
    });
    supervisor.do_send(Supervise { name: "watcher", factory });
}

fn watch_cluster(supervisor: &Addr<Supervisor>, parts: Parts, cluster: &Cluster, labels: Arc<LabelCache>) {
    let config = ClusterConfig::from(cluster);
    let (sender, leader) = watch::channel(cluster.election.is_none());
    if let Some(election) = cluster.election {
        take_part(config.clone(), election, parts.clock.clone(), sender);
    }
    let factory = Box::new(move |guard| {
        let watcher = ClusterWatcherActor::new(ClusterParts {
            config: config.clone(),
            clock: parts.clock.clone(),
            guard,
            subscribers: vec![parts.links.router_changes.clone(), parts.links.dispatcher_changes.clone()],
            labels: labels.clone(),
            leader: leader.clone(),
        });
        parts.links.watcher_is(&watcher.start());
    });
    supervisor.do_send(Supervise { name: "watcher", factory });
}

/// Runs the election beside the actors, so that a restart of the watcher does not cost the Lease. A process that lost
/// it ends: another one writes status now.
fn take_part(cluster: ClusterConfig, times: Election, clock: SharedClock, leader: watch::Sender<bool>) {
    actix_rt::spawn(async move {
        let ended = match candidate(cluster, times) {
            Ok(config) => {
                elect(config, clock, leader, std::future::pending()).await.map_err(anyhow::Error::from)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::error!(error = format!("{error:#}"), "problem running manager");
            crate::logging::exit(1);
        }
    });
}

fn candidate(cluster: ClusterConfig, times: Election) -> Result<ElectionConfig> {
    let namespace = std::fs::read_to_string(OWN_NAMESPACE).with_context(|| {
        format!("read {OWN_NAMESPACE}: leader election works in a pod only, leave --enable-leader-election out elsewhere")
    })?;
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "campanile".to_owned());
    Ok(ElectionConfig {
        cluster,
        namespace: namespace.trim().to_owned(),
        name: LEASE.to_owned(),
        identity: format!("{host}_{}", Uuid::new_v4()),
        lease_duration: times.lease_duration,
        renew_deadline: times.renew_deadline,
        retry_period: times.retry_period,
        release_on_cancel: times.release_on_cancel,
    })
}
