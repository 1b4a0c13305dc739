//! Postponed reconciles of the model: a map by number.

use campanile_domain::PostponedReconcile;

use super::{MemoryOutbox, at_once};
use crate::{ReconcileStore, Reply};

impl ReconcileStore for MemoryOutbox {
    fn reconciles(&self) -> Reply<Vec<(i64, PostponedReconcile)>> {
        at_once(self.open().map(|model| model.reconciles.clone().into_iter().collect()))
    }

    fn postpone(&self, reconciles: Vec<PostponedReconcile>) -> Reply<Vec<i64>> {
        if let Some(failure) = self.disk.lock().failure.clone() {
            return at_once(Err(failure));
        }
        at_once(self.open().map(|mut model| {
            let store = |reconcile| {
                let number = model.reconciles.last_key_value().map_or(1, |(last, _)| last + 1);
                model.reconciles.insert(number, reconcile);
                number
            };
            reconciles.into_iter().map(store).collect()
        }))
    }

    fn settle_reconciles(&self, numbers: Vec<i64>) -> Reply<()> {
        at_once(self.open().map(|mut model| {
            for number in numbers {
                model.reconciles.remove(&number);
            }
        }))
    }
}
