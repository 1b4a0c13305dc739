//! The shape of a line: `level`, `ts`, `logger`, `msg`, then values (contract, control plane 10).

use std::fmt::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::values::{Escaped, MessageWriter, OneLine, Values, shown};
use super::{Encoding, names};

/// The message of the line about dropped lines.
const DROPPED: &str = "log lines were dropped, standard error is read too slowly";

/// The format of log lines. Spans take no part in it.
#[derive(Clone)]
pub(super) struct LineFormat {
    pub(super) encoding: Encoding,
    /// Errors say where in the code they were logged.
    pub(super) places: bool,
    pub(super) zone: TimeZone,
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = Timestamp::now();
        shown(match self.encoding {
            Encoding::Json => self.json(&mut out, event, now),
            Encoding::Console => self.console(&mut out, event, now),
        });
        out.write_char('\n')
    }
}

impl LineFormat {
    /// The line that says how many lines were dropped.
    pub(super) fn dropped(&self, lines: u64, now: Timestamp) -> String {
        let mut time = String::new();
        shown(self.time(&mut time, now));
        match self.encoding {
            Encoding::Json => format!(
                r#"{{"level":"error","ts":"{time}","logger":"setup","msg":"{DROPPED}","lines":{lines}}}{end}"#,
                end = '\n'
            ),
            Encoding::Console => format!("{time}\tERROR\tsetup\t{DROPPED}\t{{\"lines\":{lines}}}\n"),
        }
    }

    fn json(&self, out: &mut dyn Write, event: &Event<'_>, now: Timestamp) -> fmt::Result {
        let about = event.metadata();
        write!(out, r#"{{"level":"{}","ts":""#, level(about))?;
        self.time(out, now)?;
        write!(out, r#"","logger":"{}","msg":""#, names::logger(about.target()))?;
        event.record(&mut MessageWriter(&mut Escaped::new(out)));
        out.write_char('"')?;
        let mut values = Values::after(out);
        event.record(&mut values);
        values.close();
        self.place(out, about, ",")?;
        out.write_char('}')
    }

    fn console(&self, out: &mut dyn Write, event: &Event<'_>, now: Timestamp) -> fmt::Result {
        let about = event.metadata();
        self.time(out, now)?;
        write!(out, "\t{}\t{}\t", level(about).to_uppercase(), names::logger(about.target()))?;
        event.record(&mut MessageWriter(&mut OneLine(out)));
        let mut rest = String::from("{");
        let mut values = Values::first(&mut rest);
        event.record(&mut values);
        values.close();
        let comma = if rest == "{" { "" } else { "," };
        self.place(&mut rest, about, comma)?;
        if rest != "{" {
            write!(out, "\t{rest}}}")?;
        }
        Ok(())
    }

    /// Local time as ISO 8601 with milliseconds and the zone in digits.
    fn time(&self, out: &mut dyn Write, now: Timestamp) -> fmt::Result {
        let offset = self.zone.to_offset(now);
        let at = offset.to_datetime(now);
        let (year, month, day) = (at.year(), at.month(), at.day());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        let millis = at.millisecond();
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}")?;
        match offset.seconds() {
            0 => out.write_char('Z'),
            seconds => {
                let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
                write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
        }
    }

    fn place(&self, out: &mut dyn Write, about: &Metadata<'_>, comma: &str) -> fmt::Result {
        if !self.places || *about.level() > Level::WARN {
            return Ok(());
        }
        let (file, line) = (about.file().unwrap_or("?"), about.line().unwrap_or(0));
        write!(out, r#"{comma}"stacktrace":"{}\n\t{file}:{line}""#, about.target())
    }
}

/// The level's name. The scale of Flux's notification-controller has no warnings: they deserve attention, so they are
/// errors here.
fn level(about: &Metadata<'_>) -> &'static str {
    match *about.level() {
        Level::ERROR | Level::WARN => "error",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}
