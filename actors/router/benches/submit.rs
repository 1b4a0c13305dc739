//! What events cost from intake's hand-over to the answer, over a store on a disk: the plan, the group commit, the way
//! back. The deliveries are then taken and settled, so that the store stays as small as in daily work.

#![expect(clippy::expect_used, reason = "a bench that cannot go on must say so and stop")]

use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, System, SystemRunner};
use campanile_domain::{Event, ObjectRef};
use campanile_outbox::{AllProviders, Bounds, JournaledOutbox, Scheduler, Settlement};
use campanile_protocol::{Change, Changes, LabelLookup, Labels, Submit};
use campanile_router::{RouterActor, RouterConfig, RouterParts, RouterPhase, RouterSnapshot, Suspects};
use campanile_supervision::{DeathNotice, GetSnapshot, LifeGuard, Link, SystemClock};
use campanile_testkit::{alert, event, noon, provider};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use tokio::sync::oneshot;

struct NoLabels;

impl LabelLookup for NoLabels {
    fn labels(&self, _: &ObjectRef) -> Labels {
        Labels::Absent
    }
}

/// Whom a router's end concerns.
struct Parent;

impl Actor for Parent {
    type Context = Context<Self>;
}

impl Handler<DeathNotice<&'static str>> for Parent {
    type Result = ();

    fn handle(&mut self, _: DeathNotice<&'static str>, _: &mut Self::Context) {}
}

struct Rig {
    system: SystemRunner,
    router: Addr<RouterActor>,
    outbox: Arc<JournaledOutbox>,
    _folder: TempDir,
}

impl Rig {
    /// A router that plans events as they come.
    fn new() -> Self {
        let folder = TempDir::new().expect("make a folder");
        let opened = campanile_outbox::open(folder.path(), Bounds::default(), Arc::new(AllProviders), noon())
            .expect("open the outbox");
        let (system, outbox) = (System::new(), Arc::new(opened.outbox));
        let router = system.block_on(open_router(outbox.clone()));
        Self { system, router, outbox, _folder: folder }
    }

    /// Submits `size` events at once, waits for all answers, and empties the store.
    fn pass(&self, size: usize) {
        self.system.block_on(async {
            let answers: Vec<_> = (0..size).map(|number| submit(&self.router, number)).collect();
            for answer in answers {
                answer.await.expect("the router answers").expect("the event is stored");
            }
            let leases = self.outbox.take(&provider().key, size, noon()).await.expect("take");
            assert_eq!(leases.len(), size);
            leases.iter().for_each(|lease| self.outbox.settle(lease.delivery.id, Settlement::Done, noon()));
        });
    }
}

async fn open_router(outbox: Arc<JournaledOutbox>) -> Addr<RouterActor> {
    let parts = RouterParts {
        outbox,
        labels: Arc::new(NoLabels),
        config: RouterConfig::default(),
        clock: Arc::new(SystemClock),
        watcher: Link::new(),
        announces: Link::new(),
        suspects: Suspects::default(),
        guard: LifeGuard::new("router", Parent.start().recipient()),
    };
    let router = RouterActor::new(parts).start();
    let alerts = vec![Change::Applied(Arc::new(alert()))];
    let providers = vec![Change::Applied(Arc::new(provider()))];
    let all = Changes { initial: true, alerts, providers, ..Changes::default() };
    router.send(all).await.expect("the router lives");
    while router.send(GetSnapshot::<RouterSnapshot>::new()).await.expect("the router lives").phase
        != RouterPhase::Open
    {
        tokio::task::yield_now().await;
    }
    router
}

/// Submits an event about an object of its own, so that no delivery waits for another.
fn submit(
    router: &Addr<RouterActor>,
    number: usize,
) -> oneshot::Receiver<Result<(), campanile_protocol::SubmitError>> {
    let (reply, answer) = oneshot::channel();
    let mut about = event();
    about.involved_object.uid = format!("{number}");
    about.involved_object.name = format!("app-{number}");
    let event = Arc::new(Event { message: "health check passed ".repeat(30), ..about });
    router.do_send(Submit { event, peer: None, accepted_at: noon(), reply, span: tracing::Span::none() });
    answer
}

fn submits(criterion: &mut Criterion) {
    let rig = Rig::new();
    let mut group = criterion.benchmark_group("submit, answer, take, settle");
    for size in [1, 32, 256] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| bencher.iter(|| rig.pass(size)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = submits
}
criterion_main!(benches);
