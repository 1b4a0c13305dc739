//! Which Providers a process serves.

use campanile_domain::ObjectKey;

/// A span of time in which one process serves a Provider. It ascends whenever a Provider changes hands, so that what was
/// decided in an earlier epoch can be told and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Says which Providers this process serves. Deliveries of others are stored and listed, but not handed out.
pub trait Ownership: Send + Sync {
    /// The epoch in which this process serves `provider` now; none if it does not. Asked with every take and every
    /// settlement, under the lock of the board: it must not block.
    fn epoch(&self, provider: &ObjectKey) -> Option<Epoch>;
}

/// The ownership of a process that is alone: it serves all Providers, for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllProviders;

impl Ownership for AllProviders {
    fn epoch(&self, _: &ObjectKey) -> Option<Epoch> {
        Some(Epoch::default())
    }
}
