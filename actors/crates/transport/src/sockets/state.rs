//! The table of sockets: which client holds how many permits, which waits, and which connections are idle.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::work::AtWork;
use super::{Asker, LinkSlot, SocketCounts, SocketPermit};

/// The reply to a client that asks for a turn.
pub(super) enum PermitReply {
    /// It is taken; these connections are to be closed for it.
    Taken(Vec<Arc<LinkSlot>>),
    /// The turn is granted through this channel as soon as a client gives one back.
    Waits(oneshot::Receiver<SocketPermit>),
}

/// One client with turns or wishes.
#[derive(Default)]
struct Holder {
    turns: usize,
    /// When it got its last turn or began to wait, in the order of such moments.
    since: u64,
    /// Bounded by the exchanges of a client, [`Limits::sockets`](crate::Limits::sockets) and those behind them.
    waiting: VecDeque<oneshot::Sender<SocketPermit>>,
}

/// The resting connections of one client.
#[derive(Clone, Copy, Default)]
struct Kept {
    resting: usize,
    /// How many of its turns are about to use one.
    promised: usize,
}

/// The clients of one namespace.
#[derive(Default)]
struct Group {
    turns: usize,
    /// Clients that wait: those with the fewest turns first, then those that wait longest.
    queue: BTreeSet<(usize, u64, u64)>,
    /// Where the group stands in [`SocketTable::waiting`]; nowhere if nobody waits.
    place: Option<(usize, u64)>,
}

pub(super) struct SocketTable {
    most: usize,
    /// Turns granted now, over all clients; never above `most`.
    busy: usize,
    /// Turns beside the first of each client.
    extra: usize,
    /// Clients that hold a turn or wait for one.
    holders: HashMap<u64, Holder>,
    /// Namespaces with clients that hold a turn or wait for one.
    groups: HashMap<Arc<str>, Group>,
    /// Namespaces with clients that wait: those with the fewest turns first, then those that wait longest.
    waiting: BTreeSet<(usize, u64, Arc<str>)>,
    /// Connections that no exchange uses, and whose they are; the one first that has rested longest.
    resting: BTreeMap<u64, (u64, Arc<LinkSlot>)>,
    /// The clients that have any.
    kept: HashMap<u64, Kept>,
    /// Turns for which a resting connection is there.
    promised: usize,
    work: AtWork,
    /// The last number given, to a client, a moment or a rest.
    last: u64,
    waited: u64,
    closed: u64,
}

impl SocketTable {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            busy: 0,
            extra: 0,
            holders: HashMap::new(),
            groups: HashMap::new(),
            waiting: BTreeSet::new(),
            resting: BTreeMap::new(),
            kept: HashMap::new(),
            promised: 0,
            work: AtWork::new(Instant::now()),
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
    pub(super) fn ask(&mut self, client: u64, namespace: &Arc<str>, now: Instant) -> PermitReply {
        self.work.note(client, now);
        let held = self.holders.get(&client).map_or(0, |holder| holder.turns);
        let of_group = self.groups.get(namespace).map_or(0, |group| group.turns);
        if of_group < self.most_of_a_group() && self.may_have_another(held) {
            return PermitReply::Taken(self.take(client, namespace));
        }
        let (answer, turn) = oneshot::channel();
        let now = self.number();
        self.change(client, namespace, |holder| {
            if holder.waiting.is_empty() {
                holder.since = now;
            }
            holder.waiting.push_back(answer);
        });
        self.waited += 1;
        PermitReply::Waits(turn)
    }

    /// A client gives a turn back. Returns what is to be closed.
    pub(super) fn release(&mut self, client: u64, namespace: &Arc<str>) -> Vec<Arc<LinkSlot>> {
        self.busy -= 1;
        let mut extra = false;
        self.change(client, namespace, |holder| {
            extra = holder.turns > 1;
            holder.turns -= 1;
        });
        self.extra -= usize::from(extra);
        // It may have ended before it used any.
        let held = self.holders.get(&client).map_or(0, |holder| holder.turns);
        if self.kept.get(&client).is_some_and(|kept| kept.promised > held) {
            self.keep_promise(client);
        }
        self.make_room()
    }

