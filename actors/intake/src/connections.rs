//! The connections of one or several listeners: how many a peer may have, and which give way to others.
//!
//! Where there are too many, one gives way: that which has waited for longest for a request, or for the rest of its head for more
//! than a second. One with a request under way never does. The head of every request has its time, not only the first.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// A head that takes so long gives way where there are too many.
const SLOW_HEAD: Duration = Duration::from_secs(1);

/// The limits of connections: how many there may be, and how long a head may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections in all; further ones wait in the listener's backlog.
    pub most: usize,
    /// Connections of one peer's address; a further one takes the place of an idle one, or is closed.
    pub of_peer: usize,
    /// How long a head may take from its first byte on.
    pub head: Duration,
}

/// The open connections. Clones share them.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: ConnectionLimits,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    open: BTreeMap<u64, Arc<ServerConnection>>,
    peers: HashMap<IpAddr, usize>,
}

/// One open connection of a server.
#[derive(Debug)]
pub struct ServerConnection {
    peer: IpAddr,
    /// The address by which it came.
    pub local: Option<SocketAddr>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    is_closing: bool,
    /// Of the task that reads.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It waits for a request.
    Idle { first: bool },
    /// A head has begun. The HTTP library times the first one.
    Head { first: bool },
    /// A request is under way.
    Busy,
}

/// A connection that was let in. It is forgotten when this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    connections: Connections,
    id: u64,
    connection: Arc<ServerConnection>,
}

impl Connections {
    /// Makes a table without connections.
    pub fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Shared { limits, table: Mutex::default() }))
    }

    /// The limits that connections are held to.
    pub fn limits(&self) -> ConnectionLimits {
        self.0.limits
    }

    /// The number of connections that are open.
    pub fn count(&self) -> usize {
        self.table().open.len()
    }

    /// Lets a connection in, and closes one that waits if there are many; none if its peer has enough that do not wait.
    pub(crate) fn admit(&self, peer: IpAddr, local: Option<SocketAddr>) -> Option<Admitted> {
        let ConnectionLimits { most, of_peer, .. } = self.0.limits;
        let peer = peer.to_canonical();
        let mut table = self.table();
        let has = table.peers.get(&peer).copied().unwrap_or(0);
        if has >= of_peer && !table.close_one(Some(peer)) {
            return None;
        }
        // Early enough for the listener to go on accepting.
        if table.open.len() >= most - most / 8 {
            table.close_one(None);
        }
        let state = State {
            phase: Phase::Idle { first: true },
            since: Instant::now(),
            is_closing: false,
            waker: None,
        };
        let connection = Arc::new(ServerConnection { peer, local, state: Mutex::new(state) });
        table.last += 1;
        let id = table.last;
        table.open.insert(id, connection.clone());
        *table.peers.entry(peer).or_default() += 1;
        Some(Admitted { connections: self.clone(), id, connection })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes the connection that has waited for longest, of one peer or of all. Says whether there is one.
    fn close_one(&self, peer: Option<IpAddr>) -> bool {
        let of_peer = self.open.values().filter(|one| peer.is_none_or(|peer| one.peer == peer));
        let idle = of_peer.filter_map(|one| Some((one.idle_since()?, one)));
        let oldest = idle.min_by_key(|(since, _)| *since);
        oldest.map(|(_, connection)| connection.close()).is_some()
    }
}

impl ServerConnection {
    /// Marks a request as under way until the guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.enter(Phase::Busy);
        Busy(self.clone())
    }

    /// Notes that bytes came from the peer.
    pub(crate) fn heard(&self) {
        let mut state = self.state();
        if let Phase::Idle { first } = state.phase {
            (state.phase, state.since) = (Phase::Head { first }, Instant::now());
        }
    }

    /// When a head that is not the first began, if one did.
    pub(crate) fn head_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.phase == Phase::Head { first: false }).then_some(state.since)
    }

    /// Whether it is to end. `waker` is woken should that change.
    pub(crate) fn is_closing(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        if state.waker.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
        state.is_closing
    }

    /// Since when it waits, if it may give way.
    fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        let waits = match state.phase {
            Phase::Idle { .. } => true,
            // One that is sent without pause has a moment.
            Phase::Head { .. } => state.since.elapsed() >= SLOW_HEAD,
            Phase::Busy => false,
        };
        (waits && !state.is_closing).then_some(state.since)
    }

    fn close(&self) {
        let waker = {
            let mut state = self.state();
            state.is_closing = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.since) = (phase, Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The guard of [`ServerConnection::busy`], dropped when it ends.
pub(crate) struct Busy(Arc<ServerConnection>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle { first: false });
    }
}

impl Admitted {
    /// What requests get to see.
    pub(crate) fn connection(&self) -> Arc<ServerConnection> {
        self.connection.clone()
    }
}

impl Deref for Admitted {
    type Target = ServerConnection;

    fn deref(&self) -> &ServerConnection {
        &self.connection
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.open.remove(&self.id);
        let peer = self.connection.peer;
        if let Some(count) = table.peers.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                table.peers.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections() -> Connections {
        Connections::new(ConnectionLimits { most: 16, of_peer: 4, head: Duration::from_secs(10) })
    }

    fn admit(connections: &Connections, peer: u8) -> Option<Admitted> {
        connections.admit(IpAddr::from([10, 0, 0, peer]), None)
    }

    #[test]
    fn issue_17_a_peer_has_a_share_of_the_connections_and_its_own_idle_ones_give_way() {
        let connections = connections();
        let open: Vec<_> = (0..4).map(|_| admit(&connections, 1).unwrap()).collect();
        open.iter().for_each(|one| one.heard());
        assert!(admit(&connections, 1).is_none(), "all have begun a head just now");
        assert!(admit(&connections, 2).is_some());
        drop(open[1].connection().busy());
        drop(open[2].connection().busy());
        let more = admit(&connections, 1).unwrap();
        let closing: Vec<bool> = open.iter().map(|one| one.is_closing(Waker::noop())).collect();
        assert_eq!(closing, [false, true, false, false], "the one that was idle for longest");
        drop((open, more));
        assert_eq!((connections.count(), connections.table().peers.len()), (0, 0));
    }

    #[test]
    fn issue_17_idle_connections_give_way_before_there_is_no_room_and_busy_ones_never() {
        let connections = connections();
        let busy: Vec<_> = (0..7).map(|at| admit(&connections, at / 4).unwrap()).collect();
        let requests: Vec<_> = busy.iter().map(|one| one.connection().busy()).collect();
        let idle: Vec<_> = (0..7).map(|at| admit(&connections, 2 + at / 4).unwrap()).collect();
        let _more: Vec<_> = (0..2).map(|_| admit(&connections, 9).unwrap()).collect();
        let closing = |all: &[Admitted]| all.iter().filter(|one| one.is_closing(Waker::noop())).count();
        assert_eq!((closing(&busy), closing(&idle)), (0, 2));
        drop(requests);
    }

    #[actix_rt::test]
    async fn issue_17_a_head_that_takes_long_gives_way() {
        tokio::time::pause();
        let connections = connections();
        let open: Vec<_> = (0..4).map(|_| admit(&connections, 1).unwrap()).collect();
        open.iter().for_each(|one| one.heard());
        assert!(admit(&connections, 1).is_none());
        tokio::time::advance(SLOW_HEAD).await;
        assert!(admit(&connections, 1).is_some() && open[0].is_closing(Waker::noop()));
    }
}
