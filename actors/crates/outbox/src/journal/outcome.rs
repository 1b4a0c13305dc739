//! Outcomes: the changes to stored rows that a journal writes behind.

use std::sync::Arc;

use campanile_domain::Failure;

use super::Micros;
use crate::{DeliveryState, Epoch};

/// The phase of a delivery, leases aside. The numbers are those of the stored rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The delivery waits for its turn.
    Ready = 0,
    /// Waits for its next try.
    Retry = 1,
    /// The delivery waits for a human.
    Parked = 2,
    /// The delivery is a dead letter.
    Dead = 3,
}

impl Phase {
    /// The phase of a stored number.
    pub fn of_number(number: i64) -> Option<Self> {
        [Self::Ready, Self::Retry, Self::Parked, Self::Dead].into_iter().find(|phase| *phase as i64 == number)
    }

    pub(crate) fn state(self) -> DeliveryState {
        match self {
            Self::Ready => DeliveryState::Ready,
            Self::Retry => DeliveryState::Retry,
            Self::Parked => DeliveryState::Parked,
            Self::Dead => DeliveryState::Dead,
        }
    }
}

/// The change to one delivery's row, and under which ownership it was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct RowOutcome {
    /// The epoch in which this process served the delivery's Provider. A journal that several processes share drops the
    /// outcomes of an epoch that is over.
    pub epoch: Epoch,
    /// The change to the row.
    pub change: RowChange,
}

/// The change to a delivery's row: what it must become. It may be written late or twice: it names the result, not the step.
#[derive(Clone, Debug, PartialEq)]
pub enum RowChange {
    /// The row is removed, and with it the row of its event where that is named.
    Gone {
        /// The number of the event, if this was its last delivery.
        event: Option<i64>,
    },
    /// The row stays with these columns.
    Stands(RowColumns),
}

/// The columns of a delivery that change.
#[derive(Clone, Debug, PartialEq)]
pub struct RowColumns {
    /// The phase in which the delivery stands.
    pub phase: Phase,
    /// When it is due (zero: at once), or when it died.
    pub at: Micros,
    /// When it is no longer worth sending.
    pub deadline: Micros,
    /// The number of its attempts so far; saturates.
    pub attempts: u16,
    /// The checksum over all of its columns; see [`BoardEntry::checksum`](crate::BoardEntry::checksum).
    pub checksum: u64,
    /// What becomes of its last failure.
    pub failure: LastFailure,
}

/// The change to a delivery's last failure.
#[derive(Clone, Debug, PartialEq)]
pub enum LastFailure {
    /// It stays as it is stored.
    Keep,
    /// The last failure is forgotten.
    Clear,
    /// It is replaced by this one.
    Set(Arc<Failure>),
}

/// A change to one provider's memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoNote {
    /// The number of the Provider; see [`provider_number`](crate::provider_number).
    pub provider: u64,
    /// The change to its memo.
    pub change: MemoChange,
}

/// A change to a memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoChange {
    /// This look is known of this place, and is the newest entry.
    Remember(u128, u128),
    /// Nothing is known of this place any more.
    Forget(u128),
    /// Nothing is known of any place any more.
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
