//! Wiring: which actors there are, where they run, and in which order they start and stop.
//!
//! Router, watcher, dispatcher and, unless told otherwise, provider actors share the main arbiter: a hop between arbiters
//! costs more than they gain. The event endpoint's HTTP workers and the store have threads of their own.

mod delivery;
mod descriptors;
mod guard;
mod installation;
mod leadership;
mod links;
mod listeners;
mod postponed;
pub(crate) mod shutdown;
#[cfg(test)]
mod tests;
mod tls;
mod watching;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use anyhow::{Context, Result};
use campanile_delivery::{Clients, Clouds, CloudsParts, wake_up};
use campanile_domain::{Environment, Installation};
use campanile_intake::{
    EventListener, IntakeActor, IntakeConfig, IntakeParts, Reviewer, SenderRules, Window,
};
use campanile_logging as logging;
use campanile_outbox::{AllProviders, Bounds, OpenError, Outbox};
use campanile_protocol::LabelLookup;
use campanile_router::{RouterActor, RouterConfig, RouterParts, Suspects};
use campanile_supervision::{
    Clock, GetSnapshot, RestartPolicy, SharedClock, Supervise, Supervisor, SystemClock, Watchdog,
    failpoint_time,
};
use campanile_transport::Transport;
use campanile_watcher::ClusterMeters;
use jiff::SignedDuration;

use crate::config::{self, Config, EventAuth, Objects};
use crate::demo::Detour;
use crate::ops;
use delivery::DeliveryThreads;
pub(crate) use guard::SERVICES;
pub(crate) use leadership::Leadership;
pub(crate) use links::ActorLinks;
pub use listeners::Addresses;
use listeners::Listeners;
pub(crate) use listeners::OpsListeners;
pub(crate) use watching::LEASE;
use watching::{Campaign, Watching};

/// A running instance of the program.
pub struct App {
    links: ActorLinks,
    outbox: Arc<dyn Outbox>,
    ops: ops::Servers,
    campaign: Option<Campaign>,
    delivery_threads: DeliveryThreads,
    /// The addresses on which the instance listens.
    pub addresses: Addresses,
}

/// Called with the name of an actor that cannot be kept alive. Accepted events are safe in the outbox, so the
/// process ends and whoever runs it starts it again.
fn give_up(actor: &'static str) {
    tracing::error!(actor, "giving up, the process ends; accepted events are kept in the state folder");
    logging::exit(1);
}

/// How long a thread may be busy with one thing. The outbox makes it safe to end the process.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// Listens to the main thread, which must be the current one, and to those that a clone is given to. The event that the main thread
/// did not come to an end with is remembered.
fn watch_threads(suspects: Suspects) -> Result<Watchdog> {
    let watchdog = Watchdog::start(failpoint_time("watchdog", LONGEST_SILENCE), move |thread| {
        suspects.stalled();
        tracing::error!(
            thread,
            "a thread is stuck, the process ends; accepted events are kept in the state folder"
        );
        logging::exit(1);
    })
    .context("start the watchdog's thread")?;
    watchdog.watch("main");
    Ok(watchdog)
}

/// How often actors may be restarted, and how long they may be silent.
fn restart_policy() -> RestartPolicy {
    let usual = RestartPolicy::default();
    RestartPolicy {
        heartbeat_every: failpoint_time("heartbeat", usual.heartbeat_every),
        stalled_after: failpoint_time("stalled", usual.stalled_after),
        ..usual
    }
}

impl App {
    /// Starts everything. Listeners are bound before the state folder is opened, so that senders meet a queue rather
    /// than a closed port. Call it inside an actix system.
    ///
    /// # Errors
    /// If a port or the state folder cannot be had, with the remedy.
    pub async fn start(config: &Config) -> Result<Self> {
        let server = watching::check(config).await?;
        let listeners = Listeners::bind(config)?;
        let outbox = open_outbox(config).await?;
        let installation = installation::open(&config.state_dir)?;
        let environment = Arc::new(config::environment());
        let transport = guard::transport(config, &environment, &listeners.addresses, server);
        let clock: SharedClock = Arc::new(SystemClock);
        let links = ActorLinks::default();
        let explainer = ops::Explainer::new(config.rules(), &transport, &environment);
        watch_store(outbox.clone());
        let clouds = Clouds::new(CloudsParts {
            transport: transport.clone(),
            config: config.identity.clone(),
            environment: environment.clone(),
            accounts: links.accounts.clone(),
            tokens: links.tokens.clone(),
            clock: clock.clone(),
        });
        let suspects = Suspects::open(&config.state_dir);
        let watchdog = watch_threads(suspects.clone())?;
        let delivery_threads = DeliveryThreads::start(config.delivery_threads, &watchdog);
        let parts = Parts {
            config: config.clone(),
            outbox: outbox.clone(),
            installation,
            clients: clients(config, &transport, &clouds),
            transport,
            environment,
            clock: clock.clone(),
            links: links.clone(),
            suspects,
            watchdog,
            delivery_threads: delivery_threads.clone(),
            meters: ClusterMeters::default(),
        };
        let meters = matches!(config.objects, Objects::Cluster(_)).then(|| parts.meters.clone());
        let addresses = listeners.addresses.clone();
        let (supervisor, campaign) = parts.supervise(listeners.events);
        outbox.listen(wake_up(links.work.clone()));
        let view = ops::View {
            links: links.clone(),
            outbox: outbox.clone(),
            supervisor,
            explainer: Arc::new(explainer),
            started: clock.now(),
            clock,
            admin_hosts: config.admin_hosts.clone().into(),
            metrics_per_object: config.metrics_per_object,
            clouds: Some(clouds),
            meters,
            leadership: campaign.as_ref().map(Campaign::leadership).unwrap_or_default(),
        };
        let ops = ops::Servers::start(listeners.ops, &view)?;
        Ok(Self { links, outbox, ops, campaign, delivery_threads, addresses })
    }

