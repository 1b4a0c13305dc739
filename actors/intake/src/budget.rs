//! The bytes of all bodies in flight, bounded together: a thousand senders of large bodies must not take the memory, and one of
//! them not what is there for all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The budget of bytes in flight. A peer may take a quarter, and more as long as half of all is free.
#[derive(Debug)]
pub(crate) struct Budget {
    used: Mutex<Used>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    peers: HashMap<IpAddr, usize>,
}

/// The bytes of one body. Gives them back when dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    budget: Arc<Budget>,
    peer: IpAddr,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: Mutex::default(), limit })
    }

    pub(crate) fn used(&self) -> usize {
        self.lock().all
    }

    /// Whether there is room for less than another full quarter.
    pub(crate) fn is_tight(&self) -> bool {
        self.used() > self.limit - self.limit / 4
    }

    /// A hold of nothing yet, for the body of a peer.
    pub(crate) fn hold(self: &Arc<Self>, peer: IpAddr) -> Hold {
        Hold { budget: self.clone(), peer: peer.to_canonical(), bytes: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// The peer whose body it is.
    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Adds `bytes`; says no, and adds nothing, if that is more than all bodies together or those of the peer may take.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let limit = self.budget.limit;
        let mut used = self.budget.lock();
        let all = used.all.saturating_add(bytes);
        let of_peer = used.peers.get(&self.peer).copied().unwrap_or(0).saturating_add(bytes);
        if all > limit || (of_peer > limit / 4 && all > limit / 2) {
            return false;
        }
        used.all = all;
        used.peers.insert(self.peer, of_peer);
        self.bytes += bytes;
        true
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut used = self.budget.lock();
        used.all -= self.bytes;
        if let Some(of_peer) = used.peers.get_mut(&self.peer) {
            *of_peer -= self.bytes;
            if *of_peer == 0 {
                used.peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[test]
    fn holds_share_the_limit_and_give_back_what_they_took() {
        let budget = Budget::new(16);
        let mut holds: Vec<Hold> = (0..4).map(|at| budget.hold(peer(at))).collect();
        assert!(holds.iter_mut().all(|hold| hold.grow(4)));
        assert!(!holds[0].grow(1) && budget.is_tight());
        assert_eq!(budget.used(), 16);
        holds.pop();
        assert!(holds[0].grow(0) && !holds[1].grow(usize::MAX - 10));
        drop(holds);
        assert_eq!((budget.used(), budget.lock().peers.len()), (0, 0));
    }

    #[test]
    fn issue_17_a_peer_takes_half_at_most_and_leaves_every_other_one_a_quarter() {
        let budget = Budget::new(64);
        let mut greedy: Vec<Hold> = (0..22).map(|_| budget.hold(peer(1))).collect();
        assert_eq!(greedy.iter_mut().map(|hold| usize::from(hold.grow(3))).sum::<usize>(), 10);
        let (mut second, mut third) = (budget.hold(peer(2)), budget.hold(peer(3)));
        assert!(second.grow(16) && !second.grow(1) && third.grow(16));
    }
}
