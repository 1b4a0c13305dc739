//! Cluster mode: objects come from the Kubernetes API, and their status goes back to it.
//!
//! Three actors share one client ([`ClusterPeers`]), and a restart of one costs the others nothing:
//!
//! | actor | owns | hears from |
//! |---|---|---|
//! | [`ClusterWatcher`] | objects, how they stand, Secrets, labels, watches, troubles | its tasks, the dispatcher, the router |
//! | [`StatusWriterActor`] | which objects to look at and when, writes under way, the budget of writes | the watcher, its task |
//! | [`EventRecorderActor`] | Kubernetes Events of late, their counts, the budget of requests | the watcher, its task |
//!
//! A fourth, [`PostponerActor`], has no client: it keeps what webhooks asked for while the API server was away, and asks the
//! watcher again. The election of the replica that may write runs beside them.

mod accounts;
mod annotator;
mod batcher;
mod client;
mod definitions;
mod election;
mod event;
mod event_recorder;
mod follow;
mod label_cache;
mod messages;
mod middleware;
mod object_status;
mod operator;
mod outlet;
mod pace;
mod peers;
mod postponer;
mod raw;
mod reading;
mod reconciles;
mod requests;
mod secrets;
mod shared_client;
mod source;
mod source_kinds;
mod status_writer;
mod task;
mod tasks;
mod throttle;
mod token_reviews;
mod trouble;
mod version;
mod webhook_status;
mod write_plan;
mod writing;

pub use client::{ClusterConfig, ClusterMeters, ConnectError, SecretWatch};
pub use definitions::{DefinitionsError, installed_definitions};
pub use election::{ElectionConfig, ElectionError, elect};
pub use event_recorder::{EventRecorderActor, EventRecorderParts};
pub use label_cache::LabelCache;
pub use operator::{AccessRight, Operator, OperatorError, ResourceKind};
pub use peers::ClusterPeers;
pub use postponer::{PostponerActor, PostponerParts};
pub use reconciles::{RECONCILE_BOUNDS, ReconcileCounts, Reconciles};
pub use requests::{ApiRequests, RequestCount};
pub use source::{ClusterParts, ClusterSource, ClusterWatcher};
pub use status_writer::{StatusWriterActor, StatusWriterParts};
pub use throttle::Throttle;
