//! Metrics of deliveries and of their attempts.

use std::collections::BTreeMap;

use campanile_delivery::{DeliverySnapshot, TallyRow, WAIT_BOUNDS};
use campanile_supervision::End;

use super::page::{Counted, FamilyType, MetricsPage};

pub(super) fn write(
    page: &mut MetricsPage,
    tallies: &[TallyRow],
    delivery: Option<&DeliverySnapshot>,
    per_object: bool,
) {
    let help = "Tries by what became of them; class says why something did not arrive.";
    page.family("campanile_deliveries_total", FamilyType::Counter, help);
    if per_object {
        results_by_provider(page, tallies);
    } else {
        results_by_type(page, tallies);
    }
    waits(page, tallies);
    let Some(delivery) = delivery else { return };
    page.family("campanile_deliveries_in_flight", FamilyType::Gauge, "Exchanges under way.");
    page.sample(&[], delivery.in_flight);
    page.family("campanile_exchange_panics_total", FamilyType::Counter, "Exchanges that panicked.");
    page.sample(&[], delivery.panics);
    page.family("campanile_provider_actors", FamilyType::Gauge, "Provider actors alive.");
    page.sample(&[], delivery.actors as u64);
    page.family(
        "campanile_provider_actor_restarts_total",
        FamilyType::Counter,
        "Restarts of provider actors.",
    );
    page.sample(&[], delivery.restarts);
    let help = "Ends of provider actors, by what they came to.";
    page.family("campanile_provider_actor_ends_total", FamilyType::Counter, help);
    for end in End::ALL {
        page.sample(&[("end", end.label())], delivery.ends.of(end));
    }
    page.family("campanile_delivery_threads", FamilyType::Gauge, "Threads that provider actors live on.");
    page.sample(&[], delivery.threads as u64);
}

/// Series end with their Provider.
fn results_by_provider(page: &mut MetricsPage, tallies: &[TallyRow]) {
    for row in tallies {
        let Some(provider) = &row.provider else { continue };
        for (result, class, count) in row.tally.results() {
            let labels = [
                ("type", row.kind.name()),
                ("namespace", &*provider.namespace),
                ("provider", &*provider.name),
                ("result", result),
                ("class", class),
            ];
            page.sample(&labels, count);
        }
    }
}

fn results_by_type(page: &mut MetricsPage, tallies: &[TallyRow]) {
    let mut sums = BTreeMap::<_, u64>::new();
    for row in tallies {
        for (result, class, count) in row.tally.results() {
            *sums.entry((row.kind.name(), result, class)).or_default() += count;
        }
    }
    for ((kind, result, class), count) in sums {
        page.sample(&[("type", kind), ("result", result), ("class", class)], count);
    }
}

fn waits(page: &mut MetricsPage, tallies: &[TallyRow]) {
    let mut sums = BTreeMap::<_, ([u64; WAIT_BOUNDS.len() + 1], f64)>::new();
    for row in tallies {
        let (buckets, seconds) = row.tally.waits();
        let (sum, total) = sums.entry(row.kind.name()).or_default();
        sum.iter_mut().zip(buckets).for_each(|(sum, more)| *sum += more);
        *total += seconds;
    }
    let help = "Time from the acceptance of an event to the delivery of a notification.";
    page.family("campanile_delivery_seconds", FamilyType::Histogram, help);
    for (kind, (buckets, sum)) in sums {
        page.histogram(&[("type", kind)], &Counted { bounds: &WAIT_BOUNDS, buckets: &buckets, sum });
    }
}
