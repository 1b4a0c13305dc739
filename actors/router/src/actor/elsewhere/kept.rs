//! An event that stays stored while some of its Alerts are planned elsewhere, so that its sender is answered at once and nothing
//! of it is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use actix::{ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, fut::wrap_future};
use campanile_outbox::{EventId, OutboxError, Planned};

use crate::actor::RouterActor;

/// The event. Until its last part is stored it counts as one without a plan, which a router after this one would plan.
#[derive(Debug)]
pub(super) struct KeptEvent {
    number: u64,
    /// Its id, once it has one.
    id: Arc<OnceLock<EventId>>,
    /// Parts that are not stored yet.
    left: AtomicUsize,
    /// Whether one of them could not be stored.
    failed: AtomicBool,
    router: Addr<RouterActor>,
}

/// All parts of an event came to their end.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Concluded(u64);

impl KeptEvent {
    /// The form in which it is stored.
    pub(super) fn planned(&self) -> Planned {
        Planned::Meanwhile(self.id.clone())
    }

    /// Whether this is the stored event.
    pub(super) fn is(&self, stored: EventId) -> bool {
        self.id.get() == Some(&stored)
    }

    /// One part came to its end. May be called on any thread.
    pub(super) fn done(&self, result: &Result<(), OutboxError>) {
        if result.is_err() {
            self.failed.store(true, Relaxed);
        }
        if self.left.fetch_sub(1, AcqRel) == 1 {
            self.router.do_send(Concluded(self.number));
        }
    }
}

impl RouterActor {
    /// Keeps an event until so many parts of it are stored, itself being another one.
    pub(super) fn keep(&mut self, parts: usize, ctx: &Context<Self>) -> Arc<KeptEvent> {
        self.elsewhere.last += 1;
        let kept = Arc::new(KeptEvent {
            number: self.elsewhere.last,
            id: Arc::default(),
            left: AtomicUsize::new(parts + 1),
            failed: AtomicBool::new(false),
            router: ctx.address(),
        });
        self.elsewhere.kept.insert(kept.number, kept.clone());
        kept
    }
}

impl Handler<Concluded> for RouterActor {
    type Result = ();

    /// Removes the event. One of which a part could not be stored waits for a pass, which plans it anew.
    fn handle(&mut self, Concluded(number): Concluded, ctx: &mut Self::Context) {
        let Some(kept) = self.elsewhere.kept.get(&number) else { return };
        let Some(id) = kept.id.get().copied().filter(|_| !kept.failed.load(Relaxed)) else {
            self.elsewhere.kept.remove(&number);
            return;
        };
        let removed = wrap_future(self.parts.outbox.plan(id, Vec::new()));
        ctx.spawn(removed.map(move |removed, router: &mut Self, _| {
            // Not before: a pass must not take it for one that nobody plans.
            router.elsewhere.kept.remove(&number);
            router.backlog.unblock(id);
            if let Err(error) = removed {
                tracing::error!(%error, "failed to remove a planned event, it will be planned again");
            }
        }));
    }
}
