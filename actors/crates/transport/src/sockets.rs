//! The sockets of all clients together: how many there may be, and whose turn it is to use one.
//!
//! An exchange takes a [`SocketPermit`] before its time begins and holds it to its end; it uses one connection at a time. A
//! connection that no exchange uses rests: it is kept for the next one, but only as long as nobody needs its place. So
//! turns and resting connections together stay below the bound, but for the moment between two hops of a redirect. A
//! connection that is being made counts once, however many addresses of its host are tried beside one another, and a turn for
//! which a resting connection of its client is there counts with that as one.
//!
//! Clients may live on different threads: the bound holds over all of them. It is kept under one lock, which is held for
//! moments and never while a connection is read, written or closed.
//!
//! Fair: the clients of one namespace have at most seven eighths of all turns together, so that a namespace whose every
//! client hangs leaves room for others. Half of those go to clients that have none, so that whoever hangs cannot take the
//! others' first. Of the other half a client may have as many as are left beside it: one alone gets all it asks for, a hundred
//! that hang get a hundredth each. Where all places are taken, resting connections included, a client's further connection has to be within
//! its part of the bound, which is divided among the clients that [work](work::AtWork): a thousand that work keep two warm connections each, instead of
//! closing each other's. Those who wait are served from the namespace with the fewest turns
//! on, and there from the client with the fewest.

mod seat;
mod slot;
mod state;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::oneshot;

pub(crate) use seat::Seat;
pub(crate) use slot::LinkSlot;
use state::{PermitReply, SocketTable};

/// The counts of sockets, for metrics and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketCounts {
    /// The bound on all sockets, [`Limits::total_sockets`](crate::Limits::total_sockets).
    pub most: usize,
    /// Those that an exchange uses or is about to open.
    pub busy: usize,
    /// Those that are kept for the next exchange.
    pub resting: usize,
    /// Exchanges that wait for their turn.
    pub waiting: usize,
    /// Exchanges that had to wait, since the start.
    pub waited: u64,
    /// Resting sockets that were closed because their place was needed, since the start.
    pub closed: u64,
}

/// The sockets of all clients of a transport. Clones share them.
#[derive(Clone)]
pub(crate) struct Sockets(Arc<Mutex<SocketTable>>);

impl Sockets {
    /// At most `most`, at least one.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(SocketTable::new(most.max(1)))))
    }

    /// The share of a new client in a namespace.
    pub(crate) fn share(&self, namespace: Arc<str>) -> Share {
        let id = ShareId { client: self.0.lock().number(), sockets: self.clone() };
        Share { id, namespace }
    }

    /// Counts the sockets by state.
    pub(crate) fn counts(&self) -> SocketCounts {
        self.0.lock().counts()
    }

    /// A connection is used again, or gone.
    fn forget(&self, number: u64) {
        self.0.lock().forget(number);
    }

    fn release(&self, client: u64, namespace: &Arc<str>) {
        let closed = self.0.lock().release(client, namespace);
        close(&closed);
        // Each is handed over outside of the lock: one that nobody takes any more is released again.
        while let Some((asker, closed)) = self.next() {
            close(&closed);
            let Asker { client, namespace, answer } = asker;
            drop(answer.send(SocketPermit { sockets: self.clone(), client, namespace }));
        }
    }

    fn next(&self) -> Option<(Asker, Vec<Arc<LinkSlot>>)> {
        self.0.lock().serve()
    }
}

/// Closes what stood where others are now, which may write a goodbye.
fn close(slots: &[Arc<LinkSlot>]) {
    slots.iter().for_each(|slot| slot.close());
}

/// A client that waits for a turn.
struct Asker {
    client: u64,
    namespace: Arc<str>,
    answer: oneshot::Sender<SocketPermit>,
}

/// Whose connections they are.
#[derive(Clone)]
pub(crate) struct ShareId {
    client: u64,
    sockets: Sockets,
}

impl ShareId {
    /// No exchange uses that connection any more.
    pub(crate) fn rest(&self, slot: &Arc<LinkSlot>) {
        if slot.is_open() {
            self.sockets.0.lock().rest(self.client, slot);
        }
    }

    /// An exchange opens a connection, whether the client has resting ones or not.
    pub(crate) fn dials(&self) {
        let closed = self.sockets.0.lock().dials(self.client);
        close(&closed);
    }
}

/// One client's part in the sockets.
pub(crate) struct Share {
    id: ShareId,
    namespace: Arc<str>,
}

impl Share {
    /// Waits for a turn, as long as it takes.
    pub(crate) async fn turn(&self) -> SocketPermit {
        loop {
            let ShareId { client, sockets } = &self.id;
            let asked = sockets.0.lock().ask(*client, &self.namespace, Instant::now());
            match asked {
                PermitReply::Taken(closed) => {
                    close(&closed);
                    let (sockets, namespace) = (sockets.clone(), self.namespace.clone());
                    return SocketPermit { sockets, client: *client, namespace };
                }
                PermitReply::Waits(answer) => {
                    if let Ok(turn) = answer.await {
                        return turn;
                    }
                }
            }
        }
    }

    /// Whose connections are this client's.
    pub(crate) fn id(&self) -> ShareId {
        self.id.clone()
    }
}

/// The right to use one socket, until it is dropped.
pub(crate) struct SocketPermit {
    sockets: Sockets,
    client: u64,
    namespace: Arc<str>,
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        self.sockets.release(self.client, &self.namespace);
    }
}
