//! The watcher in its two forms, and in a cluster the election of the replica that writes status.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use anyhow::{Context, Result, ensure};
use campanile_protocol::LabelLookup;
use campanile_supervision::{GetSnapshot, LifeGuard, SharedClock, Supervise, Supervisor};
use campanile_transport::Destination;
use campanile_watcher::{
    ClusterConfig, ClusterParts, ClusterPeers, ClusterWatcher, ElectionConfig, EventRecorderActor,
    EventRecorderParts, FolderParts, FolderWatcher, LabelCache, LabelStore, StatusWriterActor,
    StatusWriterParts, WatcherParts, elect,
};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Parts;
use super::leadership::Leadership;
use crate::config::{Cluster, Config, Election, Objects};

/// Name of the Lease (contract, control plane 8.4).
pub(crate) const LEASE: &str = "notification-controller-leader-election";

/// Where a pod finds the name of its own namespace.
pub(super) const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// How long letting go of the Lease may take at the end; without it another replica waits until it runs out.
const LETTING_GO: Duration = Duration::from_secs(2);

/// Fails early where waiting would not help: without a kubeconfig or a service account there is no cluster to watch, and
/// without a namespace no Lease. Returns where the API server is, if there is one.
pub(super) async fn check(config: &Config) -> Result<Option<Destination>> {
    let cluster = match &config.objects {
        Objects::Cluster(cluster) => cluster,
        Objects::Folder(folder) => {
            // The target of a link may come later: so it is with volumes.
            let is_there = std::fs::symlink_metadata(folder).is_ok();
            let name = folder.display();
            ensure!(
                is_there,
                "read the manifests in {name}: it does not exist; name a folder with --manifests"
            );
            return Ok(None);
        }
    };
    // The text of the error holds its causes already.
    let server = ClusterConfig::from(cluster).api_server().await;
    let (host, port) = server.map_err(|error| anyhow::Error::msg(error.to_string()))?;
    cluster.election.as_ref().map_or(Ok(()), |election| lease_namespace(election).map(drop))?;
    Ok(Destination::host(&host, Some(port)).ok())
}

impl From<&Cluster> for ClusterConfig {
    fn from(cluster: &Cluster) -> Self {
        Self {
            namespace: cluster.namespace.clone(),
            throttle: cluster.throttle,
            secrets: cluster.secrets.clone(),
            ..Self::default()
        }
    }
}

/// The watcher by which this instance learns of objects. The label caches outlive restarts of the watcher.
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

    /// Puts the watcher under supervision. Returns the part in the election, if there is one.
    pub(super) fn supervise(self, supervisor: &Addr<Supervisor>) -> Option<Campaign> {
        match self {
            Self::Folder(parts, manifests, labels) => {
                watch_folder(supervisor, parts, manifests, labels);
                None
            }
            Self::Cluster(parts, cluster, labels) => watch_cluster(supervisor, parts, &cluster, labels),
        }
    }
}

/// The part in an election. It is given up when this is dropped, without letting go of the Lease.
pub(super) struct Campaign {
    cancel: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    leadership: Leadership,
}

impl Campaign {
    /// What probes and metrics see of it.
    pub(super) fn leadership(&self) -> Leadership {
        self.leadership.clone()
    }

    /// Lets go of the Lease, if it is held and that was asked for.
    pub(super) async fn end(self) {
        if self.cancel.send(()).is_ok() && tokio::time::timeout(LETTING_GO, self.ended).await.is_err() {
            tracing::warn!("failed to let go of the lease in time; it runs out");
        }
    }
}

/// The parts of every watcher, whatever its source.
fn watcher_parts(parts: &Parts, guard: LifeGuard<&'static str>) -> WatcherParts {
    let (clock, subscribers) = (parts.clock.clone(), parts.links.of_changes(parts.config.receivers));
    let Config { receivers, retry_delays, .. } = parts.config;
    WatcherParts { clock, guard, subscribers, receivers, retry_delays }
}

fn watch_folder(
    supervisor: &Addr<Supervisor>,
    parts: Parts,
    manifests: std::path::PathBuf,
    labels: Arc<LabelStore>,
) {
    let heartbeat = parts.links.watcher_snapshot.heartbeat(GetSnapshot::new);
    let factory = Box::new(move |guard| {
        let watcher = FolderWatcher::launch(FolderParts {
            watcher: watcher_parts(&parts, guard),
            manifests: manifests.clone(),
            labels: labels.clone(),
        });
        parts.links.point_to_watcher(&watcher);
    });
    supervisor.do_send(Supervise { name: "watcher", factory, heartbeat });
}

