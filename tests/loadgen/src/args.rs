//! What a run is told.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

/// Posts events, receives the notifications, and counts what is late, lost or doubled.
#[derive(Parser, Clone)]
pub(crate) struct Args {
    /// Event endpoint of the program.
    #[arg(long, default_value = "http://127.0.0.1:9090/")]
    pub(crate) events: String,
    /// Ports of the sink, comma separated; every one counts as the same sink.
    #[arg(long, default_value = "18080", value_delimiter = ',')]
    pub(crate) sink_ports: Vec<u16>,
    /// Events to post.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) total: usize,
    /// Events a second; 0 posts as fast as `concurrency` closed loops can.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) rate: f64,
    /// Closed loops that post.
    #[arg(long, default_value_t = 32)]
    pub(crate) concurrency: usize,
    /// Namespace of the involved object.
    #[arg(long, default_value = "flux-system")]
    pub(crate) namespace: String,
    /// Distinct involved objects.
    #[arg(long, default_value_t = 1000)]
    pub(crate) objects: usize,
    /// Name of every involved object; empty spreads over `objects` names.
    #[arg(long, default_value = "")]
    pub(crate) object: String,
    /// Notifications expected for each accepted event.
    #[arg(long, default_value_t = 1)]
    pub(crate) fanout: usize,
    /// Extra bytes in the message.
    #[arg(long, default_value_t = 120)]
    pub(crate) pad: usize,
    /// Seconds without a new notification after which the run ends.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) idle: f64,
    /// Sink answers after this many milliseconds.
    #[arg(long, default_value_t = 0)]
    pub(crate) sink_delay_ms: u64,
    /// What a sink port does, as PORT=MODE; a port without one answers 200.
    /// `blackhole` accepts connections and never answers; `down:SECS` does not listen for the first SECS seconds;
    /// `status:CODE:SECS[:RETRY_AFTER]` answers CODE for the first SECS seconds.
    #[arg(long)]
    pub(crate) sink_mode: Vec<SinkMode>,
    /// Notifications to wait for; `fanout` for each accepted event when left out.
    #[arg(long)]
    pub(crate) expect: Option<usize>,
    /// Seconds the run lasts at the most, counted from its start.
    #[arg(long, default_value_t = 600.0)]
    pub(crate) limit: f64,
    /// First sequence number, so that runs do not repeat each other's events.
    #[arg(long, default_value_t = 0)]
    pub(crate) first: usize,
    /// A file of webhooks, which are posted in turns in place of events: a JSON list of objects with `url`, `headers`, `body` and
    /// `label`. Answers are counted by label; there is no sink.
    #[arg(long)]
    pub(crate) hooks: Option<PathBuf>,
    /// Only serve the sink, for `idle` seconds, printing what arrived.
    #[arg(long)]
    pub(crate) sink_only: bool,
}

impl Args {
    /// What the port does.
    pub(crate) fn mode(&self, port: u16) -> Mode {
        self.sink_mode.iter().find(|each| each.port == port).map_or(Mode::Normal, |each| each.mode)
    }
}

/// The mode of one port.
#[derive(Clone, Copy)]
pub(crate) struct SinkMode {
    port: u16,
    mode: Mode,
}

impl FromStr for SinkMode {
    type Err = String;

    fn from_str(text: &str) -> Result<SinkMode, String> {
        let parsed = text
            .split_once('=')
            .and_then(|(port, mode)| Some(SinkMode { port: port.parse().ok()?, mode: Mode::parse(mode)? }));
        parsed.ok_or_else(|| "it is not PORT=MODE".to_owned())
    }
}

/// What a sink port does with a connection or request.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Normal,
    BlackHole,
    Down(f64),
    Status { code: u16, seconds: f64, retry_after: Option<u64> },
}

impl Mode {
    fn parse(text: &str) -> Option<Mode> {
        let mut parts = text.split(':');
        Some(match parts.next()? {
            "ok" => Mode::Normal,
            "blackhole" => Mode::BlackHole,
            "down" => Mode::Down(parts.next()?.parse().ok()?),
            "status" => Mode::Status {
                code: parts.next()?.parse().ok()?,
                seconds: parts.next()?.parse().ok()?,
                retry_after: parts.next().map(str::parse).transpose().ok()?,
            },
            _ => return None,
        })
    }
}
