//! Looking into an outbox, putting dead letters back and removing them: the part that operators use.

use std::sync::Arc;

use campanile_domain::{DeliveryId, Event, IdTexts, ObjectKey};
use jiff::Timestamp;

use super::{DeliveryView, Reply, Stats, UsageByAlert};

/// Which deliveries to list, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct BrowseFilter {
    /// Only dead letters if true, only the others if false.
    pub dead: bool,
    /// Only those of one Provider.
    pub provider: Option<ObjectKey>,
    /// Only those of Providers in one namespace.
    pub namespace: Option<Arc<str>>,
    /// Only those that these texts name.
    pub ids: Option<IdTexts>,
    /// At most so many; zero means the outbox's own bound.
    pub limit: usize,
}

impl BrowseFilter {
    /// Whether the deliveries of this Provider are selected.
    pub fn takes(&self, provider: &ObjectKey) -> bool {
        self.provider.as_ref().is_none_or(|wanted| wanted == provider)
            && self.namespace.as_ref().is_none_or(|wanted| *wanted == provider.namespace)
    }

    /// Whether this id is among those that are wanted.
    pub(crate) fn names(&self, id: DeliveryId) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.name(id.0))
    }
}

/// Lists and counts what is stored; redrives and discards dead letters.
pub trait Browse: Send + Sync {
    /// Lists the deliveries that are selected.
    fn list(&self, selection: BrowseFilter) -> Reply<Vec<DeliveryView>>;

    /// The event of each delivery that [`list`](Self::list) would list, in its order; none where it cannot be read.
    fn events(&self, selection: BrowseFilter) -> Reply<Vec<(DeliveryView, Option<Arc<Event>>)>>;

    /// Counts the deliveries of `provider` by Alert: the oldest `limit` that are not dead, and as many dead letters. One
    /// that cannot be read is not counted.
    fn tally(&self, provider: &ObjectKey, limit: usize) -> Reply<UsageByAlert>;

    /// Puts dead letters back, ready at once, attempts at zero, with a new deadline. Returns how many.
    ///
    /// What is no dead letter is left out. So are letters of which only the newest matters if anything newer of
    /// their lane is stored, a dead letter included: an old state must not go out after a newer one. What was delivered
    /// since leaves no trace, so the newest letter of such a lane may be older than what the destination shows.
    fn redrive(&self, ids: Vec<DeliveryId>, deadline: Timestamp) -> Reply<usize>;

    /// Removes dead letters for good. What is no dead letter is left out. Returns how many.
    fn discard(&self, ids: Vec<DeliveryId>) -> Reply<usize>;

    /// Counts the deliveries by state.
    fn stats(&self) -> Stats;
}
