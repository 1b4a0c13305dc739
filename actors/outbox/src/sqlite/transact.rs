//! The frame of a transaction: all of it is on disk and on the board, or none.

use rusqlite::Connection;

use super::fault::refusal;
use super::group::{Group, Numbers, Staged, Trouble, publish, write_changes};
use super::shared::Write;
use super::store::{CHANGES, Store};
use crate::OutboxError;

/// An encoding buffer beyond this is given back after its group.
const ROOM: usize = 256 << 10;

/// What a group came to: what it stored, how far the numbers got, and the verdict on each entry.
type Filled = (Vec<Staged>, Numbers, Vec<Result<(), OutboxError>>);

impl Store {
    /// The transaction; on success the board knows what it wrote. Returns the verdict on each entry.
    pub(super) fn transact(
        &mut self,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<(), OutboxError>>, OutboxError> {
        #[cfg(test)]
        if self.broken {
            return Err(OutboxError::Full("the disk has no space left"));
        }
        let Self { connection, shared, page, text, numbers, memo, .. } = self;
        let board = &shared.board;
        let numbers_before = *numbers;
        let group = Group {
            connection,
            board,
            text,
            numbers: numbers_before,
            staged: Vec::new(),
            records: 0,
            bytes: 0,
        };
        let changes = page.changes.iter().take(CHANGES);
        let done = in_transaction(connection, || {
            write_changes(connection, changes)?;
            memo.write(connection, &page.memo).map_err(|error| memo_trouble(&error))?;
            fill(group, writes)
        });
        let (staged, numbers, verdicts) = done.inspect_err(|_| memo.roll_back(connection))?;
        publish(board, staged);
        self.numbers = numbers;
        if self.text.capacity() > ROOM {
            self.text = Vec::new();
        }
        Ok(verdicts)
    }
}

/// Damage of the memo alone is mended on the spot.
fn memo_trouble(error: &rusqlite::Error) -> Trouble {
    Trouble::Group(match refusal(error) {
        OutboxError::Damaged => OutboxError::Store(format!("use the memo of the outbox: {error}")),
        other => other,
    })
}

fn fill(mut group: Group<'_>, writes: Vec<Write>) -> Result<Filled, Trouble> {
    let mut verdicts = Vec::with_capacity(writes.len());
    for write in writes {
        match group.stage(write) {
            Ok(()) => verdicts.push(Ok(())),
            Err(Trouble::Entry(refusal)) => verdicts.push(Err(refusal)),
            Err(failure @ Trouble::Group(_)) => return Err(failure),
        }
    }
    group.numbers.reserve(group.connection)?;
    Ok((group.staged, group.numbers, verdicts))
}

fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, Trouble>,
) -> Result<T, OutboxError> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    let attempt = || {
        run("BEGIN IMMEDIATE")?;
        let done = work()?;
        run("COMMIT")?;
        Ok(done)
    };
    attempt().map_err(|trouble| {
        if !connection.is_autocommit()
            && let Err(error) = run("ROLLBACK")
        {
            tracing::error!(%error, "a failed group could not be rolled back");
        }
        match trouble {
            Trouble::Entry(error) | Trouble::Group(error) => error,
        }
    })
}
