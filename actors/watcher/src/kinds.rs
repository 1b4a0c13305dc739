//! The list of kinds that are watched whole, and the state of each. What is done for every kind goes through this list.

use std::collections::BTreeSet;
use std::sync::Arc;

use campanile_domain::{Alert, ObjectKey, ProviderSpec, ReceiverSpec};
use campanile_protocol::{Change, Changes, SecretError};

use crate::any_kind::AnyKind;
use crate::kind::{Id, Kind};
use crate::kind_state::KindState;
use crate::watched::{Reference, ReferenceLookup, Watched};

/// Something that is done once for each kind.
pub(crate) trait ForEachKind<F> {
    /// Does it for one kind.
    fn visit<K: KeptIn<F>>(&mut self);
}

/// A kind that has its place in [`Kinds`].
pub(crate) trait KeptIn<F>: Watched {
    /// The state of this kind.
    fn state(kinds: &Kinds<F>) -> &KindState<Self, F>;

    /// The state of this kind, to change it.
    fn state_mut(kinds: &mut Kinds<F>) -> &mut KindState<Self, F>;
}

macro_rules! kinds {
    ($($kind:ident: $spec:ty, $field:ident;)+) => {
        /// The state of every kind. `F` is what the source wants kept of an object beside its spec.
        pub(crate) struct Kinds<F> {
            $(pub(crate) $field: KindState<$spec, F>,)+
        }

        impl<F> Default for Kinds<F> {
            fn default() -> Self {
                Self { $($field: KindState::default(),)+ }
            }
        }

        impl<F> Kinds<F> {
            /// The state of a kind.
            pub(crate) fn get(&self, kind: Kind) -> &dyn AnyKind<F> {
                match kind { $(Kind::$kind => &self.$field,)+ }
            }

            /// The state of a kind, to change it.
            pub(crate) fn get_mut(&mut self, kind: Kind) -> &mut dyn AnyKind<F> {
                match kind { $(Kind::$kind => &mut self.$field,)+ }
            }
        }

        $(impl<F> KeptIn<F> for $spec {
            fn state(kinds: &Kinds<F>) -> &KindState<Self, F> {
                &kinds.$field
            }

            fn state_mut(kinds: &mut Kinds<F>) -> &mut KindState<Self, F> {
                &mut kinds.$field
            }
        })+

        /// Does something for each kind.
        pub(crate) fn for_each_kind<F>(work: &mut impl ForEachKind<F>) {
            $(work.visit::<$spec>();)+
        }
    };
}

kinds! {
    Alert: Alert, alerts;
    Provider: ProviderSpec, providers;
    Receiver: ReceiverSpec, receivers;
}

impl<F> Kinds<F> {
    /// The state of every kind.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Kind, &dyn AnyKind<F>)> {
        Kind::ALL.into_iter().map(|kind| (kind, self.get(kind)))
    }

    /// Whether the objects of every kind are known that has to be there.
    pub(crate) fn are_listed(&self) -> bool {
        self.each().all(|(kind, state)| kind.is_optional() || state.is_listed())
    }

    /// The ids of all objects.
    pub(crate) fn ids(&self) -> Vec<Id> {
        self.each().flat_map(|(kind, state)| state.keys().map(move |key| (kind, key.clone()))).collect()
    }

    /// The objects that name a thing.
    pub(crate) fn owners(&self, reference: &Reference) -> Vec<Id> {
        let owners = |(kind, state): (Kind, &dyn AnyKind<F>)| {
            state.owners(reference).into_iter().map(move |key| (kind, key))
        };
        self.each().flat_map(owners).collect()
    }

    /// Whether any object names a thing.
    pub(crate) fn names(&self, reference: &Reference) -> bool {
        self.each().any(|(_, state)| state.is_named(reference))
    }

    /// The kinds whose labels objects ask for. The definition of Alert bounds them: it lists the kinds that can be named.
    pub(crate) fn labelled_kinds(&self) -> BTreeSet<Arc<str>> {
        let kind = |reference: &Reference| match reference {
            Reference::Labels(kind) => Some(kind.clone()),
            Reference::Object(_) | Reference::Secret(_) => None,
        };
        self.each().flat_map(|(_, state)| state.named()).filter_map(kind).collect()
    }

    /// One line for each object that cannot be used.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        self.each().flat_map(|(_, state)| state.problems())
    }

    /// Everything there is, as changes.
    pub(crate) fn whole(&self) -> Changes {
        struct All<'a, F>(&'a Kinds<F>, Changes);
        impl<F> ForEachKind<F> for All<'_, F> {
            fn visit<K: KeptIn<F>>(&mut self) {
                let specs = K::state(self.0).specs().cloned();
                K::changes(&mut self.1).extend(specs.map(Change::Applied));
            }
        }
        let mut all = All(self, Changes { initial: true, labels: true, ..Changes::default() });
        for_each_kind(&mut all);
        all.1
    }
}

/// The lookup of the things that objects name: objects are known here, Secrets and labels by the source.
pub(crate) struct Resolver<'a, F> {
    pub(crate) kinds: &'a Kinds<F>,
    pub(crate) secret: &'a dyn Fn(&ObjectKey) -> Result<(), SecretError>,
    pub(crate) labels_denied: &'a dyn Fn(&str) -> Option<String>,
}

impl<F> ReferenceLookup for Resolver<'_, F> {
    fn exists(&self, (kind, key): &Id) -> bool {
        self.kinds.get(*kind).contains(key)
    }

    fn secret(&self, key: &ObjectKey) -> Result<(), SecretError> {
        (self.secret)(key)
    }

    fn labels_denied(&self, kind: &str) -> Option<String> {
        (self.labels_denied)(kind)
    }
}
