//! The file's format.
//!
//! A row for each event, a row for each delivery; an event's row goes with its last delivery. What webhooks asked for while
//! the API server was away has rows of its own, which go when that was done. Texts are JSON and times are
//! microseconds since the epoch, so that `sqlite3` shows them; the view `overview` is there for people alone. Every row
//! carries checksums: one over what never changes, one over what does. Secrets are never stored.

use campanile_domain::PostponedReconcile;
use rusqlite::Connection;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The format's number, in `user_version`.
pub(super) const VERSION: i64 = 3;

/// The first three bytes of `application_id`; the last is the format's number again, so that a byte that flipped in
/// `user_version` is not taken for a later version's file.
const APPLICATION: u32 = 0x434D_5000;

/// Prepared statements that are kept.
const STATEMENTS: usize = 32;

/// The state of events whose deliveries exist.
pub(super) const PLANNED: i64 = 1;
/// Events that wait for their deliveries.
pub(super) const UNPLANNED: i64 = 0;
/// Events without deliveries that cannot be read or not be planned, left for an operator.
pub(super) const SET_ASIDE: i64 = 2;

/// Set before the file is first read, so that its log needs no shared memory.
const ALONE: &str = "PRAGMA locking_mode = EXCLUSIVE";

/// Of a new file only: it is a write, and a file must open on a disk without a free byte.
const SHRINKING: &str = "PRAGMA auto_vacuum = INCREMENTAL";

const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -2048;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 2048;
    PRAGMA journal_size_limit = 8388608;
";

const TABLES: &str = "
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        accepted_at INTEGER NOT NULL,
        planned INTEGER NOT NULL,
        body TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        origin INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX unplanned ON events (id) WHERE planned = 0;
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        event INTEGER NOT NULL,
        event_bytes INTEGER NOT NULL,
        provider_namespace TEXT NOT NULL,
        provider_name TEXT NOT NULL,
        lane INTEGER NOT NULL,
        state INTEGER NOT NULL,
        at INTEGER NOT NULL,
        deadline INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        plan TEXT NOT NULL,
        plan_checksum INTEGER NOT NULL,
        failure TEXT,
        origin INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO numbers VALUES ('next', 1);
";

/// What people look at, and the numbers of the format. Ends a transaction that is open.
const FINISH: &str = "
    CREATE VIEW overview AS
        SELECT d.id, printf('%016x', d.origin) AS origin,
               CASE d.state WHEN 0 THEN 'ready' WHEN 1 THEN 'retry' WHEN 2 THEN 'parked' ELSE 'dead' END AS state,
               d.provider_namespace || '/' || d.provider_name AS provider,
               datetime(e.accepted_at / 1000000, 'unixepoch') AS accepted,
               datetime(d.at / 1000000, 'unixepoch') AS at,
               datetime(d.deadline / 1000000, 'unixepoch') AS deadline,
               d.attempts, d.failure, d.plan, e.body AS event
        FROM deliveries d LEFT JOIN events e ON e.id = d.event;
    PRAGMA application_id = 0x434D5003;
    PRAGMA user_version = 3;
    COMMIT;
";

const BEGIN: &str = "BEGIN IMMEDIATE;";

/// From format 1 to 2. No row is written anew: those that are there have origin 0, which leaves their checksums as they are.
const FROM_1: &str = "
    ALTER TABLE events ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE deliveries ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;
";

/// From format 2 to 3.
const FROM_2: &str = "DROP VIEW IF EXISTS overview;";

/// What webhooks asked for while the API server was away; see [`ReconcileStore`](crate::ReconcileStore).
const RECONCILES: &str = "
    CREATE TABLE reconciles (
        id INTEGER PRIMARY KEY,
        resource TEXT NOT NULL,
        receiver_namespace TEXT NOT NULL,
        receiver_name TEXT NOT NULL,
        accepted_at INTEGER NOT NULL,
        request TEXT NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT;
";

/// The statements that begin the migration of a file of this earlier format.
pub(super) fn migration(from: i64) -> String {
    let columns = if from == 1 { FROM_1 } else { "" };
    [BEGIN, columns, FROM_2, RECONCILES].concat()
}

/// What providers are known to show; see [`MemoStore::remember`](crate::MemoStore::remember). The newest entry has the highest age.
pub(super) const MEMO: &str = "
    CREATE TABLE memo (
        age INTEGER PRIMARY KEY,
        provider INTEGER NOT NULL,
        place BLOB NOT NULL,
        look BLOB NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX memo_by_place ON memo (provider, place);
    CREATE INDEX memo_by_age ON memo (provider);
";

/// The format that a file turned out to have.
pub(super) enum FileFormat {
    /// One of this version, maybe begun or migrated just now.
    Ours,
    /// One of a later version of this program.
    Newer(i64),
    /// A database of something else.
    Foreign,
}

/// Sets a connection up, and begins the file if it is empty.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<FileFormat> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(ALONE)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (version, tables) {
        (0, 0) => {
            connection.execute_batch(SHRINKING)?;
            connection.execute_batch(SETTINGS)?;
            connection.execute_batch(MEMO)?;
            in_one(connection, &[BEGIN, TABLES, RECONCILES].concat())?;
            Ok(FileFormat::Ours)
        }
        (VERSION, 1..) => connection.execute_batch(SETTINGS).map(|()| FileFormat::Ours),
        (1 | 2, 1..) => {
            connection.execute_batch(SETTINGS)?;
            in_one(connection, &migration(version))?;
            tracing::info!("the outbox was migrated to format {VERSION}");
            Ok(FileFormat::Ours)
        }
        (version, _) if version > VERSION => Ok(FileFormat::Newer(version)),
        _ => Ok(FileFormat::Foreign),
    }
}

/// Does all of `begin` and what finishes it, or nothing.
fn in_one(connection: &Connection, begin: &str) -> rusqlite::Result<()> {
    let done = connection.execute_batch(begin).and_then(|()| connection.execute_batch(FINISH));
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    done
}

/// Whether a file's header may carry this version: none yet, ours, or one that is confirmed by the other number.
pub(super) fn is_plausible(user_version: u32, application_id: u32) -> bool {
    let ours = i64::from(user_version) == VERSION;
    user_version == 0 || ours || (user_version < 0x100 && application_id == (APPLICATION | user_version))
}

/// The checksum of an event's row.
pub(super) fn event_checksum(origin: u64, id: i64, accepted_at: i64, body: &[u8]) -> i64 {
    xxh3_64_with_seed(body, pair(id, accepted_at) ^ origin).cast_signed()
}

/// The checksum of what never changes of a delivery's row.
pub(super) fn plan_checksum(origin: u64, id: i64, event: i64, plan: &[u8]) -> i64 {
    xxh3_64_with_seed(plan, pair(id, event) ^ origin).cast_signed()
}

/// The checksum of a postponed reconcile's row.
pub(super) fn reconcile_checksum(number: i64, reconcile: &PostponedReconcile) -> i64 {
    let PostponedReconcile { resource, receiver, accepted_at, request } = reconcile;
    let accepted_at = accepted_at.as_microsecond();
    xxh3_64(format!("{number} {accepted_at} {resource}\0{receiver}\0{request}").as_bytes()).cast_signed()
}

fn pair(first: i64, second: i64) -> u64 {
    let mut bytes = [0; 16];
    for (place, value) in bytes.chunks_exact_mut(8).zip([first, second]) {
        place.copy_from_slice(&value.to_le_bytes());
    }
    xxh3_64(&bytes)
}
