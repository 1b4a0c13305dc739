//! The rules of deliveries of which only the newest of a lane matters.

use campanile_domain::DeliveryId;

use super::model::Model;
use super::record::ModelRecord;

impl Model {
    /// Removes what waits behind its time.
    pub(super) fn supersede(&mut self) {
        let outdated =
            |record: &&ModelRecord| record.waits() && self.newer(record).any(|newer| !newer.is_dead());
        let ids: Vec<DeliveryId> =
            self.records.values().filter(outdated).map(|record| record.delivery.id).collect();
        for id in ids {
            self.records.remove(&id);
            self.superseded += 1;
        }
    }

    /// What is stored of the record's lane and newer, if only the newest matters there.
    pub(super) fn newer<'a>(&'a self, record: &'a ModelRecord) -> impl Iterator<Item = &'a ModelRecord> {
        let plan = &record.delivery.plan;
        self.records.values().filter(move |other| {
            plan.newest_only
                && other.is_of(&plan.provider)
                && other.lane() == record.lane()
                && other.delivery.id > record.delivery.id
        })
    }
}
