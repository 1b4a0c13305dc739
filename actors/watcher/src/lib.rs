//! The actor that reads objects and says how they stand; in standalone mode from a folder of manifests, in a cluster from the
//! Kubernetes API.
//!
//! **One watcher, two sources.** [`WatcherActor`] owns the objects of every kind and how each stands, tells subscribers what
//! changed, and answers the operations API. A [`Source`] says where objects come from: [`FolderSource`] or
//! [`ClusterSource`]. In a cluster two more actors write: [`StatusWriterActor`] owns the queue and budget of writes to
//! status, [`EventRecorderActor`] those of Kubernetes Events.
//!
//! **One kind, one `impl`.** What is particular about a kind stands in its `impl` of `watched::Watched`: what it names, how it
//! is judged, its row. A further kind is such a file in `watched/`, a line in `kinds.rs`, a row in
//! `kind.rs`, and for folders an arm in `manifest.rs` and `loaded.rs`; listing, references, status, conditions, watches,
//! writes, metrics and `campanile get` follow.
//!
//! Beside the actor, for the command line: [`Folder`] turns files into a [`Loaded`] state and keeps the last good objects of
//! files that fail; [`findings()`] judges such a state. Files are read and parsed on the blocking pool, never on an arbiter.

mod any_kind;
mod batch;
mod cluster;
mod condition;
mod finding;
mod findings;
mod folder;
mod folder_source;
mod kind;
mod kind_state;
mod kinds;
mod label_store;
mod loaded;
mod manifest;
mod messages;
mod position;
mod refs;
mod scan;
mod source;
mod standing;
mod subscribers;
#[cfg(test)]
mod tests;
mod tick;
mod verdict;
mod violations;
mod watch;
mod watched;
mod watcher;

pub use campanile_crds::flux::Flux;
pub use campanile_crds::{Level, Rule};
pub use cluster::{
    AccessRight, ApiRequests, ClusterConfig, ClusterMeters, ClusterParts, ClusterPeers, ClusterSource,
    ClusterWatcher, ConnectError, DefinitionsError, ElectionConfig, ElectionError, EventRecorderActor,
    EventRecorderParts, LabelCache, Operator, OperatorError, PostponerActor, PostponerParts,
    RECONCILE_BOUNDS, ReconcileCounts, Reconciles, RequestCount, ResourceKind, SecretWatch,
    StatusWriterActor, StatusWriterParts, Throttle, elect, installed_definitions,
};
pub use finding::{FilePlace, Finding};
pub use findings::{Strictness, findings, sort};
pub use folder::{Folder, FolderError, load};
pub use folder_source::{FolderParts, FolderSource, FolderWatcher};
pub use label_store::LabelStore;
pub use loaded::{Loaded, Located};
pub use messages::{
    EventRecorderSnapshot, PostponerSnapshot, QueueSnapshot, StatusWriterSnapshot, WatcherSnapshot,
};
pub use position::Position;
pub use source::Source;
pub use watcher::{Receivers, RetryDelays, WatcherActor, WatcherParts};
