//! One line: `level`, `ts`, `logger`, `msg`, then values (contract, control plane 10).
//!
//! Fields with dotted names that follow each other, as `alert.name` and `alert.namespace`, make a nested object. Every
//! value is cut at a bound.

use std::fmt::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use super::{Encoding, names};

/// Characters of one value.
const LONGEST_VALUE: usize = 4096;

/// The contract wants the event's text under `message`, a name that `tracing` keeps for the line's own.
const RENAMED: (&str, &str) = ("event_message", "message");

/// What the writer says when lines were dropped.
const DROPPED: &str = "log lines were dropped, standard error is read too slowly";

/// Writing to a string fails only if a value fails to show itself; then it is shown as far as it went.
pub(super) fn shown(_: fmt::Result) {}

/// How lines are written.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) encoding: Encoding,
    /// Errors say where in the code they were logged.
    pub(super) places: bool,
    pub(super) zone: TimeZone,
}

impl Form {
    /// The line of an event, with its end.
    pub(super) fn line(&self, event: &Event<'_>, now: Timestamp) -> String {
        let mut out = String::with_capacity(512);
        shown(match self.encoding {
            Encoding::Json => self.json(&mut out, event, now),
            Encoding::Console => self.console(&mut out, event, now),
        });
        out.push('\n');
        out
    }

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

    fn json(&self, out: &mut String, event: &Event<'_>, now: Timestamp) -> fmt::Result {
        let about = event.metadata();
        write!(out, r#"{{"level":"{}","ts":""#, level(about))?;
        self.time(out, now)?;
        write!(out, r#"","logger":"{}","msg":""#, names::logger(about.target()))?;
        event.record(&mut Message(&mut Escaped::new(out)));
        out.push('"');
        let mut values = Values { out, first: false, group: None };
        event.record(&mut values);
        values.close();
        self.place(out, about, ",")?;
        out.push('}');
        Ok(())
    }

    fn console(&self, out: &mut String, event: &Event<'_>, now: Timestamp) -> fmt::Result {
        let about = event.metadata();
        self.time(out, now)?;
        write!(out, "\t{}\t{}\t", level(about).to_uppercase(), names::logger(about.target()))?;
        event.record(&mut Message(&mut OneLine(out)));
        let mut rest = String::from("{");
        let mut values = Values { out: &mut rest, first: true, group: None };
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
    fn time(&self, out: &mut String, now: Timestamp) -> fmt::Result {
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

    fn place(&self, out: &mut String, about: &Metadata<'_>, comma: &str) -> fmt::Result {
        if !self.places || *about.level() > Level::WARN {
            return Ok(());
        }
        let (file, line) = (about.file().unwrap_or("?"), about.line().unwrap_or(0));
        write!(out, r#"{comma}"stacktrace":"{}\n\t{file}:{line}""#, about.target())
    }
}

/// The incumbent's scale has no warnings; what deserves attention is an error there.
fn level(about: &Metadata<'_>) -> &'static str {
    match *about.level() {
        Level::ERROR | Level::WARN => "error",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// Writes the text of the line, nothing else.
struct Message<'a, W>(&'a mut W);

impl<W: Write> Visit for Message<'_, W> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            shown(write!(self.0, "{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            shown(self.0.write_str(value));
        }
    }
}

/// Writes all values but the text of the line as members of a JSON object.
struct Values<'a> {
    out: &'a mut String,
    first: bool,
    /// The nested object that is open.
    group: Option<&'static str>,
}

impl Values<'_> {
    /// Writes the name, and opens or closes a nested object where that changes.
    fn name(&mut self, field: &Field) -> bool {
        let (group, name) = match field.name() {
            "message" => return false,
            name if name == RENAMED.0 => (None, RENAMED.1),
            name => name.split_once('.').map_or((None, name), |(group, name)| (Some(group), name)),
        };
        if group != self.group {
            self.close();
            if let Some(group) = group {
                self.comma();
                self.quoted(group);
                self.out.push_str(":{");
                (self.first, self.group) = (true, Some(group));
            }
        }
        self.comma();
        self.quoted(name);
        self.out.push(':');
        true
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
    }

    fn close(&mut self) {
        if self.group.take().is_some() {
            self.out.push('}');
        }
    }

    fn quoted(&mut self, text: impl fmt::Display) {
        self.out.push('"');
        shown(write!(Escaped::new(self.out), "{text}"));
        self.out.push('"');
    }
}

impl Visit for Values<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.name(field) {
            self.quoted(format_args!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.name(field) {
            self.quoted(value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if self.name(field) {
            shown(write!(self.out, "{value}"));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.name(field) {
            shown(write!(self.out, "{value}"));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.name(field) {
            shown(write!(self.out, "{value}"));
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if !self.name(field) {
            return;
        }
        if value.is_finite() { shown(write!(self.out, "{value}")) } else { self.quoted(value) }
    }
}

/// Text inside a JSON string, cut at [`LONGEST_VALUE`].
struct Escaped<'a> {
    out: &'a mut String,
    room: usize,
}

impl<'a> Escaped<'a> {
    fn new(out: &'a mut String) -> Self {
        Self { out, room: LONGEST_VALUE }
    }
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for symbol in text.chars() {
            if self.room == 0 {
                return Ok(());
            }
            self.room -= 1;
            match symbol {
                _ if self.room == 0 => self.out.push('…'),
                '"' => self.out.push_str(r#"\""#),
                '\\' => self.out.push_str(r"\\"),
                '\n' => self.out.push_str(r"\n"),
                '\r' => self.out.push_str(r"\r"),
                '\t' => self.out.push_str(r"\t"),
                control if control < ' ' => write!(self.out, "\\u{:04x}", u32::from(control))?,
                other => self.out.push(other),
            }
        }
        Ok(())
    }
}

/// Text of a console line: what would break the line or its columns becomes a space.
struct OneLine<'a>(&'a mut String);

impl Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(text.chars().map(|symbol| if symbol.is_control() { ' ' } else { symbol }));
        Ok(())
    }
}
