//! The ids that Sentry wants, derived from a notification: the same at every try, and never those of another one.

use aws_lc_rs::digest::{SHA512, digest};
use campanile_domain::Notification;

/// Lower-case hexadecimal, as Sentry has them.
pub(super) struct Ids {
    /// 16 bytes: Sentry keeps one event of an id.
    pub(super) event: String,
    /// The id of the trace: 16 bytes in hexadecimal.
    pub(super) trace: String,
    /// The id of the span: 8 bytes in hexadecimal.
    pub(super) span: String,
}

impl Ids {
    pub(super) fn of(notification: &Notification<'_>) -> Self {
        let hash = digest(&SHA512, notification.identity().as_bytes());
        let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut rest = hex.chars();
        let mut take = |bytes: usize| rest.by_ref().take(2 * bytes).collect();
        Self { event: take(16), trace: take(16), span: take(8) }
    }
}
