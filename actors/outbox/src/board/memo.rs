//! Changes of memos, as they are made and as they are written.

/// A change of one provider's memo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoNote {
    /// The provider's number.
    pub(crate) provider: u64,
    pub(crate) change: MemoChange,
}

/// What changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MemoChange {
    /// This look is known of this place.
    Remember(u128, u128),
    /// Nothing is known of this place any more.
    Forget(u128),
    /// Nothing is known any more.
    Drop,
}

impl MemoChange {
    /// Does to a memo, oldest entry first, what the change does to its table.
    pub(crate) fn apply(self, memo: &mut Vec<(u128, u128)>) {
        match self {
            Self::Remember(place, look) => {
                Self::Forget(place).apply(memo);
                memo.push((place, look));
            }
            Self::Forget(place) => memo.retain(|(known, _)| *known != place),
            Self::Drop => memo.clear(),
        }
    }
}