    /// Takes a turn for the first who waits and may have one.
    pub(super) fn serve(&mut self) -> Option<(Asker, Vec<Arc<LinkSlot>>)> {
        loop {
            let (client, namespace) = self.first()?;
            let mut answer = None;
            self.change(client, &namespace, |holder| {
                while holder.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                    holder.waiting.pop_front();
                }
                answer = holder.waiting.pop_front();
            });
            if let Some(answer) = answer {
                let closed = self.take(client, &namespace);
                return Some((Asker { client, namespace, answer }, closed));
            }
        }
    }

    /// The first who waits and may have a turn: of the namespace with the fewest, the client with the fewest.
    fn first(&self) -> Option<(u64, Arc<str>)> {
        let groups = self.waiting.iter().take_while(|(turns, ..)| *turns < self.most_of_a_group());
        groups.into_iter().find_map(|(.., namespace)| {
            let (held, _, client) = *self.groups.get(namespace)?.queue.first()?;
            self.may_have_another(held).then(|| (client, namespace.clone()))
        })
    }

    /// Turns that the clients of one namespace may have together.
    fn most_of_a_group(&self) -> usize {
        self.most - self.most / 8
    }

    /// Whether a client that holds so many turns may have another one; see the module.
    fn may_have_another(&self, held: usize) -> bool {
        let shared = (self.most_of_a_group() / 2).saturating_sub(self.extra);
        self.busy < self.most && (held == 0 || (held <= shared && self.has_place(held)))
    }

    /// Whether a further connection of a client takes no place from one that another client keeps warm, or is within its part. Beyond
    /// that a client does not use what rests for it either: so that is what has rested longest when others need its place.
    fn has_place(&self, held: usize) -> bool {
        self.open() < self.most || held < self.most / self.work.count()
    }

    /// Whether a resting connection is there for the next turn of a client.
    fn is_kept_for(&self, client: u64) -> bool {
        self.kept.get(&client).is_some_and(|kept| kept.resting > kept.promised)
    }

    /// Connections that there are or are about to be.
    fn open(&self) -> usize {
        self.busy - self.promised + self.resting.len()
    }

    fn take(&mut self, client: u64, namespace: &Arc<str>) -> Vec<Arc<LinkSlot>> {
        self.busy += 1;
        let now = self.number();
        let mut extra = false;
        self.change(client, namespace, |holder| {
            extra = holder.turns > 0;
            holder.turns += 1;
            holder.since = now;
        });
        self.extra += usize::from(extra);
        if self.is_kept_for(client) {
            self.promised += 1;
            self.kept.entry(client).or_default().promised += 1;
        }
        self.make_room()
    }

    /// One turn fewer of a client is about to use a resting connection.
    fn keep_promise(&mut self, client: u64) {
        if let Some(kept) = self.kept.get_mut(&client).filter(|kept| kept.promised > 0) {
            kept.promised -= 1;
            self.promised -= 1;
        }
    }

    /// An exchange of a client opens a connection. Returns what is to be closed.
    pub(super) fn dials(&mut self, client: u64) -> Vec<Arc<LinkSlot>> {
        self.keep_promise(client);
        self.make_room()
    }

    /// Changes a client's entry and keeps its place, and that of its namespace, right.
    fn change(&mut self, client: u64, namespace: &Arc<str>, change: impl FnOnce(&mut Holder)) {
        let holder = self.holders.entry(client).or_default();
        let group = self.groups.entry(namespace.clone()).or_default();
        group.queue.remove(&(holder.turns, holder.since, client));
        group.turns -= holder.turns;
        change(holder);
        group.turns += holder.turns;
        if !holder.waiting.is_empty() {
            group.queue.insert((holder.turns, holder.since, client));
        } else if holder.turns == 0 {
            self.holders.remove(&client);
        }
        let place = group.queue.first().map(|(_, since, _)| (group.turns, *since));
        if place != group.place {
            let entry = |(turns, since)| (turns, since, namespace.clone());
            group.place.map(|old| self.waiting.remove(&entry(old)));
            place.map(|new| self.waiting.insert(entry(new)));
            group.place = place;
        }
        if group.turns == 0 && group.queue.is_empty() {
            self.groups.remove(namespace);
        }
    }

    /// Takes out the resting connections that have no place any more.
    fn make_room(&mut self) -> Vec<Arc<LinkSlot>> {
        let mut closed = Vec::new();
        while self.open() > self.most
            && let Some((_, (client, slot))) = self.resting.pop_first()
        {
            slot.set_resting(0);
            self.rests_no_more(client);
            self.closed += 1;
            closed.push(slot);
        }
        closed
    }

    pub(super) fn rest(&mut self, client: u64, slot: &Arc<LinkSlot>) {
        let number = self.number();
        slot.set_resting(number);
        self.resting.insert(number, (client, slot.clone()));
        self.kept.entry(client).or_default().resting += 1;
    }

    /// A resting connection is used again, or gone.
    pub(super) fn forget(&mut self, number: u64) {
        if let Some((client, _)) = self.resting.remove(&number) {
            self.keep_promise(client);
            self.rests_no_more(client);
        }
    }

    fn rests_no_more(&mut self, client: u64) {
        let Some(kept) = self.kept.get_mut(&client) else { return };
        kept.resting -= 1;
        if kept.promised > kept.resting {
            kept.promised -= 1;
            self.promised -= 1;
        }
        if kept.resting == 0 {
            self.kept.remove(&client);
        }
    }
}
