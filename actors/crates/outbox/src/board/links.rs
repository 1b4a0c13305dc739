//! Links of a record to its neighbours, one pair for each list that it is in.

use super::slab::{NOWHERE, Place};

/// The neighbours of a record in one list.
#[derive(Clone, Copy)]
pub(super) struct Links {
    pub(super) previous: Place,
    pub(super) next: Place,
}

impl Links {
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
