//! What the store thread reads for its callers, between groups.

use std::time::Instant;

use campanile_domain::ObjectKey;

use super::fault::refusal;
use super::read;
use super::schema::SET_ASIDE;
use super::shared::Load;
use super::store::{RIDE, Store, reply};
use crate::board::{Micros, Note, Pick, Sketch};
use crate::{DeliveryView, Lease, MEMO_BOUND, OutboxError, Selection, Tally, Unplanned};

impl Store {
    /// Completes a take from the disk.
    pub(super) fn load(&mut self, load: Load) {
        let Load { provider, picks, mut held, now, answer } = load;
        let mut recent = None;
        for mut pick in picks {
            let read = match pick.cached.take() {
                Some(delivery) => Ok(Some(delivery)),
                None => read::delivery(&self.connection, &pick, &provider, &mut recent),
            };
            match read {
                Ok(Some(delivery)) => held.leases.push(Lease { delivery }),
                Ok(None) => self.set_aside(&pick, now),
                Err(error) => return self.answer(answer, Err(refusal(&error))),
            }
        }
        reply(answer, Ok(held));
    }

    fn set_aside(&mut self, pick: &Pick, now: Micros) {
        if self.shared.board.lock().set_aside(pick.id, pick.ticket, now) {
            tracing::error!(delivery = pick.id, "a stored delivery is damaged and became a dead letter");
            self.flush_at.get_or_insert_with(|| Instant::now() + RIDE);
        }
    }

    pub(super) fn list(&self, selection: &Selection) -> Result<Vec<DeliveryView>, OutboxError> {
        let sketches = self.shared.board.lock().sketch(selection);
        let mut recent = None;
        let view = |mut sketch: Sketch| {
            if let (Note::Keep, Some(note)) = (&sketch.note, self.page.note_on(sketch.id)) {
                sketch.note = note;
            }
            read::view(&self.connection, sketch, &mut recent)
        };
        sketches.into_iter().map(view).collect::<Result<_, _>>().map_err(|error| refusal(&error))
    }

    pub(super) fn tally(&self, provider: ObjectKey, limit: usize) -> Result<Tally, OutboxError> {
        let mut selection = Selection { dead: false, provider: Some(provider), limit };
        let sketches = {
            let board = self.shared.board.lock();
            let waiting = board.sketch(&selection);
            selection.dead = true;
            waiting.into_iter().chain(board.sketch(&selection)).collect::<Vec<_>>()
        };
        let mut tally = Tally::new();
        for Sketch { id, state, .. } in sketches {
            if let Some(alert) = read::alert(&self.connection, id).map_err(|error| refusal(&error))? {
                tally.entry(alert).or_default().count(state);
            }
        }
        Ok(tally)
    }

    /// The memo of a provider as it will be once everything is written.
    pub(super) fn recall(&mut self, provider: u64) -> Result<Vec<(u128, u128)>, OutboxError> {
        let mut memo = self.memo.read(&self.connection, provider).map_err(|error| refusal(&error))?;
        let board = self.shared.board.lock();
        let waiting = self.page.memo.iter().chain(board.ledger.memo());
        for note in waiting.filter(|note| note.provider == provider) {
            note.change.apply(&mut memo);
        }
        drop(memo.drain(..memo.len().saturating_sub(MEMO_BOUND)));
        Ok(memo)
    }

    pub(super) fn unplanned(&mut self, limit: usize) -> Result<Vec<Unplanned>, OutboxError> {
        let (sound, damaged) = read::unplanned(&self.connection, limit).map_err(|error| refusal(&error))?;
        for id in damaged {
            tracing::error!(event = id, "a stored event is damaged and was set aside");
            self.connection
                .execute("UPDATE events SET planned = ?2 WHERE id = ?1", [id, SET_ASIDE])
                .map_err(|error| refusal(&error))?;
            let mut board = self.shared.board.lock();
            board.remove_unplanned(id);
            board.count_damage();
        }
        Ok(sound)
    }
}
