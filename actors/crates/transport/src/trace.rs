//! The trace of one exchange: what its request does at the socket, of which awc tells nobody.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::answer::AnswerHead;
use crate::peer::Peer;
use crate::sockets::{LinkSlot, ShareId};

tokio::task_local! {
    /// The trace of the request that is being polled.
    pub(crate) static TRACE: Rc<Trace>;
}

/// The connection of one exchange.
pub(crate) struct Trace {
    /// Whether it had to dial: only a failure on a kept connection may be tried again at once.
    dialled: Cell<bool>,
    /// The one it uses. It rests when the exchange has ended.
    slot: RefCell<Option<Arc<LinkSlot>>>,
    /// The head of the answer, of which awc is told only what it needs.
    head: RefCell<Option<AnswerHead>>,
    share: ShareId,
    /// The peer that is asked.
    pub(crate) peer: Peer,
}

impl Trace {
    /// Starts the trace of an exchange that has a turn of this share.
    pub(crate) fn new(share: ShareId) -> Self {
        let (slot, head, peer) = (RefCell::default(), RefCell::default(), Peer::default());
        Self { dialled: Cell::new(false), slot, head, share, peer }
    }

    /// Forgets the last try before another one.
    pub(crate) fn begin(&self) {
        self.dialled.set(false);
    }

    /// Notes that none of the resting connections will do.
    pub(crate) fn dials(&self) {
        self.dialled.set(true);
        self.share.dials();
    }

    pub(crate) fn has_dialled(&self) -> bool {
        self.dialled.get()
    }

    /// This is the head of its answer.
    pub(crate) fn is_answered(&self, head: AnswerHead) {
        *self.head.borrow_mut() = Some(head);
    }

    /// The head of its answer, once.
    pub(crate) fn take_head(&self) -> Option<AnswerHead> {
        self.head.take()
    }

    /// This is its connection now.
    pub(crate) fn uses(&self, slot: &Arc<LinkSlot>) {
        self.peer.set_private(slot.is_private());
        *self.slot.borrow_mut() = Some(Arc::clone(slot));
    }

    /// It needs its connection no more.
    pub(crate) fn rest(&self) {
        if let Some(slot) = self.slot.take() {
            self.share.rest(&slot);
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.rest();
    }
}
