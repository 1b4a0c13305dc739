//! Snapshots of the dispatcher and of its provider actors.

use std::time::Duration;

use actix::{Handler, MessageResult, ResponseFuture};
use campanile_supervision::GetSnapshot;
use futures_util::future::join_all;

use super::Dispatcher;
use crate::{DeliverySnapshot, GetTallies, ProviderSnapshot};

/// How long a provider actor may take for its snapshot. One that takes longer is left out.
const PATIENCE: Duration = Duration::from_millis(500);

impl Handler<GetSnapshot<DeliverySnapshot>> for Dispatcher {
    type Result = MessageResult<GetSnapshot<DeliverySnapshot>>;

    fn handle(&mut self, _: GetSnapshot<DeliverySnapshot>, _: &mut Self::Context) -> Self::Result {
        MessageResult(DeliverySnapshot {
            restarts: self.restarts,
            ends: self.ends,
            threads: self.threads.count(),
            ..self.slots.count(self.shared.counters.snapshot())
        })
    }
}

/// The snapshots of all provider actors, by key; bounded by the Providers that have work.
impl Handler<GetSnapshot<Vec<ProviderSnapshot>>> for Dispatcher {
    type Result = ResponseFuture<Vec<ProviderSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<Vec<ProviderSnapshot>>, _: &mut Self::Context) -> Self::Result {
        let asked: Vec<_> =
            self.slots.running().map(|child| child.address().send(GetSnapshot::new())).collect();
        Box::pin(async move {
            let answers = asked.into_iter().map(|asked| tokio::time::timeout(PATIENCE, asked));
            let answers = join_all(answers).await.into_iter();
            let mut snapshots: Vec<ProviderSnapshot> =
                answers.filter_map(|answer| answer.ok()?.ok()).collect();
            snapshots.sort_by(|left, right| left.provider.cmp(&right.provider));
            snapshots
        })
    }
}

impl Handler<GetTallies> for Dispatcher {
    type Result = MessageResult<GetTallies>;

    fn handle(&mut self, _: GetTallies, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.tallies.rows())
    }
}
