//! The actor of one Provider, as its dispatcher holds it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, Addr};
use campanile_supervision::Retirement;
use jiff::Timestamp;

use crate::provider_actor::{ProviderActor, ProviderParts, Stop, Wake};

/// When a provider actor was sent the oldest [`Wake`] that it has not taken yet.
pub(crate) type Unanswered = Rc<Cell<Option<Timestamp>>>;

/// A running provider actor. It ends when this is dropped, with its dispatcher too.
pub(super) struct Child {
    address: Addr<ProviderActor>,
    build: u64,
    unanswered: Unanswered,
    retirement: Retirement,
}

impl Child {
    pub(super) fn start(build: u64, parts: ProviderParts) -> Self {
        let (unanswered, retirement) = (parts.unanswered.clone(), parts.guard.retirement());
        Self { address: ProviderActor::new(parts).start(), build, unanswered, retirement }
    }

    pub(super) fn address(&self) -> &Addr<ProviderActor> {
        &self.address
    }

    pub(super) fn is_build(&self, build: u64) -> bool {
        self.build == build
    }

    pub(super) fn is_alive(&self) -> bool {
        self.address.connected()
    }

    /// Says that there may be work.
    pub(super) fn wake(&self, now: Timestamp) {
        self.unanswered.set(self.unanswered.get().or(Some(now)));
        self.address.do_send(Wake);
    }

    /// Whether it has not taken a message for longer than `limit`.
    pub(super) fn is_stalled(&self, limit: Duration, now: Timestamp) -> bool {
        self.unanswered.get().is_some_and(|since| since + limit < now)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that takes no message any more learns it when it comes to itself.
        self.retirement.declare();
        self.address.do_send(Stop);
    }
}
