//! Lines as they reach standard error.

mod beside;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logger(
    encoding: Encoding,
    level: LogLevel,
    sink: impl Write + Send + 'static,
) -> impl Subscriber + for<'a> LookupSpan<'a> {
    let zone = TimeZone::fixed(jiff::tz::offset(-3));
    Registry::default().with(lines(encoding, level, zone, sink).expect("a thread can be started"))
}

/// What reaches standard error while `act` runs.
fn text(encoding: Encoding, level: LogLevel, act: impl FnOnce()) -> String {
    let sink = Sink::default();
    tracing::subscriber::with_default(logger(encoding, level, sink.clone()), || {
        act();
        flush();
    });
    let bytes = sink.0.lock().expect("no writer panicked").clone();
    String::from_utf8(bytes).expect("lines are UTF-8")
}

fn records(level: LogLevel, act: impl FnOnce()) -> Vec<Value> {
    let text = text(Encoding::Json, level, act);
    text.lines().map(|line| serde_json::from_str(line).expect("lines are JSON")).collect()
}

#[test]
fn a_line_has_the_keys_of_the_contract_in_their_order() {
    let text = text(Encoding::Json, LogLevel::Info, || {
        let cause = "no \"such\"\nhost\u{1}";
        tracing::warn!(
            alert.name = "a",
            alert.namespace = "b",
            attempts = 3,
            fast = true,
            ratio = 0.5,
            error = cause,
            "failed to {}",
            "send"
        );
    });
    let line: Value = serde_json::from_str(text.trim_end()).expect("lines are JSON");
    let keys = ["level", "ts", "logger", "msg", "alert", "attempts", "fast", "ratio", "error"];
    let places = keys.map(|key| text.find(&format!("\"{key}\":")).expect("the key is there"));
    assert!(places.is_sorted(), "{text}");
    let expected = json!({
        "level": "error", "ts": line["ts"], "logger": "setup", "msg": "failed to send",
        "alert": { "name": "a", "namespace": "b" }, "attempts": 3, "fast": true, "ratio": 0.5,
        "error": "no \"such\"\nhost\u{1}",
    });
    assert_eq!(line, expected);
    let ts = line["ts"].as_str().expect("a text");
    let form: String = ts.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00.000-0000");
    assert!(ts.ends_with("-0300"), "{ts}");
}

#[test]
fn groups_open_and_close_where_names_change_and_the_text_of_an_event_has_its_name() {
    let line = records(LogLevel::Info, || {
        tracing::info!(a.x = 1, b.x = 2, b.y = 3, plain = 4, a.z = 5, event_message = "hello", "said");
    });
    assert_eq!(line[0]["msg"], "said");
    assert_eq!(line[0]["message"], "hello");
    assert_eq!((&line[0]["b"], &line[0]["plain"]), (&json!({ "x": 2, "y": 3 }), &json!(4)));
}

#[test]
fn a_console_line_is_separated_by_tabs_and_stays_one_line() {
    let text = text(Encoding::Console, LogLevel::Info, || {
        tracing::info!(addr = "[::]:9090", "starting\nevent\tserver");
        tracing::error!("alone");
    });
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0][1..], ["INFO", "setup", "starting event server", r#"{"addr":"[::]:9090"}"#]);
    assert_eq!(rows[1][1..], ["ERROR", "setup", "alone"]);
}

#[test]
fn levels_are_those_of_the_contract() {
    let all = || {
        tracing::trace!("1");
        tracing::debug!("2");
        tracing::info!("3");
        tracing::warn!("4");
        tracing::error!("5");
        tracing::debug!(target: "kube_client::client", "6");
        tracing::info!(target: "kube_client::client", "7");
        tracing::warn!(target: "kube_client::client", "8");
    };
    let written = |level: &str| -> Vec<String> {
        let lines = records(LogLevel::from(level), all);
        let show = |line: &Value| {
            format!("{} {}", line["level"].as_str().expect("text"), line["msg"].as_str().expect("text"))
        };
        lines.iter().map(show).collect()
    };
    assert_eq!(written("error"), ["error 4", "error 5", "error 8"]);
    assert_eq!(written("info"), ["info 3", "error 4", "error 5", "error 8"]);
    assert_eq!(written("no such level"), written("info"));
    assert_eq!(written("debug"), ["debug 2", "info 3", "error 4", "error 5", "info 7", "error 8"]);
    assert_eq!(written("trace"), ["trace 1", "debug 2", "info 3", "error 4", "error 5", "info 7", "error 8"]);
    assert_eq!((Encoding::from("xml"), Encoding::from("console")), (Encoding::Json, Encoding::Console));
}

