//! Feature gates (contract, control plane 8.2).

use super::Refused;

/// Let Providers name a service account once. They may without it now (contract, flux-2.10 section 4).
const WORKLOAD_IDENTITY: &str = "ObjectLevelWorkloadIdentity";
/// The names of all feature gates.
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

/// Logs each gate that was set, a retired one once.
///
/// # Errors
/// If one does not exist.
pub(super) fn load(gates: &[(String, bool)]) -> Result<(), Refused> {
    for (place, (name, on)) in gates.iter().enumerate() {
        if !GATES.contains(&name.as_str()) {
            let error = format!("feature-gate '{name}' not supported");
            return Err(Refused { what: "unable to load feature gates", error });
        }
        if name != WORKLOAD_IDENTITY {
            tracing::info!(name, enabled = on, "loading feature gate");
        } else if gates.iter().take(place).all(|(other, _)| other != name) {
            tracing::info!(
                name,
                enabled = on,
                "this feature gate is retired and has no effect: spec.serviceAccountName and --default-service-account work \
                 without it; remove it from --feature-gates"
            );
        }
    }
    Ok(())
}
