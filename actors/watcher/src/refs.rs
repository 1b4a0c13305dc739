//! Index of references, from a thing to the objects that name it.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use campanile_domain::ObjectKey;

/// Those who name one thing, at least one. Most are named by one object only, for which a set would take ten times the
/// room.
#[derive(Debug)]
enum Owners {
    One(ObjectKey),
    Many(BTreeSet<ObjectKey>),
}

impl Owners {
    fn insert(&mut self, owner: &ObjectKey) {
        match self {
            Self::One(only) if only == owner => {}
            Self::One(only) => *self = Self::Many(BTreeSet::from([only.clone(), owner.clone()])),
            Self::Many(owners) => drop(owners.insert(owner.clone())),
        }
    }

    /// Takes `owner` out. Returns whether nobody is left.
    fn remove(&mut self, owner: &ObjectKey) -> bool {
        match self {
            Self::One(only) => only == owner,
            Self::Many(owners) => {
                owners.remove(owner);
                owners.is_empty()
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &ObjectKey> {
        let (one, many) = match self {
            Self::One(only) => (Some(only), None),
            Self::Many(owners) => (None, Some(owners)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

/// For each `K`, the objects that name it. What nobody names takes no room.
#[derive(Debug)]
pub(crate) struct Refs<K> {
    by: HashMap<K, Owners>,
}

impl<K> Default for Refs<K> {
    fn default() -> Self {
        Self { by: HashMap::new() }
    }
}

impl<K: Eq + Hash> Refs<K> {
    /// Notes that `owner` names `new` where it named `old`.
    pub(crate) fn replace(
        &mut self,
        owner: &ObjectKey,
        old: impl Iterator<Item = K>,
        new: impl Iterator<Item = K>,
    ) {
        for key in old {
            if self.by.get_mut(&key).is_some_and(|owners| owners.remove(owner)) {
                self.by.remove(&key);
            }
        }
        for key in new {
            let named = self.by.entry(key);
            named.and_modify(|owners| owners.insert(owner)).or_insert_with(|| Owners::One(owner.clone()));
        }
    }

    /// Iterates over the objects that name `key`.
    pub(crate) fn owners(&self, key: &K) -> impl Iterator<Item = &ObjectKey> {
        self.by.get(key).into_iter().flat_map(Owners::iter)
    }

    /// Everything that somebody names, in no order.
    pub(crate) fn named(&self) -> impl Iterator<Item = &K> {
        self.by.keys()
    }

    /// Whether any object names `key`.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.by.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_names_any_more_is_forgotten() {
        let (a, b) = (ObjectKey::new("apps", "a"), ObjectKey::new("apps", "b"));
        let mut refs = Refs::default();
        refs.replace(&a, [].into_iter(), ["x", "y"].into_iter());
        refs.replace(&b, [].into_iter(), ["x"].into_iter());
        refs.replace(&a, ["x", "y"].into_iter(), ["y"].into_iter());
        assert_eq!(refs.owners(&"x").collect::<Vec<_>>(), [&b]);
        refs.replace(&b, ["x"].into_iter(), [].into_iter());
        assert!(!refs.contains(&"x"));
        assert!(refs.contains(&"y"));
    }
}
