//! Deliveries for which there is no room: they become dead letters, the oldest first. Here also the bounds of one
//! provider's queue; those of the whole are in `shares`.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::ObjectKey;

use super::Board;
use super::links::ChainKind;
use super::queue::Queue;
use super::slab::SlabIndex;
use crate::journal::Micros;
use crate::{Bounds, reasons};

/// The deliveries that became dead by overflow.
#[derive(Default)]
pub(super) struct Overflow {
    /// The number of overflows since the start.
    pub(super) total: u64,
    /// By provider, since somebody asked. Bounded by the providers that hold anything.
    untold: BTreeMap<ObjectKey, usize>,
}

impl Board {
    /// Makes the oldest waiting deliveries of a provider dead that are beyond its bounds.
    pub(crate) fn overflow(&mut self, provider: &ObjectKey, now: Micros) {
        let Some(number) = self.queues.find(provider) else { return };
        let Bounds { records_per_provider, bytes_per_provider, .. } = self.bounds;
        loop {
            let Queue { held, bytes, order, .. } = *self.queue(number);
            if held as usize <= records_per_provider && bytes <= bytes_per_provider {
                break;
            }
            let oldest =
                order.iter(&self.records, ChainKind::Provider).find(|place| !self.records[*place].leased);
            let Some(oldest) = oldest else { break };
            self.overflow_one(oldest, now);
        }
        self.drop_surplus();
    }

    /// Makes a waiting delivery dead because there is no room for it; [`drop_surplus`](Self::drop_surplus) is due
    /// afterwards.
    pub(super) fn overflow_one(&mut self, place: SlabIndex, now: Micros) {
        let queue = self.lanes[self.records[place].lane].queue;
        let provider = self.queue(queue).key.clone();
        self.dead_letter(place, Arc::new(reasons::overflow()), now);
        self.overflow.total += 1;
        *self.overflow.untold.entry(provider).or_default() += 1;
    }

    /// How many became dead that way since the last call, by provider.
    pub(crate) fn take_overflowed(&mut self) -> BTreeMap<ObjectKey, usize> {
        std::mem::take(&mut self.overflow.untold)
    }
}
