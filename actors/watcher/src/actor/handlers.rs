//! What the watcher answers and takes in.

use std::collections::BTreeMap;

use actix::{ActorContext, AsyncContext, Context, Handler, MessageResult};
use campanile_domain::ObjectKey;
use campanile_protocol::{
    AccountError, Announce, GetObjects, GetSpecs, ObjectTable, ReadSecrets, ReadServiceAccount, Report,
    RequestToken, Resync, SecretError, Secrets,
};
use campanile_supervision::{GetSnapshot, failpoint, failpoint_stall};

use super::{DEBOUNCE, RESCAN_TICKS, Tick, WatcherActor};
use crate::watch::Touched;
use crate::{Loaded, WatcherSnapshot};

impl Handler<Touched> for WatcherActor {
    type Result = ();

    fn handle(&mut self, _: Touched, ctx: &mut Context<Self>) {
        ctx.run_later(DEBOUNCE, Self::look);
    }
}

impl Handler<Tick> for WatcherActor {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        failpoint("watcher", "tick");
        failpoint_stall(self, ctx, "watcher", "tick");
        self.ticks += 1;
        if self.lost.is_some() || self.ticks >= RESCAN_TICKS {
            self.look(ctx);
        }
        self.catch_up();
    }
}

impl Handler<Resync> for WatcherActor {
    type Result = ();

    fn handle(&mut self, _: Resync, _: &mut Context<Self>) {
        self.subscribers.owe_all();
        self.catch_up();
    }
}

impl Handler<ReadServiceAccount> for WatcherActor {
    type Result = Result<BTreeMap<String, String>, AccountError>;

    fn handle(&mut self, ReadServiceAccount(key): ReadServiceAccount, _: &mut Context<Self>) -> Self::Result {
        Err(AccountError::NoCluster(key))
    }
}

impl Handler<RequestToken> for WatcherActor {
    type Result = Result<String, AccountError>;

    fn handle(&mut self, request: RequestToken, _: &mut Context<Self>) -> Self::Result {
        Err(AccountError::NoCluster(request.account))
    }
}

impl Handler<ReadSecrets> for WatcherActor {
    type Result = MessageResult<ReadSecrets>;

    fn handle(&mut self, ReadSecrets(keys): ReadSecrets, _: &mut Context<Self>) -> Self::Result {
        let read = |key: ObjectKey| (key.clone(), self.secret(key));
        MessageResult(keys.into_iter().map(read).collect::<Secrets>())
    }
}

impl WatcherActor {
    fn secret(&self, key: ObjectKey) -> Result<std::sync::Arc<campanile_domain::Secret>, SecretError> {
        let Some(loaded) = &self.loaded else {
            let cause = "the manifests are not loaded yet".to_owned();
            return Err(SecretError::Unreadable { key, cause });
        };
        loaded.secret(key)
    }

    fn problems(&self) -> Vec<String> {
        let problems = self.loaded.as_ref().map_or(&[][..], |loaded| &loaded.problems);
        self.lost.iter().cloned().chain(problems.iter().map(ToString::to_string)).collect()
    }
}

impl Handler<Report> for WatcherActor {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Context<Self>) {
        if let Some(loaded) = &self.loaded {
            self.status.report(report, loaded, self.clock.now());
        }
    }
}

impl Handler<Announce> for WatcherActor {
    type Result = ();

    /// There are no Kubernetes Events here: the log has it, and the object's row.
    fn handle(&mut self, announce: Announce, _: &mut Context<Self>) {
        if let Some(loaded) = &self.loaded {
            self.status.announce(&announce, loaded, self.clock.now());
        }
    }
}

impl Handler<GetObjects> for WatcherActor {
    type Result = MessageResult<GetObjects>;

    fn handle(&mut self, _: GetObjects, _: &mut Context<Self>) -> Self::Result {
        let problems = self.problems();
        MessageResult(match &self.loaded {
            None => ObjectTable { problems, ..ObjectTable::default() },
            Some(loaded) => ObjectTable {
                alerts: self.status.alert_rows(loaded),
                providers: self.status.provider_rows(loaded),
                problems,
            },
        })
    }
}

impl Handler<GetSpecs> for WatcherActor {
    type Result = MessageResult<GetSpecs>;

    fn handle(&mut self, _: GetSpecs, _: &mut Context<Self>) -> Self::Result {
        let specs = |loaded: &Loaded| loaded.specs(self.labels.clone(), self.problems());
        MessageResult(self.loaded.as_ref().map(specs))
    }
}

impl Handler<GetSnapshot<WatcherSnapshot>> for WatcherActor {
    type Result = MessageResult<GetSnapshot<WatcherSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<WatcherSnapshot>, _: &mut Context<Self>) -> Self::Result {
        let problems = self.problems().len();
        MessageResult(self.loaded.as_ref().map_or_else(
            || WatcherSnapshot { problems, ..WatcherSnapshot::default() },
            |loaded| WatcherSnapshot {
                loaded: true,
                alerts: loaded.alerts.len(),
                providers: loaded.providers.len(),
                secrets: loaded.secrets.len(),
                problems,
                ..WatcherSnapshot::default()
            },
        ))
    }
}
