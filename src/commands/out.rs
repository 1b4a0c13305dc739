//! Standard output that may be closed: `campanile check . | head -1` ends quietly.

use std::fmt;
use std::io::{self, Write};

use anyhow::{Context, Result};

/// Writes text to standard output. A closed pipe is no error: the reader has what it wanted.
///
/// # Errors
/// If standard output cannot be written for another reason, for example a full disk.
pub(crate) fn put(text: &str) -> Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("write to standard output"),
    }
}

/// Writes a line of running commentary; if nobody can read it, it is not missed.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    drop(put(&format!("{line}\n")));
}