fn watch_cluster(
    supervisor: &Addr<Supervisor>,
    parts: Parts,
    cluster: &Cluster,
    labels: Arc<LabelCache>,
) -> Option<Campaign> {
    let config = ClusterConfig {
        meters: parts.meters.clone(),
        no_cross_namespace_refs: parts.config.no_cross_namespace_refs,
        review_audience: parts.config.event_auth.as_ref().and_then(|auth| auth.audience.clone()),
        ..ClusterConfig::from(cluster)
    };
    let (sender, leader) = watch::channel(cluster.election.is_none());
    let clock = parts.clock.clone();
    let campaign =
        cluster.election.clone().map(|election| take_part(config.clone(), election, clock, sender));
    let peers = ClusterPeers::default();
    write_status(supervisor, parts.clone(), peers.clone(), leader.clone());
    record_events(supervisor, parts.clone(), peers.clone());
    let heartbeat = parts.links.watcher_snapshot.heartbeat(GetSnapshot::new);
    let factory = Box::new(move |guard| {
        let watcher = ClusterWatcher::launch(ClusterParts {
            watcher: watcher_parts(&parts, guard),
            config: config.clone(),
            labels: labels.clone(),
            leader: leader.clone(),
            peers: peers.clone(),
        });
        parts.links.point_to_watcher(&watcher);
    });
    supervisor.do_send(Supervise { name: "watcher", factory, heartbeat });
    campaign
}

fn write_status(
    supervisor: &Addr<Supervisor>,
    parts: Parts,
    peers: ClusterPeers,
    leader: watch::Receiver<bool>,
) {
    let heartbeat = parts.links.status_writer_snapshot.heartbeat(GetSnapshot::new);
    let factory = Box::new(move |guard| {
        let writer = StatusWriterActor::launch(StatusWriterParts {
            peers: peers.clone(),
            clock: parts.clock.clone(),
            guard,
            leader: leader.clone(),
            reconciles: parts.meters.reconciles.clone(),
        });
        parts.links.status_writer_snapshot.point_at(&writer);
    });
    supervisor.do_send(Supervise { name: "status-writer", factory, heartbeat });
}

fn record_events(supervisor: &Addr<Supervisor>, parts: Parts, peers: ClusterPeers) {
    let heartbeat = parts.links.event_recorder_snapshot.heartbeat(GetSnapshot::new);
    let factory = Box::new(move |guard| {
        let clock = parts.clock.clone();
        let recorder = EventRecorderActor::launch(EventRecorderParts { peers: peers.clone(), clock, guard });
        parts.links.event_recorder_snapshot.point_at(&recorder);
    });
    supervisor.do_send(Supervise { name: "event-recorder", factory, heartbeat });
}

/// Runs the election beside the actors, so that a restart of the watcher does not cost the Lease. A process that lost
/// it ends: another one writes status now.
fn take_part(
    cluster: ClusterConfig,
    election: Election,
    clock: SharedClock,
    leader: watch::Sender<bool>,
) -> Campaign {
    let leadership = Leadership::of(leader.subscribe());
    let (cancel, cancelled) = oneshot::channel();
    let ended = actix_rt::spawn(async move {
        let ended = match candidate(cluster, &election) {
            Ok(config) => elect(config, clock, leader, async { drop(cancelled.await) })
                .await
                .map_err(anyhow::Error::from),
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::error!(error = format!("{error:#}"), "problem running manager");
            campanile_logging::exit(1);
        }
    });
    Campaign { cancel, ended, leadership }
}

fn lease_namespace(election: &Election) -> Result<String> {
    if let Some(namespace) = &election.namespace {
        return Ok(namespace.clone());
    }
    let namespace = std::fs::read_to_string(OWN_NAMESPACE).with_context(|| {
        format!("read {OWN_NAMESPACE}: leader election works in a pod only, leave --enable-leader-election out elsewhere")
    })?;
    Ok(namespace.trim().to_owned())
}

fn candidate(cluster: ClusterConfig, election: &Election) -> Result<ElectionConfig> {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "campanile".to_owned());
    Ok(ElectionConfig {
        cluster,
        namespace: lease_namespace(election)?,
        name: LEASE.to_owned(),
        identity: format!("{host}_{}", Uuid::new_v4()),
        lease_duration: election.lease_duration,
        renew_deadline: election.renew_deadline,
        retry_period: election.retry_period,
        release_on_cancel: election.release_on_cancel,
    })
}
