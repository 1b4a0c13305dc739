//! `campanile crds`: the definitions of Alert, Provider and Receiver, ready for `kubectl apply -f -`.

mod fluxinstance;
mod merge;

use std::process::ExitCode;

use anyhow::Result;
use campanile_watcher::{ClusterConfig, installed_definitions};

use super::out::put;
use crate::cli::{CrdsFlags, CrdsForm, Storage};
use crate::definitions::DEFINITIONS;

/// The first lines of version v1 of Alert and Provider: whether it is served and stored.
const V1: [&str; 2] = [
    "    - name: v1\n      served: true\n      storage: false\n",
    "    - name: v1\n      served: true\n      storage: true\n",
];

/// The definitions that have version v1beta3.
const V1BETA3: [&str; 2] = [
    "    - name: v1beta3\n      served: true\n      storage: true\n",
    "    - name: v1beta3\n      served: true\n      storage: false\n",
];

pub(crate) fn crds(flags: &CrdsFlags) -> Result<ExitCode> {
    let mut stream = stream(flags.storage);
    if flags.merge {
        let installed = actix_rt::System::new().block_on(installed_definitions(&ClusterConfig::default()));
        // The text of the error holds its causes already.
        let installed = installed.map_err(|error| anyhow::Error::msg(error.to_string()))?;
        stream = merge::merged(&stream, &installed)?;
    }
    put(&match flags.form {
        CrdsForm::Definitions => stream,
        CrdsForm::Fluxinstance => fluxinstance::patches(&stream)?,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// All definitions as one YAML stream. The files store v1beta3; Receivers are always stored as v1.
fn stream(storage: Storage) -> String {
    let stream = DEFINITIONS.join("---\n");
    match storage {
        Storage::V1beta3 => stream,
        Storage::V1 => stream.replace(V1[0], V1[1]).replace(V1BETA3[0], V1BETA3[1]),
    }
}

#[cfg(test)]
mod tests;
