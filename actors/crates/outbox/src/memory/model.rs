//! The rules of an outbox in their plainest form: one map by number, and a look at all of it for every question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, Event, NewDelivery, ObjectKey, PostponedReconcile, RecordId};
use jiff::Timestamp;
use tracing::Span;
use tracing::field::display;

use super::record::{AT_ONCE, ModelRecord, count};
use crate::api::LIST_BOUND;
use crate::{
    Append, Bounds, BrowseFilter, DeliveryState, DeliveryView, EventId, Lease, OutboxError, Planned,
    Settlement, Stats, Unplanned, UsageByAlert, codec, reasons,
};

/// The origin of all ids of models. Nothing of a model outlives its process.
const ORIGIN: u64 = 1;

/// The model of what an outbox holds.
pub(super) struct Model {
    pub(super) bounds: Bounds,
    pub(super) records: BTreeMap<DeliveryId, ModelRecord>,
    /// With the rounds in which they have their turns.
    pub(super) unplanned: BTreeMap<EventId, (u64, Unplanned)>,
    /// What is known of each provider, oldest first.
    pub(super) memos: BTreeMap<ObjectKey, Vec<(u128, u128)>>,
    pub(super) reconciles: BTreeMap<i64, PostponedReconcile>,
    pub(super) superseded: u64,
    pub(super) overflowed: u64,
    pub(super) set_aside: u64,
    pub(super) untold_overflow: BTreeMap<ObjectKey, usize>,
    /// The last number given, to an event or a delivery.
    last: i64,
    pub(super) closed: bool,
}

