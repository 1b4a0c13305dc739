//! The line of what waits for the API server: its bounds, whose turn it is, and when.
//!
//! Turns go round: what was tried longest ago comes next, so that a resource that fails for its own reasons holds up no other.
//! A round in which nothing was answered makes the pause grow, and the next round small; any answer ends the pause.
//! Those that are put off come when their time has come. They wait for their resource's pace and not for the API server, so nobody is
//! told that they wait, unless it does not answer them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{ObjectKey, PostponedReconcile};
use campanile_protocol::{PostponeRefusal, PostponedCounts};
use campanile_supervision::Backoff;
use jiff::{SignedDuration, Timestamp};

use super::attempt::{ReconcileAttempt, RetryResult};
use crate::PostponerSnapshot;

/// The most that may wait.
const MOST: Load = Load { count: 10_000, bytes: 32 << 20 };

/// The most that wait of the Receivers of one namespace, so that one does not take the room of all.
const MOST_OF_NAMESPACE: Load = Load { count: 2_500, bytes: 8 << 20 };

/// How long one waits before it is given up.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A request for a resource that has waited for less than this already is one with it: nothing is written.
const JOINED: SignedDuration = SignedDuration::from_mins(1);

/// Tries at once, and while nothing is answered.
const ROUND: usize = 32;
const PROBE: usize = 8;

/// The pauses after rounds in which nothing was answered.
const PAUSES: Backoff = Backoff {
    floor: Duration::from_millis(500),
    base: Duration::from_secs(2),
    ceiling: Duration::from_secs(30),
};

/// Receivers whose counts are remembered; beyond it those are forgotten of which nothing waits.
const RECEIVERS: usize = 10_000;

/// The load of what waits: entries and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    count: usize,
    bytes: usize,
}

impl Load {
    fn of(reconcile: &PostponedReconcile) -> Self {
        Self { count: 1, bytes: reconcile.resource.len() + reconcile.request.len() }
    }

    fn add(&mut self, more: Self) {
        (self.count, self.bytes) = (self.count + more.count, self.bytes + more.bytes);
    }

    fn take(&mut self, less: Self) {
        (self.count, self.bytes) = (self.count - less.count, self.bytes - less.bytes);
    }

    fn is_beyond(self, most: Self) -> bool {
        self.count > most.count || self.bytes > most.bytes
    }
}

struct Waiting {
    reconcile: PostponedReconcile,
    /// When it was tried last, in turns.
    turn: u64,
    is_under_way: bool,
    /// When it comes; only of one that is put off, and was not tried yet.
    due: Option<Timestamp>,
}

/// When something happens, and chance between 0 and 1, for pauses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) random: f64,
}

struct Counted {
    counts: PostponedCounts,
    is_news: bool,
}

/// The queue of postponed reconciles.
#[derive(Default)]
pub(super) struct PostponedQueue {
    waiting: BTreeMap<i64, Waiting>,
    by_resource: HashMap<String, i64>,
    /// Those whose turn comes, the one that was tried longest ago first.
    turns: BTreeSet<(u64, i64)>,
    /// Those that are put off, the next first.
    put_off: BTreeSet<(Timestamp, i64)>,
    /// How many wait for the API server: all but those that are put off and were not tried yet.
    for_server: usize,
    next_turn: u64,
    under_way: usize,
    /// What waits and what is being stored, in all and by namespace.
    load: Load,
    of_namespace: BTreeMap<Arc<str>, Load>,
    /// Rounds in a row in which nothing was answered.
    silent_rounds: u32,
    /// Whether something of the present round was answered.
    is_answered: bool,
    /// The earliest time of the next round.
    not_before: Option<Timestamp>,
    receivers: BTreeMap<ObjectKey, Counted>,
    totals: PostponerSnapshot,
}

impl PostponedQueue {
    /// Takes in what was stored, oldest first. Returns the numbers of those that a newer one replaces.
    pub(super) fn load(&mut self, all: Vec<(i64, PostponedReconcile)>) -> Vec<i64> {
        let mut replaced = Vec::new();
        for (number, reconcile) in all {
            self.add_load(&reconcile);
            replaced.extend(self.insert(number, reconcile, None));
        }
        replaced
    }

