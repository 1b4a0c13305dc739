//! Shares of memory for the objects of one namespace.

use std::collections::HashMap;
use std::sync::Arc;

use crate::kind::Kind;

/// Bytes of the text of all objects of one kind in one namespace: of some twenty thousand usual Alerts. In memory an object takes
/// up to ten times its text.
const MOST: usize = 16 << 20;

/// The bytes held, by namespace.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<Arc<str>, usize>);

/// There is no room for an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    namespace: Arc<str>,
    others: usize,
}

impl Memory {
    /// Puts an object of `bytes` in the place of one of `former`, which is 0 if there was none. One that grows has to fit; one that
    /// does not, always does.
    pub(super) fn exchange(&mut self, namespace: &Arc<str>, former: usize, bytes: usize) -> Result<(), Full> {
        let others = self.0.get(namespace).map_or(0, |used| used.saturating_sub(former));
        if bytes > former && others.saturating_add(bytes) > MOST {
            return Err(Full { namespace: namespace.clone(), others });
        }
        self.0.insert(namespace.clone(), others + bytes);
        Ok(())
    }

    /// Gives back what an object took that is gone.
    pub(super) fn give_back(&mut self, namespace: &Arc<str>, bytes: usize) {
        if let Some(used) = self.0.get_mut(namespace) {
            *used = used.saturating_sub(bytes);
            if *used == 0 {
                self.0.remove(namespace);
            }
        }
    }
}

impl Full {
    /// What is wrong and the remedy, for the status of an object.
    pub(super) fn why(&self, kind: Kind) -> String {
        let Self { namespace, others } = self;
        let (kind, others, most) = (kind.name(), others >> 10, MOST >> 20);
        format!(
            "does not fit into memory: the other objects of kind {kind} in namespace {namespace} take {others} KiB, and all \
             together may take {most} MiB; remove some or make them smaller, then change this one"
        )
    }
}
