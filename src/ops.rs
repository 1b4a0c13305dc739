//! HTTP for operators: probes, metrics, and the operations API behind `campanile get`, `explain`, `send`, `retry`,
//! `redrive` and `drop`.

mod admin;
mod body;
mod discard;
mod error;
mod explain;
mod health;
mod key;
mod letters;
mod metrics;
mod pick;
mod provider;
mod redrive;
mod retry;
mod send;
mod state;
#[cfg(test)]
mod tests;
mod visitor;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use actix_service::map_config;
use actix_web::App;
use actix_web::dev::{AppConfig, ServerHandle};
use actix_web::web::{Data, ServiceConfig};
use anyhow::{Context, Result};
use campanile_delivery::Clouds;
use campanile_intake::{ConnectionLimits, Connections, Serving};
use campanile_outbox::Browse;
use campanile_supervision::{SharedClock, Supervisor};
use campanile_watcher::ClusterMeters;
use jiff::Timestamp;

use crate::app::{ActorLinks, Leadership, OpsListeners};
pub use admin::{DELIVERIES, DeliveryList, OBJECTS};
pub use discard::{DROP, DropReport};
pub use error::ErrorBody;
pub use explain::EXPLAIN;
pub(crate) use explain::Explainer;
pub use letters::LetterRequest;
pub use pick::UntouchedDelivery;
pub use redrive::{REDRIVE, RedriveReport};
pub use retry::{RETRY, RetryReport, RetryRequest};
pub use send::{SEND, SendAnswer, SendFailure, SendReport, SendRequest, SendResult, TestSeverity};
pub use state::ActorSnapshots;

/// The view that the endpoints show. Everything is asked for when a request comes: nothing is kept here.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) links: ActorLinks,
    pub(crate) outbox: Arc<dyn Browse>,
    pub(crate) supervisor: Addr<Supervisor>,
    pub(crate) explainer: Arc<Explainer>,
    pub(crate) clock: SharedClock,
    pub(crate) leadership: Leadership,
    /// When the process began to serve.
    pub(crate) started: Timestamp,
    /// Names by which the operations API may be called beside those of this machine.
    pub(crate) admin_hosts: Arc<[String]>,
    /// Whether metrics may have labels that name objects.
    pub(crate) metrics_per_object: bool,
    pub(crate) clouds: Option<Clouds>,
    /// What is counted of the dealings with the API server; none without a cluster.
    pub(crate) meters: Option<ClusterMeters>,
}

/// The servers, each on a worker thread of its own so that a slow reader of one does not delay a probe.
pub struct Servers(Vec<ServerHandle>);

impl Servers {
    /// Starts them inside the current actix system.
    ///
    /// # Errors
    /// If a socket cannot be used.
    pub(crate) fn start(listeners: OpsListeners, view: &View) -> Result<Self> {
        let mut handles = vec![
            serve(listeners.health, view, health::routes)?,
            serve(listeners.admin, view, admin::routes)?,
        ];
        if let Some(listener) = listeners.metrics {
            handles.push(serve(listener, view, metrics::routes)?);
        }
        Ok(Self(handles))
    }

    /// Stops the servers at once, without waiting for requests.
    pub async fn stop(self) {
        for handle in self.0 {
            handle.stop(false).await;
        }
    }
}

/// Connections of one operations server; operators and probes need a handful. Each server has its own, so that probes are answered
/// when those of events are used up.
const CONNECTIONS: ConnectionLimits =
    ConnectionLimits { most: 256, of_peer: 64, head: Duration::from_secs(5) };

fn serve(listener: TcpListener, view: &View, routes: fn(&mut ServiceConfig)) -> Result<ServerHandle> {
    let view = Data::new(view.clone());
    let serving = Serving {
        workers: 1,
        connections: Connections::new(CONNECTIONS),
        keep_alive: Duration::from_secs(5),
        first_head: Duration::from_secs(5),
        linger: Duration::from_secs(1),
        drain: Duration::from_secs(1),
    };
    let app =
        move || map_config(App::new().app_data(view.clone()).configure(routes), |()| AppConfig::default());
    let server = campanile_intake::serve(&serving, vec![(listener, None)], app)
        .context("serve an operations endpoint")?;
    let handle = server.handle();
    actix_rt::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "an operations endpoint failed");
        }
    });
    Ok(handle)
}
