//! Counts of the requests of each Receiver by outcome, for its status. In memory only.

use std::collections::BTreeMap;

use campanile_domain::ObjectKey;
use campanile_protocol::{LastWebhook, WebhookCounts, WebhookVerdict};
use parking_lot::Mutex;

struct Entry {
    counts: WebhookCounts,
    is_news: bool,
}

/// Counts by Receiver; there are as many as there are Receivers.
#[derive(Default)]
pub(super) struct WebhookTally(Mutex<BTreeMap<ObjectKey, Entry>>);

impl WebhookTally {
    /// Counts a request of a Receiver.
    pub(super) fn note(&self, receiver: &ObjectKey, last: LastWebhook) {
        let mut entries = self.0.lock();
        let entry = entries.entry(receiver.clone()).or_insert_with(|| {
            let counts = WebhookCounts {
                receiver: receiver.clone(),
                accepted: 0,
                postponed: 0,
                refused: 0,
                failed: 0,
                last: last.clone(),
            };
            Entry { counts, is_news: true }
        });
        let counts = &mut entry.counts;
        match last.verdict {
            WebhookVerdict::Accepted => counts.accepted += 1,
            WebhookVerdict::Postponed => counts.postponed += 1,
            WebhookVerdict::Refused => counts.refused += 1,
            WebhookVerdict::Failed => counts.failed += 1,
        }
        counts.last = last;
        entry.is_news = true;
    }

    /// Those with requests since this was last asked; Receivers that are gone are forgotten.
    pub(super) fn news(&self, exists: impl Fn(&ObjectKey) -> bool) -> Vec<WebhookCounts> {
        let mut entries = self.0.lock();
        entries.retain(|key, _| exists(key));
        let news = entries
            .values_mut()
            .filter_map(|entry| std::mem::take(&mut entry.is_news).then(|| entry.counts.clone()));
        news.collect()
    }

    /// Has everything told again, to somebody who knows nothing.
    pub(super) fn repeat(&self) {
        self.0.lock().values_mut().for_each(|entry| entry.is_news = true);
    }
}
