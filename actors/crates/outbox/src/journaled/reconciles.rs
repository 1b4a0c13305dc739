//! Postponed reconciles: the callers' side, and what the thread reads.

use std::time::Instant;

use campanile_domain::PostponedReconcile;

use super::JournaledOutbox;
use super::batches::RIDE;
use super::driver::StoreThread;
use super::handle::{AwaitedWrite, Command};
use crate::journal::Journal;
use crate::{OutboxError, ReconcileStore, Reply};

impl ReconcileStore for JournaledOutbox {
    fn reconciles(&self) -> Reply<Vec<(i64, PostponedReconcile)>> {
        self.ask(Command::Reconciles)
    }

    fn postpone(&self, reconciles: Vec<PostponedReconcile>) -> Reply<Vec<i64>> {
        let numbered: Vec<_> = {
            let mut board = self.handle.shared.board.lock();
            reconciles.into_iter().map(|reconcile| (board.give_reconcile(), reconcile)).collect()
        };
        let numbers = numbered.iter().map(|(number, _)| *number).collect();
        let stored = self.ask(|answer| {
            let stored = Box::new(move |result| drop(answer.send(result)));
            Command::Write(AwaitedWrite::Postpone(numbered), stored)
        });
        Box::pin(async move { stored.await.map(|()| numbers) })
    }

    fn settle_reconciles(&self, numbers: Vec<i64>) -> Reply<()> {
        self.change_durably(|board| {
            board.ledger.note_settled(numbers);
            Ok(())
        })
    }
}

impl<J: Journal> StoreThread<J> {
    /// All postponed reconciles, as they will be once everything is written.
    pub(super) async fn reconciles(&mut self) -> Result<Vec<(i64, PostponedReconcile)>, OutboxError> {
        let found = self.journal.reconciles().await?;
        let mut board = self.shared.board.lock();
        for number in &found.damaged {
            tracing::error!(number, "a stored request to reconcile is damaged and was removed");
            board.count_damage();
        }
        let mut sound = found.sound;
        sound.retain(|(number, _)| {
            !self.batch.settled.contains(number) && !board.ledger.settled().contains(number)
        });
        if !found.damaged.is_empty() {
            board.ledger.note_settled(found.damaged);
            self.flush_at.get_or_insert_with(|| Instant::now() + RIDE);
        }
        Ok(sound)
    }
}
