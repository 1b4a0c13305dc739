//! What the watcher answers and takes in.

use std::sync::Arc;

use actix::{ActorContext, AsyncContext, Context, Handler, MessageResult, ResponseFuture};
use campanile_domain::{Alert, ProviderSpec};
use campanile_protocol::{
    Changes, GetObjects, GetSpecs, ObjectTable, ReadSecrets, Report, Resync, Secrets, Specs,
};
use campanile_supervision::{GetSnapshot, failpoint, failpoint_stall};

use super::news::{Connected, LabelNews, SecretNews, SecretsWatched, Told, Trouble, Unauthorized};
use super::{ClusterWatcherActor, RECONNECT, REFRESH_TICKS, SecretsDiffer, Tick};
use crate::cluster::kind::Kind;
use crate::cluster::tasks::{Scope, Task, connect};
use crate::{QueueSnapshot, WatcherSnapshot};

impl Handler<Connected> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, Connected(client): Connected, ctx: &mut Context<Self>) {
        let namespace = self.config.namespace.as_deref().map(Arc::from);
        let scope = Scope { client, namespace, watcher: ctx.address().downgrade() };
        self.follow_all(&scope);
        self.scope = Some(scope);
        // Of a client that there was before.
        self.label_tasks.clear();
        self.follow_labels();
    }
}

impl Handler<Unauthorized> for ClusterWatcherActor {
    type Result = ();

    /// Reads the kubeconfig anew after a while, once for all tasks that were refused.
    fn handle(&mut self, _: Unauthorized, ctx: &mut Context<Self>) {
        let watcher = ctx.address().downgrade();
        let config = self.config.clone();
        let pending = self.reconnecting.as_ref().is_some_and(|task| !task.is_finished());
        if !pending {
            self.reconnecting = Some(Task::spawn(async move {
                tokio::time::sleep(RECONNECT).await;
                connect(config, watcher).await;
            }));
        }
    }
}

impl Handler<Told<Alert>> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, Told { served, batch }: Told<Alert>, _: &mut Context<Self>) {
        self.take_alerts(served, batch);
    }
}

impl Handler<Told<ProviderSpec>> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, Told { served, batch }: Told<ProviderSpec>, _: &mut Context<Self>) {
        self.take_providers(served, batch);
    }
}

impl Handler<SecretNews> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, SecretNews(batch): SecretNews, _: &mut Context<Self>) {
        self.secrets.set_watched(true);
        let changed = self.secrets.noticed(batch);
        self.secrets_changed(changed);
    }
}

impl Handler<SecretsWatched> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, SecretsWatched(watched): SecretsWatched, _: &mut Context<Self>) {
        self.secrets.set_watched(watched);
    }
}

impl Handler<SecretsDiffer> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, SecretsDiffer(changed): SecretsDiffer, _: &mut Context<Self>) {
        self.secrets_changed(changed);
    }
}

impl Handler<LabelNews> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, LabelNews { kind, batch }: LabelNews, _: &mut Context<Self>) {
        // A last batch may come after the last Alert that needs the kind went away.
        if self.label_users.contains(&kind.kind) && self.labels.apply(kind, batch) {
            self.publish(&Changes { labels: true, ..Changes::default() });
        }
    }
}

impl Handler<Trouble> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, trouble: Trouble, _: &mut Context<Self>) {
        self.trouble(trouble);
    }
}

impl Handler<Tick> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        failpoint("watcher", "tick");
        failpoint_stall(self, ctx, "watcher", "tick");
        let mut running = self.tasks.iter().chain(self.label_tasks.values());
        if running.any(Task::is_finished) {
            tracing::error!("a task of the watcher panicked, starting over");
            return ctx.stop();
        }
        self.ticks += 1;
        if self.ticks.is_multiple_of(REFRESH_TICKS) && self.scope.is_some() {
            self.refresh_secrets(ctx.address().downgrade());
        }
        self.catch_up();
    }
}