#[test]
fn errors_say_their_place_only_at_debug_and_trace() {
    let place = |level| {
        let lines = records(level, || tracing::error!(error = "why", "what"));
        lines[0]["stacktrace"].as_str().map(str::to_owned)
    };
    assert_eq!(place(LogLevel::Info), None);
    let place = place(LogLevel::Debug).expect("a place");
    assert!(place.starts_with("campanile_logging::tests\n\t") && place.contains("tests.rs:"), "{place}");
}

#[test]
fn equal_messages_are_sampled_below_trace_and_counted() {
    let flood = || {
        for delivery in 0..1000 {
            tracing::info!(delivery, "failed to send notification");
        }
        tracing::info!("the one that explains it");
    };
    let sink = Sink::default();
    tracing::subscriber::with_default(logger(Encoding::Json, LogLevel::Debug, sink.clone()), || {
        flood();
        flush();
        let counts = counts();
        // A flood that spans the turn of a second is let through twice.
        assert!([110, 210].iter().any(|most| counts.written <= *most), "{counts:?}");
        assert_eq!((counts.written + counts.sampled, counts.dropped), (1001, 0), "{counts:?}");
        let text = String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("UTF-8");
        assert!(text.contains("the one that explains it"));
    });
    assert_eq!(records(LogLevel::Trace, flood).len(), 1001);
}

#[test]
fn a_value_is_cut_at_its_bound() {
    let lines = records(LogLevel::Info, || tracing::info!(body = "ü".repeat(1 << 20), "long"));
    let body = lines[0]["body"].as_str().expect("a text");
    assert!(body.ends_with("ü…"), "it says that it was cut");
    assert_eq!(body.chars().count(), 4096);
}

/// Standard error that nobody reads until it is told to.
struct Stuck(Receiver<()>, Sink);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.recv().unwrap_or_default();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_is_stuck_delays_nobody_and_what_is_dropped_is_counted_and_said() {
    let (sink, (go, gate)): (Sink, (Sender<()>, _)) = (Sink::default(), channel());
    tracing::subscriber::with_default(
        logger(Encoding::Json, LogLevel::Trace, Stuck(gate, sink.clone())),
        || {
            for number in 0..10_000 {
                tracing::info!(number, body = "x".repeat(1000), "much");
            }
            let before = counts();
            assert!(before.written > 500 && before.dropped > 5000, "{before:?}");
            assert_eq!(before.written + before.dropped, 10_000);
            drop(go);
            flush();
            let text = String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("UTF-8");
            assert_eq!(said_to_be_dropped(&text), before.dropped);
        },
    );
}

/// The sum of what the lines about dropped lines say: one of them may come before the last line is dropped.
fn said_to_be_dropped(text: &str) -> u64 {
    let of_line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["msg"]
            .as_str()
            .is_some_and(|msg| msg.contains("log lines were dropped"))
            .then(|| line["lines"].as_u64())
    };
    text.lines().filter_map(of_line).flatten().sum()
}

/// Standard error that was closed.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_for_a_closed_standard_error_count_as_dropped() {
    tracing::subscriber::with_default(logger(Encoding::Json, LogLevel::Info, Closed), || {
        tracing::error!("one");
        tracing::error!("two");
        flush();
        assert_eq!(counts(), LineCounts { written: 2, sampled: 0, dropped: 2 });
    });
}
