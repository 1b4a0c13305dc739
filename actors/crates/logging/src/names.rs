//! Names of loggers (contract, control plane 10): what a line is about, rather than the module that wrote it.

/// Crates and modules by logger. The first that fits counts.
const LOGGERS: &[(&str, &str)] = &[
    ("campanile_intake::webhooks", "receiver-server"),
    ("campanile_keyring", "receiver-server"),
    ("campanile_intake", "event-server"),
    ("campanile_router", "event-server"),
    ("campanile_delivery", "event-server"),
    ("campanile_logging", "setup"),
    ("campanile::ops", "operations"),
    ("campanile::", "setup"),
    ("campanile_", ""),
    ("kube", "runtime"),
];

/// Whether the line comes from Campanile itself.
pub(super) fn is_own(target: &str) -> bool {
    target.starts_with("campanile")
}

/// The name of the logger of lines of this target.
pub(super) fn logger(target: &str) -> &str {
    let fits = LOGGERS.iter().find_map(|(prefix, name)| Some((target.strip_prefix(prefix)?, *name)));
    match fits {
        Some((rest, "")) => first(rest),
        Some((_, name)) => name,
        None => first(target),
    }
}

fn first(path: &str) -> &str {
    path.split_once("::").map_or(path, |(first, _)| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loggers_have_the_names_of_the_contract_and_the_rest_those_of_their_crate() {
        let names = [
            ("campanile_intake::server", "event-server"),
            ("campanile_intake::webhooks::pipeline", "receiver-server"),
            ("campanile_router::actor::event_log", "event-server"),
            ("campanile_delivery::provider_actor", "event-server"),
            ("campanile::app", "setup"),
            ("campanile::ops::redrive", "operations"),
            ("campanile_outbox::sqlite", "outbox"),
            ("campanile_watcher", "watcher"),
            ("kube_client::client", "runtime"),
            ("actix_server::builder", "actix_server"),
        ];
        for (target, name) in names {
            assert_eq!(logger(target), name, "{target}");
        }
    }
}
