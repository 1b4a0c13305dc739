//! What planning one event costs while the number of Alerts that do not concern it grows.
//!
//! One Alert in ten has a pattern. Of the others, half name the event's namespace and kind with another name, half live
//! in namespaces of their own.

use std::sync::Arc;

use campanile_domain::{Alert, Event, EventSource, ObjectKey, ObjectRef, ProviderSpec};
use campanile_protocol::{Change, LabelLookup, Labels};
use campanile_router::{Incoming, Index, RoutingPolicy, plan};
use campanile_testkit::{alert, event, noon, provider, source};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

struct NoLabels;

impl LabelLookup for NoLabels {
    fn labels(&self, _: &ObjectRef) -> Labels {
        Labels::Absent
    }
}

/// Alert number `n`, which the event does not concern.
fn other(n: usize) -> Alert {
    let home = if n.is_multiple_of(2) { "apps".to_owned() } else { format!("team-{n}") };
    let inclusion =
        if n.is_multiple_of(10) { vec![format!("(?i)timeout .* of app-{n}$")] } else { Vec::new() };
    let source = EventSource { name: format!("app-{n}"), namespace: home.clone(), ..source() };
    Alert {
        key: ObjectKey::new(home.as_str(), format!("alert-{n}")),
        provider: ObjectKey::new(home.as_str(), "chat"),
        sources: vec![source],
        inclusion,
        ..alert()
    }
}

fn index(alerts: usize) -> Index {
    let mut index = Index::new();
    index.apply(&Change::Applied(Arc::new(alert())));
    index.apply_provider(&Change::Applied(Arc::new(provider())));
    for other in (1..alerts).map(other) {
        let provider = ProviderSpec { key: other.provider.clone(), ..provider() };
        index.apply_provider(&Change::Applied(Arc::new(provider)));
        index.apply(&Change::Applied(Arc::new(other)));
    }
    index
}

fn reported() -> Event {
    let metadata = [
        ("event.toolkit.fluxcd.io/team", "web"),
        ("kustomize.toolkit.fluxcd.io/revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Event { metadata: metadata.into(), ..event() }
}

fn route(criterion: &mut Criterion) {
    let event = reported();
    let incoming = Incoming { event: &event, accepted_at: noon() };
    let rules = RoutingPolicy::default();
    let mut group = criterion.benchmark_group("plan");
    for alerts in [1, 1_000, 10_000, 100_000] {
        let index = index(alerts);
        assert_eq!(plan(incoming, &index, &NoLabels, &rules).deliveries.len(), 1);
        group.bench_function(BenchmarkId::from_parameter(alerts), |bencher| {
            bencher.iter(|| plan(incoming, &index, &NoLabels, &rules));
        });
    }
    group.finish();
}

fn load(criterion: &mut Criterion) {
    let alerts: Vec<_> = (1..10_000).map(|n| Change::Applied(Arc::new(other(n)))).collect();
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("10000 new", |bencher| {
        bencher.iter(|| {
            let mut index = Index::new();
            index.replace(&alerts, &[]);
            index
        });
    });
    let mut index = Index::new();
    index.replace(&alerts, &[]);
    group.bench_function("10000 unchanged", |bencher| bencher.iter(|| index.replace(&alerts, &[])));
    group.finish();
}

criterion_group!(benches, route, load);
criterion_main!(benches);
