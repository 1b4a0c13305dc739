//! The status writer with a watcher that is told what to answer, and without an API server.

use std::sync::Mutex;

use campanile_domain::ObjectKey;
use campanile_supervision::Retirement;
use campanile_testkit::{Ward, run};
use serde_json::json;

use super::*;
use crate::cluster::object_status::Difference;
use crate::cluster::version::Served;
use crate::cluster::write_plan::Part;

/// A watcher that was not loaded until it has plans.
#[derive(Clone, Default)]
struct FakeWatcher {
    plans: Arc<Mutex<Vec<(Id, WritePlan)>>>,
    reviews: Arc<Mutex<usize>>,
}

impl Actor for FakeWatcher {
    type Context = Context<Self>;
}

impl Handler<PlanWrites> for FakeWatcher {
    type Result = MessageResult<PlanWrites>;

    fn handle(&mut self, _: PlanWrites, _: &mut Self::Context) -> Self::Result {
        MessageResult(std::mem::take(&mut *self.plans.lock().unwrap()))
    }
}

impl Handler<ReviewAll> for FakeWatcher {
    type Result = ();

    fn handle(&mut self, _: ReviewAll, _: &mut Self::Context) {
        *self.reviews.lock().unwrap() += 1;
    }
}

struct Rig {
    fake: FakeWatcher,
    writer: Addr<StatusWriterActor>,
    leader: watch::Sender<bool>,
    /// Ends the writer, which its peers keep alive.
    retirement: Retirement,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.retirement.declare();
    }
}

impl Rig {
    fn new(ward: &Ward, leads: bool) -> Self {
        let (fake, peers) = (FakeWatcher::default(), ClusterPeers::default());
        let watcher = fake.clone().start();
        peers.plans.point_at(&watcher);
        peers.review.point_at(&watcher);
        let (retirement, (leader, led)) = (Retirement::default(), watch::channel(leads));
        let writer = StatusWriterActor::launch(StatusWriterParts {
            peers,
            clock: ward.clock.clone(),
            guard: ward.guard("status-writer").of_build(0, retirement.clone()),
            leader: led,
            reconciles: Reconciles::default(),
        });
        Self { fake, writer, leader, retirement }
    }

    async fn stale(&self) {
        let changed = StatusChanged { stale: vec![id()], ..StatusChanged::default() };
        self.writer.send(changed).await.unwrap();
    }

    fn plan_a_write(&self) {
        let write = StatusPatch {
            id: id(),
            served: Served { version: campanile_crds::Version::V1beta3, has_status: true },
            part: Part::Status,
            difference: Difference::Condition,
            first: false,
            mark: 1,
            base: "7".to_owned(),
            patch: json!({}),
        };
        self.fake.plans.lock().unwrap().push((id(), WritePlan::Write(Box::new(write))));
    }

    /// How many patches are handed out now.
    async fn next(&self) -> usize {
        self.writer.send(NextWrites).await.unwrap().len()
    }
}

fn id() -> Id {
    (Kind::Alert, ObjectKey::new("apps", "on-call"))
}

#[test]
fn a_writer_that_starts_has_everything_reviewed() {
    run(async |ward| {
        let rig = Rig::new(&ward, true);
        assert_eq!(rig.next().await, 0);
        assert_eq!(*rig.fake.reviews.lock().unwrap(), 1);
    });
}

#[test]
fn what_the_watcher_can_not_plan_yet_is_not_forgotten() {
    run(async |ward| {
        let rig = Rig::new(&ward, true);
        rig.stale().await;
        assert_eq!(rig.next().await, 0);
        rig.plan_a_write();
        assert_eq!(rig.next().await, 0, "it is asked again after a pause");
        tokio::time::advance(UNPLANNED).await;
        assert_eq!(rig.next().await, 1);
    });
}

#[test]
fn who_does_not_lead_hands_out_nothing_and_shows_no_queue_until_he_does() {
    run(async |ward| {
        let rig = Rig::new(&ward, false);
        rig.stale().await;
        rig.plan_a_write();
        let due = async || {
            let snapshot = rig.writer.send(GetSnapshot::new()).await.unwrap();
            (snapshot.leads, snapshot.queues.iter().map(|queue| queue.due).collect::<Vec<_>>())
        };
        assert_eq!((rig.next().await, due().await), (0, (false, vec![0, 0, 0])));
        rig.leader.send_replace(true);
        assert_eq!((due().await, rig.next().await), ((true, vec![1, 0, 0]), 1));
        assert_eq!(due().await, (true, vec![0, 0, 0]), "it is being written");
    });
}
