//! The actor of one Provider, as its dispatcher holds it.

use std::time::Duration;

use actix::{Actor, Addr};
use campanile_supervision::Retirement;
use jiff::Timestamp;

use super::threads::ThreadSeat;
use crate::provider_actor::{Configuration, EndPause, ProviderActor, ProviderParts, Stop, Wake, Wakes};

/// A provider actor, running or on its way to its end. It ends when this is dropped, with its dispatcher too.
pub(super) struct Child {
    address: Addr<ProviderActor>,
    build: u64,
    wakes: Wakes,
    retirement: Retirement,
    /// When it was told to stop.
    stopping: Option<Timestamp>,
    /// The thread that it lives on.
    _place: ThreadSeat,
}

impl Child {
    pub(super) fn start(parts: ProviderParts, place: ThreadSeat) -> Self {
        let (build, wakes, retirement) = (parts.build, parts.wakes.clone(), parts.retirement.clone());
        let address = match place.arbiter() {
            None => ProviderActor::new(parts).start(),
            Some(arbiter) => ProviderActor::start_in_arbiter(arbiter, move |_| ProviderActor::new(parts)),
        };
        Self { address, build, wakes, retirement, stopping: None, _place: place }
    }

    pub(super) fn address(&self) -> &Addr<ProviderActor> {
        &self.address
    }

    pub(super) fn is_build(&self, build: u64) -> bool {
        self.build == build
    }

    /// Whether it still takes deliveries. Its last message follows if it does not.
    pub(super) fn is_running(&self) -> bool {
        self.stopping.is_none() && self.address.connected()
    }

    /// Says that there may be work.
    pub(super) fn wake(&self, now: Timestamp) {
        if self.wakes.begin(now) {
            self.address.do_send(Wake);
        }
    }

    /// Whether it starts nothing before a later time, when it looks for work by itself.
    pub(super) fn is_asleep(&self, now: Timestamp) -> bool {
        self.is_running() && self.wakes.is_asleep(now)
    }

    /// Sends the actor other settings.
    pub(super) fn configure(&self, configuration: Configuration) {
        self.address.do_send(configuration);
    }

    /// Tells it that a pause that the destination asked for is over.
    pub(super) fn end_pause(&self) {
        self.address.do_send(EndPause);
    }

    /// Tells it to end; its last message says when it has.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if self.stopping.is_none() {
            self.stopping = Some(now);
            self.address.do_send(Stop);
        }
    }

    /// Whether it has not taken a message for longer than `limit`.
    pub(super) fn is_stuck(&self, limit: Duration, now: Timestamp) -> bool {
        self.wakes.is_overdue(limit, now) || self.stopping.is_some_and(|since| since + limit < now)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that takes no message any more learns it when it comes to itself.
        self.retirement.declare();
        self.address.do_send(Stop);
    }
}
