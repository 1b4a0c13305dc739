//! A watcher on a temporary folder, with a subscriber that remembers what it hears.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, ActorContext, Addr, Context, Handler, Message};
use campanile_protocol::{Changes, GetObjects, ObjectTable};
use campanile_supervision::{GetSnapshot, Link};
use campanile_testkit::Ward;
use tempfile::TempDir;

use crate::{FolderParts, FolderWatcher, LabelStore, Receivers, RetryDelays, WatcherParts, WatcherSnapshot};

/// The subscriber.
struct RecordingSubscriber(Arc<Mutex<Vec<Changes>>>);

impl Actor for RecordingSubscriber {
    type Context = Context<Self>;
}

impl Handler<Changes> for RecordingSubscriber {
    type Result = ();

    fn handle(&mut self, changes: Changes, _: &mut Self::Context) {
        self.0.lock().unwrap().push(changes);
    }
}

/// Ends the subscriber.
#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

impl Handler<Stop> for RecordingSubscriber {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

pub(super) struct Rig {
    pub(super) dir: TempDir,
    pub(super) watcher: Addr<FolderWatcher>,
    pub(super) labels: Arc<LabelStore>,
    link: Link<Changes>,
    subscriber: RefCell<Option<Addr<RecordingSubscriber>>>,
    heard: Arc<Mutex<Vec<Changes>>>,
}

impl Rig {
    /// A watcher on the sub-folder `m`, in which `files` are written first.
    pub(super) fn new(ward: &Ward, files: &[(&str, String)]) -> Self {
        let rig = Self::without_folder(ward);
        std::fs::create_dir(rig.folder()).unwrap();
        for (name, text) in files {
            rig.write(name, text);
        }
        rig
    }

    /// A watcher on a folder that does not exist.
    pub(super) fn without_folder(ward: &Ward) -> Self {
        let dir = TempDir::new().unwrap();
        let (labels, link) = (Arc::<LabelStore>::default(), Link::new());
        let watcher = FolderWatcher::launch(FolderParts {
            watcher: WatcherParts {
                clock: ward.clock.clone(),
                guard: ward.guard("watcher"),
                subscribers: vec![link.clone()],
                receivers: Receivers::default(),
                retry_delays: RetryDelays::default(),
            },
            manifests: dir.path().join("m"),
            labels: labels.clone(),
        });
        let rig = Self { dir, watcher, labels, link, subscriber: RefCell::default(), heard: Arc::default() };
        rig.listen();
        rig
    }

    /// Connects the subscriber.
    pub(super) fn listen(&self) {
        let subscriber = RecordingSubscriber(self.heard.clone()).start();
        self.link.point_at(&subscriber);
        self.subscriber.replace(Some(subscriber));
    }

    /// Ends the subscriber, as a crash would.
    pub(super) async fn deafen(&self) {
        let subscriber = self.subscriber.take().unwrap();
        subscriber.send(Stop).await.unwrap();
        while subscriber.connected() {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.dir.path().join("m")
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        super::write(&self.folder().join(name), text);
    }

    pub(super) async fn objects(&self) -> ObjectTable {
        self.watcher.send(GetObjects).await.unwrap()
    }

    pub(super) async fn snapshot(&self) -> WatcherSnapshot {
        self.watcher.send(GetSnapshot::new()).await.unwrap()
    }

    /// The batches heard so far; they are taken.
    pub(super) fn heard(&self) -> Vec<Changes> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// Waits until the table satisfies `wanted`.
    pub(super) async fn until(&self, wanted: impl Fn(&ObjectTable) -> bool) -> ObjectTable {
        for _ in 0..1200 {
            let table = self.objects().await;
            if wanted(&table) {
                return table;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the table stays {:#?}", self.objects().await);
    }

    /// Waits until the manifests were read.
    pub(super) async fn loaded(&self) {
        self.until_snapshot(|snapshot| snapshot.loaded).await;
    }

    pub(super) async fn until_snapshot(&self, wanted: impl Fn(WatcherSnapshot) -> bool) {
        for _ in 0..1200 {
            if wanted(self.snapshot().await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the watcher stays {:?}", self.snapshot().await);
    }

    /// Waits for the next batch and returns it with any that came at the same time.
    pub(super) async fn next_batches(&self) -> Vec<Changes> {
        for _ in 0..1200 {
            let heard = self.heard();
            if !heard.is_empty() {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no batch came");
    }
}
