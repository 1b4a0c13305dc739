//! The ids that Sentry wants, derived from a delivery: the same at every try, and never those of another delivery.

use campanile_domain::Delivery;
use ring::digest::{SHA512, digest};

/// Lower-case hexadecimal, as Sentry has them.
pub(super) struct Ids {
    /// 16 bytes: Sentry keeps one event of an id.
    pub(super) event: String,
    /// 16 bytes.
    pub(super) trace: String,
    /// 8 bytes.
    pub(super) span: String,
}

impl Ids {
    /// Numbers of deliveries begin anew with a new state folder, so the time of acceptance counts too.
    pub(super) fn of(delivery: &Delivery) -> Self {
        let plan = &delivery.plan;
        let (number, accepted) = (delivery.id.0, delivery.accepted_at.as_microsecond());
        let name = format!("{} {} {number} {accepted}", plan.provider, plan.alert.uid);
        let hash = digest(&SHA512, name.as_bytes());
        let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut rest = hex.chars();
        let mut take = |bytes: usize| rest.by_ref().take(2 * bytes).collect();
        Self { event: take(16), trace: take(16), span: take(8) }
    }
}
