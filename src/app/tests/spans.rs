//! A layer that keeps the spans it is shown.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The spans of the way of an event.
const NAMES: [&str; 4] = ["accept", "plan", "append", "attempt"];

/// One span, open or closed.
#[derive(Clone)]
pub(super) struct Kept {
    metadata: &'static Metadata<'static>,
    pub(super) parent: Option<&'static str>,
    pub(super) follows: Option<&'static str>,
    pub(super) fields: BTreeMap<&'static str, String>,
}

impl Kept {
    /// Asserts that fields have these values.
    pub(super) fn has(&self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            assert_eq!(self.fields.get(name).map(String::as_str), Some(*value), "{name}: {:?}", self.fields);
        }
    }
}

impl Visit for Kept {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// The layer. Clones share what they keep.
#[derive(Clone, Default)]
pub(super) struct Spans(Arc<Mutex<Vec<Kept>>>);

/// The place of a span in the list.
struct Place(usize);

impl Spans {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().expect("nothing panicked")
    }

    /// The one span of this name.
    pub(super) fn only(&self, name: &str) -> Kept {
        let kept = self.kept();
        let mut named = kept.iter().filter(|span| span.metadata.name() == name);
        let only = named.next().cloned().unwrap_or_else(|| panic!("no span {name}"));
        assert!(named.next().is_none(), "more than one span {name}");
        only
    }

    /// Asserts that the log, when it is alone, has none of these spans made.
    pub(super) fn are_never_wanted_by_the_log(&self) {
        for span in self.kept().iter() {
            assert!(campanile_logging::never_wants(span.metadata), "{}", span.metadata.name());
        }
    }

    fn change<S>(&self, id: &Id, ctx: &Context<'_, S>, change: impl FnOnce(&mut Kept))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let span = ctx.span(id).expect("it is open");
        let place = span.extensions().get::<Place>().expect("it was kept").0;
        change(&mut self.kept()[place]);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let wanted = metadata.is_span() && NAMES.contains(&metadata.name());
        if wanted { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && NAMES.contains(&metadata.name())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let span = ctx.span(id).expect("it was just made");
        let parent = span.parent().map(|parent| parent.name());
        let metadata = attributes.metadata();
        let mut new = Kept { metadata, parent, follows: None, fields: BTreeMap::new() };
        attributes.record(&mut new);
        let mut kept = self.kept();
        span.extensions_mut().insert(Place(kept.len()));
        kept.push(new);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.change(id, &ctx, |span| values.record(span));
    }

    fn on_follows_from(&self, id: &Id, followed: &Id, ctx: Context<'_, S>) {
        let name = ctx.span(followed).map(|followed| followed.name());
        self.change(id, &ctx, |span| span.follows = name);
    }
}
