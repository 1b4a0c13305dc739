//! Links of a record to its neighbours, one pair for each list that it is in.

use super::slab::{NOWHERE, SlabIndex};

/// The neighbours of a record in one list.
#[derive(Clone, Copy)]
pub(super) struct ListLinks {
    pub(super) previous: SlabIndex,
    pub(super) next: SlabIndex,
}

impl ListLinks {
    /// The links of a record that is in no list.
    pub(super) const NONE: Self = Self { previous: NOWHERE, next: NOWHERE };
}

/// The lists that a record is in.
#[derive(Clone, Copy)]
pub(super) enum ChainKind {
    /// Links the record to its neighbours in the same lane.
    Lane,
    /// Links the record to its neighbours in the same provider's queue.
    Provider,
}