    /// Admits requests of one webhook, all or none. Returns those that are to be stored: not those whose resource waits already.
    pub(super) fn admit(
        &mut self,
        all: Vec<PostponedReconcile>,
        now: Timestamp,
    ) -> Result<Vec<PostponedReconcile>, PostponeRefusal> {
        let fresh: Vec<_> = all.into_iter().filter(|one| !self.is_joined(one, now)).collect();
        let Some(first) = fresh.first() else { return Ok(fresh) };
        // One that takes the place of another needs no more room, and is never refused for want of it.
        let new = fresh.iter().filter(|one| !self.by_resource.contains_key(&one.resource));
        let mut more = Load::default();
        new.for_each(|one| more.add(Load::of(one)));
        let beyond = |load: Load, most| {
            let mut load = load;
            load.add(more);
            more.count > 0 && load.is_beyond(most)
        };
        let of_namespace = self.of_namespace.get(&first.receiver.namespace).copied().unwrap_or_default();
        if beyond(self.load, MOST) {
            return Err(PostponeRefusal::Full("as many requests to reconcile wait as may"));
        }
        if beyond(of_namespace, MOST_OF_NAMESPACE) {
            return Err(PostponeRefusal::Full(
                "as many requests to reconcile wait of this namespace's Receivers as may",
            ));
        }
        fresh.iter().for_each(|one| self.add_load(one));
        Ok(fresh)
    }

    /// Whether one that waits, and is not being tried, does for this one, too.
    fn is_joined(&self, one: &PostponedReconcile, now: Timestamp) -> bool {
        let waiting = self.by_resource.get(&one.resource).and_then(|number| self.waiting.get(number));
        waiting.is_some_and(|waiting| {
            !waiting.is_under_way && now.duration_since(waiting.reconcile.accepted_at) < JOINED
        })
    }

    /// What was admitted is stored; `due` says when those come that are put off. Returns the numbers of those that it replaces.
    pub(super) fn stored(
        &mut self,
        numbers: Vec<i64>,
        fresh: Vec<PostponedReconcile>,
        due: Option<Timestamp>,
        Moment { now, random }: Moment,
    ) -> Vec<i64> {
        if due.is_none() && self.for_server == 0 {
            // It was tried just now.
            self.silent_rounds = 1;
            self.pause(now, random);
        }
        let count = match due {
            None => &mut self.totals.postponed,
            Some(_) => &mut self.totals.put_off,
        };
        *count += fresh.len() as u64;
        numbers.into_iter().zip(fresh).filter_map(|(number, one)| self.insert(number, one, due)).collect()
    }

    /// What was admitted could not be stored.
    pub(super) fn not_stored(&mut self, fresh: &[PostponedReconcile]) {
        fresh.iter().for_each(|one| self.take_load(one));
    }

    /// Puts one in, whose load is counted. Returns the number of the one that it replaces.
    fn insert(&mut self, number: i64, reconcile: PostponedReconcile, due: Option<Timestamp>) -> Option<i64> {
        let before = self.by_resource.insert(reconcile.resource.clone(), number);
        let replaced = before.filter(|before| self.drop_waiting(*before).is_some());
        let turn = self.give_turn();
        match due {
            Some(due) => drop(self.put_off.insert((due, number))),
            None => {
                self.waits_for_server(&reconcile.receiver);
                self.turns.insert((turn, number));
            }
        }
        self.waiting.insert(number, Waiting { reconcile, turn, is_under_way: false, due });
        replaced
    }

    /// Takes one out, under way or not. Its resource is left to whoever has it now.
    fn drop_waiting(&mut self, number: i64) -> Option<PostponedReconcile> {
        let Waiting { reconcile, turn, due, .. } = self.waiting.remove(&number)?;
        self.turns.remove(&(turn, number));
        if self.by_resource.get(&reconcile.resource) == Some(&number) {
            self.by_resource.remove(&reconcile.resource);
        }
        self.take_load(&reconcile);
        match due {
            Some(due) => drop(self.put_off.remove(&(due, number))),
            None => {
                self.for_server -= 1;
                self.count(&reconcile.receiver, |counts| counts.waiting = counts.waiting.saturating_sub(1));
            }
        }
        Some(reconcile)
    }

    /// Has those come whose time has come.
    fn recall(&mut self, now: Timestamp) {
        while let Some((due, number)) = self.put_off.first().copied().filter(|(due, _)| *due <= now) {
            self.put_off.remove(&(due, number));
            if let Some(waiting) = self.waiting.get(&number) {
                self.turns.insert((waiting.turn, number));
            }
        }
    }

