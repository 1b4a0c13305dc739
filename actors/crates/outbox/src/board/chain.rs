//! Lists that thread through a slab: a record is in two at once, its lane's and its provider's, and leaves both in
//! constant time.

use super::links::{ChainKind, ListLinks};
use super::record::Record;
use super::slab::{NOWHERE, Slab, SlabIndex};

/// A list of records in the order of their numbers.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    head: SlabIndex,
    tail: SlabIndex,
}

impl Chain {
    pub(super) const EMPTY: Self = Self { head: NOWHERE, tail: NOWHERE };

    pub(super) fn head(self) -> Option<SlabIndex> {
        (self.head != NOWHERE).then_some(self.head)
    }

    pub(super) fn tail(self) -> Option<SlabIndex> {
        (self.tail != NOWHERE).then_some(self.tail)
    }

    /// The place that comes after `place`.
    pub(super) fn next(slab: &Slab<Record>, place: SlabIndex, kind: ChainKind) -> Option<SlabIndex> {
        let next = slab[place].links(kind).next;
        (next != NOWHERE).then_some(next)
    }

    /// Iterates over all places in their order.
    pub(super) fn iter(self, slab: &Slab<Record>, kind: ChainKind) -> impl Iterator<Item = SlabIndex> + '_ {
        std::iter::successors(self.head(), move |place| Self::next(slab, *place, kind))
    }

    /// Links a record in by its number. New records have the highest or nearly so; an older one comes back near the front.
    pub(super) fn insert(&mut self, slab: &mut Slab<Record>, place: SlabIndex, kind: ChainKind) {
        let (previous, next) = self.neighbours(slab, slab[place].id, kind);
        *slab[place].links_mut(kind) = ListLinks { previous, next };
        self.join(slab, kind, previous, place);
        self.join(slab, kind, place, next);
    }

    /// Between which places a number belongs, looked for from both ends at once.
    fn neighbours(self, slab: &Slab<Record>, id: i64, kind: ChainKind) -> (SlabIndex, SlabIndex) {
        let (mut front, mut back) = (self.head, self.tail);
        loop {
            if back == NOWHERE || slab[back].id < id {
                return (back, if back == NOWHERE { self.head } else { slab[back].links(kind).next });
            }
            if slab[front].id > id {
                return (slab[front].links(kind).previous, front);
            }
            (front, back) = (slab[front].links(kind).next, slab[back].links(kind).previous);
        }
    }

    /// Takes a record out of the chain.
    pub(super) fn remove(&mut self, slab: &mut Slab<Record>, place: SlabIndex, kind: ChainKind) {
        let ListLinks { previous, next } = slab[place].links(kind);
        *slab[place].links_mut(kind) = ListLinks::NONE;
        self.join(slab, kind, previous, next);
    }

    /// Makes two neighbours, of which one may be an end of the list.
    fn join(&mut self, slab: &mut Slab<Record>, kind: ChainKind, previous: SlabIndex, next: SlabIndex) {
        match previous {
            NOWHERE => self.head = next,
            place => slab[place].links_mut(kind).next = next,
        }
        match next {
            NOWHERE => self.tail = previous,
            place => slab[place].links_mut(kind).previous = previous,
        }
    }
}
