//! How much an outbox may hold and answer.

/// What the memo of one provider holds at most; the entry that was remembered longest ago leaves first.
pub const MEMO_BOUND: usize = 10_000;

/// The longest list of deliveries that is given in one answer.
pub(crate) const LIST_BOUND: usize = 10_000;

/// The bounds of an outbox.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Deliveries and unplanned events in total; more are refused with [`OutboxError::Full`](crate::OutboxError::Full).
    pub records: usize,
    /// Bytes of stored events and deliveries in total; more are refused.
    pub bytes: u64,
    /// Deliveries of one provider; beyond it the provider's oldest waiting one becomes a dead letter (`overflow`).
    pub records_per_provider: usize,
    /// Dead letters; beyond it the oldest are dropped.
    pub dead_letters: usize,
    /// How long dead letters are kept.
    pub retention: std::time::Duration,
    /// Bytes of events kept in memory beside the disk; beyond it they are read back when needed.
    pub cache_bytes: usize,
    /// Free bytes on the disk below which new events are refused, so that outcomes can still be written.
    pub reserve_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            records: 2_000_000,
            bytes: 2 << 30,
            records_per_provider: 200_000,
            dead_letters: 10_000,
            retention: std::time::Duration::from_secs(7 * 24 * 3600),
            cache_bytes: 4 << 20,
            reserve_bytes: 8 << 20,
        }
    }
}
