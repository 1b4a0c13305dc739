//! Feature gates (contract, control plane 8.2).

use super::Refused;

/// Lets Providers name a service account.
pub(super) const WORKLOAD_IDENTITY: &str = "ObjectLevelWorkloadIdentity";
/// All gates; all are off unless said otherwise.
const GATES: [&str; 3] = ["CacheSecretsAndConfigMaps", "DisableConfigWatchers", WORKLOAD_IDENTITY];

/// A gate as it was written. Whether it exists is a matter of the start, where it can be logged.
pub(super) fn parse(text: &str) -> Result<(String, bool), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=true or NAME=false")?;
    let on = value.parse().map_err(|_| format!("'{value}' is neither true nor false"))?;
    Ok((name.to_owned(), on))
}

/// A gate that exists, for commands that do not log.
pub(super) fn parse_known(text: &str) -> Result<(String, bool), String> {
    let (name, on) = parse(text)?;
    if GATES.contains(&name.as_str()) {
        return Ok((name, on));
    }
    Err(format!("feature-gate '{name}' not supported, the gates are {}", GATES.join(", ")))
}

/// Logs each gate that was set.
///
/// # Errors
/// If one does not exist.
pub(super) fn load(gates: &[(String, bool)]) -> Result<(), Refused> {
    for (name, on) in gates {
        if !GATES.contains(&name.as_str()) {
            let error = format!("feature-gate '{name}' not supported");
            return Err(Refused { what: "unable to load feature gates", error });
        }
        tracing::info!(name, enabled = on, "loading feature gate");
    }
    Ok(())
}

/// Whether a gate is on; the last word about it counts.
pub(super) fn is_on(gates: &[(String, bool)], name: &str) -> bool {
    gates.iter().rev().find(|(gate, _)| gate == name).is_some_and(|(_, on)| *on)
}
