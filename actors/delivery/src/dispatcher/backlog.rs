//! Counts what waits and what was given up, for the status of objects.
//!
//! The outbox knows the counts of Providers. Those of Alerts are tallied from the texts of a Provider's deliveries, only
//! when its counts changed, [`TALLIES`] Providers in a sweep and [`LONGEST`] deliveries of each, so that a long backlog
//! does not keep the store busy.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use campanile_domain::ObjectKey;
use campanile_outbox::{OutboxError, Stats, UsageByAlert};
use campanile_protocol::{Backlog, Counts, Report};

use super::Dispatcher;

/// The most Providers whose Alerts are counted in one sweep.
const TALLIES: usize = 8;

/// The most waiting deliveries of a Provider, and the most dead letters, that are looked at for its Alerts.
const LONGEST: usize = 1000;

/// The counts that are being made. Bounded by the Providers and Alerts that the outbox knows.
#[derive(Default)]
pub(super) struct Counting {
    /// The last look at the outbox.
    sampled: BTreeMap<ObjectKey, Counts>,
    /// What is counted of Providers.
    providers: BTreeMap<ObjectKey, Counts>,
    /// Providers whose Alerts are to be counted anew.
    due: Vec<ObjectKey>,
    /// The Alerts of each Provider.
    alerts: BTreeMap<ObjectKey, UsageByAlert>,
    told: Option<Arc<Backlog>>,
}

impl Counting {
    /// Takes a look in; what waits counts only if it did at the last look, too.
    fn sample(&mut self, stats: &Stats) {
        let sampled: BTreeMap<ObjectKey, Counts> = stats
            .providers
            .iter()
            .map(|(key, usage)| (key.clone(), Counts { pending: usage.waiting(), dead: usage.dead }))
            .collect();
        let steady = |(key, now): (&ObjectKey, &Counts)| {
            let before = self.sampled.get(key).copied().unwrap_or_default();
            let counts = Counts { pending: now.pending.min(before.pending), ..*now };
            (!counts.is_zero()).then(|| (key.clone(), counts))
        };
        let providers: BTreeMap<ObjectKey, Counts> = sampled.iter().filter_map(steady).collect();
        self.alerts.retain(|provider, _| providers.contains_key(provider));
        // In one pass, since all may have changed.
        let queued: HashSet<&ObjectKey> = self.due.iter().collect();
        let is_new = |(key, counts): &(&ObjectKey, &Counts)| {
            self.providers.get(*key) != Some(*counts) && !queued.contains(*key)
        };
        let new: Vec<ObjectKey> = providers.iter().filter(is_new).map(|(key, _)| key.clone()).collect();
        self.due.extend(new);
        (self.sampled, self.providers) = (sampled, providers);
    }

    /// The backlog as it is known now.
    fn backlog(&self) -> Backlog {
        let mut alerts = BTreeMap::<ObjectKey, Counts>::new();
        for (provider, tally) in &self.alerts {
            // What passes through is in a tally, too.
            let waits = self.providers.get(provider).is_some_and(|counts| counts.pending > 0);
            for (alert, usage) in tally {
                let pending = if waits { usage.waiting() } else { 0 };
                if pending + usage.dead > 0 {
                    let counts = alerts.entry(alert.clone()).or_default();
                    counts.pending += pending;
                    counts.dead += usage.dead;
                }
            }
        }
        Backlog { providers: self.providers.clone(), alerts }
    }
}

impl Dispatcher {
    /// Looks at the outbox and tells the watcher what changed.
    pub(super) fn count_backlog(&mut self, ctx: &mut Context<Self>) {
        self.counting.sample(&self.shared.outbox.stats());
        let many = self.counting.due.len().min(TALLIES);
        for provider in self.counting.due.drain(..many).collect::<Vec<_>>() {
            let tally = self.shared.outbox.tally(&provider, LONGEST).into_actor(self);
            ctx.spawn(tally.map(move |tally, dispatcher, _| dispatcher.tallied(provider, tally)));
        }
        self.tell_backlog();
    }

    fn tallied(&mut self, provider: ObjectKey, tally: Result<UsageByAlert, OutboxError>) {
        match tally {
            Ok(tally) => {
                if self.counting.providers.contains_key(&provider) {
                    self.counting.alerts.insert(provider, tally);
                }
                self.tell_backlog();
            }
            // The next sweep asks again; a store that fails for long is told elsewhere.
            Err(error) => {
                tracing::debug!(%provider, %error, "failed to count the deliveries of alerts");
                self.counting.due.push(provider);
            }
        }
    }

    /// Losing it costs stale counts until the next change.
    fn tell_backlog(&mut self) {
        let backlog = self.counting.backlog();
        if self.counting.told.as_deref() != Some(&backlog) {
            let backlog = Arc::new(backlog);
            self.counting.told = Some(backlog.clone());
            self.reports.hint(Report::Backlog(backlog));
        }
    }
}
