//! A watched kind: everything that the watcher has to know about one kind and does not do alike for all.
//!
//! A further kind is one `impl Watched`, one line in [`kinds`](crate::kinds) and one row in [`kind`](crate::kind). Watching,
//! listing, status, references, conditions, tables and writes follow from these.

mod alert;
mod provider;
mod receiver;

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_crds::Object;
use campanile_domain::ObjectKey;
use campanile_protocol::{Backlog, Change, Changes, Counts, ObjectRow, SecretError};

use crate::condition::{INVALID_URL, Judgement};
use crate::kind::{Id, Kind};
use crate::standing::Aspect;
use crate::{Loaded, Located};

/// The annotation that asks for a reconciliation, and of a Provider that its queue is tried at once. In a cluster its value
/// comes back in the status (contract, control plane 3.1).
pub(crate) const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// A domain type that objects of one kind become.
pub(crate) trait Watched: Clone + PartialEq + Send + Sync + Unpin + 'static {
    /// The kind that this is about.
    const KIND: Kind;

    /// The aspect of its status beside `Ready`; `()` if there is none.
    type Aspect: Aspect;

    /// Its row in `campanile get`.
    type Row;

    /// Reasons of `Ready=False` with which nothing is tried before the spec changes.
    const TERMINAL: &'static [&'static str] = &[INVALID_URL];

    /// Whether a generation that ended so counts as observed.
    const OBSERVES_TERMINAL: bool = false;

    /// The value in `object`, if it is of this kind.
    fn of(object: Object) -> Option<Self>;

    fn key(&self) -> &ObjectKey;

    fn uid(&self) -> &Arc<str>;

    fn generation(&self) -> i64;

    fn set_generation(&mut self, generation: i64);

    fn is_suspended(&self) -> bool;

    /// About what it takes in memory: the bytes of its text.
    fn bytes(&self) -> usize;

    /// Whether its conditions stay as they are while it is suspended.
    fn is_left_alone(&self) -> bool {
        false
    }

    /// What is wrong with it whatever else there is, in words for its status.
    fn violation(&self) -> Option<String>;

    /// The same violations as Kubernetes Events say them; empty if they stand in the status alone.
    fn announcements(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it names. It is judged anew when that appears, changes or vanishes.
    fn references(&self) -> Vec<Reference>;

    /// What is wrong with what it names, in words for its status.
    fn unresolved(&self, known: &dyn ReferenceLookup) -> Option<String>;

    /// Judges its `Ready` condition. `violation` is its own, `unresolved` that of what it names.
    fn ready(&self, violation: Option<&str>, unresolved: Option<String>, aspect: &Self::Aspect) -> Judgement;

    /// What a Kubernetes Event says when it became ready.
    fn finished(&self) -> String {
        "Reconciliation finished".to_owned()
    }

    /// Its row; `object` is what all kinds show.
    fn row(&self, object: ObjectRow, aspect: &Self::Aspect) -> Self::Row;

    /// The row of an object that cannot be read.
    fn row_of_malformed(object: ObjectRow) -> Self::Row;

    /// What the outbox holds of objects of this kind, by key; none if it cannot hold any.
    fn counts(backlog: &Backlog) -> Option<&BTreeMap<ObjectKey, Counts>>;

    /// Where its changes stand among those that subscribers are told.
    fn changes(changes: &mut Changes) -> &mut Vec<Change<Self>>;

    /// Where it stands among the objects of a folder.
    fn loaded(loaded: &mut Loaded) -> &mut BTreeMap<ObjectKey, Located<Self>>;
}

/// Something that an object names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// An object of a kind that is watched whole.
    Object(Id),
    /// A reference to a Secret.
    Secret(ObjectKey),
    /// The labels of all objects of a kind.
    Labels(Arc<str>),
}

/// The lookup of the things that objects name.
pub(crate) trait ReferenceLookup {
    /// Whether there is such an object, as far as it can be used.
    fn exists(&self, id: &Id) -> bool;

    /// Whether a Secret can be had, as far as it was asked for.
    ///
    /// # Errors
    /// [`SecretError`] if it is known that it cannot.
    fn secret(&self, key: &ObjectKey) -> Result<(), SecretError>;

    /// What is wrong with the labels of a kind, if they may not be had.
    fn labels_denied(&self, kind: &str) -> Option<String>;
}
