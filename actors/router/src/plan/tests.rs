//! The contract's acceptance cases, and what they leave open.

mod dispatch;
mod end_to_end;
mod fan_out;
mod matching;
mod selection;

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Alert, Event, EventSource, ObjectKey, ObjectRef, ProviderSpec};
use campanile_protocol::{Change, LabelLookup, Labels};
use campanile_testkit::{alert, event, noon, provider};

use super::*;

/// Gives the same answer for every object.
struct Always(Labels);

impl LabelLookup for Always {
    fn labels(&self, _: &ObjectRef) -> Labels {
        self.0.clone()
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn found(pairs: &[(&str, &str)]) -> Always {
    Always(Labels::Found(Arc::new(map(pairs))))
}

fn named(name: &str) -> Alert {
    Alert { key: ObjectKey::new("apps", name), ..alert() }
}

fn index(alerts: &[Alert], provider: ProviderSpec) -> Index {
    let mut index = Index::new();
    for alert in alerts {
        index.apply(&Change::Applied(Arc::new(alert.clone())));
    }
    index.apply_provider(&Change::Applied(Arc::new(provider)));
    index
}

fn plan_at_noon(event: &Event, index: &Index, labels: &dyn LabelLookup, rules: &RoutingPolicy) -> Plan {
    plan(Incoming { event, accepted_at: noon() }, index, labels, rules)
}

/// The plan for `event` where the usual Provider and these Alerts exist, and no object can be found.
fn plan_for(alerts: &[Alert], event: &Event) -> Plan {
    plan_at_noon(event, &index(alerts, provider()), &Always(Labels::Absent), &RoutingPolicy::default())
}

/// Names of the Alerts that notify.
fn notified(plan: &Plan) -> Vec<&str> {
    plan.deliveries.iter().map(|delivery| &*delivery.alert.key.name).collect()
}

fn messages(plan: &Plan, event: &Event) -> Vec<String> {
    plan.notices.iter().map(|notice| format!("{}: {}", notice.reason(), notice.message(event))).collect()
}
