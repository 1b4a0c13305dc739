//! Classes of SQLite's errors, by what has to be done about them.

use rusqlite::{Error, ErrorCode};

use crate::OutboxError;

/// The kinds of error that are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SqliteErrorClass {
    /// No space on the disk.
    Full,
    /// The file is not a database, or not a sound one.
    Damage,
    /// The file lacks a table or a column.
    Schema,
    /// The file or its folder may not be written.
    ReadOnly,
    /// An error of any other sort.
    Other,
}

impl SqliteErrorClass {
    pub(super) fn of(error: &Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damage,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::Unknown) => Self::Schema,
            Some(_) => Self::Other,
            // The file gave a value that its schema forbids.
            None => Self::Damage,
        }
    }
}

/// Whether the file as a whole is damaged, not merely the row at hand.
pub(super) fn is_structural(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The error that callers get.
pub(super) fn refusal(error: &Error) -> OutboxError {
    if is_structural(error) {
        return OutboxError::Damaged;
    }
    match SqliteErrorClass::of(error) {
        SqliteErrorClass::Full => OutboxError::Full("the disk has no space left"),
        SqliteErrorClass::Damage
        | SqliteErrorClass::Schema
        | SqliteErrorClass::ReadOnly
        | SqliteErrorClass::Other => OutboxError::Store(format!("use the database of the outbox: {error}")),
    }
}
