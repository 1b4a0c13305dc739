//! The watcher without an API server: what its tasks would tell it is told here.

use actix::{Actor, Addr};
use campanile_domain::Alert;
use campanile_testkit::{Ward, run};
use serde_json::{Value as Json, json};

use super::news::{NextWrites, Told, Written};
use super::*;
use crate::cluster::batch::{Batch, Step};
use crate::cluster::kind::Kind;
use crate::cluster::raw::Raw;
use crate::cluster::reading::{Facts, read};
use crate::cluster::version::Served;
use crate::cluster::writer::Write;

const SERVED: Served = Served { version: campanile_crds::Version::V1beta3, has_status: true };

fn watcher(ward: &Ward) -> Addr<ClusterWatcherActor> {
    let (_, leader) = watch::channel(true);
    let nowhere =
        ClusterConfig { namespace: None, kubeconfig: Some("/nowhere".into()), ..ClusterConfig::default() };
    let parts = ClusterParts {
        config: nowhere,
        clock: ward.clock.clone(),
        guard: ward.guard("watcher"),
        subscribers: Vec::new(),
        labels: Arc::default(),
        leader,
    };
    ClusterWatcherActor::new(parts).start()
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

async fn seen(watcher: &Addr<ClusterWatcherActor>, whole: bool, object: Raw) {
    let api_version = format!("{}/{}", campanile_crds::GROUP, SERVED.version.name());
    let steps = vec![Step::Applied(read::<Alert>(&api_version, object))];
    watcher.send(Told { served: SERVED, batch: Batch { whole, steps } }).await.unwrap();
}

async fn next(watcher: &Addr<ClusterWatcherActor>) -> Option<Write> {
    watcher.send(NextWrites).await.unwrap().pop().map(|(_, write)| write)
}

#[test]
fn an_answer_that_the_watch_overtook_does_not_hide_what_is_newer() {
    run(|ward| async move {
        let watcher = watcher(&ward);
        let none = Batch { whole: true, steps: Vec::new() };
        watcher.send(Told::<ProviderSpec> { served: SERVED, batch: none }).await.unwrap();
        seen(&watcher, true, object("1", 1, &json!({}))).await;
        let first = next(&watcher).await.unwrap();
        assert_eq!((first.id.0, first.base.as_str()), (Kind::Alert, "1"));
        // Somebody changes the spec, and the watch tells of it before our own patch is answered.
        let status = first.patch["status"].clone();
        seen(&watcher, false, object("3", 2, &status)).await;
        let answer = Facts::of(&object("2", 1, &status));
        let written = Written {
            id: first.id,
            part: first.part,
            base: first.base,
            outcome: Ok(answer),
            took: Duration::ZERO,
        };
        watcher.send(written).await.unwrap();
        let second = next(&watcher).await.unwrap();
        assert_eq!(second.base, "3");
        assert!(second.patch["status"]["conditions"].to_string().contains("chat-2"), "{}", second.patch);
    });
}
