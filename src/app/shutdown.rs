//! The ordered end: stop accepting, let exchanges end, write everything.

use std::time::Duration;

use campanile_delivery::Drain;
use campanile_intake::StopAccepting;
use campanile_outbox::Outbox;

use super::Links;
use super::watching::Campaign;

/// How long requests that are being answered, and then exchanges under way, may take (contract, control plane 4.1).
const GRACE: Duration = Duration::from_secs(4);

/// Everything accepted is on disk afterwards; what was not delivered goes out after the next start.
pub(super) async fn stop(links: &Links, outbox: &dyn Outbox, campaign: Option<Campaign>) {
    tracing::info!("stopping: no more events are accepted");
    links.event_sockets.close();
    if tokio::time::timeout(GRACE, links.stop_accepting.ask(StopAccepting)).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    if links.drain.ask(Drain(GRACE)).await.is_err() {
        tracing::warn!("the dispatcher is down, nothing to drain");
    }
    let let_go = async {
        if let Some(campaign) = campaign {
            campaign.end().await;
        }
    };
    let ((), closed) = tokio::join!(let_go, tokio::time::timeout(GRACE, outbox.close()));
    match closed {
        Ok(Ok(())) => tracing::info!("stopped, everything is written"),
        Ok(Err(error)) => tracing::error!(%error, "failed to close the outbox"),
        Err(_) => tracing::error!("failed to close the outbox in time"),
    }
}
