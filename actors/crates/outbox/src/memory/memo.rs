//! The memo of the model: a list for each provider.

use campanile_domain::ObjectKey;

use super::model::Model;
use crate::MEMO_BOUND;

impl Model {
    pub(super) fn recall(&self, provider: &ObjectKey) -> Vec<(u128, u128)> {
        self.memos.get(provider).cloned().unwrap_or_default()
    }

    pub(super) fn remember(&mut self, provider: &ObjectKey, place: u128, look: Option<u128>) {
        let memo = self.memos.entry(provider.clone()).or_default();
        memo.retain(|(known, _)| *known != place);
        memo.extend(look.map(|look| (place, look)));
        if memo.len() > MEMO_BOUND {
            memo.remove(0);
        }
    }
}
