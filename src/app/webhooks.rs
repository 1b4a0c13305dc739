//! Wiring of webhooks: the endpoint of Receivers, and the keys with which it checks tokens.

use std::io;

use actix::{Actor, Addr};
use campanile_intake::{EventListener, IntakeConfig, WebhookAction, WebhookActor, WebhookParts};
use campanile_keyring::{KeyringActor, KeyringParts};
use campanile_supervision::{GetSnapshot, Supervise, Supervisor};
use campanile_watcher::Receivers;

use super::{Parts, give_up, tls};
use crate::config::{Config, Objects};

impl Parts {
    /// Puts the two actors under supervision, unless Receivers are left alone.
    pub(super) fn supervise_webhooks(&self, supervisor: &Addr<Supervisor>) {
        if self.config.receivers == Receivers::Ignore {
            return;
        }
        self.supervise_keyring(supervisor);
        let parts = self.clone();
        let factory = Box::new(move |guard| {
            let links = &parts.links;
            let action = match parts.config.objects {
                Objects::Folder(_) => WebhookAction::Notify,
                Objects::Cluster(_) => WebhookAction::Reconcile(links.reconciles.clone()),
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
