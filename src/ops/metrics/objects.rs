//! Conditions and suspension of Alerts, Providers and Receivers, under the incumbent's names.

use campanile_protocol::{LookTimes, ObjectRow, ObjectTable, ReceiverRow};

use super::page::{Counted, FamilyType, MetricsPage};

/// Writes what all kinds of objects show.
pub(super) fn write(page: &mut MetricsPage, table: &ObjectTable) {
    let alerts = table.alerts.iter().map(|row| ("Alert", &row.object));
    let providers = table.providers.iter().map(|row| ("Provider", &row.object));
    let receivers = table.receivers.iter().map(|row| ("Receiver", &row.object));
    let objects: Vec<(&str, &ObjectRow)> = alerts.chain(providers).chain(receivers).collect();
    page.family(
        "gotk_reconcile_condition",
        FamilyType::Gauge,
        "1 for the status that a condition has, else 0.",
    );
    objects.iter().for_each(|(kind, object)| conditions(page, kind, object));
    let help = "Time that a look at a Receiver took, from when its Secret was asked for.";
    page.family("gotk_reconcile_duration_seconds", FamilyType::Histogram, help);
    table.receivers.iter().for_each(|receiver| looks(page, receiver));
    page.family("gotk_suspend_status", FamilyType::Gauge, "1 if the object is suspended, else 0.");
    for (kind, ObjectRow { namespace, name, suspended, .. }) in objects {
        let labels = [("kind", kind), ("name", name), ("namespace", namespace)];
        page.sample(&labels, u64::from(*suspended));
    }
}

fn looks(page: &mut MetricsPage, ReceiverRow { object, looks, .. }: &ReceiverRow) {
    let labels = [("kind", "Receiver"), ("name", &*object.name), ("namespace", &*object.namespace)];
    let sum = looks.micros as f64 / 1e6;
    page.histogram(&labels, &Counted { bounds: &LookTimes::BOUNDS, buckets: &looks.buckets, sum });
}

fn conditions(page: &mut MetricsPage, kind: &str, object: &ObjectRow) {
    for condition in &object.conditions {
        for status in ["True", "False", "Unknown"] {
            let labels = [
                ("kind", kind),
                ("name", &object.name),
                ("namespace", &object.namespace),
                ("type", &*condition.kind),
                ("status", status),
            ];
            page.sample(&labels, u64::from(condition.status == status));
        }
    }
}
