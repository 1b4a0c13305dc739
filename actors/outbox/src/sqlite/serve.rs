//! What the store thread does for its callers between groups: it gathers the next one, and reads.

use std::time::Instant;

use campanile_domain::ObjectKey;
use crossbeam_channel::Receiver;
use tracing::Span;

use super::fault::refusal;
use super::read;
use super::schema::SET_ASIDE;
use super::shared::{Answer, Command, Load, Write};
use super::store::{Ending, RIDE, Store, reply};
use crate::board::{Micros, Note, Pick, Sketch};
use crate::{DeliveryView, Lease, MEMO_BOUND, OutboxError, Selection, Tally, Unplanned, WhenStored};

/// Commands that are served together.
const GROUP: usize = 1024;
/// How often others get the processor while a group grows.
const YIELDS: usize = 4;

impl Store {
    /// Serves `first` and all commands that wait, and leaves the writes for a group.
    ///
    /// A thread that is about to append gets the processor before a group with more than one entry is closed: on few
    /// cores its entries would come just after, and cost a disk write of their own. Nobody waits for a clock.
    pub(super) fn gather(
        &mut self,
        first: Option<Command>,
        commands: &Receiver<Command>,
        writes: &mut Vec<(Write, WhenStored)>,
    ) -> Option<Ending> {
        let mut first = first.into_iter();
        for _ in 0..=YIELDS {
            let before = writes.len();
            for command in first.by_ref().chain(commands.try_iter()).take(GROUP) {
                if let Some(ending) = self.serve_one(command, writes) {
                    return Some(ending);
                }
            }
            if writes.len() == before || writes.len() < 2 || writes.len() >= GROUP {
                break;
            }
            std::thread::yield_now();
        }
        None
    }

    fn serve_one(&mut self, command: Command, writes: &mut Vec<(Write, WhenStored)>) -> Option<Ending> {
        match command {
            Command::Write(write, stored) => writes.push((write, stored)),
            Command::Load(load) => self.load(*load),
            Command::Unplanned(limit, answer) => {
                let found = self.unplanned(limit);
                self.answer(answer, found);
            }
            Command::List(selection, answer) => {
                let found = self.list(&selection);
                self.answer(answer, found);
            }
            Command::Tally(provider, limit, answer) => {
                let counted = self.tally(provider, limit);
                reply(answer, counted);
            }
            Command::Recall(provider, answer) => {
                let found = self.recall(provider);
                self.answer(answer, found);
            }
            Command::Kick => {
                self.flush_at.get_or_insert_with(|| Instant::now() + RIDE);
            }
            #[cfg(test)]
            Command::Test(test) => test(self),
            #[cfg(test)]
            Command::Abandon(answer) => return Some(Ending { result: Ok(()), answer }),
        }
        None
    }

    /// Answers what was read.
    pub(super) fn answer<T>(&mut self, answer: Answer<T>, found: Result<T, OutboxError>) {
        if let Err(error) = &found {
            self.note_damage(error);
        }
        reply(answer, found);
    }

    /// Completes a take from the disk.
    pub(super) fn load(&mut self, load: Load) {
        let Load { provider, picks, mut held, now, answer } = load;
        let mut recent = None;
        for mut pick in picks {
            let read = match pick.cached.take() {
                Some(lease) => Ok(Some(lease)),
                None => read::delivery(&self.connection, &pick, &provider, &mut recent)
                    .map(|read| read.map(|delivery| Lease { delivery, append: Span::none() })),
            };
            match read {
                Ok(Some(lease)) => held.leases.push(lease),
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
