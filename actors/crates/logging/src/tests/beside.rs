//! The log layer beside other layers.

use tracing::Event;
use tracing::span::{Attributes, Id};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer;

use super::*;

/// A layer that counts the spans and the events it is shown.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<(usize, usize)>>);

impl Tally {
    fn count(&self) -> (usize, usize) {
        *self.0.lock().expect("nothing panicked")
    }
}

impl<S: Subscriber> Layer<S> for Tally {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: layer::Context<'_, S>) {
        self.0.lock().expect("nothing panicked").0 += 1;
    }

    fn on_event(&self, _: &Event<'_>, _: layer::Context<'_, S>) {
        self.0.lock().expect("nothing panicked").1 += 1;
    }
}

fn work() {
    for number in 0..500 {
        let _inside = tracing::debug_span!("unit of work", number).entered();
        tracing::info!(number, "worked");
        tracing::debug!(number, "in detail");
    }
}

#[test]
fn another_layer_sees_spans_and_all_events_and_the_lines_stay_what_they_are() {
    let (sink, seen) = (Sink::default(), Tally::default());
    let both = logger(Encoding::Json, LogLevel::Info, sink.clone())
        .with(seen.clone().with_filter(LevelFilter::DEBUG));
    tracing::subscriber::with_default(both, || {
        work();
        flush();
        let LineCounts { written, sampled, dropped } = counts();
        assert_eq!((written + sampled, dropped), (500, 0));
        assert!(written < 500, "the lines are sampled");
    });
    assert_eq!(seen.count(), (500, 1000));
    let text = String::from_utf8(sink.0.lock().expect("nothing panicked").clone()).expect("UTF-8");
    let line: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let keys: Vec<&str> = line.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 5, "nothing of the span is in the line: {keys:?}");
    assert_eq!((&line["msg"], &line["number"]), (&json!("worked"), &json!(0)));
}

#[test]
fn no_span_is_made_for_the_log_alone_at_any_level() {
    for level in [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Error] {
        tracing::subscriber::with_default(logger(Encoding::Json, level, io::sink()), || {
            let span = tracing::error_span!("wanted by nobody");
            assert!(span.is_disabled(), "{level:?}");
        });
    }
}
