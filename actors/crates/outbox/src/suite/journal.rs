//! Tests of a journal by itself, without an outbox over it.

use std::path::Path;
use std::sync::Arc;

use campanile_domain::{NewDelivery, RecordId};
use campanile_testkit::noon;
use parking_lot::Mutex;
use tempfile::TempDir;

use super::harness::{at, chat, entry, of_lane, refused};
use super::memory_journal::MemoryJournal;
use super::reconciles::postponed;
use crate::board::{Board, WriteBatch};
use crate::journal::{
    Journal, LastFailure, Loader, MemoChange, MemoNote, Phase, RowChange, RowColumns, RowOutcome,
    StoredDelivery, StoredEvents, TextRequest,
};
use crate::journaled::{AwaitedWrite, StagedWrites};
use crate::{
    AllProviders, Append, Bounds, BrowseFilter, DeliveryState, Epoch, EventId, OutboxError, Planned,
    provider_number, sqlite,
};

/// The origin of all records.
const ORIGIN: u64 = 0x5EED;

/// A journal with the board that its writer keeps.
struct Rig<J> {
    journal: J,
    board: Mutex<Board>,
    next: i64,
}

fn loader() -> Loader {
    Loader::new(Bounds::default(), Arc::new(AllProviders), noon().as_microsecond())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

impl<J: Journal> Rig<J> {
    fn new(journal: J, loaded: Loader) -> Self {
        let (mut board, next) = loaded.finish();
        board.note_origin(next, ORIGIN);
        Self { journal, board: Mutex::new(board), next }
    }

    fn write(&mut self, writes: Vec<AwaitedWrite>, changes: &WriteBatch) -> Result<(), OutboxError> {
        let mut stage = StagedWrites::new(&self.board, Vec::new(), (ORIGIN, self.next), 1);
        writes.into_iter().for_each(|write| stage.add(write).unwrap());
        wait(self.journal.commit(&stage.batch(changes)))?;
        self.next = stage.publish();
        Ok(())
    }

    fn append(&mut self, entry: Append) {
        self.write(vec![AwaitedWrite::Append(entry)], &WriteBatch::default()).unwrap();
    }

    fn change(&mut self, number: i64, change: RowChange) {
        let mut changes = WriteBatch::default();
        changes.changes.insert(number, RowOutcome { epoch: Epoch::default(), change });
        // What is written twice is the same.
        self.write(Vec::new(), &changes).unwrap();
        self.write(Vec::new(), &changes).unwrap();
    }

    fn note(&mut self, memo: Vec<MemoChange>) {
        let provider = provider_number(&chat());
        let memo = memo.into_iter().map(|change| MemoNote { provider, change }).collect();
        self.write(Vec::new(), &WriteBatch { memo, ..WriteBatch::default() }).unwrap();
    }

    /// What a process that starts now finds: the states of deliveries by number, and the first number to give.
    fn found(&mut self) -> (Vec<(i64, DeliveryState)>, i64) {
        let mut into = loader();
        wait(self.journal.load(&mut into)).unwrap();
        let (board, next) = into.finish();
        let mut found = board.view(&BrowseFilter::default());
        found.extend(board.view(&BrowseFilter { dead: true, ..BrowseFilter::default() }));
        assert!(found.iter().all(|record| record.id.0.origin() == ORIGIN), "an id is kept as a whole");
        (found.into_iter().map(|record| (record.number, record.state)).collect(), next)
    }

    fn read(&mut self, number: i64) -> StoredDelivery {
        let wanted = [TextRequest { number, provider: chat(), deadline: of_lane("a").deadline }];
        wait(self.journal.read(&wanted)).unwrap().remove(0)
    }

    fn numbers(&self) -> Vec<i64> {
        self.board.lock().view(&BrowseFilter::default()).into_iter().map(|record| record.number).collect()
    }

    fn unplanned(&mut self) -> StoredEvents {
        let mut into = loader();
        wait(self.journal.load(&mut into)).unwrap();
        let numbers = into.finish().0.first_unplanned(10);
        wait(self.journal.unplanned(&numbers)).unwrap()
    }

    fn waiting(&mut self) -> Vec<i64> {
        self.unplanned().sound.into_iter().map(|event| event.number).collect()
    }
}

fn later(message: &str) -> Append {
    Append { plan: Planned::Later, ..entry(message, Vec::new()) }
}

fn standing(phase: Phase, failure: LastFailure) -> RowColumns {
    RowColumns { phase, at: 7, deadline: 8, attempts: 1, checksum: 0, failure }
}

fn what_is_committed_is_loaded_and_read_back(rig: &mut Rig<impl Journal>) {
    assert_eq!(rig.found(), (Vec::new(), 1));
    rig.append(entry("one", vec![of_lane("a"), of_lane("b")]));
    rig.append(later("two"));
    let numbers = rig.numbers();
    let (found, next) = rig.found();
    assert_eq!(found, [(numbers[0], DeliveryState::Ready), (numbers[1], DeliveryState::Ready)]);
    assert!(next >= rig.next);
    let texts = rig.read(numbers[1]).texts.unwrap();
    assert_eq!((texts.event.message.as_str(), &*texts.plan.lane), ("one", "b"));
    assert_eq!(texts.accepted_at, noon());
    assert_eq!(rig.read(numbers[1] + 100), StoredDelivery::default());
    let alerts = wait(rig.journal.alerts(&[numbers[0], 12345])).unwrap();
    assert_eq!(alerts, [Some(of_lane("a").alert.key), None]);
    let unplanned = rig.unplanned();
    assert_eq!((unplanned.sound.len(), &*unplanned.sound[0].event.message), (1, "two"));
}

fn a_batch_is_written_as_a_whole_or_not_at_all(rig: &mut Rig<impl Journal>) {
    rig.append(entry("one", vec![of_lane("a")]));
    let (before, number) = (rig.found(), rig.numbers()[0]);
    // The second event of the batch has the number of the event that is there.
    rig.next = number - 2;
    let mut changes = WriteBatch::default();
    let outcome = RowOutcome { epoch: Epoch::default(), change: RowChange::Gone { event: None } };
    changes.changes.insert(number, outcome);
    let writes = vec![AwaitedWrite::Append(later("two")), AwaitedWrite::Append(later("three"))];
    assert!(matches!(rig.write(writes, &changes), Err(OutboxError::Store(_))));
    assert_eq!(rig.found(), before);
    assert!(rig.waiting().is_empty());
}

fn outcomes_change_rows_and_the_last_takes_its_event_along(rig: &mut Rig<impl Journal>) {
    rig.append(entry("one", vec![of_lane("a"), of_lane("b")]));
    let numbers = rig.numbers();
    let event = numbers[0] - 1;
    let refusal = LastFailure::Set(Arc::new(refused()));
    rig.change(numbers[0], RowChange::Stands(standing(Phase::Retry, refusal)));
    assert_eq!(rig.read(numbers[0]).failure, Some(refused()));
    rig.change(numbers[0], RowChange::Stands(standing(Phase::Parked, LastFailure::Keep)));
    assert_eq!(rig.read(numbers[0]).failure, Some(refused()));
    rig.change(numbers[0], RowChange::Stands(standing(Phase::Ready, LastFailure::Clear)));
    assert_eq!(rig.read(numbers[0]).failure, None);
    rig.change(numbers[0], RowChange::Gone { event: None });
    assert!(rig.read(numbers[0]).texts.is_none());
    assert!(rig.read(numbers[1]).texts.is_some(), "its event is still there");
    rig.change(numbers[1], RowChange::Gone { event: Some(event) });
    assert!(rig.found().0.is_empty());
}

fn a_column_that_its_checksum_does_not_cover_is_found_out(rig: &mut Rig<impl Journal>) {
    rig.append(entry("one", vec![of_lane("a")]));
    let number = rig.numbers()[0];
    rig.change(number, RowChange::Stands(standing(Phase::Ready, LastFailure::Keep)));
    assert_eq!(rig.found().0, [(number, DeliveryState::Dead)], "the checksum was wrong");
}

fn a_number_is_never_given_twice(rig: &mut Rig<impl Journal>) {
    rig.append(entry("one", vec![of_lane("a")]));
    let number = rig.numbers()[0];
    rig.change(number, RowChange::Gone { event: Some(number - 1) });
    let (found, next) = rig.found();
    assert!(found.is_empty() && next > number);
}

fn an_event_that_waits_is_planned_removed_or_set_aside(rig: &mut Rig<impl Journal>) {
    for message in ["one", "two", "three"] {
        rig.append(later(message));
    }
    let waiting = rig.waiting();
    let event = |place: usize| EventId(RecordId::new(ORIGIN, waiting[place]));
    let plan = |place, plans: Vec<NewDelivery>| AwaitedWrite::Plan(event(place), plans);
    let writes = vec![plan(0, vec![of_lane("a")]), plan(1, Vec::new()), AwaitedWrite::SetAside(event(2))];
    rig.write(writes, &WriteBatch::default()).unwrap();
    assert!(rig.waiting().is_empty());
    assert_eq!(rig.found().0.len(), 1);
    let number = rig.numbers()[0];
    assert_eq!(rig.read(number).texts.unwrap().event.message, "one");
}

fn notes_on_memos_take_effect_in_their_order(rig: &mut Rig<impl Journal>) {
    use MemoChange::{Drop, Forget, Remember};
    let provider = provider_number(&chat());
    rig.note(vec![Remember(1, 10), Remember(2, 20), Remember(1, 11), Forget(3)]);
    assert_eq!(wait(rig.journal.recall(provider)), Ok(vec![(2, 20), (1, 11)]));
    rig.note(vec![Forget(2), Remember(4, 40)]);
    assert_eq!(wait(rig.journal.recall(provider)), Ok(vec![(1, 11), (4, 40)]));
    assert_eq!(wait(rig.journal.recall(provider + 1)), Ok(Vec::new()));
    rig.note(vec![Drop]);
    assert_eq!(wait(rig.journal.recall(provider)), Ok(Vec::new()));
}

fn reconciles_are_kept_until_they_are_settled(rig: &mut Rig<impl Journal>) {
    let numbers = || rig.board.lock().give_reconcile();
    let (first, second) = (numbers(), numbers());
    let both = vec![(first, postponed("a", 0)), (second, postponed("b", 1))];
    rig.write(vec![AwaitedWrite::Postpone(both.clone())], &WriteBatch::default()).unwrap();
    assert_eq!(wait(rig.journal.reconciles()).unwrap().sound, both);
    let mut into = loader();
    wait(rig.journal.load(&mut into)).unwrap();
    assert_eq!(into.finish().0.give_reconcile(), second + 1);
    let changes = WriteBatch { settled: vec![first], ..WriteBatch::default() };
    // What is written twice is the same.
    rig.write(Vec::new(), &changes).unwrap();
    rig.write(Vec::new(), &changes).unwrap();
    assert_eq!(wait(rig.journal.reconciles()).unwrap().sound, both[1..]);
}

fn in_memory() -> Rig<MemoryJournal> {
    Rig::new(MemoryJournal::default(), loader())
}

fn on_disk(folder: &Path) -> Rig<impl Journal + use<>> {
    let opened = sqlite::open_journal(folder, Bounds::default(), Arc::new(AllProviders), at(0));
    let (journal, loaded, _) = opened.unwrap();
    Rig::new(journal, loaded)
}

macro_rules! run_for_all_journals {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[test] fn $case() { super::$case(&mut super::in_memory()); })+
        }
        mod sqlite_file {
            $(#[test] fn $case() {
                let folder = super::TempDir::new().unwrap();
                super::$case(&mut super::on_disk(folder.path()));
            })+
        }
    };
}

run_for_all_journals! {
    what_is_committed_is_loaded_and_read_back,
    a_batch_is_written_as_a_whole_or_not_at_all,
    outcomes_change_rows_and_the_last_takes_its_event_along,
    a_column_that_its_checksum_does_not_cover_is_found_out,
    a_number_is_never_given_twice,
    an_event_that_waits_is_planned_removed_or_set_aside,
    notes_on_memos_take_effect_in_their_order,
    reconciles_are_kept_until_they_are_settled,
}
