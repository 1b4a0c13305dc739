//! The ordered end: stop accepting, let exchanges end, write everything.

use std::time::{Duration, Instant};

use campanile_delivery::Drain;
use campanile_intake::StopAccepting;
use campanile_outbox::Outbox;

use super::ActorLinks;
use super::watching::Campaign;
use campanile_logging as logging;

/// How long requests that are being answered may take (contract, control plane 4.1).
const REQUESTS: Duration = Duration::from_secs(3);
/// How long exchanges under way may take after them.
const EXCHANGES: Duration = Duration::from_secs(3);
/// How long the dispatcher may take to say so.
const ANSWER: Duration = Duration::from_millis(500);
/// How long the last writing may take, and letting go of the Lease beside it.
const CLOSING: Duration = Duration::from_secs(2);
/// How long all of it may take, whatever hangs: a disk, a thread, a destination. Service managers wait 10 s or more before
/// they kill.
const LONGEST: Duration = Duration::from_secs(9);

/// Ends the process in 9 s should it not have ended by itself. A thread of its own, since any other may be what hangs.
pub(crate) fn limit() {
    let end = || {
        let begun = Instant::now();
        while let Some(left) = LONGEST.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        tracing::error!(
            "stopping takes too long, the process ends; accepted events are kept in the state folder"
        );
        logging::exit(1);
    };
    if let Err(error) = std::thread::Builder::new().name("end".to_owned()).spawn(end) {
        tracing::warn!(%error, "failed to start the thread that bounds the end");
    }
}

/// Everything accepted is on disk afterwards; what was not delivered goes out after the next start.
pub(super) async fn stop(links: &ActorLinks, outbox: &dyn Outbox, campaign: Option<Campaign>) {
    tracing::info!("stopping: no more events are accepted");
    links.event_sockets.close();
    links.webhook_sockets.close();
    // An endpoint that was never there has nothing to stop.
    let stopped = async {
        tokio::join!(links.stop_accepting.ask(StopAccepting), links.stop_webhooks.ask(StopAccepting))
    };
    if tokio::time::timeout(REQUESTS, stopped).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    match tokio::time::timeout(EXCHANGES + ANSWER, links.drain.ask(Drain(EXCHANGES))).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::warn!("the dispatcher is down, nothing to drain"),
        Err(_) => tracing::warn!("the dispatcher does not answer, nothing to drain"),
    }
    let let_go = async {
        if let Some(campaign) = campaign {
            campaign.end().await;
        }
    };
    let ((), closed) = tokio::join!(let_go, tokio::time::timeout(CLOSING, outbox.close()));
    match closed {
        Ok(Ok(())) => tracing::info!("stopped, everything is written"),
        Ok(Err(error)) => tracing::error!(%error, "failed to close the outbox"),
        Err(_) => tracing::error!("failed to close the outbox in time"),
    }
}
