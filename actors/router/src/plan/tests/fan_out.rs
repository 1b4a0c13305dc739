//! Bounds of what one event makes.

use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_testkit::{alert, event, provider};

use super::*;

/// So many Alerts in each namespace, with their Provider, that name the object of the usual event.
fn crowded(namespaces: &[(&str, usize)]) -> Index {
    let mut index = Index::new();
    for (namespace, count) in namespaces {
        let at = |name: &str| ObjectKey::new(*namespace, name);
        let chat = provider();
        let chat = ProviderSpec { key: at(&chat.key.name), ..chat };
        for number in 0..*count {
            let usual = alert();
            let sources = usual
                .sources
                .iter()
                .map(|source| EventSource {
                    namespace: event().involved_object.namespace.clone(),
                    ..source.clone()
                })
                .collect();
            let one = Alert { key: at(&format!("a-{number}")), provider: chat.key.clone(), sources, ..usual };
            index.apply(&Change::Applied(Arc::new(one)));
        }
        index.apply_provider(&Change::Applied(Arc::new(chat)));
    }
    index
}

#[test]
fn issue_17_an_event_makes_2000_deliveries_in_a_namespace_and_others_go_on() {
    let index = crowded(&[("flood", 2_500), ("sound", 30)]);
    let plan = plan_at_noon(&event(), &index, &Always(Labels::Absent), &RoutingPolicy::default());
    let of = |namespace: &str| {
        plan.deliveries.iter().filter(|delivery| &*delivery.provider.namespace == namespace).count()
    };
    assert_eq!((of("flood"), of("sound")), (2_000, 30));
    let dropped: Vec<_> = plan.drops.iter().filter(|dropped| dropped.reason == DropReason::FanOut).collect();
    assert_eq!((dropped.len(), plan.drops.len()), (500, 500));
    assert!(
        dropped[0]
            .message(&event())
            .starts_with("an event makes at most 10000 deliveries, 2000 in a namespace")
    );
}

#[test]
fn issue_17_an_event_makes_10000_deliveries_in_all() {
    let names: Vec<String> = (0..6).map(|number| format!("team-{number}")).collect();
    let counts: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1_800)).collect();
    let plan = plan_at_noon(&event(), &crowded(&counts), &Always(Labels::Absent), &RoutingPolicy::default());
    assert_eq!((plan.deliveries.len(), plan.drops.len()), (10_000, 800));
}
