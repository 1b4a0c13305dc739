//! The state of every actor in one value: what metrics, the operations API and tests read.

use std::time::Duration;

use campanile_delivery::{Clouds, DeliverySnapshot, GetDeliverySnapshot, TokenCacheSnapshot};
use campanile_intake::{GetIntakeSnapshot, IntakeSnapshot};
use campanile_outbox::Stats;
use campanile_router::{GetRouterSnapshot, RouterSnapshot};
use campanile_supervision::{ChildReport, GetChildren, LinkError};
use campanile_transport::SocketCounts;
use campanile_watcher::{GetWatcherSnapshot, RequestCount, WatcherSnapshot};
use serde::Serialize;

use super::View;

/// How long an actor may take for its snapshot. One that takes longer is shown as absent.
const PATIENCE: Duration = Duration::from_secs(1);

/// The snapshots of all actors; none where an actor is being restarted or does not answer.
#[derive(Debug, Serialize)]
pub struct State {
    /// The supervised actors.
    pub actors: Vec<ChildReport>,
    /// The event endpoint.
    pub intake: Option<IntakeSnapshot>,
    /// The router.
    pub router: Option<RouterSnapshot>,
    /// The outbox.
    pub outbox: Stats,
    /// The dispatcher and its provider actors.
    pub delivery: Option<DeliverySnapshot>,
    /// The sockets to all destinations.
    pub sockets: SocketCounts,
    /// The watcher.
    pub watcher: Option<WatcherSnapshot>,
    /// The cache of clouds' tokens; none where it is off.
    pub token_cache: Option<TokenCacheSnapshot>,
    /// Requests to the API server; none without a cluster.
    pub api_requests: Option<Vec<RequestCount>>,
}

impl State {
    pub(super) async fn of(view: &View) -> Self {
        let links = &view.links;
        Self {
            actors: view.supervisor.send(GetChildren).await.unwrap_or_default(),
            intake: in_time(links.intake_snapshot.ask(GetIntakeSnapshot)).await,
            router: in_time(links.router_snapshot.ask(GetRouterSnapshot)).await,
            outbox: view.outbox.stats(),
            delivery: in_time(links.delivery_snapshot.ask(GetDeliverySnapshot)).await,
            sockets: view.explainer.transport.sockets(),
            watcher: in_time(links.watcher_snapshot.ask(GetWatcherSnapshot)).await,
            token_cache: view.clouds.as_ref().and_then(Clouds::snapshot),
            api_requests: view.meters.as_ref().map(|meters| meters.requests.counts()),
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, LinkError>>) -> Option<T> {
    tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()
}
