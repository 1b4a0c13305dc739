//! The death notice, and the notice of retirement that goes the other way.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use actix::{Message, Recipient};

use crate::End;

/// Tells a parent that one of its children is gone.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct DeathNotice<Id: Send + 'static> {
    /// The child that came to its end.
    pub child: Id,
    /// Which build of it, as its guard was told.
    pub build: u64,
    /// In which way it ended; never [`End::Stuck`], which the parent finds out itself.
    pub end: End,
}

/// Says whether an actor was replaced while it was still there, because it did not answer any more.
///
/// A replaced actor that comes to itself must end and do nothing more: another one has its work.
#[derive(Clone, Debug, Default)]
pub struct Retirement(Arc<AtomicBool>);

impl Retirement {
    /// Whether the actor was replaced.
    pub fn is_due(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Says that the actor was replaced.
    pub fn declare(&self) {
        self.0.store(true, Relaxed);
    }
}

/// Lives inside an actor; when the actor is dropped, for whatever reason, the parent gets a [`DeathNotice`].
///
/// Nothing is lost when the parent is gone: then there is nobody to tell.
pub struct LifeGuard<Id: Send + Clone + 'static> {
    child: Id,
    build: u64,
    /// How the child will have ended, unless it panics.
    end: End,
    retirement: Retirement,
    parent: Recipient<DeathNotice<Id>>,
}

impl<Id: Send + Clone + 'static> LifeGuard<Id> {
    /// Makes a guard for `child`, which tells `parent`.
    pub fn new(child: Id, parent: Recipient<DeathNotice<Id>>) -> Self {
        Self { child, build: 0, end: End::Stopped, retirement: Retirement::default(), parent }
    }

    /// The guard of one build among several of the same child.
    #[must_use]
    pub fn of_build(mut self, build: u64, retirement: Retirement) -> Self {
        (self.build, self.retirement) = (build, retirement);
        self
    }

    /// Says that the actor stops because of an error, so that its end is told apart from one in good order.
    pub fn fail(&mut self) {
        self.end = End::Failed;
    }

    /// Whether this build was replaced: then it must end and do nothing more.
    pub fn is_retired(&self) -> bool {
        self.retirement.is_due()
    }

    /// Tells others whether this build was replaced.
    pub fn retirement(&self) -> Retirement {
        self.retirement.clone()
    }
}

impl<Id: Send + Clone + 'static> Drop for LifeGuard<Id> {
    fn drop(&mut self) {
        let end = if std::thread::panicking() { End::Panicked } else { self.end };
        self.parent.do_send(DeathNotice { child: self.child.clone(), build: self.build, end });
    }
}

impl<Id: Send + Clone + fmt::Debug + 'static> fmt::Debug for LifeGuard<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LifeGuard({:?})", self.child)
    }
}
