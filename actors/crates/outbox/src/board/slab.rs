//! Small records in numbered places, without a heap block each.
//!
//! Places are kept in chunks; a chunk whose last record is gone gives its memory back, and free places of low chunks are
//! filled first, so that a slab shrinks again after a backlog.

use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};

/// The number of a place. It means its record until that is removed.
pub(super) type SlabIndex = u32;

/// The number that stands for no place.
pub(super) const NOWHERE: SlabIndex = SlabIndex::MAX;

/// The number of places in a chunk.
const CHUNK: usize = 1024;

struct Chunk<T> {
    records: Vec<T>,
    free: Vec<u16>,
}

/// A store of records of type `T`. Indexing with a place whose record was removed yields a stale record.
pub(super) struct Slab<T> {
    chunks: Vec<Chunk<T>>,
    /// Chunks with a free place.
    roomy: BTreeSet<u32>,
}

impl<T: Copy> Slab<T> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), roomy: BTreeSet::new() }
    }

    /// Gives `record` a free place.
    pub(super) fn insert(&mut self, record: T) -> SlabIndex {
        let number = self.roomy.first().copied().unwrap_or_else(|| self.grow());
        let chunk = &mut self.chunks[number as usize];
        let offset = if let Some(offset) = chunk.free.pop() {
            chunk.records[usize::from(offset)] = record;
            usize::from(offset)
        } else {
            chunk.records.push(record);
            chunk.records.len() - 1
        };
        if chunk.free.is_empty() && chunk.records.len() == CHUNK {
            self.roomy.remove(&number);
        }
        number * CHUNK as u32 + offset as u32
    }

    fn grow(&mut self) -> u32 {
        let number = self.chunks.len() as u32;
        self.chunks.push(Chunk { records: Vec::new(), free: Vec::new() });
        self.roomy.insert(number);
        number
    }

    /// Frees a place that is taken.
    pub(super) fn remove(&mut self, place: SlabIndex) -> T {
        let record = self[place];
        let number = place / CHUNK as u32;
        let chunk = &mut self.chunks[number as usize];
        chunk.free.push((place % CHUNK as u32) as u16);
        if chunk.free.len() == chunk.records.len() {
            (chunk.records, chunk.free) = (Vec::new(), Vec::new());
        }
        self.roomy.insert(number);
        record
    }
}

impl<T> Index<SlabIndex> for Slab<T> {
    type Output = T;

    fn index(&self, place: SlabIndex) -> &T {
        &self.chunks[place as usize / CHUNK].records[place as usize % CHUNK]
    }
}

impl<T> IndexMut<SlabIndex> for Slab<T> {
    fn index_mut(&mut self, place: SlabIndex) -> &mut T {
        &mut self.chunks[place as usize / CHUNK].records[place as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_keeps_its_record_while_others_come_and_go() {
        let mut slab = Slab::new();
        let places: Vec<SlabIndex> = (0..3000).map(|n| slab.insert(n)).collect();
        for place in places.iter().step_by(2) {
            slab.remove(*place);
        }
        let fresh: Vec<SlabIndex> = (0..1000).map(|n| slab.insert(10_000 + n)).collect();
        assert!(places.iter().enumerate().skip(1).step_by(2).all(|(n, place)| slab[*place] == n));
        assert!(fresh.iter().enumerate().all(|(n, place)| slab[*place] == 10_000 + n));
    }

    #[test]
    fn memory_comes_back_after_a_backlog() {
        let mut slab = Slab::new();
        let places: Vec<SlabIndex> = (0..10 * CHUNK).map(|n| slab.insert(n)).collect();
        for place in places {
            slab.remove(place);
        }
        assert_eq!(slab.chunks.iter().map(|chunk| chunk.records.capacity()).sum::<usize>(), 0);
        assert_eq!(slab.insert(1), 0);
    }
}
