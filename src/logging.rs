//! Log lines on standard error, in the shape of the incumbent (contract, control plane 10).
//!
//! A line is formatted where it is logged and handed to a writer thread through a bounded buffer, so that logging costs
//! the hot path no system call and a slow reader of standard error slows nothing down. What finds no room is dropped
//! and counted. Below `trace`, equal messages are sampled. Lines of other people's crates are written from warnings
//! up, from `debug` on also their information; never more, since theirs may show headers.

mod line;
mod names;
mod panic;
mod sample;
#[cfg(test)]
mod tests;
mod writer;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use line::Form;
use sample::Sampler;
use writer::LineWriter;

/// How long the end of the process waits for a slow reader of standard error.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One JSON object a line.
    Json,
    /// Columns for people, separated by tabs.
    Console,
}

impl From<&str> for Encoding {
    /// What is unknown means JSON.
    fn from(text: &str) -> Self {
        match text {
            "console" => Self::Console,
            _ => Self::Json,
        }
    }
}

/// The least level that is written. Warnings count as errors: the incumbent's scale has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything, unsampled.
    Trace,
    /// Each delivery.
    Debug,
    /// What an operator wants to see.
    Info,
    /// Failures only.
    Error,
}

impl From<&str> for Level {
    /// What is unknown means `info`.
    fn from(text: &str) -> Self {
        match text {
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "error" => Self::Error,
            _ => Self::Info,
        }
    }
}

impl Level {
    fn own(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Error => LevelFilter::WARN,
        }
    }

    fn foreign(self) -> LevelFilter {
        match self {
            Self::Trace | Self::Debug => LevelFilter::INFO,
            Self::Info | Self::Error => LevelFilter::WARN,
        }
    }

    fn tells_places(self) -> bool {
        matches!(self, Self::Trace | Self::Debug)
    }
}

/// Lines since the start of the process, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineCounts {
    /// Handed to the writer.
    pub written: u64,
    /// Left out because many lines of that second had the same message.
    pub sampled: u64,
    /// Dropped because standard error did not keep up, or is closed.
    pub dropped: u64,
}

/// Starts logging for the whole process, panics included. A second call changes nothing.
///
/// # Errors
/// If no thread can be started.
pub fn start(encoding: Encoding, level: Level) -> Result<()> {
    let logger = Logger::new(encoding, level, TimeZone::system(), io::stderr());
    let logger = logger.context("start the thread that writes log lines")?;
    if tracing::subscriber::set_global_default(logger).is_ok() {
        std::panic::set_hook(Box::new(panic::log));
    }
    Ok(())
}

/// What became of the lines so far; nothing if logging was not started.
pub fn counts() -> LineCounts {
    with_logger(Logger::counts).unwrap_or_default()
}

/// Waits until every line is written, within bounds.
pub fn flush() {
    with_logger(|logger| logger.writer.flush(FLUSH_WITHIN));
}

/// Ends the process with every line written.
pub fn exit(code: i32) -> ! {
    flush();
    std::process::exit(code)
}

fn with_logger<T>(mut act: impl FnMut(&Logger) -> T) -> Option<T> {
    tracing::dispatcher::get_default(|dispatch| dispatch.downcast_ref::<Logger>().map(&mut act))
}

/// Turns events of `tracing` into lines. Spans are not used and cost nothing.
struct Logger {
    level: Level,
    form: Form,
    sampler: Option<Sampler>,
    writer: LineWriter,
    written: AtomicU64,
    sampled: AtomicU64,
}

impl Logger {
    fn new(
        encoding: Encoding,
        level: Level,
        zone: TimeZone,
        sink: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let form = Form { encoding, places: level.tells_places(), zone };
        let notice = form.clone();
        let writer = LineWriter::start(sink, move |lines| notice.dropped(lines, Timestamp::now()))?;
        Ok(Self {
            level,
            form,
            sampler: (level != Level::Trace).then(Sampler::default),
            writer,
            written: AtomicU64::new(0),
            sampled: AtomicU64::new(0),
        })
    }

    fn counts(&self) -> LineCounts {
        LineCounts {
            written: self.written.load(Relaxed),
            sampled: self.sampled.load(Relaxed),
            dropped: self.writer.dropped(),
        }
    }
}

impl Subscriber for Logger {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let least = if names::is_own(metadata.target()) { self.level.own() } else { self.level.foreign() };
        metadata.is_event() && *metadata.level() <= least
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.own().max(self.level.foreign()))
    }

    fn event(&self, event: &Event<'_>) {
        let now = Timestamp::now();
        if self.sampler.as_ref().is_some_and(|sampler| !sampler.takes(event, now.as_second())) {
            self.sampled.fetch_add(1, Relaxed);
            return;
        }
        let urgent = *event.metadata().level() <= tracing::Level::WARN;
        if self.writer.write(&self.form.line(event, now), urgent) {
            self.written.fetch_add(1, Relaxed);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
