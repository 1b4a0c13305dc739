//! The actor that reads objects and writes their status; in standalone mode from and for a folder of manifests.
//!
//! Three layers, each testable without the next: [`Folder`] turns files into a [`Loaded`] state and keeps the last good
//! objects of files that fail; [`findings()`] judges such a state; [`WatcherActor`] follows the folder, tells subscribers
//! what changed, and keeps the status table that the operations API reads. Files are read and parsed on the blocking
//! pool, never on an arbiter.

mod actor;
mod changes;
mod cluster;
mod faults;
mod findings;
mod folder;
mod label_store;
mod loaded;
mod manifest;
mod messages;
mod scan;
mod status;
mod subscribers;
#[cfg(test)]
mod tests;
mod watch;

pub use actor::{WatcherActor, WatcherParts};
pub use campanile_crds::Level;
pub use cluster::{
    ApiRequests, ClusterConfig, ClusterMeters, ClusterParts, ClusterWatcherActor, ConnectError,
    ElectionConfig, ElectionError, LabelCache, RECONCILE_BOUNDS, ReconcileCounts, Reconciles, RequestCount,
    Throttle, elect,
};
pub use findings::{Finding, findings};
pub use folder::{Folder, FolderError, load};
pub use label_store::LabelStore;
pub use loaded::{Loaded, Located, Position};
pub use messages::{QueueSnapshot, WatcherSnapshot};
