//! The memo table: what providers are known to show, as hashes.
//!
//! An entry that is remembered again becomes the newest, and beyond the bound of its provider the oldest leaves. Nothing
//! here is worth a delivery: an entry that is damaged is unknown, a table that cannot be used is begun anew, and if the
//! damage does not even allow that, memos are given up for the life of the file.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use xxhash_rust::xxh3::xxh3_64;

use super::error_class::SqliteErrorClass;
use super::schema::MEMO;
use crate::MEMO_BOUND;
use crate::journal::{MemoChange, MemoNote};

/// [`MEMO_BOUND`] as the database counts.
const BOUND: i64 = MEMO_BOUND as i64;

const READ: &str = "SELECT place, look, checksum FROM memo WHERE provider = ?1 ORDER BY age DESC LIMIT ?2";
const COUNT: &str = "SELECT count(*) FROM memo WHERE provider = ?1";
const INSERT: &str = "INSERT INTO memo (provider, place, look, checksum) VALUES (?1, ?2, ?3, ?4)";
const FORGET: &str = "DELETE FROM memo WHERE provider = ?1 AND place = ?2";
const DROP: &str = "DELETE FROM memo WHERE provider = ?1";
const TRIM: &str = "
    DELETE FROM memo WHERE age IN (SELECT age FROM memo WHERE provider = ?1 ORDER BY age LIMIT ?2)";

const REMOVE: &str = "DROP TABLE IF EXISTS memo";
/// The mark of a file whose table is beyond help. Without it a later start would believe entries that were not updated.
const GIVE_UP: &str = "INSERT OR REPLACE INTO numbers VALUES ('memo lost', 1)";
const GIVEN_UP: &str = "SELECT count(*) FROM numbers WHERE name = 'memo lost'";

/// The table, and what is known about it without a look.
#[derive(Default)]
pub(super) struct MemoTable {
    /// Entries of the providers that were written, as of the open transaction.
    held: HashMap<u64, i64>,
    /// Whether memos are given up, once somebody has looked.
    given_up: Option<bool>,
    /// Whether the table failed the open transaction.
    damaged: bool,
}

impl MemoTable {
    /// Writes changes in their order. A table that cannot be used fails the group; the next one does without.
    pub(super) fn write(&mut self, connection: &Connection, notes: &[MemoNote]) -> rusqlite::Result<()> {
        if notes.is_empty() || self.is_given_up(connection)? {
            return Ok(());
        }
        let written = notes.iter().try_for_each(|note| self.write_one(connection, note));
        written.inspect_err(|error| self.damaged = is_unusable(error))
    }

    fn write_one(&mut self, connection: &Connection, note: &MemoNote) -> rusqlite::Result<()> {
        let MemoNote { provider, change } = *note;
        match change {
            MemoChange::Remember(place, look) => self.remember(connection, provider, place, look),
            MemoChange::Forget(place) => self.forget(connection, provider, place).map(drop),
            MemoChange::Drop => {
                self.held.remove(&provider);
                connection.prepare_cached(DROP)?.execute([provider.cast_signed()]).map(drop)
            }
        }
    }

    fn remember(
        &mut self,
        connection: &Connection,
        provider: u64,
        place: u128,
        look: u128,
    ) -> rusqlite::Result<()> {
        let held = self.forget(connection, provider, place)? + 1;
        let (number, checksum) = (provider.cast_signed(), checksum(provider, place, look));
        let values = params![number, place.to_be_bytes(), look.to_be_bytes(), checksum];
        connection.prepare_cached(INSERT)?.execute(values)?;
        if held > BOUND {
            connection.prepare_cached(TRIM)?.execute([number, held - BOUND])?;
        }
        self.held.insert(provider, held.min(BOUND));
        Ok(())
    }

    /// Removes an entry. Returns how many the provider has left.
    fn forget(&mut self, connection: &Connection, provider: u64, place: u128) -> rusqlite::Result<i64> {
        let number = provider.cast_signed();
        let held = match self.held.get(&provider) {
            Some(held) => *held,
            None => connection.prepare_cached(COUNT)?.query_row([number], |row| row.get(0))?,
        };
        let removed = connection.prepare_cached(FORGET)?.execute(params![number, place.to_be_bytes()])?;
        let left = if removed > 0 { held - 1 } else { held };
        self.held.insert(provider, left);
        Ok(left)
    }

    /// The transaction was rolled back. If this table was the cause it is mended, as far as the disk lets it.
    pub(super) fn roll_back(&mut self, connection: &Connection) {
        self.held.clear();
        self.given_up = None;
        if std::mem::take(&mut self.damaged)
            && let Err(error) = self.begin_anew(connection)
        {
            tracing::error!(%error, "the memo of the outbox cannot be begun anew");
        }
    }

    /// Reads the memo of a provider, oldest entry first.
    pub(super) fn read(
        &mut self,
        connection: &Connection,
        provider: u64,
    ) -> rusqlite::Result<Vec<(u128, u128)>> {
        if self.is_given_up(connection)? {
            return Ok(Vec::new());
        }
        match entries(connection, provider) {
            Err(error) if is_unusable(&error) => self.begin_anew(connection).map(|()| Vec::new()),
            other => other,
        }
    }

    /// Begins the table anew, outside of a transaction.
    fn begin_anew(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        tracing::error!("the memo of the outbox is damaged; destinations are read anew");
        self.held.clear();
        match connection.execute_batch(REMOVE) {
            Ok(()) => connection.execute_batch(MEMO),
            Err(error) if is_unusable(&error) => self.give_up(connection),
            Err(error) => Err(error),
        }
    }

    fn give_up(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        tracing::error!("the memo of the outbox is beyond help and no longer kept");
        self.given_up = Some(true);
        connection.execute(GIVE_UP, []).map(drop)
    }

    fn is_given_up(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        if let Some(known) = self.given_up {
            return Ok(known);
        }
        let marks: i64 = connection.query_row(GIVEN_UP, [], |row| row.get(0))?;
        Ok(*self.given_up.insert(marks > 0))
    }
}

fn entries(connection: &Connection, provider: u64) -> rusqlite::Result<Vec<(u128, u128)>> {
    let mut statement = connection.prepare_cached(READ)?;
    let mut rows = statement.query([provider.cast_signed(), BOUND])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let number = |column| row.get(column).map(u128::from_be_bytes);
        if let (Ok(place), Ok(look)) = (number(0), number(1))
            && row.get(2) == Ok(checksum(provider, place, look))
        {
            entries.push((place, look));
        }
    }
    entries.reverse();
    Ok(entries)
}

/// Whether the table itself is at fault.
fn is_unusable(error: &rusqlite::Error) -> bool {
    matches!(SqliteErrorClass::of(error), SqliteErrorClass::Damage | SqliteErrorClass::Schema)
}

fn checksum(provider: u64, place: u128, look: u128) -> i64 {
    let mut text = [0; 40];
    let (first, rest) = text.split_at_mut(8);
    first.copy_from_slice(&provider.to_le_bytes());
    for (bytes, number) in rest.chunks_exact_mut(16).zip([place, look]) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    xxh3_64(&text).cast_signed()
}
