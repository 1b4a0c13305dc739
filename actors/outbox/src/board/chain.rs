//! Lists that thread through a slab: a record is in two at once, its lane's and its provider's, and leaves both in
//! constant time.

use super::record::Record;
use super::slab::{NOWHERE, Place, Slab};

/// A record's neighbours in one list.
#[derive(Clone, Copy)]
pub(super) struct Links {
    previous: Place,
    next: Place,
}

impl Links {
    pub(super) const NONE: Self = Self { previous: NOWHERE, next: NOWHERE };
}

/// Which list of a record.
#[derive(Clone, Copy)]
pub(super) enum Strand {
    /// Its lane's.
    Lane,
    /// Its provider's.
    Provider,
}

/// A list of records in the order of their numbers.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    head: Place,
    tail: Place,
}

impl Chain {
    pub(super) const EMPTY: Self = Self { head: NOWHERE, tail: NOWHERE };

    pub(super) fn head(self) -> Option<Place> {
        (self.head != NOWHERE).then_some(self.head)
    }

    pub(super) fn tail(self) -> Option<Place> {
        (self.tail != NOWHERE).then_some(self.tail)
    }

    /// The place after `place`.
    pub(super) fn next(slab: &Slab<Record>, place: Place, strand: Strand) -> Option<Place> {
        let next = slab[place].links(strand).next;
        (next != NOWHERE).then_some(next)
    }

    /// All places, in order.
    pub(super) fn iter(self, slab: &Slab<Record>, strand: Strand) -> impl Iterator<Item = Place> + '_ {
        std::iter::successors(self.head(), move |place| Self::next(slab, *place, strand))
    }

    /// Links a record in by its number. New records have the highest; an older one comes back near the front.
    pub(super) fn insert(&mut self, slab: &mut Slab<Record>, place: Place, strand: Strand) {
        let id = slab[place].id;
        let newest = self.tail == NOWHERE || slab[self.tail].id < id;
        let follower = if newest { None } else { self.iter(slab, strand).find(|other| slab[*other].id > id) };
        let (previous, next) =
            follower.map_or((self.tail, NOWHERE), |next| (slab[next].links(strand).previous, next));
        *slab[place].links_mut(strand) = Links { previous, next };
        self.join(slab, strand, previous, place);
        self.join(slab, strand, place, next);
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, slab: &mut Slab<Record>, place: Place, strand: Strand) {
        let Links { previous, next } = slab[place].links(strand);
        *slab[place].links_mut(strand) = Links::NONE;
        self.join(slab, strand, previous, next);
    }

    /// Makes two neighbours, of which one may be an end of the list.
    fn join(&mut self, slab: &mut Slab<Record>, strand: Strand, previous: Place, next: Place) {
        match previous {
            NOWHERE => self.head = next,
            place => slab[place].links_mut(strand).next = next,
        }
        match next {
            NOWHERE => self.tail = previous,
            place => slab[place].links_mut(strand).previous = previous,
        }
    }
}
