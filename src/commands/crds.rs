//! `campanile crds`: the definitions of Alert, Provider and Receiver, ready for `kubectl apply -f -`.

use std::process::ExitCode;

use anyhow::Result;

use super::out::put;

/// The definitions as they stand in `deploy/crds`, so that a program and its definitions can not differ.
const DEFINITIONS: [&str; 3] = [
    include_str!("../../deploy/crds/alerts.yaml"),
    include_str!("../../deploy/crds/providers.yaml"),
    include_str!("../../deploy/crds/receivers.yaml"),
];

pub(crate) fn crds() -> Result<ExitCode> {
    put(&stream())?;
    Ok(ExitCode::SUCCESS)
}

/// All definitions as one YAML stream.
fn stream() -> String {
    DEFINITIONS.join("---\n")
}

#[cfg(test)]
mod tests;
