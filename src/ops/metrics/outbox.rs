//! Metrics of the outbox: what waits, and for how long.

use campanile_domain::ObjectKey;
use campanile_outbox::{BrowseFilter, Stats, Usage};
use jiff::Timestamp;

use super::page::{FamilyType, MetricsPage};
use crate::ops::View;

/// Providers whose oldest delivery is looked up: those with the longest queues. Each look is a read of one row.
const MOST_LOOKS: usize = 100;

/// The ages of the oldest waiting deliveries, in seconds.
#[derive(Default)]
pub(super) struct Ages {
    /// Age of the oldest delivery of all, in seconds.
    oldest: f64,
    /// Age of the oldest delivery by Provider, in seconds.
    providers: Vec<(ObjectKey, f64)>,
}

impl Ages {
    pub(super) async fn of(view: &View, stats: &Stats, per_object: bool) -> Self {
        if stats.total.waiting() == 0 {
            return Self::default();
        }
        let mut providers = Vec::new();
        for key in if per_object { longest(stats) } else { Vec::new() } {
            if let Some(age) = age(view, Some(key.clone())).await {
                providers.push((key.clone(), age));
            }
        }
        Self { oldest: age(view, None).await.unwrap_or_default(), providers }
    }
}

/// The Providers with the longest queues.
fn longest(stats: &Stats) -> Vec<&ObjectKey> {
    let mut queues: Vec<_> = stats.providers.iter().filter(|(_, usage)| usage.waiting() > 0).collect();
    queues.sort_by_key(|(_, usage)| std::cmp::Reverse(usage.waiting()));
    queues.into_iter().take(MOST_LOOKS).map(|(key, _)| key).collect()
}

/// None if nothing waits any more, or the outbox cannot be read.
async fn age(view: &View, provider: Option<ObjectKey>) -> Option<f64> {
    let oldest =
        view.outbox.list(BrowseFilter { provider, limit: 1, ..BrowseFilter::default() }).await.ok()?;
    Some(since(view.clock.now(), oldest.first()?.accepted_at))
}

fn since(now: Timestamp, accepted_at: Timestamp) -> f64 {
    now.duration_since(accepted_at).as_secs_f64().max(0.0)
}

pub(super) fn write(page: &mut MetricsPage, stats: &Stats, ages: &Ages, per_object: bool) {
    page.family("campanile_outbox_deliveries", FamilyType::Gauge, "Stored deliveries by state.");
    for (state, count) in states(&stats.total) {
        page.sample(&[("state", state)], count);
    }
    let help = "Age of the oldest delivery that waits.";
    page.family("campanile_outbox_oldest_seconds", FamilyType::Gauge, help);
    page.sample(&[], ages.oldest);
    if per_object {
        queues(page, stats, ages);
    }
    page.family("campanile_outbox_bytes", FamilyType::Gauge, "Bytes stored in the outbox.");
    page.sample(&[], stats.bytes);
    page.family(
        "campanile_outbox_unplanned_events",
        FamilyType::Gauge,
        "Events that wait for Alerts or labels.",
    );
    page.sample(&[], stats.unplanned);
    let counters = [
        ("campanile_outbox_damaged_total", "Records that could not be read.", stats.damaged),
        ("campanile_outbox_failed_writes_total", "Groups of writes that failed.", stats.failed_writes),
        ("campanile_outbox_overflowed_total", "Deliveries that full queues gave up.", stats.overflowed),
        ("campanile_outbox_superseded_total", "Statuses that a newer one replaced.", stats.superseded),
    ];
    for (name, help, count) in counters {
        page.family(name, FamilyType::Counter, help);
        page.sample(&[], count);
    }
}

fn queues(page: &mut MetricsPage, stats: &Stats, ages: &Ages) {
    page.family("campanile_queue_deliveries", FamilyType::Gauge, "Deliveries of a Provider by state.");
    for (provider, usage) in &stats.providers {
        let ObjectKey { namespace, name } = provider;
        for (state, count) in states(usage) {
            page.sample(&[("namespace", namespace), ("provider", name), ("state", state)], count);
        }
    }
    let help = "Bytes of the deliveries that wait for a Provider, each with its event.";
    page.family("campanile_queue_bytes", FamilyType::Gauge, help);
    for (ObjectKey { namespace, name }, usage) in &stats.providers {
        page.sample(&[("namespace", namespace), ("provider", name)], usage.bytes);
    }
    let help = "Age of the oldest waiting delivery of a Provider, of those with the longest queues.";
    page.family("campanile_queue_oldest_seconds", FamilyType::Gauge, help);
    for (provider, age) in &ages.providers {
        let ObjectKey { namespace, name } = provider;
        page.sample(&[("namespace", namespace), ("provider", name)], *age);
    }
}

fn states(usage: &Usage) -> [(&'static str, u64); 3] {
    [("pending", usage.pending), ("parked", usage.parked), ("dead", usage.dead)]
}
