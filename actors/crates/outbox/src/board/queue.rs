//! One provider's queue, and the table that gives each provider a short number.

use std::collections::{BTreeSet, HashMap};

use campanile_domain::ObjectKey;

use super::chain::Chain;
use super::record::provider_number;
use super::slab::SlabIndex;
use crate::journal::Micros;
use crate::{Epoch, Usage};

/// The deliveries of one provider.
pub(super) struct Queue {
    pub(super) key: ObjectKey,
    /// The provider's number in checksums and lanes.
    pub(super) number: u64,
    /// All that are not dead, in the order of their numbers.
    pub(super) order: Chain,
    /// Heads of free lanes that are due, by number.
    pub(super) ready: BTreeSet<(i64, SlabIndex)>,
    /// Heads of free lanes that wait for a time.
    pub(super) waiting: BTreeSet<(Micros, i64, SlabIndex)>,
    /// How many are not dead.
    pub(super) held: u32,
    /// What those weigh, each with its event.
    pub(super) bytes: u64,
    /// How many are parked and not leased.
    pub(super) parked: u32,
    /// How many are not in phase ready.
    pub(super) delayed: u32,
    pub(super) dead: u32,
    /// No deadline is earlier than this.
    pub(super) earliest_deadline: Micros,
    /// The epoch of this process in which its deliveries were last handed out.
    pub(super) epoch: Epoch,
    /// Whether the listener is to be told.
    pub(super) hinted: bool,
}

impl Queue {
    fn new(key: ObjectKey) -> Self {
        Self {
            number: provider_number(&key),
            key,
            order: Chain::EMPTY,
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            held: 0,
            bytes: 0,
            parked: 0,
            delayed: 0,
            dead: 0,
            earliest_deadline: Micros::MAX,
            epoch: Epoch::default(),
            hinted: false,
        }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            pending: u64::from(self.held - self.parked),
            parked: u64::from(self.parked),
            dead: u64::from(self.dead),
            bytes: self.bytes,
        }
    }

    fn is_idle(&self) -> bool {
        self.held == 0 && self.dead == 0 && !self.hinted
    }
}

/// All queues by their numbers.
#[derive(Default)]
pub(super) struct Queues {
    pub(super) list: Vec<Queue>,
    by_key: HashMap<ObjectKey, u32>,
    /// Numbers whose provider was forgotten.
    vacant: Vec<u32>,
}

impl Queues {
    pub(super) fn find(&self, provider: &ObjectKey) -> Option<u32> {
        self.by_key.get(provider).copied()
    }

    /// The number of a provider, old or new.
    pub(super) fn number(&mut self, provider: &ObjectKey) -> u32 {
        if let Some(number) = self.find(provider) {
            return number;
        }
        let queue = Queue::new(provider.clone());
        let number = if let Some(number) = self.vacant.pop() {
            self.list[number as usize] = queue;
            number
        } else {
            self.list.push(queue);
            self.list.len() as u32 - 1
        };
        self.by_key.insert(provider.clone(), number);
        number
    }

    /// Forgets providers that hold nothing, so that names that come and go take no memory.
    pub(super) fn forget_idle(&mut self) {
        let Self { list, by_key, vacant } = self;
        by_key.retain(|_, number| {
            let keep = !list[*number as usize].is_idle();
            if !keep {
                vacant.push(*number);
            }
            keep
        });
    }

    /// The queues that hold anything.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Queue> {
        self.list.iter().filter(|queue| queue.held + queue.dead > 0)
    }
}