    /// When the next one comes that is put off; none if there is none, or nothing may be tried.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let (due, _) = self.put_off.first()?;
        (self.under_way == 0).then(|| self.not_before.map_or(*due, |pause| pause.max(*due)))
    }

    /// The next round; none while there is one, or a pause.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<ReconcileAttempt> {
        if self.under_way > 0 || self.not_before.is_some_and(|at| now < at) {
            return Vec::new();
        }
        self.recall(now);
        let most = if self.silent_rounds > 0 { PROBE } else { ROUND };
        let mut round = Vec::new();
        while round.len() < most
            && let Some((_, number)) = self.turns.pop_first()
        {
            let Some(waiting) = self.waiting.get_mut(&number) else { continue };
            waiting.is_under_way = true;
            round.push(ReconcileAttempt { number, reconcile: waiting.reconcile.clone() });
        }
        (self.under_way, self.is_answered) = (round.len(), false);
        round
    }

    /// A try ended. Whether its row is to go.
    pub(super) fn ended(&mut self, number: i64, ending: RetryResult) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        let totals = &mut self.totals;
        match ending {
            RetryResult::Done { resources } => {
                (totals.made, totals.resources) = (totals.made + 1, totals.resources + u64::from(resources));
            }
            RetryResult::Failed(_) => totals.failed += 1,
            RetryResult::Away(error) => {
                totals.last_error = Some(error);
                self.back_in_line(number);
                return false;
            }
        }
        self.is_answered = true;
        self.totals.last_error = None;
        let failed = matches!(ending, RetryResult::Failed(_));
        match self.drop_waiting(number) {
            Some(reconcile) => {
                self.count(&reconcile.receiver, |counts| counts.failed += u64::from(failed));
                true
            }
            // A newer one has replaced it.
            None => false,
        }
    }

    fn back_in_line(&mut self, number: i64) {
        let turn = self.give_turn();
        let Some(waiting) = self.waiting.get_mut(&number) else { return };
        (waiting.turn, waiting.is_under_way) = (turn, false);
        self.turns.insert((turn, number));
        if waiting.due.take().is_some() {
            let receiver = waiting.reconcile.receiver.clone();
            self.totals.postponed += 1;
            self.waits_for_server(&receiver);
        }
    }

    fn waits_for_server(&mut self, receiver: &ObjectKey) {
        self.for_server += 1;
        self.count(receiver, |counts| counts.waiting += 1);
    }

    /// All tries of the round ended.
    pub(super) fn round_ended(&mut self, Moment { now, random }: Moment) {
        if self.is_answered {
            (self.silent_rounds, self.not_before) = (0, None);
        } else {
            self.silent_rounds = self.silent_rounds.saturating_add(1);
            self.pause(now, random);
        }
    }

    fn pause(&mut self, now: Timestamp, random: f64) {
        let pause = SignedDuration::try_from(PAUSES.pause(self.silent_rounds, random));
        self.not_before = now.checked_add(pause.unwrap_or(SignedDuration::ZERO)).ok();
    }

    /// Takes out those that have waited for too long and are not being tried.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<ReconcileAttempt> {
        let is_old =
            |one: &Waiting| !one.is_under_way && now.duration_since(one.reconcile.accepted_at) >= KEPT;
        let old = self.waiting.iter().filter(|(_, one)| is_old(one)).map(|(number, _)| *number);
        let old: Vec<i64> = old.collect();
        let mut expired = Vec::with_capacity(old.len());
        for number in old {
            if let Some(reconcile) = self.drop_waiting(number) {
                self.count(&reconcile.receiver, |counts| counts.expired += 1);
                self.totals.expired += 1;
                expired.push(ReconcileAttempt { number, reconcile });
            }
        }
        expired
    }

    /// The counts of Receivers that changed since this was last asked; all that are not zero, if `all` are wanted.
    pub(super) fn news(&mut self, all: bool) -> Vec<PostponedCounts> {
        let told = |counted: &mut Counted| {
            let PostponedCounts { waiting, expired, failed, .. } = counted.counts;
            let is_told = std::mem::take(&mut counted.is_news) || all && waiting + expired + failed > 0;
            is_told.then(|| counted.counts.clone())
        };
        let news = self.receivers.values_mut().filter_map(told).collect();
        if self.receivers.len() > RECEIVERS {
            self.receivers.retain(|_, counted| counted.counts.waiting > 0);
        }
        news
    }

    pub(super) fn snapshot(&self) -> PostponerSnapshot {
        PostponerSnapshot { waiting: self.for_server, bytes: self.load.bytes, ..self.totals.clone() }
    }

    fn give_turn(&mut self) -> u64 {
        self.next_turn += 1;
        self.next_turn
    }

    fn add_load(&mut self, one: &PostponedReconcile) {
        self.load.add(Load::of(one));
        self.of_namespace.entry(one.receiver.namespace.clone()).or_default().add(Load::of(one));
    }

    fn take_load(&mut self, one: &PostponedReconcile) {
        self.load.take(Load::of(one));
        if let Some(load) = self.of_namespace.get_mut(&one.receiver.namespace) {
            load.take(Load::of(one));
            if load.count == 0 {
                self.of_namespace.remove(&one.receiver.namespace);
            }
        }
    }

    fn count(&mut self, receiver: &ObjectKey, change: impl FnOnce(&mut PostponedCounts)) {
        let fresh = || Counted { counts: PostponedCounts::none_of(receiver.clone()), is_news: true };
        let counted = self.receivers.entry(receiver.clone()).or_insert_with(fresh);
        change(&mut counted.counts);
        counted.is_news = true;
    }
}

#[cfg(test)]
mod tests;
