//! The state of every actor in one value: what metrics, the operations API and tests read.

use std::time::Duration;

use campanile_delivery::{Clouds, DeliverySnapshot, TokenCacheSnapshot};
use campanile_intake::{IntakeSnapshot, WebhookSnapshot};
use campanile_outbox::Stats;
use campanile_router::RouterSnapshot;
use campanile_supervision::{ChildReport, GetSnapshot, Link};
use campanile_transport::SocketCounts;
use campanile_watcher::{
    EventRecorderSnapshot, PostponerSnapshot, RequestCount, StatusWriterSnapshot, WatcherSnapshot,
};
use serde::Serialize;

use super::View;

/// How long an actor may take for its snapshot. One that takes longer is shown as absent.
const PATIENCE: Duration = Duration::from_secs(1);

/// The snapshots of all actors; none where an actor is being restarted or does not answer.
#[derive(Debug, Serialize)]
pub struct ActorSnapshots {
    /// The reports on all supervised actors.
    pub actors: Vec<ChildReport>,
    /// The snapshot of the event endpoint.
    pub intake: Option<IntakeSnapshot>,
    /// The webhook endpoint; none with `--receivers=ignore`.
    pub webhooks: Option<WebhookSnapshot>,
    /// What webhooks asked for and waits for the API server; none without a cluster.
    pub postponer: Option<PostponerSnapshot>,
    /// The snapshot of the router.
    pub router: Option<RouterSnapshot>,
    /// The counts of the outbox, which is no actor.
    pub outbox: Stats,
    /// The dispatcher and its provider actors.
    pub delivery: Option<DeliverySnapshot>,
    /// The sockets to all destinations.
    pub sockets: SocketCounts,
    /// The snapshot of the watcher.
    pub watcher: Option<WatcherSnapshot>,
    /// The writer of status; none without a cluster.
    pub status_writer: Option<StatusWriterSnapshot>,
    /// The recorder of Kubernetes Events; none without a cluster.
    pub event_recorder: Option<EventRecorderSnapshot>,
    /// The cache of clouds' tokens; none where it is off.
    pub token_cache: Option<TokenCacheSnapshot>,
    /// Requests to the API server; none without a cluster.
    pub api_requests: Option<Vec<RequestCount>>,
}

impl ActorSnapshots {
    pub(super) async fn of(view: &View) -> Self {
        let links = &view.links;
        Self {
            actors: view.supervisor.send(GetSnapshot::new()).await.unwrap_or_default(),
            intake: snapshot(&links.intake_snapshot).await,
            webhooks: snapshot(&links.webhook_snapshot).await,
            postponer: snapshot(&links.postponer_snapshot).await,
            router: snapshot(&links.router_snapshot).await,
            outbox: view.outbox.stats(),
            delivery: snapshot(&links.delivery_snapshot).await,
            sockets: view.explainer.transport.sockets(),
            watcher: snapshot(&links.watcher_snapshot).await,
            status_writer: snapshot(&links.status_writer_snapshot).await,
            event_recorder: snapshot(&links.event_recorder_snapshot).await,
            token_cache: view.clouds.as_ref().and_then(Clouds::snapshot),
            api_requests: view.meters.as_ref().map(|meters| meters.requests.counts()),
        }
    }
}

/// The snapshot of the actor behind `link`, if it answers in time.
pub(super) async fn snapshot<S: Serialize + Send + 'static>(link: &Link<GetSnapshot<S>>) -> Option<S> {
    tokio::time::timeout(PATIENCE, link.ask(GetSnapshot::new())).await.ok()?.ok()
}
