//! The events that become log lines: by level and origin, then by sampling. Spans never do.

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::sample::Sampler;
use super::{LogLevel, names};

/// The filter of the log layer alone: other layers see what it leaves out.
pub(super) struct LineFilter {
    level: LogLevel,
    /// None at `trace`, where every line is written.
    sampler: Option<Sampler>,
}

impl LineFilter {
    /// A filter of that least level, with a sampler of its own.
    pub(super) fn new(level: LogLevel) -> Self {
        Self { level, sampler: (level != LogLevel::Trace).then(Sampler::default) }
    }

    /// Lines left out by sampling so far.
    pub(super) fn sampled(&self) -> u64 {
        self.sampler.as_ref().map_or(0, Sampler::left_out)
    }

    /// Whether something of this kind becomes a line, sampling aside.
    pub(super) fn is_line(&self, metadata: &Metadata<'_>) -> bool {
        let least = if names::is_own(metadata.target()) { self.level.own() } else { self.level.foreign() };
        metadata.is_event() && *metadata.level() <= least
    }
}

impl<S> Filter<S> for LineFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.is_line(metadata)
    }

    /// Never `always`: such a callsite is not asked about again, and the registry would take for its answer what an
    /// `enabled!` elsewhere on the thread left behind, and lose the line (tokio-rs/tracing issue 2519).
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_line(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.sampler.as_ref().is_none_or(|sampler| sampler.takes(event, Timestamp::now().as_second()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.own().max(self.level.foreign()))
    }
}
