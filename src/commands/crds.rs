//! `campanile crds`: the definitions of Alert, Provider and Receiver, ready for `kubectl apply -f -`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};

/// The definitions as they stand in `deploy/crds`, so that a program and its definitions can not differ.
const DEFINITIONS: [&str; 3] = [
    include_str!("../../deploy/crds/alerts.yaml"),
    include_str!("../../deploy/crds/providers.yaml"),
    include_str!("../../deploy/crds/receivers.yaml"),
];

pub(crate) fn crds() -> Result<ExitCode> {
    match std::io::stdout().lock().write_all(stream().as_bytes()) {
        // Whoever reads only the beginning has what they wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.map(|()| ExitCode::SUCCESS).context("print the definitions"),
    }
}

/// All definitions as one YAML stream.
fn stream() -> String {
    DEFINITIONS.join("---\n")
}

#[cfg(test)]
mod tests;
