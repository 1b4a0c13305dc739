//! Wiring of webhooks: the endpoint of Receivers, the keys with which it checks tokens, and what waits for the API server.

use std::io;
use std::sync::Arc;

use actix::{Actor, Addr};
use campanile_intake::{EventListener, IntakeConfig, Reconcilers, WebhookAction, WebhookActor, WebhookParts};
use campanile_keyring::{KeyringActor, KeyringParts};
use campanile_supervision::{GetSnapshot, Supervise, Supervisor};
use campanile_watcher::{PostponerActor, PostponerParts, Receivers};

use super::postponed::OutboxStore;
use super::{Parts, give_up, tls};
use crate::config::{Config, Objects};

impl Parts {
    /// Puts the actors under supervision, unless Receivers are left alone.
    pub(super) fn supervise_webhooks(&self, supervisor: &Addr<Supervisor>) {
        if self.config.receivers == Receivers::Ignore {
            return;
        }
        self.supervise_keyring(supervisor);
        if matches!(self.config.objects, Objects::Cluster(_)) {
            self.supervise_postponer(supervisor);
        }
        let parts = self.clone();
        let factory = Box::new(move |guard| {
            let links = &parts.links;
            let action = match parts.config.objects {
                Objects::Folder(_) => WebhookAction::Notify,
                Objects::Cluster(_) => WebhookAction::Reconcile(Reconcilers {
                    watcher: links.reconciles.clone(),
                    postponer: links.postpone.clone(),
                }),
            };
            let (sockets, config) = (links.webhook_sockets.clone(), parts.config.clone());
            let webhooks = WebhookActor::new(WebhookParts {
                open: Box::new(move || sockets.open(|| open(&config))),
                config: IntakeConfig::default(),
                secrets: links.secrets.clone(),
                keys: links.keys.clone(),
                action,
                router: links.submit.clone(),
                watcher: links.resync.clone(),
                reports: links.webhook_reports.clone(),
                clock: parts.clock.clone(),
                guard,
                watchdog: Some(parts.watchdog.clone()),
                crashed: || give_up("webhooks"),
            });
            links.point_to_webhooks(&webhooks.start());
        });
        let heartbeat = self.links.webhook_snapshot.heartbeat(GetSnapshot::new);
        supervisor.do_send(Supervise { name: "webhooks", factory, heartbeat });
    }

    fn supervise_postponer(&self, supervisor: &Addr<Supervisor>) {
        let parts = self.clone();
        let factory = Box::new(move |guard| {
            let postponer = PostponerActor::new(PostponerParts {
                store: Arc::new(OutboxStore(parts.outbox.clone())),
                watcher: parts.links.reconciles.clone(),
                reports: parts.links.postponed_reports.clone(),
                clock: parts.clock.clone(),
                guard,
            });
            parts.links.point_to_postponer(&postponer.start());
        });
        let heartbeat = self.links.postponer_snapshot.heartbeat(GetSnapshot::new);
        supervisor.do_send(Supervise { name: "postponer", factory, heartbeat });
    }

    fn supervise_keyring(&self, supervisor: &Addr<Supervisor>) {
        let parts = self.clone();
        let factory = Box::new(move |guard| {
            let (transport, clock) = (parts.transport.clone(), parts.clock.clone());
            let keyring = KeyringActor::new(KeyringParts { transport, clock, guard }).start();
            parts.links.keys.point_at(&keyring);
            parts.links.keyring_snapshot.point_at(&keyring);
        });
        let heartbeat = self.links.keyring_snapshot.heartbeat(GetSnapshot::new);
        supervisor.do_send(Supervise { name: "keyring", factory, heartbeat });
    }
}

/// Binds the sockets on which webhooks come in: without TLS, and by TLS if that is asked for.
fn open(config: &Config) -> io::Result<Vec<EventListener>> {
    let told = |error: anyhow::Error| io::Error::other(format!("{error:#}"));
    let mut listeners = Vec::new();
    if !config.webhooks.is_off() {
        let socket = config.webhooks.bind("--receiverAddr").map_err(told)?;
        tracing::info!(addr = %socket.local_addr()?, "webhooks come in");
        listeners.push(EventListener::from(socket));
    }
    if let Some(listener) = &config.webhooks_tls {
        let socket = listener.address.bind("--receiver-tls-addr").map_err(told)?;
        tracing::info!(addr = %socket.local_addr()?, "webhooks come in by TLS");
        let tls = tls::start(listener).map_err(told)?;
        listeners.push(EventListener { socket, tls: Some(tls) });
    }
    Ok(listeners)
}
