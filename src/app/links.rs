//! The links between actors. Each is pointed at the actor when it is built, and again when it is rebuilt.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::Addr;
use campanile_delivery::{
    DeliverySnapshot, Dispatcher, Drain, GetTallies, ProviderSnapshot, RetryNow, SendTest, WorkReady,
};
use campanile_intake::{
    EventListener, IntakeActor, IntakeSnapshot, StopAccepting, WebhookActor, WebhookSnapshot,
};
use campanile_keyring::KeyringSnapshot;
use campanile_protocol::{
    Announce, Changes, GetKeys, GetObjects, GetSpecs, Postpone, PostponedReport, ReadSecrets,
    ReadServiceAccount, Report, RequestReconciles, RequestToken, Resync, ReviewToken, Submit, Unusable,
    WebhookReport,
};
use campanile_router::{RouterActor, RouterSnapshot};
use campanile_supervision::{GetSnapshot, Link};
use campanile_watcher::{
    EventRecorderSnapshot, PostponerActor, PostponerSnapshot, Receivers, Source, StatusWriterSnapshot,
    WatcherActor, WatcherSnapshot,
};

#[derive(Clone, Default)]
pub(crate) struct ActorLinks {
    pub(crate) submit: Link<Submit>,
    pub(crate) router_changes: Link<Changes>,
    pub(crate) router_snapshot: Link<GetSnapshot<RouterSnapshot>>,
    pub(crate) dispatcher_changes: Link<Changes>,
    pub(crate) work: Link<WorkReady>,
    pub(crate) drain: Link<Drain>,
    pub(crate) send_test: Link<SendTest>,
    pub(crate) retry: Link<RetryNow>,
    pub(crate) delivery_snapshot: Link<GetSnapshot<DeliverySnapshot>>,
    pub(crate) provider_snapshots: Link<GetSnapshot<Vec<ProviderSnapshot>>>,
    pub(crate) tallies: Link<GetTallies>,
    pub(crate) resync: Link<Resync>,
    pub(crate) secrets: Link<ReadSecrets>,
    pub(crate) accounts: Link<ReadServiceAccount>,
    pub(crate) tokens: Link<RequestToken>,
    pub(crate) reviews: Link<ReviewToken>,
    pub(crate) reports: Link<Report>,
    pub(crate) announces: Link<Announce>,
    pub(crate) unusable: Link<Unusable>,
    pub(crate) objects: Link<GetObjects>,
    pub(crate) specs: Link<GetSpecs>,
    pub(crate) watcher_snapshot: Link<GetSnapshot<WatcherSnapshot>>,
    pub(crate) status_writer_snapshot: Link<GetSnapshot<StatusWriterSnapshot>>,
    pub(crate) event_recorder_snapshot: Link<GetSnapshot<EventRecorderSnapshot>>,
    pub(crate) stop_accepting: Link<StopAccepting>,
    pub(crate) intake_snapshot: Link<GetSnapshot<IntakeSnapshot>>,
    pub(crate) webhook_changes: Link<Changes>,
    pub(crate) webhook_snapshot: Link<GetSnapshot<WebhookSnapshot>>,
    pub(crate) webhook_reports: Link<WebhookReport>,
    pub(crate) stop_webhooks: Link<StopAccepting>,
    pub(crate) reconciles: Link<RequestReconciles>,
    pub(crate) postpone: Link<Postpone>,
    pub(crate) postponed_reports: Link<PostponedReport>,
    pub(crate) postponer_snapshot: Link<GetSnapshot<PostponerSnapshot>>,
    pub(crate) keys: Link<GetKeys>,
    pub(crate) keyring_snapshot: Link<GetSnapshot<KeyringSnapshot>>,
    pub(super) event_sockets: ListeningSockets,
    pub(super) webhook_sockets: ListeningSockets,
}

/// The listening sockets of an endpoint, kept for rebuilding its actor until the process stops accepting. After that nobody
/// holds them, so that the kernel refuses connections instead of queueing them for nobody.
#[derive(Clone, Default)]
pub(super) struct ListeningSockets(Arc<Mutex<Vec<EventListener>>>);

impl ListeningSockets {
    pub(super) fn put(&self, listeners: Vec<EventListener>) {
        *self.slot() = listeners;
    }

    /// All of them; none once they are closed.
    pub(super) fn share(&self) -> Option<Vec<EventListener>> {
        let shared: Option<Vec<_>> = self.slot().iter().map(|listener| listener.try_clone().ok()).collect();
        shared.filter(|listeners| !listeners.is_empty())
    }

    /// All of them, bound by `bind` the first time.
    ///
    /// # Errors
    /// If they cannot be bound, or the process is out of file descriptors.
    pub(super) fn open(
        &self,
        bind: impl FnOnce() -> io::Result<Vec<EventListener>>,
    ) -> io::Result<Vec<EventListener>> {
        let mut slot = self.slot();
        if slot.is_empty() {
            *slot = bind()?;
        }
        slot.iter().map(EventListener::try_clone).collect()
    }

    pub(super) fn close(&self) {
        self.slot().clear();
    }

    fn slot(&self) -> MutexGuard<'_, Vec<EventListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActorLinks {
    pub(super) fn point_to_router(&self, router: &Addr<RouterActor>) {
        self.submit.point_at(router);
        self.router_changes.point_at(router);
        self.router_snapshot.point_at(router);
        self.unusable.point_at(router);
    }

    pub(super) fn point_to_dispatcher(&self, dispatcher: &Addr<Dispatcher>) {
        self.dispatcher_changes.point_at(dispatcher);
        self.work.point_at(dispatcher);
        self.drain.point_at(dispatcher);
        self.send_test.point_at(dispatcher);
        self.retry.point_at(dispatcher);
        self.delivery_snapshot.point_at(dispatcher);
        self.provider_snapshots.point_at(dispatcher);
        self.tallies.point_at(dispatcher);
    }

    /// Who is told of changed objects.
    pub(super) fn of_changes(&self, receivers: Receivers) -> Vec<Link<Changes>> {
        let mut told = vec![self.router_changes.clone(), self.dispatcher_changes.clone()];
        if receivers != Receivers::Ignore {
            told.push(self.webhook_changes.clone());
        }
        told
    }

    pub(super) fn point_to_webhooks(&self, webhooks: &Addr<WebhookActor>) {
        self.webhook_changes.point_at(webhooks);
        self.webhook_snapshot.point_at(webhooks);
        self.stop_webhooks.point_at(webhooks);
    }

    /// Points at the watcher, whatever its source.
    pub(super) fn point_to_watcher<S: Source>(&self, watcher: &Addr<WatcherActor<S>>) {
        self.resync.point_at(watcher);
        self.secrets.point_at(watcher);
        self.accounts.point_at(watcher);
        self.tokens.point_at(watcher);
        self.reviews.point_at(watcher);
        self.reports.point_at(watcher);
        self.webhook_reports.point_at(watcher);
        self.announces.point_at(watcher);
        self.objects.point_at(watcher);
        self.specs.point_at(watcher);
        self.watcher_snapshot.point_at(watcher);
        self.reconciles.point_at(watcher);
        self.postponed_reports.point_at(watcher);
    }

    pub(super) fn point_to_postponer(&self, postponer: &Addr<PostponerActor>) {
        self.postpone.point_at(postponer);
        self.postponer_snapshot.point_at(postponer);
    }

    pub(super) fn point_to_intake(&self, intake: &Addr<IntakeActor>) {
        self.stop_accepting.point_at(intake);
        self.intake_snapshot.point_at(intake);
    }
}
