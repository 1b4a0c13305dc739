//! A watcher on one namespace, with a subscriber that remembers what it hears.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use actix::{Actor, Addr, Context, Handler};
use campanile_domain::{Failure, FailureClass, ObjectKey};
use campanile_protocol::{Changes, GetObjects, ObjectTable, ProviderState, ReadSecrets, Report, SecretError};
use campanile_supervision::{DeathNotice, End, GetSnapshot, LifeGuard, Link, Retirement, SystemClock};
use campanile_watcher::{
    ClusterConfig, ClusterParts, ClusterPeers, ClusterWatcher, EventRecorderActor, EventRecorderParts,
    LabelCache, Reconciles, StatusWriterActor, StatusWriterParts, WatcherParts, WatcherSnapshot,
};
use tokio::sync::watch;

use crate::api::{Namespace, kubeconfig, until};

/// The subscriber, and the parent that hears of the end.
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

impl Handler<DeathNotice<&'static str>> for RecordingSubscriber {
    type Result = ();

    fn handle(&mut self, notice: DeathNotice<&'static str>, _: &mut Self::Context) {
        assert_ne!(notice.end, End::Panicked);
    }
}

pub(crate) struct Rig {
    pub(crate) namespace: Namespace,
    pub(crate) watcher: Addr<ClusterWatcher>,
    pub(crate) leader: watch::Sender<bool>,
    pub(crate) labels: Arc<LabelCache>,
    _subscriber: Addr<RecordingSubscriber>,
    heard: Arc<Mutex<Vec<Changes>>>,
    retirement: Retirement,
}

impl Drop for Rig {
    /// Ends the three actors, which keep each other alive.
    fn drop(&mut self) {
        self.retirement.declare();
    }
}

/// Runs a test in an actor system of its own, with a namespace of its own.
pub(crate) fn run<F: Future<Output = ()>>(name: &str, test: impl FnOnce(Namespace) -> F) {
    kubeconfig();
    actix_rt::System::new().block_on(async { test(Namespace::new(name).await).await });
}

impl Rig {
    /// A watcher that is the leader.
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self::with(namespace, kubeconfig(), true)
    }

    pub(crate) fn with(namespace: &Namespace, kubeconfig: PathBuf, leads: bool) -> Self {
        let (heard, link, labels) = (Arc::default(), Link::new(), Arc::<LabelCache>::default());
        let subscriber = RecordingSubscriber(Arc::clone(&heard)).start();
        link.point_at(&subscriber);
        let (leader, led) = watch::channel(leads);
        let config = ClusterConfig {
            namespace: Some(namespace.name.clone()),
            kubeconfig: Some(kubeconfig),
            ..ClusterConfig::default()
        };
        let (peers, clock) = (ClusterPeers::default(), Arc::new(SystemClock));
        let retirement = Retirement::default();
        let guard =
            |name| LifeGuard::new(name, subscriber.clone().recipient()).of_build(0, retirement.clone());
        StatusWriterActor::launch(StatusWriterParts {
            peers: peers.clone(),
            clock: clock.clone(),
            guard: guard("status-writer"),
            leader: led.clone(),
            reconciles: Reconciles::default(),
        });
        EventRecorderActor::launch(EventRecorderParts {
            peers: peers.clone(),
            clock: clock.clone(),
            guard: guard("event-recorder"),
        });
        let watcher = ClusterWatcher::launch(ClusterParts {
            watcher: WatcherParts {
                clock,
                guard: guard("watcher"),
                subscribers: vec![link],
                receivers: campanile_watcher::Receivers::default(),
                retry_delays: campanile_watcher::RetryDelays::default(),
            },
            config,
            labels: labels.clone(),
            leader: led,
            peers,
        });
        Self {
            namespace: namespace.clone(),
            watcher,
            leader,
            labels,
            _subscriber: subscriber,
            heard,
            retirement,
        }
    }

    pub(crate) fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(self.namespace.name.as_str(), name)
    }

    pub(crate) async fn objects(&self) -> ObjectTable {
        self.watcher.send(GetObjects).await.unwrap()
    }

    pub(crate) async fn until_snapshot(&self, wanted: impl Fn(WatcherSnapshot) -> bool) {
        until(async || wanted(self.watcher.send(GetSnapshot::new()).await.unwrap()).then_some(())).await;
    }

    /// Waits for the first whole state.
    pub(crate) async fn initial(&self) -> Changes {
        until(async || self.heard.lock().unwrap().first().cloned()).await
    }

    /// Waits for a batch and returns it with all that came before; they are taken.
    pub(crate) async fn until_heard(&self, wanted: impl Fn(&Changes) -> bool) -> Vec<Changes> {
        until(async || {
            let mut heard = self.heard.lock().unwrap();
            heard.iter().any(&wanted).then(|| std::mem::take(&mut *heard))
        })
        .await
    }

    /// Says what a dispatcher says that can resolve the Provider.
    pub(crate) fn resolved(&self, provider: &str, generation: i64) {
        self.state(provider, generation, Ok(()), Ok(()));
    }

    /// Says what a dispatcher says that cannot resolve the Provider.
    pub(crate) fn unresolved(&self, provider: &str, message: &str) {
        let failure = Failure::new(FailureClass::Config, message);
        self.state(provider, 1, Err(failure.clone()), Err(failure));
    }

    /// Says what a dispatcher says when no message gets through.
    pub(crate) fn stopped(&self, provider: &str, message: &str) {
        self.state(provider, 1, Ok(()), Err(Failure::new(FailureClass::Credentials, message)));
    }

    fn state(
        &self,
        provider: &str,
        generation: i64,
        ready: Result<(), Failure>,
        delivering: Result<(), Failure>,
    ) {
        let provider = self.key(provider);
        self.watcher.do_send(Report::Provider(ProviderState {
            provider,
            generation,
            ready,
            delivering,
            remark: None,
        }));
    }

    /// The token in Secret `token`.
    pub(crate) async fn token(&self) -> Result<String, SecretError> {
        let key = self.key("token");
        let mut secrets = self.watcher.send(ReadSecrets(vec![key.clone()])).await.unwrap();
        let secret = secrets.remove(&key).unwrap()?;
        Ok(String::from_utf8(secret.data["token"].clone()).unwrap())
    }
}
