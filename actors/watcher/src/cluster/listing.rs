//! All objects of one kind, and what each batch changes.

use std::collections::BTreeMap;

use campanile_domain::ObjectKey;
use campanile_protocol::Change;

use super::batch::{Batch, Step};
use super::kind::Watched;
use super::reading::{Kept, Reading};
use super::version::Served;

/// What is known of a kind. A list replaces it in one step; an object that breaks the schema stays as it was.
pub(crate) struct Listing<T> {
    /// How the kind is served; none until it was listed.
    pub(crate) served: Option<Served>,
    /// Boxed: a map that is filled in the order of its keys is half empty.
    pub(crate) kept: BTreeMap<ObjectKey, Box<Kept<T>>>,
    /// Objects that break the schema, with the cause.
    pub(crate) malformed: BTreeMap<ObjectKey, String>,
}

/// What a batch did to one object.
pub(crate) struct Touched<T> {
    pub(crate) key: ObjectKey,
    /// What it was before; none if it is new.
    pub(crate) before: Option<std::sync::Arc<T>>,
    /// What others have to hear; none if only facts changed.
    pub(crate) change: Option<Change<T>>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { served: None, kept: BTreeMap::new(), malformed: BTreeMap::new() }
    }
}

impl<T: Watched> Listing<T> {
    /// Takes a batch in and tells what it touched, one entry for each step.
    pub(crate) fn apply(&mut self, batch: Batch<Reading<T>>) -> Vec<Touched<T>> {
        let mut touched = Vec::new();
        if batch.whole {
            touched.extend(self.drop_unlisted(&batch.steps));
            self.malformed.clear();
        }
        touched.extend(batch.steps.into_iter().filter_map(|step| self.step(step)));
        touched
    }

    fn drop_unlisted(&mut self, steps: &[Step<Reading<T>>]) -> Vec<Touched<T>> {
        let listed: std::collections::BTreeSet<&ObjectKey> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Applied(Reading::Sound(kept)) => Some(kept.spec.key()),
                Step::Applied(Reading::Malformed { key, .. }) => Some(key),
                Step::Deleted(_) => None,
            })
            .collect();
        let gone: Vec<ObjectKey> = self.kept.keys().filter(|key| !listed.contains(key)).cloned().collect();
        gone.into_iter().filter_map(|key| self.delete(key)).collect()
    }

    fn step(&mut self, step: Step<Reading<T>>) -> Option<Touched<T>> {
        match step {
            Step::Applied(Reading::Sound(kept)) => Some(self.keep(kept)),
            Step::Applied(Reading::Malformed { key, why }) => {
                self.malformed(key, why);
                None
            }
            Step::Deleted(key) => self.delete(key),
        }
    }

    fn keep(&mut self, mut kept: Box<Kept<T>>) -> Touched<T> {
        let key = kept.spec.key().clone();
        if self.malformed.remove(&key).is_some() {
            tracing::info!(kind = T::KIND.name(), object = %key, "object is well-formed again");
        }
        let before = self.kept.remove(&key).map(|old| old.spec);
        let change = match &before {
            Some(old) if *old == kept.spec => {
                kept.spec = old.clone();
                None
            }
            _ => Some(Change::Applied(kept.spec.clone())),
        };
        self.kept.insert(key.clone(), kept);
        Touched { key, before, change }
    }

    fn malformed(&mut self, key: ObjectKey, why: String) {
        if self.malformed.get(&key) != Some(&why) {
            let stays = self.kept.contains_key(&key);
            tracing::error!(kind = T::KIND.name(), object = %key, cause = why, stays, "object is malformed and ignored");
        }
        self.malformed.insert(key, why);
    }

    fn delete(&mut self, key: ObjectKey) -> Option<Touched<T>> {
        self.malformed.remove(&key);
        let before = Some(self.kept.remove(&key)?.spec);
        Some(Touched { key: key.clone(), before, change: Some(Change::Deleted(key)) })
    }

    /// One line for each malformed object.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let line = |(key, why): (&ObjectKey, &String)| format!("{}/{key}: {why}", T::KIND.name());
        self.malformed.iter().map(line)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use campanile_domain::Alert;
    use campanile_testkit::alert;

    use super::*;
    use crate::cluster::reading::Facts;

    fn sound(name: &str, summary: &str) -> Step<Reading<Alert>> {
        let spec = Alert { key: ObjectKey::new("apps", name), summary: summary.into(), ..alert() };
        let kept = Kept { spec: Arc::new(spec), fault: None, facts: Facts::default() };
        Step::Applied(Reading::Sound(Box::new(kept)))
    }

    fn malformed(name: &str) -> Step<Reading<Alert>> {
        Step::Applied(Reading::Malformed {
            key: ObjectKey::new("apps", name),
            why: "spec is no object".into(),
        })
    }

    fn changes(touched: Vec<Touched<Alert>>) -> Vec<String> {
        let brief = |change| match change {
            Change::Applied(alert) => format!("{} {}", Alert::key(&alert).name, alert.summary),
            Change::Deleted(key) => format!("-{}", key.name),
        };
        touched.into_iter().filter_map(|touched| touched.change).map(brief).collect()
    }

    #[test]
    fn a_relist_tells_the_differences_alone() {
        let mut listing = Listing::default();
        let first = vec![sound("a", "1"), sound("b", "1"), sound("c", "1")];
        listing.apply(Batch { whole: true, steps: first });
        let again = vec![sound("a", "1"), sound("b", "2"), sound("d", "1")];
        assert_eq!(changes(listing.apply(Batch { whole: true, steps: again })), ["-c", "b 2", "d 1"]);
    }

    #[test]
    fn an_object_that_did_not_change_is_shared_and_not_told_again() {
        let mut listing = Listing::default();
        listing.apply(Batch { whole: true, steps: vec![sound("a", "1")] });
        let first = listing.kept.values().next().unwrap().spec.clone();
        let touched = listing.apply(Batch { whole: false, steps: vec![sound("a", "1")] });
        assert_eq!(touched.len(), 1);
        assert_eq!(changes(touched), Vec::<String>::new());
        assert!(Arc::ptr_eq(&first, &listing.kept.values().next().unwrap().spec));
    }

    #[test]
    fn a_malformed_object_keeps_its_last_good_state_even_in_a_relist() {
        let mut listing = Listing::default();
        listing.apply(Batch { whole: true, steps: vec![sound("a", "1"), malformed("b")] });
        let touched = listing.apply(Batch { whole: true, steps: vec![malformed("a"), malformed("b")] });
        assert_eq!(changes(touched), Vec::<String>::new());
        assert_eq!(listing.kept.len(), 1);
        let problems: Vec<String> = listing.problems().collect();
        assert_eq!(problems, ["Alert/apps/a: spec is no object", "Alert/apps/b: spec is no object"]);
        let touched = listing.apply(Batch { whole: false, steps: vec![sound("b", "1")] });
        assert_eq!(changes(touched), ["b 1"]);
        assert_eq!(listing.problems().count(), 1);
    }

    #[test]
    fn steps_on_one_object_are_told_in_order() {
        let mut listing = Listing::default();
        let steps = vec![sound("a", "1"), Step::Deleted(ObjectKey::new("apps", "a")), sound("a", "2")];
        assert_eq!(changes(listing.apply(Batch { whole: false, steps })), ["a 1", "-a", "a 2"]);
    }
}
