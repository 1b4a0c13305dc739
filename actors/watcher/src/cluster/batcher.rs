//! The batcher of a watch: events that belong together become one batch.

use campanile_domain::ObjectKey;
use kube::ResourceExt;
use kube::runtime::watcher::Event;

use crate::batch::{Batch, WatchStep};

/// Gathers events until they can be handed on. A list is held back until it is complete, so that one that breaks off
/// changes nothing.
pub(crate) struct Batcher<S> {
    list: Option<Vec<WatchStep<S>>>,
    steps: Vec<WatchStep<S>>,
}

impl<S> Batcher<S> {
    pub(crate) fn new() -> Self {
        Self { list: None, steps: Vec::new() }
    }

    /// Takes one event; `read` turns objects into what the batch holds. Returns a list that became complete.
    pub(crate) fn take<K: ResourceExt>(
        &mut self,
        event: Event<K>,
        read: impl Fn(K) -> S,
    ) -> Option<Batch<S>> {
        match event {
            Event::Init => {
                self.list = Some(Vec::new());
                self.steps.clear();
            }
            Event::InitApply(object) => {
                self.list.get_or_insert_default().push(WatchStep::Applied(read(object)));
            }
            Event::InitDone => {
                return Some(Batch { whole: true, steps: self.list.take().unwrap_or_default() });
            }
            Event::Apply(object) => self.steps.push(WatchStep::Applied(read(object))),
            Event::Delete(object) => self.steps.push(WatchStep::Deleted(key_of(&object))),
        }
        None
    }

    /// Whether a list is under way.
    pub(crate) fn is_listing(&self) -> bool {
        self.list.is_some()
    }

    /// How many single steps wait.
    pub(crate) fn waiting(&self) -> usize {
        self.steps.len()
    }

    /// The single steps since the last time.
    pub(crate) fn flush(&mut self) -> Option<Batch<S>> {
        let steps = std::mem::take(&mut self.steps);
        (!steps.is_empty()).then_some(Batch { whole: false, steps })
    }
}

/// Namespace and name of an object as the API server gives it.
pub(crate) fn key_of<K: ResourceExt>(object: &K) -> ObjectKey {
    ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any())
}

#[cfg(test)]
mod tests {
    use kube::api::{ApiResource, DynamicObject};

    use super::*;

    fn object(name: &str) -> DynamicObject {
        let kind = kube::core::GroupVersionKind::gvk("", "v1", "Secret");
        DynamicObject::new(name, &ApiResource::from_gvk(&kind)).within("apps")
    }

    #[test]
    fn a_list_is_handed_on_when_it_is_complete_and_not_before() {
        let (mut batcher, names) = (Batcher::new(), |object: DynamicObject| object.name_any());
        assert_eq!(batcher.take(Event::Init, names), None);
        assert_eq!(batcher.take(Event::InitApply(object("a")), names), None);
        assert_eq!(batcher.flush(), None);
        let whole = batcher.take::<DynamicObject>(Event::InitDone, names);
        assert_eq!(whole, Some(Batch { whole: true, steps: vec![WatchStep::Applied("a".to_owned())] }));
    }

    #[test]
    fn a_list_that_breaks_off_is_begun_anew() {
        let (mut batcher, names) = (Batcher::new(), |object: DynamicObject| object.name_any());
        batcher.take(Event::InitApply(object("a")), names);
        batcher.take(Event::Init, names);
        batcher.take(Event::InitApply(object("b")), names);
        let whole = batcher.take::<DynamicObject>(Event::InitDone, names);
        assert_eq!(whole, Some(Batch { whole: true, steps: vec![WatchStep::Applied("b".to_owned())] }));
    }

    #[test]
    fn single_steps_keep_their_order() {
        let (mut batcher, names) = (Batcher::new(), |object: DynamicObject| object.name_any());
        batcher.take(Event::Apply(object("a")), names);
        batcher.take(Event::Delete(object("a")), names);
        let steps = vec![WatchStep::Applied("a".to_owned()), WatchStep::Deleted(ObjectKey::new("apps", "a"))];
        assert_eq!(batcher.waiting(), 2);
        assert_eq!(batcher.flush(), Some(Batch { whole: false, steps }));
        assert_eq!(batcher.flush(), None);
    }
}