impl Handler<Resync> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, _: Resync, _: &mut Context<Self>) {
        self.subscribers.owe_all();
        self.catch_up();
    }
}

impl Handler<ReadSecrets> for ClusterWatcherActor {
    type Result = ResponseFuture<Secrets>;

    fn handle(&mut self, ReadSecrets(keys): ReadSecrets, _: &mut Context<Self>) -> Self::Result {
        Box::pin(self.secrets.clone().read(keys))
    }
}

impl Handler<Report> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Context<Self>) {
        match report {
            Report::Provider(state) => {
                let key = state.provider.clone();
                self.status.state(state);
                self.judge_provider(&key);
                self.write_bell.notify_one();
            }
            Report::Delivery(outcome) => {
                if self.status.outcome(&outcome) {
                    self.judge_provider(&outcome.provider);
                    self.write_bell.notify_one();
                }
                let now = self.clock.now();
                if self.providers.kept.contains_key(&outcome.provider) {
                    self.writes.mark((Kind::Provider, outcome.provider), now);
                }
                if self.alerts.kept.contains_key(&outcome.alert.key) {
                    self.writes.mark((Kind::Alert, outcome.alert.key), now);
                }
            }
            Report::Backlog(backlog) => self.backlog_changed(&backlog),
        }
    }
}

impl Handler<GetObjects> for ClusterWatcherActor {
    type Result = MessageResult<GetObjects>;

    fn handle(&mut self, _: GetObjects, _: &mut Context<Self>) -> Self::Result {
        let alerts = self.alerts.kept.values();
        let providers = self.providers.kept.values();
        MessageResult(ObjectTable {
            alerts: alerts.filter_map(|kept| self.status.alert_row(&kept.spec)).collect(),
            providers: providers.filter_map(|kept| self.status.provider_row(&kept.spec)).collect(),
            problems: self.problems(),
        })
    }
}

impl Handler<GetSpecs> for ClusterWatcherActor {
    type Result = MessageResult<GetSpecs>;

    fn handle(&mut self, _: GetSpecs, _: &mut Context<Self>) -> Self::Result {
        let specs = || Specs {
            alerts: self.alerts.kept.values().map(|kept| kept.spec.clone()).collect(),
            providers: self.providers.kept.values().map(|kept| kept.spec.clone()).collect(),
            labels: self.labels.clone(),
            problems: self.problems(),
        };
        MessageResult(self.loaded().then(specs))
    }
}

impl Handler<GetSnapshot<WatcherSnapshot>> for ClusterWatcherActor {
    type Result = MessageResult<GetSnapshot<WatcherSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<WatcherSnapshot>, _: &mut Context<Self>) -> Self::Result {
        let (leads, now) = (*self.leader.borrow(), self.clock.now());
        // Who does not lead writes nothing, so nothing waits.
        let queue = |kind| if leads { self.writes.snapshot(kind, now) } else { QueueSnapshot::default() };
        MessageResult(WatcherSnapshot {
            alert_queue: queue(Kind::Alert),
            provider_queue: queue(Kind::Provider),
            loaded: self.loaded(),
            alerts: self.alerts.kept.len(),
            providers: self.providers.kept.len(),
            secrets: self.secrets.len(),
            problems: self.problems().len(),
        })
    }
}

impl ClusterWatcherActor {
    fn problems(&self) -> Vec<String> {
        let troubles = self.troubles.values().cloned();
        troubles.chain(self.alerts.problems()).chain(self.providers.problems()).collect()
    }

    /// Notes what does not work, or works again. The same trouble is said once.
    pub(super) fn trouble(&mut self, Trouble { about, text }: Trouble) {
        match text {
            Some(text) if self.troubles.get(&about) != Some(&text) => {
                tracing::error!("{text}");
                self.troubles.insert(about, text);
            }
            Some(_) => {}
            None => {
                if self.troubles.remove(&about).is_some() {
                    tracing::info!(about, "works again");
                }
            }
        }
    }
}
