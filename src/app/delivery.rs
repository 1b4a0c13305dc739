//! Wiring of delivery: the threads that provider actors live on, and the dispatcher.

use actix::{Actor, Addr, Arbiter, ArbiterHandle};
use campanile_delivery::{DeliveryConfig, Dispatcher, DispatcherParts};
use campanile_supervision::{GetSnapshot, Supervise, Supervisor, Watchdog};

use super::{Parts, restart_policy};

/// The delivery threads beside the main one. They outlive the dispatcher, so that it can be built anew.
#[derive(Clone, Default)]
pub(super) struct DeliveryThreads(Vec<ArbiterHandle>);

impl DeliveryThreads {
    /// Starts what is missing to `count` threads with the main one, each watched.
    pub(super) fn start(count: usize, watchdog: &Watchdog) -> Self {
        let thread = |_| {
            let arbiter = Arbiter::new();
            let watchdog = watchdog.clone();
            arbiter.spawn_fn(move || watchdog.watch("delivery"));
            arbiter.handle()
        };
        Self((1..count).map(thread).collect())
    }

    /// Ends the threads, once nothing is under way on them any more.
    pub(super) fn stop(&self) {
        for arbiter in &self.0 {
            arbiter.stop();
        }
    }
}

impl Parts {
    pub(super) fn supervise_dispatcher(&self, supervisor: &Addr<Supervisor>) {
        let parts = self.clone();
        let factory = Box::new(move |guard| {
            let dispatcher = Dispatcher::new(DispatcherParts {
                outbox: parts.outbox.clone(),
                clients: parts.clients.clone(),
                environment: parts.environment.clone(),
                installation: parts.installation.clone(),
                config: DeliveryConfig { restart: restart_policy(), ..DeliveryConfig::default() },
                clock: parts.clock.clone(),
                resync: parts.links.resync.clone(),
                secrets: parts.links.secrets.clone(),
                reports: parts.links.reports.clone(),
                announces: parts.links.announces.clone(),
                unusable: parts.links.unusable.clone(),
                threads: parts.delivery_threads.0.clone(),
                guard,
            });
            parts.links.point_to_dispatcher(&dispatcher.start());
        });
        let heartbeat = self.links.delivery_snapshot.heartbeat(GetSnapshot::new);
        supervisor.do_send(Supervise { name: "dispatcher", factory, heartbeat });
    }
}
