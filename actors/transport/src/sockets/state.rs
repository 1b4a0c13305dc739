//! Who holds how many turns, who waits, and what rests.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Asker, Slot, SocketCounts, Turn};

/// What came of asking for a turn.
pub(super) enum Asked {
    /// It is taken; these connections are to be closed for it.
    Taken(Vec<Arc<Slot>>),
    /// The turn is granted through this channel as soon as a client gives one back.
    Waits(oneshot::Receiver<Turn>),
}

/// One client with turns or wishes.
#[derive(Default)]
struct Holder {
    turns: usize,
    /// When it got its last turn or began to wait, in the order of such moments.
    since: u64,
    /// Bounded by the exchanges of a client, [`Limits::sockets`](crate::Limits::sockets) and those behind them.
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

pub(super) struct State {
    most: usize,
    /// Turns granted now, over all clients; never above `most`.
    busy: usize,
    /// Turns beside the first of each client.
    extra: usize,
    /// Clients that hold a turn or wait for one.
    holders: HashMap<u64, Holder>,
    /// Clients that wait: those with the fewest turns first, then those that wait longest.
    queue: BTreeSet<(usize, u64, u64)>,
    /// Connections that no exchange uses, the one first that has rested longest.
    resting: BTreeMap<u64, Arc<Slot>>,
    /// The last number given, to a client, a moment or a rest.
    last: u64,
    waited: u64,
    closed: u64,
}

impl State {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            busy: 0,
            extra: 0,
            holders: HashMap::new(),
            queue: BTreeSet::new(),
            resting: BTreeMap::new(),
            last: 0,
            waited: 0,
            closed: 0,
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn counts(&self) -> SocketCounts {
        let waiting = self.holders.values().flat_map(|holder| &holder.waiting);
        SocketCounts {
            most: self.most,
            busy: self.busy,
            resting: self.resting.len(),
            waiting: waiting.filter(|answer| !answer.is_closed()).count(),
            waited: self.waited,
            closed: self.closed,
        }
    }

    /// Takes a turn for a client, or has it wait. Whoever waits already could not be served, so nobody is overtaken who
    /// comes before.
    pub(super) fn ask(&mut self, client: u64) -> Asked {
        let held = self.holders.get(&client).map_or(0, |holder| holder.turns);
        if self.may_have_another(held) {
            return Asked::Taken(self.take(client));
        }
        let (answer, turn) = oneshot::channel();
        let now = self.number();
        self.change(client, |holder| {
            if holder.waiting.is_empty() {
                holder.since = now;
            }
            holder.waiting.push_back(answer);
        });
        self.waited += 1;
        Asked::Waits(turn)
    }

    /// A client gives a turn back. Returns what is to be closed.
    pub(super) fn release(&mut self, client: u64) -> Vec<Arc<Slot>> {
        self.busy -= 1;
        let mut extra = false;
        self.change(client, |holder| {
            extra = holder.turns > 1;
            holder.turns -= 1;
        });
        self.extra -= usize::from(extra);
        self.make_room()
    }

    /// Takes a turn for the first who waits and may have one.
    pub(super) fn serve(&mut self) -> Option<(Asker, Vec<Arc<Slot>>)> {
        loop {
            let (held, _, client) = *self.queue.first()?;
            let mut answer = None;
            let may = self.may_have_another(held);
            self.change(client, |holder| {
                while holder.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                    holder.waiting.pop_front();
                }
                if may {
                    answer = holder.waiting.pop_front();
                }
            });
            match answer {
                Some(answer) => return Some((Asker { client, answer }, self.take(client))),
                None if may => {}
                None => return None,
            }
        }
    }

    /// Whether a client that holds so many turns may have another one; see the module.
    fn may_have_another(&self, held: usize) -> bool {
        let shared = (self.most / 2).saturating_sub(self.extra);
        self.busy < self.most && (held == 0 || held <= shared)
    }

    fn take(&mut self, client: u64) -> Vec<Arc<Slot>> {
        self.busy += 1;
        let now = self.number();
        let mut extra = false;
        self.change(client, |holder| {
            extra = holder.turns > 0;
            holder.turns += 1;
            holder.since = now;
        });
        self.extra += usize::from(extra);
        self.make_room()
    }

    /// Changes a client's entry and keeps its place in the queue right.
    fn change(&mut self, client: u64, change: impl FnOnce(&mut Holder)) {
        let holder = self.holders.entry(client).or_default();
        self.queue.remove(&(holder.turns, holder.since, client));
        change(holder);
        if !holder.waiting.is_empty() {
            self.queue.insert((holder.turns, holder.since, client));
        } else if holder.turns == 0 {
            self.holders.remove(&client);
        }
    }

    /// Takes out the resting connections that have no place any more.
    fn make_room(&mut self) -> Vec<Arc<Slot>> {
        let mut closed = Vec::new();
        while self.busy + self.resting.len() > self.most
            && let Some((_, slot)) = self.resting.pop_first()
        {
            slot.set_resting(0);
            self.closed += 1;
            closed.push(slot);
        }
        closed
    }

    pub(super) fn rest(&mut self, slot: &Arc<Slot>) {
        let number = self.number();
        slot.set_resting(number);
        self.resting.insert(number, slot.clone());
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.resting.remove(&number);
    }
}
