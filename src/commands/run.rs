//! An instance, standalone or in a cluster, until a signal ends it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::Config;

pub(crate) fn run(config: Config) -> Result<ExitCode> {
    actix_rt::System::new().block_on(async move {
        let mut signals = Signals::listen()?;
        let app = App::start(&config).await?;
        tracing::info!(events = %app.addresses.events, health = %app.addresses.health, admin = %app.addresses.admin, objects = ?config.objects, "campanile is up");
        signals.next().await;
        actix_rt::spawn(async move {
            signals.next().await;
            tracing::warn!("second signal: ending at once, what is not delivered goes out after the next start");
            crate::logging::exit(1);
        });
        app.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// SIGTERM and SIGINT.
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
