//! The snapshot of the router for metrics, the operations API and tests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::RouterActor;
use super::backlog::StartPhase;
use crate::Plan;

/// The snapshot of the router. Counts begin with the actor: a restart sets them to zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterSnapshot {
    /// How far it has come.
    pub phase: RouterPhase,
    /// When all Alerts and Providers were last given to it.
    pub loaded_at: Option<Timestamp>,
    /// The number of Alerts that it knows.
    pub alerts: usize,
    /// The number of Providers that it knows.
    pub providers: usize,
    /// The number of different patterns in use.
    pub patterns: usize,
    /// The events since the start, by what became of them.
    pub events: EventCounts,
    /// The number of deliveries planned since the start.
    pub deliveries: u64,
    /// Alerts that selected an event and were not served, by [`crate::DropReason::label`].
    pub drops: BTreeMap<&'static str, u64>,
    /// Events that wait for their turn to be planned.
    pub queued: usize,
    /// Stored events that wait for labels, as of the last look.
    pub waiting: usize,
    /// Events some of whose patterns or expressions were left to the threads for dear ones.
    pub matched_elsewhere: u64,
    /// Events that wait for these threads.
    pub matching: usize,
}

/// The phase of the router's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouterPhase {
    /// It waits for the first batch of Alerts; events are stored.
    Loading,
    /// It plans what was stored meanwhile.
    CatchingUp,
    /// It plans events as they come.
    Open,
}

/// Events since the start, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventCounts {
    /// At least one Alert selected it.
    pub selected: u64,
    /// Events that no Alert selected.
    pub discarded: u64,
    /// Labels were not known yet; counted for each look.
    pub deferred: u64,
    /// It panicked the router every time and is planned no more.
    pub set_aside: u64,
}

/// The counts behind a snapshot.
#[derive(Debug, Default)]
pub(super) struct RouterCounts {
    events: EventCounts,
    deliveries: u64,
    drops: BTreeMap<&'static str, u64>,
}

impl RouterCounts {
    pub(super) fn set_aside(&mut self) {
        self.events.set_aside += 1;
    }

    /// Counts what was planned later of an event that counts already.
    pub(super) fn record_more(&mut self, plan: &Plan) {
        self.deliveries += plan.deliveries.len() as u64;
        for dropped in &plan.drops {
            *self.drops.entry(dropped.reason.label()).or_default() += 1;
        }
    }

    pub(super) fn record(&mut self, plan: &Plan) {
        let count = match plan {
            Plan { not_yet: true, .. } => &mut self.events.deferred,
            // Whether Alerts select it that are asked elsewhere is not known yet; they name it at least.
            plan if plan.is_selected() || !plan.elsewhere.is_empty() => &mut self.events.selected,
            _ => &mut self.events.discarded,
        };
        *count += 1;
        self.record_more(plan);
    }
}

impl RouterActor {
    pub(super) fn snapshot(&self) -> RouterSnapshot {
        let phase = match self.backlog.phase() {
            StartPhase::Loading => RouterPhase::Loading,
            StartPhase::CatchingUp | StartPhase::HandingOver => RouterPhase::CatchingUp,
            StartPhase::Open => RouterPhase::Open,
        };
        RouterSnapshot {
            phase,
            loaded_at: self.loaded_at,
            alerts: self.index.alert_count(),
            providers: self.index.provider_count(),
            patterns: self.index.pattern_count(),
            events: self.counters.events,
            deliveries: self.counters.deliveries,
            drops: self.counters.drops.clone(),
            queued: self.waiting.len(),
            waiting: self.backlog.blocked(),
            matched_elsewhere: self.elsewhere.events,
            matching: self.elsewhere.count(),
        }
    }
}
