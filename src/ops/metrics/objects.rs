//! Conditions and suspension of Alerts and Providers, under the incumbent's names.

use campanile_protocol::{Condition, ObjectTable};

use super::page::{Kind, Page};

struct Object<'a> {
    kind: &'static str,
    namespace: &'a str,
    name: &'a str,
    suspended: bool,
    conditions: &'a [Condition],
}

pub(super) fn write(page: &mut Page, table: &ObjectTable) {
    let alerts = table.alerts.iter().map(|row| Object {
        kind: "Alert",
        namespace: &row.namespace,
        name: &row.name,
        suspended: row.suspended,
        conditions: &row.conditions,
    });
    let providers = table.providers.iter().map(|row| Object {
        kind: "Provider",
        namespace: &row.namespace,
        name: &row.name,
        suspended: row.suspended,
        conditions: &row.conditions,
    });
    let objects: Vec<_> = alerts.chain(providers).collect();
    page.family("gotk_reconcile_condition", Kind::Gauge, "1 for the status that a condition has, else 0.");
    objects.iter().for_each(|object| conditions(page, object));
    page.family("gotk_suspend_status", Kind::Gauge, "1 if the object is suspended, else 0.");
    for Object { kind, namespace, name, suspended, .. } in objects {
        let labels = [("kind", kind), ("name", name), ("namespace", namespace)];
        page.sample(&labels, u64::from(suspended));
    }
}

fn conditions(page: &mut Page, object: &Object<'_>) {
    for condition in object.conditions {
        for status in ["True", "False", "Unknown"] {
            let labels = [
                ("kind", object.kind),
                ("name", object.name),
                ("namespace", object.namespace),
                ("type", &*condition.kind),
                ("status", status),
            ];
            page.sample(&labels, u64::from(condition.status == status));
        }
    }
}
