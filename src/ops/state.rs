//! The state of every actor in one value: what metrics, the operations API and tests read.

use campanile_delivery::{DeliverySnapshot, GetDeliverySnapshot};
use campanile_intake::{GetIntakeSnapshot, IntakeSnapshot};
use campanile_outbox::Stats;
use campanile_router::{GetRouterSnapshot, RouterSnapshot};
use campanile_supervision::{ChildReport, GetChildren};
use campanile_watcher::{GetWatcherSnapshot, WatcherSnapshot};
use serde::Serialize;

use super::View;

/// The snapshots of all actors; none where an actor is being restarted.
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
    /// The watcher.
    pub watcher: Option<WatcherSnapshot>,
}

impl State {
    pub(super) async fn of(view: &View) -> Self {
        Self {
            actors: view.supervisor.send(GetChildren).await.unwrap_or_default(),
            intake: view.links.intake_snapshot.ask(GetIntakeSnapshot).await.ok(),
            router: view.links.router_snapshot.ask(GetRouterSnapshot).await.ok(),
            outbox: view.outbox.stats(),
            delivery: view.links.delivery_snapshot.ask(GetDeliverySnapshot).await.ok(),
            watcher: view.links.watcher_snapshot.ask(GetWatcherSnapshot).await.ok(),
        }
    }
}