impl Model {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            records: BTreeMap::new(),
            unplanned: BTreeMap::new(),
            memos: BTreeMap::new(),
            reconciles: BTreeMap::new(),
            superseded: 0,
            overflowed: 0,
            set_aside: 0,
            untold_overflow: BTreeMap::new(),
            last: 0,
            closed: false,
        }
    }

    fn id(&mut self) -> RecordId {
        self.last += 1;
        RecordId::new(ORIGIN, self.last)
    }

    /// Stores an entry; returns the providers that got something.
    pub(super) fn append(&mut self, entry: Append) -> Result<Vec<ObjectKey>, OutboxError> {
        let Append { event, accepted_at, plan, span } = entry;
        match &plan {
            Planned::Deliveries(deliveries) => {
                self.admit(deliveries.len(), accepted_at)?;
                let id = EventId(self.id());
                span.record("event", display(id));
                Ok(self.insert(id, &event, accepted_at, deliveries.clone(), &span))
            }
            Planned::Later | Planned::Meanwhile(_) => {
                self.admit_unplanned(&event)?;
                self.admit(1, accepted_at)?;
                let id = EventId(self.id());
                span.record("event", display(id));
                if let Planned::Meanwhile(told) = &plan {
                    told.get_or_init(|| id);
                }
                self.insert_unplanned(Unplanned { id, event, accepted_at });
                Ok(Vec::new())
            }
        }
    }

    fn insert(
        &mut self,
        id: EventId,
        event: &Arc<Event>,
        accepted_at: Timestamp,
        deliveries: Vec<NewDelivery>,
        append: &Span,
    ) -> Vec<ObjectKey> {
        let providers: Vec<_> = deliveries.iter().map(|plan| plan.provider.clone()).collect();
        for plan in deliveries {
            let number = DeliveryId(self.id());
            let delivery = Delivery { id: number, event: event.clone(), plan, accepted_at, attempts: 0 };
            let record = ModelRecord {
                delivery,
                append: append.clone(),
                event: id,
                state: DeliveryState::Ready,
                leased: false,
                at: AT_ONCE,
                failure: None,
            };
            self.records.insert(number, record);
        }
        self.supersede();
        for provider in &providers {
            self.overflow(provider, accepted_at);
        }
        providers
    }

    fn overflow(&mut self, provider: &ObjectKey, now: Timestamp) {
        while self.is_beyond_its_bounds(provider) {
            let Some(oldest) =
                self.records.values_mut().find(|record| record.is_of(provider) && record.waits())
            else {
                break;
            };
            oldest.die(reasons::overflow(), now);
            self.overflowed += 1;
            *self.untold_overflow.entry(provider.clone()).or_default() += 1;
        }
        self.drop_surplus();
    }

    fn is_beyond_its_bounds(&self, provider: &ObjectKey) -> bool {
        let held = || self.records.values().filter(|record| record.is_of(provider) && !record.is_dead());
        held().count() > self.bounds.records_per_provider
            || held().map(ModelRecord::weight).sum::<u64>() > self.bounds.bytes_per_provider
    }

    pub(super) fn unplanned(&self, limit: usize) -> Vec<Unplanned> {
        let mut waiting: Vec<_> = self.unplanned.values().collect();
        waiting.sort_by_key(|(round, waiting)| (*round, waiting.id));
        waiting.into_iter().take(limit).map(|(_, waiting)| waiting.clone()).collect()
    }

    pub(super) fn unplanned_count(&self) -> u64 {
        self.unplanned.len() as u64
    }

    pub(super) fn plan(
        &mut self,
        id: EventId,
        deliveries: Vec<NewDelivery>,
    ) -> Result<Vec<ObjectKey>, OutboxError> {
        let Some((_, waiting)) = self.unplanned.get(&id).cloned() else {
            return Ok(Vec::new());
        };
        if !deliveries.is_empty() {
            self.admit(deliveries.len() - 1, waiting.accepted_at)?;
        }
        self.unplanned.remove(&id);
        Ok(self.insert(id, &waiting.event, waiting.accepted_at, deliveries, &Span::none()))
    }

    pub(super) fn set_aside(&mut self, id: EventId) {
        self.set_aside += u64::from(self.unplanned.remove(&id).is_some());
    }

    /// The deliveries that lead their lanes, leased lanes aside, oldest first.
    fn heads(&self, provider: &ObjectKey) -> Vec<&ModelRecord> {
        let of_provider =
            || self.records.values().filter(|record| record.is_of(provider) && !record.is_dead());
        let mut taken: BTreeSet<_> =
            of_provider().filter(|record| record.leased).map(ModelRecord::lane).collect();
        of_provider().filter(|record| taken.insert(record.lane())).collect()
    }

    pub(super) fn take(&mut self, provider: &ObjectKey, limit: usize, now: Timestamp) -> Vec<Lease> {
        let due: Vec<DeliveryId> = self
            .heads(provider)
            .into_iter()
            .filter(|head| head.at <= now)
            .take(limit)
            .map(|head| head.delivery.id)
            .collect();
        due.into_iter()
            .filter_map(|id| {
                let record = self.records.get_mut(&id)?;
                record.leased = true;
                let append = std::mem::replace(&mut record.append, Span::none());
                Some(Lease { delivery: record.delivery.clone(), append })
            })
            .collect()
    }

    /// Ends a lease; returns the provider if it has something due afterwards.
    pub(super) fn settle(
        &mut self,
        id: DeliveryId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Option<ObjectKey> {
        let record = self.records.get_mut(&id).filter(|record| record.leased)?;
        record.leased = false;
        let provider = record.delivery.plan.provider.clone();
        let standing = match settlement {
            Settlement::Done => {
                self.records.remove(&id);
                None
            }
            Settlement::Release => None,
            Settlement::RetryAt(at, failure) => Some((DeliveryState::Retry, at, failure)),
            Settlement::Parked(at, failure) => Some((DeliveryState::Parked, at, failure)),
            Settlement::Dead(failure) => Some((DeliveryState::Dead, now, failure)),
        };
        if let (Some((state, at, failure)), Some(record)) = (standing, self.records.get_mut(&id)) {
            (record.state, record.at, record.failure) = (state, at, Some(failure));
            record.delivery.attempts += 1;
            self.drop_surplus();
        }
        self.supersede();
        Some(provider).filter(|provider| self.next_due(provider).is_some_and(|at| at <= now))
    }

    /// Frees all leases, as a restart does.
    #[cfg(test)]
    pub(super) fn free_leases(&mut self) {
        self.records.values_mut().for_each(|record| record.leased = false);
        self.supersede();
    }

    pub(super) fn next_due(&self, provider: &ObjectKey) -> Option<Timestamp> {
        self.heads(provider).into_iter().map(|head| head.at).min()
    }

    pub(super) fn wake(&mut self, provider: &ObjectKey) {
        for record in self.records.values_mut().filter(|record| record.is_of(provider) && record.waits()) {
            (record.state, record.at) = (DeliveryState::Ready, AT_ONCE);
        }
    }

    pub(super) fn providers_with_work(&self) -> BTreeSet<ObjectKey> {
        self.records
            .values()
            .filter(|record| !record.is_dead())
            .map(|record| record.delivery.plan.provider.clone())
            .collect()
    }

    pub(super) fn list(&self, selection: &BrowseFilter) -> Vec<DeliveryView> {
        self.selected(selection).map(ModelRecord::view).collect()
    }

    pub(super) fn events(&self, selection: &BrowseFilter) -> Vec<(DeliveryView, Option<Arc<Event>>)> {
        self.selected(selection).map(|record| (record.view(), Some(record.delivery.event.clone()))).collect()
    }

    fn selected(&self, selection: &BrowseFilter) -> impl Iterator<Item = &ModelRecord> {
        let limit = if selection.limit == 0 { LIST_BOUND } else { selection.limit.min(LIST_BOUND) };
        self.records
            .values()
            .filter(|record| record.is_dead() == selection.dead)
            .filter(|record| selection.takes(&record.delivery.plan.provider))
            .filter(|record| selection.names(record.delivery.id))
            .take(limit)
    }

    pub(super) fn tally(&self, provider: &ObjectKey, limit: usize) -> UsageByAlert {
        let of = |dead| {
            self.list(&BrowseFilter {
                dead,
                provider: Some(provider.clone()),
                limit,
                ..BrowseFilter::default()
            })
        };
        let mut tally = UsageByAlert::new();
        for view in of(false).into_iter().chain(of(true)) {
            tally.entry(view.alert).or_default().count(view.state);
        }
        tally
    }

    pub(super) fn bytes(&self) -> u64 {
        let mut events: BTreeMap<EventId, &Event> =
            self.records.values().map(|record| (record.event, &*record.delivery.event)).collect();
        events.extend(self.unplanned.values().map(|(_, waiting)| (waiting.id, &*waiting.event)));
        let events: u64 = events.into_values().filter_map(|event| codec::event_bytes(event).ok()).sum();
        let plan = |record: &ModelRecord| codec::plan_bytes(&record.delivery.plan).ok();
        events + self.records.values().filter_map(plan).sum::<u64>()
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats {
            unplanned: self.unplanned.len() as u64,
            bytes: self.bytes(),
            superseded: self.superseded,
            overflowed: self.overflowed,
            set_aside: self.set_aside,
            trouble: self.refusal(1).map(|full| full.to_string()),
            ..Stats::default()
        };
        for record in self.records.values() {
            let usage = stats.providers.entry(record.delivery.plan.provider.clone()).or_default();
            count(usage, record);
            count(&mut stats.total, record);
        }
        stats
    }
}
