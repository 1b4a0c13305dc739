//! Changes to many deliveries at once: wake, dead_letter_all, expire, prune, discard, redrive.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, ObjectKey};

use super::Board;
use super::chain::Chain;
use super::dead_letters::DeadLetter;
use super::links::ChainKind;
use super::record::{AT_ONCE, BoardEntry, provider_number};
use super::slab::SlabIndex;
use crate::journal::{LastFailure, Micros, Phase};
use crate::reasons;

impl Board {
    /// Makes everything of a provider due at once that waits for a time or a human.
    pub(crate) fn wake(&mut self, provider: &ObjectKey) {
        let Some(number) = self.queues.find(provider) else { return };
        let delayed = self.queue(number).delayed as usize;
        let order = self.queue(number).order;
        let places: Vec<SlabIndex> = order
            .iter(&self.records, ChainKind::Provider)
            .filter(|place| self.records[*place].phase != Phase::Ready)
            .take(delayed)
            .collect();
        for place in places {
            if self.records[place].leased {
                continue;
            }
            let lane = self.records[place].lane;
            self.withdraw(lane);
            self.set_phase(place, Phase::Ready, AT_ONCE);
            self.note_record(place, LastFailure::Keep);
            self.offer(lane, AT_ONCE);
        }
    }

    /// Makes all waiting deliveries of a provider dead letters. One that was deleted loses its memo as well.
    pub(crate) fn dead_letter_all(&mut self, provider: &ObjectKey, failure: &Failure, now: Micros) -> usize {
        if failure.class == FailureClass::ProviderDeleted {
            self.ledger.drop_memo(provider_number(provider));
        }
        let Some(number) = self.queues.find(provider) else {
            return 0;
        };
        let died = self.dead_letter_where(number, &Arc::new(failure.clone()), now, |_| true);
        self.drop_surplus();
        died
    }

    /// Makes deliveries dead letters whose deadline has passed. Returns how many by provider.
    pub(crate) fn expire(&mut self, now: Micros) -> BTreeMap<ObjectKey, usize> {
        let mut expired = BTreeMap::new();
        let failure = Arc::new(reasons::expired());
        for number in 0..self.queues.list.len() as u32 {
            if self.queue(number).earliest_deadline > now || !self.serves(number) {
                continue;
            }
            let count = self.dead_letter_where(number, &failure, now, |deadline| deadline <= now);
            self.find_earliest_deadline(number);
            if count > 0 {
                expired.insert(self.queue(number).key.clone(), count);
            }
        }
        self.drop_surplus();
        expired
    }

    fn serves(&self, number: u32) -> bool {
        self.ownership.epoch(&self.queues.list[number as usize].key).is_some()
    }

    fn dead_letter_where(
        &mut self,
        number: u32,
        failure: &Arc<Failure>,
        now: Micros,
        wanted: impl Fn(Micros) -> bool,
    ) -> usize {
        let mut died = 0;
        let mut next = self.queue(number).order.head();
        while let Some(place) = next {
            next = Chain::next(&self.records, place, ChainKind::Provider);
            let record = &self.records[place];
            if !record.leased && wanted(record.deadline) {
                self.dead_letter(place, failure.clone(), now);
                died += 1;
            }
        }
        died
    }

    fn find_earliest_deadline(&mut self, number: u32) {
        let order = self.queue(number).order;
        let deadlines =
            order.iter(&self.records, ChainKind::Provider).map(|place| self.records[place].deadline);
        let earliest = deadlines.min().unwrap_or(Micros::MAX);
        self.queue(number).earliest_deadline = earliest;
    }

    /// Drops dead letters that died at least `retention` before now, and forgets providers that hold nothing.
    pub(crate) fn prune(&mut self, now: Micros) {
        let retention = Micros::try_from(self.bounds.retention.as_micros()).unwrap_or(Micros::MAX);
        for id in self.dead_letters.older_than(now.saturating_sub(retention)) {
            self.drop_dead_letter(id);
        }
        self.queues.forget_idle();
    }

    /// Drops the dead letters beyond their bounds, each time the oldest of the namespace that has most. Called after the
    /// last of those that die together: which ones are dropped must not depend on the order in which they are noted.
    pub(crate) fn drop_surplus(&mut self) {
        while let Some(surplus) = self.dead_letters.len().checked_sub(self.bounds.dead_letters)
            && surplus > 0
        {
            for id in self.dead_letters.oldest_of_most(surplus) {
                self.drop_dead_letter(id);
            }
        }
        while self.dead_letters.bytes() > self.bounds.dead_letter_bytes
            && let Some(id) = self.dead_letters.oldest_of_heaviest()
        {
            self.drop_dead_letter(id);
        }
    }

    /// Drops the oldest dead letter of a namespace. Returns what it weighed, with its event; none if there is none.
    pub(super) fn drop_oldest_of(&mut self, namespace: &str) -> Option<u64> {
        let id = self.dead_letters.oldest_of(namespace)?;
        let weight = self.dead_letters.get(id)?.weight;
        self.drop_dead_letter(id).then_some(weight)
    }

    /// False if it is no dead letter.
    fn drop_dead_letter(&mut self, id: i64) -> bool {
        let Some(letter) = self.remove_dead_letter(id) else { return false };
        self.queue(letter.queue).dead -= 1;
        self.forget(id, letter.event, letter.queue, letter.facts.bytes);
        true
    }

    fn remove_dead_letter(&mut self, id: i64) -> Option<DeadLetter> {
        let queue = self.dead_letters.get(id)?.queue;
        let namespace = &self.queues.list[queue as usize].key.namespace;
        self.dead_letters.remove(namespace, id)
    }

    /// Removes dead letters. Returns how many.
    pub(crate) fn discard(&mut self, ids: Vec<i64>) -> usize {
        ids.into_iter().filter(|id| self.drop_dead_letter(*id)).count()
    }

    /// Puts dead letters back, but for those that are outdated. Returns how many.
    pub(crate) fn redrive(&mut self, mut ids: Vec<i64>, deadline: Micros) -> usize {
        // From the newest back, so that each goes to the front of its chain and none is searched for its place.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let newest = self.newest_letters();
        let mut redriven = 0;
        for id in ids {
            if self.dead_letters.get(id).is_none_or(|letter| self.is_outdated(letter, &newest)) {
                continue;
            }
            let Some(letter) = self.remove_dead_letter(id) else { continue };
            let facts =
                BoardEntry { phase: Phase::Ready, at: AT_ONCE, attempts: 0, deadline, ..letter.facts };
            self.queue(letter.queue).dead -= 1;
            self.enqueue(letter.event, letter.queue, &facts);
            self.note(letter.event, letter.queue, &facts, LastFailure::Clear);
            redriven += 1;
        }
        redriven
    }
}
