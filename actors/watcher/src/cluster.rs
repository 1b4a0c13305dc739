//! The watcher in a cluster: objects come from the Kubernetes API, and their status goes back to it.
//!
//! A [`ClusterWatcherActor`] owns the present state of all objects, as the standalone watcher does, and answers the same
//! messages. Tasks of its arbiter follow one kind each and hand it batches, one at a time; they end with it. What can
//! not be read of one object keeps that object as it was and stops nothing else. An API server that is away, refuses or
//! answers garbage leaves the state as it is: every task tries again with backoff, and the trouble stands in the
//! snapshot with its remedy.

mod accounts;
mod actor;
mod announcer;
mod around;
mod batch;
mod client;
mod election;
mod event;
mod follow;
mod kind;
mod label_cache;
mod listing;
mod object_status;
mod pace;
mod raw;
mod reading;
mod reconciles;
mod refs;
mod requests;
mod secrets;
mod source_kinds;
mod tasks;
mod throttle;
mod trouble;
mod version;
mod writer;

pub use actor::{ClusterParts, ClusterWatcherActor};
pub use client::{ClusterConfig, ClusterMeters, ConnectError};
pub use election::{ElectionConfig, ElectionError, elect};
pub use label_cache::LabelCache;
pub use reconciles::{RECONCILE_BOUNDS, ReconcileCounts, Reconciles};
pub use requests::{ApiRequests, RequestCount};
pub use throttle::Throttle;
