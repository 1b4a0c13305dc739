//! An instance, standalone or in a cluster, until a signal ends it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{Addresses, App, shutdown};
use crate::config::Config;

pub(crate) fn run(config: Config) -> Result<ExitCode> {
    actix_rt::System::new().block_on(async move {
        let mut signals = Signals::listen()?;
        let app = tokio::select! {
            app = App::start(&config) => app?,
            // It may wait for a state folder that another process holds.
            () = signals.next() => {
                tracing::info!("asked to stop before it was up");
                return Ok(ExitCode::SUCCESS);
            }
        };
        say_up(&app.addresses, &config);
        signals.next().await;
        shutdown::limit();
        actix_rt::spawn(async move {
            signals.next().await;
            tracing::warn!(
                "second signal: ending at once, what is not delivered goes out after the next start"
            );
            campanile_logging::exit(1);
        });
        app.stop().await;
        // The runtime would wait for its blocking threads, and one may hang in a file system.
        campanile_logging::exit(0)
    })
}

/// The first line is that of Flux's notification-controller (contract, control plane 8.4).
fn say_up(addresses: &Addresses, config: &Config) {
    let Addresses { events, events_tls, health, admin, metrics } = addresses;
    let [events, events_tls, metrics] =
        [events, events_tls, metrics].map(|address| address.map(|address| address.to_string()));
    for addr in [&events, &events_tls].into_iter().flatten() {
        tracing::info!(addr, "starting event server");
    }
    if !admin.ip().is_loopback() {
        tracing::warn!(
            %admin,
            "the operations API can be reached from other machines, and knows no users: whoever reaches it reads what was not \
             delivered and sends through every Provider; name a loopback address with --admin-addr, or let a NetworkPolicy keep others away"
        );
    }
    tracing::info!(events, events_tls, %health, %admin, metrics, objects = %config.objects, "campanile is up");
}

/// The signals SIGTERM and SIGINT.
pub(crate) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self { term: listen(SignalKind::terminate())?, int: listen(SignalKind::interrupt())? })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}
