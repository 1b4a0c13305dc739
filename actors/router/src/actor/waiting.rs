//! Events that have come and are not planned yet. Namespaces take turns, so that an event waits for one of each other namespace
//! and not for all that somebody floods the router with; those of one namespace keep their order.
//!
//! The mailbox is emptied into it whenever the actor is polled, and a few events are planned then, unless the outbox is behind. As
//! long as both keep up with them there is one at a time, and nothing is looked up for it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context as Task, Poll};

use actix::{ActorFuture, Context};
use campanile_domain::{Event, Turns};
use campanile_protocol::Submit;

use super::RouterActor;
use super::backlog::StartPhase;

/// Events that may wait; beyond it the newest one of the namespace that has most is refused, and its sender tries again.
const MOST: usize = 4096;
/// Alerts that are looked at before others get the thread and the mailbox is looked at again; one event counts as one at least.
const SLICE: usize = 64;

/// The events that wait for a plan.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// What has come since the last look, in its order.
    arrived: VecDeque<Submit>,
    turns: Turns<str, Submit>,
}

impl Waiting {
    /// Takes an event. Returns the one that is refused for it, itself maybe, if there are too many.
    pub(super) fn push(&mut self, submit: Submit) -> Option<Submit> {
        if self.len() < MOST {
            self.arrived.push_back(submit);
            return None;
        }
        self.sort();
        let event = submit.event.clone();
        let owner = owner(&event, submit.peer);
        let refused = self.turns.give_way(&owner);
        if refused.is_none() {
            return Some(submit);
        }
        self.turns.push(&owner, submit);
        refused
    }

    /// The event whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Submit> {
        if self.turns.is_empty() && self.arrived.len() <= 1 {
            return self.arrived.pop_front();
        }
        self.sort();
        self.turns.pop()
    }

    /// The number of events that wait.
    pub(super) fn len(&self) -> usize {
        self.arrived.len() + self.turns.len()
    }

    fn sort(&mut self) {
        for submit in self.arrived.drain(..) {
            let event = submit.event.clone();
            self.turns.push(&owner(&event, submit.peer), submit);
        }
    }
}

/// For whom an event counts: the namespace of its object, or else the address of its sender.
fn owner(event: &Event, peer: Option<IpAddr>) -> Cow<'_, str> {
    match (&*event.involved_object.namespace, peer) {
        ("", Some(peer)) => peer.to_string().into(),
        (namespace, _) => namespace.into(),
    }
}

/// Plans what waits, a few events whenever the actor is polled.
pub(super) struct TakeTurns;

impl ActorFuture<RouterActor> for TakeTurns {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        router: &mut RouterActor,
        ctx: &mut Context<RouterActor>,
        task: &mut Task<'_>,
    ) -> Poll<()> {
        let mut room = SLICE;
        // What comes during the handover waits for its end.
        while router.backlog.phase() != StartPhase::HandingOver {
            if room == 0 {
                task.waker().wake_by_ref();
                break;
            }
            if router.under_way.is_behind(task) {
                break;
            }
            let Some(submit) = router.waiting.pop() else { break };
            room = room.saturating_sub(router.take_in(submit, ctx).max(1));
        }
        Poll::Pending
    }
}
