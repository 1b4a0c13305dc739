//! The integration tests: one binary, module names say the ring.

#![cfg(test)]

mod cases;
mod cli_check;
mod cli_check_page;
mod cli_explain;
mod cli_explain_every_type;
mod cli_get;
mod cli_run;
mod cli_tls_flags;
mod cluster_bad_input;
mod cluster_cost;
mod cluster_definitions;
mod cluster_election;
mod cluster_guide;
mod cluster_identity;
mod cluster_live;
mod cluster_metrics;
mod cluster_restart;
mod cluster_roles;
mod cluster_unusable;
mod cluster_versions;
mod intake_bad_input;
mod intake_duplicates;
mod intake_limits;
mod intake_tls;
mod ops_logs;
mod ops_metrics;
mod ops_probes;
mod ops_start;
mod outbox_kill;
mod outbox_kill_commit_status;
mod outbox_recovery;
mod outbox_state_folder;
mod provider_alertmanager;
mod provider_change_request;
mod provider_identity;
mod provider_keys;
mod provider_nats;
mod provider_otel;
mod provider_parking;
mod provider_payloads;
mod provider_proxy;
mod provider_pubsub;
mod provider_secrets_never_show;
mod provider_threads;
mod provider_tls;
mod provider_tls_refused;
mod route_end_to_end;
mod route_real_events;
mod route_real_events_every_type;
mod standalone_live;
mod standalone_manifests;
mod standalone_status;
mod style_clone;
mod style_contract;
mod style_crypto;
mod style_dependencies;
mod style_notification;
mod style_provider_types;
mod style_sizes;
#[cfg(feature = "failpoints")]
mod supervise_panics;
#[cfg(feature = "failpoints")]
mod supervise_stalls;
mod support;
