//! The death notice.

use std::fmt;

use actix::{Message, Recipient};

/// Tells a parent that one of its children is gone.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct DeathNotice<Id: Send + 'static> {
    /// Which child.
    pub child: Id,
    /// Whether it ended by a panic.
    pub panicked: bool,
}

/// Lives inside an actor; when the actor is dropped, for whatever reason, the parent gets a [`DeathNotice`].
///
/// Nothing is lost when the parent is gone: then there is nobody to tell.
pub struct LifeGuard<Id: Send + Clone + 'static> {
    child: Id,
    parent: Recipient<DeathNotice<Id>>,
}

impl<Id: Send + Clone + 'static> LifeGuard<Id> {
    /// A guard for `child`.
    pub fn new(child: Id, parent: Recipient<DeathNotice<Id>>) -> Self {
        Self { child, parent }
    }
}

impl<Id: Send + Clone + 'static> Drop for LifeGuard<Id> {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        self.parent.do_send(DeathNotice { child: self.child.clone(), panicked });
    }
}

impl<Id: Send + Clone + fmt::Debug + 'static> fmt::Debug for LifeGuard<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LifeGuard({:?})", self.child)
    }
}