    /// Stops in order: no new events, exchanges end or are given up, everything is written. Takes at most about 8 s.
    pub async fn stop(self) {
        shutdown::stop(&self.links, self.outbox.as_ref(), self.campaign).await;
        self.delivery_threads.stop();
        self.ops.stop().await;
    }
}

/// The parts that the actors are built from.
#[derive(Clone)]
struct Parts {
    config: Config,
    outbox: Arc<dyn Outbox>,
    /// The installation that forwards events.
    installation: Installation,
    clients: Arc<dyn Clients>,
    transport: Transport,
    environment: Arc<Environment>,
    clock: SharedClock,
    links: ActorLinks,
    /// What the router panicked on, or did not come to an end with.
    suspects: Suspects,
    watchdog: Watchdog,
    delivery_threads: DeliveryThreads,
    /// What is counted of the dealings with the API server, in a cluster.
    meters: ClusterMeters,
}

impl Parts {
    /// Puts the actors under supervision, bottom-up: each can reach those it needs when it starts.
    fn supervise(self, events: Vec<EventListener>) -> (Addr<Supervisor>, Option<Campaign>) {
        let supervisor = Supervisor::new(restart_policy(), self.clock.clone(), Box::new(give_up)).start();
        let watching = Watching::new(&self);
        self.supervise_router(&supervisor, &watching.labels());
        self.supervise_dispatcher(&supervisor);
        self.supervise_webhooks(&supervisor);
        let campaign = watching.supervise(&supervisor);
        self.supervise_intake(&supervisor, events);
        (supervisor, campaign)
    }

    fn supervise_router(&self, supervisor: &Addr<Supervisor>, labels: &Arc<dyn LabelLookup>) {
        let (parts, labels) = (self.clone(), labels.clone());
        let factory = Box::new(move |guard| {
            let rules = parts.config.rules();
            let router = RouterActor::new(RouterParts {
                outbox: parts.outbox.clone(),
                labels: labels.clone(),
                config: RouterConfig { rules },
                clock: parts.clock.clone(),
                watcher: parts.links.resync.clone(),
                announces: parts.links.announces.clone(),
                suspects: parts.suspects.clone(),
                guard,
            });
            parts.links.point_to_router(&router.start());
        });
        let heartbeat = self.links.router_snapshot.heartbeat(GetSnapshot::new);
        supervisor.do_send(Supervise { name: "router", factory, heartbeat });
    }

    fn supervise_intake(&self, supervisor: &Addr<Supervisor>, listeners: Vec<EventListener>) {
        self.links.event_sockets.put(listeners);
        let parts = self.clone();
        let interval =
            SignedDuration::try_from(parts.config.rate_limit_interval).unwrap_or(SignedDuration::MAX);
        let window = Arc::new(Window::new(interval, parts.clock.clone()));
        let factory = Box::new(move |guard| {
            let Some(listeners) = parts.links.event_sockets.share() else {
                return tracing::error!(
                    "failed to share the event sockets: stopping, or out of file descriptors"
                );
            };
            let intake = IntakeActor::new(IntakeParts {
                listeners,
                config: IntakeConfig {
                    installation: Some(parts.installation.clone()),
                    count_paths: parts.config.count_paths,
                    ..IntakeConfig::default()
                },
                router: parts.links.submit.clone(),
                clock: parts.clock.clone(),
                guard,
                window: window.clone(),
                watchdog: Some(parts.watchdog.clone()),
                senders: parts.senders(),
            });
            parts.links.point_to_intake(&intake.start());
        });
        let heartbeat = self.links.intake_snapshot.heartbeat(GetSnapshot::new);
        supervisor.do_send(Supervise { name: "intake", factory, heartbeat });
    }
}

impl Parts {
    /// Who may post events; none lets everybody.
    fn senders(&self) -> Option<SenderRules> {
        let EventAuth { mode, audience, controllers } = self.config.event_auth.clone()?;
        let reviewer = audience.map(|audience| Reviewer { link: self.links.reviews.clone(), audience });
        Some(SenderRules { mode, controllers: controllers.into_iter().collect(), reviewer })
    }
}

/// What Providers are reached by: connections of the transport, or the demo's detour.
fn clients(config: &Config, transport: &Transport, clouds: &Clouds) -> Arc<dyn Clients> {
    match config.detour {
        Some(destination) => Arc::new(Detour::new(transport, destination)),
        None => Arc::new(clouds.clone()),
    }
}

/// Without its store the process can accept nothing and deliver nothing that lasts, so it ends and is started again.
fn watch_store(outbox: Arc<dyn Outbox>) {
    actix_rt::spawn(async move {
        if outbox.closed().await.is_err() {
            give_up("store");
        }
    });
}

/// Opens the state folder, waiting for another process to let go of it.
async fn open_outbox(config: &Config) -> Result<Arc<dyn Outbox>> {
    let retry = Duration::from_millis(200);
    let mut waited = Duration::ZERO;
    loop {
        let (dir, now) = (config.state_dir.clone(), SystemClock.now());
        match campanile_outbox::open(&dir, Bounds::default(), Arc::new(AllProviders), now) {
            Ok(opened) => return Ok(Arc::new(opened.outbox)),
            Err(OpenError::Locked { .. }) if waited < config.lock_wait => {
                if waited.is_zero() {
                    tracing::info!(state_dir = %dir.display(), "the state folder is in use, waiting for the other process to end");
                }
                tokio::time::sleep(retry).await;
                waited += retry;
            }
            Err(error) => return Err(error).context("open the state folder"),
        }
    }
}
