//! The watcher without an API server: what its tasks and the status writer would tell it is told here.

use std::sync::Mutex;

use actix::{Actor, Addr};
use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_testkit::{Ward, run};
use serde_json::{Value as Json, json};

use super::*;
use crate::batch::{Batch, WatchStep};
use crate::cluster::messages::{ObjectsSeen, Patched, PlanWrites, ReviewAll};
use crate::cluster::raw::Raw;
use crate::cluster::reading::{Facts, read};
use crate::cluster::version::Served;
use crate::cluster::write_plan::{StatusPatch, WritePlan};
use crate::{Receivers, RetryDelays};

const SERVED: Served = Served { version: campanile_crds::Version::V1beta3, has_status: true };

/// A status writer that remembers what it hears.
#[derive(Clone, Default)]
struct FakeWriter(Arc<Mutex<Vec<StatusChanged>>>);

impl Actor for FakeWriter {
    type Context = Context<Self>;
}

impl Handler<StatusChanged> for FakeWriter {
    type Result = ();

    fn handle(&mut self, changed: StatusChanged, _: &mut Self::Context) {
        self.0.lock().unwrap().push(changed);
    }
}

fn watcher(ward: &Ward, peers: &ClusterPeers) -> Addr<ClusterWatcher> {
    let (_, leader) = watch::channel(true);
    let nowhere =
        ClusterConfig { namespace: None, kubeconfig: Some("/nowhere".into()), ..ClusterConfig::default() };
    let parts = ClusterParts {
        config: nowhere,
        watcher: WatcherParts {
            clock: ward.clock.clone(),
            guard: ward.guard("watcher"),
            subscribers: Vec::new(),
            receivers: Receivers::default(),
            retry_delays: RetryDelays::default(),
        },
        labels: Arc::default(),
        leader,
        peers: peers.clone(),
    };
    ClusterWatcher::of_cluster(parts).start()
}

/// Alert `on-call`, whose Provider does not exist.
fn object(version: &str, generation: i64, status: &Json) -> Raw {
    let json = json!({
        "metadata": {
            "name": "on-call", "namespace": "apps", "uid": "u", "resourceVersion": version, "generation": generation,
        },
        "spec": {"providerRef": {"name": format!("chat-{generation}")}, "eventSources": []},
        "status": status,
    });
    serde_json::from_value(json).unwrap()
}

async fn seen(watcher: &Addr<ClusterWatcher>, whole: bool, object: Raw) {
    let api_version = format!("{}/{}", campanile_crds::GROUP, SERVED.version.name());
    let steps = vec![WatchStep::Applied(read::<Alert>(&api_version, object))];
    watcher.send(ObjectsSeen { served: SERVED, batch: Batch { whole, steps } }).await.unwrap();
}

async fn no_providers(watcher: &Addr<ClusterWatcher>) {
    let none = Batch { whole: true, steps: Vec::new() };
    watcher.send(ObjectsSeen::<ProviderSpec> { served: SERVED, batch: none }).await.unwrap();
}

async fn plan(watcher: &Addr<ClusterWatcher>) -> StatusPatch {
    let id = (Kind::Alert, ObjectKey::new("apps", "on-call"));
    match watcher.send(PlanWrites(vec![id])).await.unwrap().pop() {
        Some((_, WritePlan::Write(write))) => *write,
        other => panic!("nothing to write: {other:?}"),
    }
}

#[test]
fn an_answer_that_the_watch_overtook_does_not_hide_what_is_newer() {
    run(|ward| async move {
        let watcher = watcher(&ward, &ClusterPeers::default());
        no_providers(&watcher).await;
        seen(&watcher, true, object("1", 1, &json!({}))).await;
        let first = plan(&watcher).await;
        assert_eq!(first.base.as_str(), "1");
        // Somebody changes the spec, and the watch tells of it before our own patch is answered.
        let status = first.patch["status"].clone();
        seen(&watcher, false, object("3", 2, &status)).await;
        let facts = Facts::of(&object("2", 1, &status));
        let patched = Patched { id: first.id, part: first.part, base: first.base, facts };
        watcher.send(patched).await.unwrap();
        let second = plan(&watcher).await;
        assert_eq!(second.base, "3");
        assert!(second.patch["status"]["conditions"].to_string().contains("chat-2"), "{}", second.patch);
    });
}

#[test]
fn a_status_writer_hears_of_what_changed_and_of_everything_when_it_asks() {
    run(|ward| async move {
        let (peers, writer) = (ClusterPeers::default(), FakeWriter::default());
        peers.status.point_at(&writer.clone().start());
        let watcher = watcher(&ward, &peers);
        let heard = async || {
            // What was sent before is in its mailbox before this answer.
            watcher.send(PlanWrites(Vec::new())).await.unwrap();
            tokio::task::yield_now().await;
            let heard = std::mem::take(&mut *writer.0.lock().unwrap());
            heard.into_iter().map(|one| (one.stale.len(), one.gone.len(), one.urgent)).collect::<Vec<_>>()
        };
        no_providers(&watcher).await;
        seen(&watcher, true, object("1", 1, &json!({}))).await;
        assert_eq!(heard().await, [(1, 0, true)]);
        watcher.send(ReviewAll).await.unwrap();
        assert_eq!(heard().await, [(1, 0, true)]);
        let none = Batch { whole: true, steps: Vec::new() };
        watcher.send(ObjectsSeen::<Alert> { served: SERVED, batch: none }).await.unwrap();
        assert_eq!(heard().await, [(0, 1, true)]);
    });
}
