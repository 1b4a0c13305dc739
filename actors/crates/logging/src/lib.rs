//! Log lines on standard error, in the shape of Flux's notification-controller (contract, control plane 10).
//!
//! The lines are one layer on the registry of `tracing-subscriber`, with a filter of its own: other layers may want what
//! it leaves out, spans above all. A line is formatted where it is logged and handed to a writer thread through a bounded
//! buffer, so that logging costs the hot path no system call and a slow reader of standard error slows nothing down. What
//! finds no room is dropped and counted. Below `trace`, equal messages are sampled. Lines of other people's crates are
//! written from warnings up, from `debug` on also their information; never more, since theirs may show headers.

mod filter;
mod line;
mod names;
mod panic;
mod sample;
#[cfg(test)]
mod tests;
mod values;
mod writer;

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, dispatcher};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use filter::LineFilter;
use line::LineFormat;
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
pub enum LogLevel {
    /// Logs everything, and leaves nothing out.
    Trace,
    /// Logs each delivery as well.
    Debug,
    /// What an operator wants to see.
    Info,
    /// Logs failures and nothing else.
    Error,
}

impl From<&str> for LogLevel {
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

impl LogLevel {
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
    /// Lines that were handed to the writer.
    pub written: u64,
    /// Left out because many lines of that second had the same message.
    pub sampled: u64,
    /// Dropped because standard error did not keep up, or is closed.
    pub dropped: u64,
}

/// Starts logging for the whole process, panics included. A second call changes nothing.
///
/// # Errors
/// The system's error if no thread can be started.
pub fn start(encoding: Encoding, level: LogLevel) -> io::Result<()> {
    let lines = lines(encoding, level, TimeZone::system(), io::stderr())?;
    if tracing::subscriber::set_global_default(Registry::default().with(lines)).is_ok() {
        std::panic::set_hook(Box::new(panic::log));
    }
    Ok(())
}

/// The layer that writes events as lines to `sink`, from a thread of its own.
fn lines<S>(
    encoding: Encoding,
    level: LogLevel,
    zone: TimeZone,
    sink: impl Write + Send + 'static,
) -> io::Result<impl Layer<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let format = LineFormat { encoding, places: level.tells_places(), zone };
    let notice = format.clone();
    let writer = LineWriter::start(sink, move |lines| notice.dropped(lines, Timestamp::now()))?;
    let layer = tracing_subscriber::fmt::layer().event_format(format).with_writer(writer);
    Ok(layer.log_internal_errors(false).with_filter(LineFilter::new(level)))
}

/// Whether the log, at every level, leaves out all of this kind, so that a span costs nothing.
#[must_use]
pub fn never_wants(metadata: &tracing::Metadata<'_>) -> bool {
    let levels = [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Error];
    levels.iter().all(|level| !LineFilter::new(*level).is_line(metadata))
}

/// Counts of the lines so far by what became of them; zero if logging was not started.
#[must_use]
pub fn counts() -> LineCounts {
    dispatcher::get_default(|dispatch| {
        let writer = dispatch.downcast_ref::<LineWriter>();
        LineCounts {
            written: writer.map_or(0, LineWriter::written),
            sampled: dispatch.downcast_ref().map_or(0, LineFilter::sampled),
            dropped: writer.map_or(0, LineWriter::dropped),
        }
    })
}

/// Waits until every line is written, within bounds.
pub fn flush() {
    dispatcher::get_default(|dispatch| {
        if let Some(writer) = dispatch.downcast_ref::<LineWriter>() {
            writer.flush(FLUSH_WITHIN);
        }
    });
}

/// Ends the process with every line written.
pub fn exit(code: i32) -> ! {
    flush();
    std::process::exit(code)
}
