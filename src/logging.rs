//! Log lines on standard error: JSON as the incumbent writes them, or plain text.

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// One JSON object a line.
    Json,
    /// Text for people.
    Console,
}

/// The least level that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Everything.
    Trace,
    /// Each delivery.
    Debug,
    /// What an operator wants to see.
    Info,
    /// Failures only.
    Error,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::TRACE,
            Level::Debug => Self::DEBUG,
            Level::Info => Self::INFO,
            Level::Error => Self::ERROR,
        }
    }
}

/// Starts logging for the whole process. A second call changes nothing.
pub fn start(encoding: Encoding, level: Level) {
    let lines =
        tracing_subscriber::fmt().with_max_level(LevelFilter::from(level)).with_writer(std::io::stderr);
    // An error means that logging runs already, which is what was asked for.
    drop(match encoding {
        Encoding::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        Encoding::Console => lines.with_target(false).try_init(),
    });
}
