//! The message and the values of a line, written as they are visited.
//!
//! Fields with dotted names that follow each other, as `alert.name` and `alert.namespace`, make a nested object. Every
//! value is cut at a bound.

use std::fmt::{self, Write};

use campanile_domain::is_unprintable;
use tracing::field::{Field, Visit};

/// The most characters of one value.
const LONGEST_VALUE: usize = 4096;

/// The contract wants the event's text under `message`, a name that `tracing` keeps for the line's own.
const RENAMED: (&str, &str) = ("event_message", "message");

/// Passes over a failure to write: the buffer takes everything, so only a value can fail to show itself, and then it is
/// shown as far as it went.
pub(super) fn shown(_: fmt::Result) {}

/// Writes the text of the line, nothing else.
pub(super) struct MessageWriter<'a>(pub(super) &'a mut dyn Write);

impl Visit for MessageWriter<'_> {
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
pub(super) struct Values<'a> {
    out: &'a mut dyn Write,
    first: bool,
    /// The nested object that is open.
    group: Option<&'static str>,
}

impl<'a> Values<'a> {
    /// The members of an object that has none yet.
    pub(super) fn first(out: &'a mut dyn Write) -> Self {
        Self { out, first: true, group: None }
    }

    /// Further members of an object.
    pub(super) fn after(out: &'a mut dyn Write) -> Self {
        Self { out, first: false, group: None }
    }

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
                self.key(group);
                self.put("{");
                (self.first, self.group) = (true, Some(group));
            }
        }
        self.key(name);
        true
    }

    fn key(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.put(",");
        }
        self.quoted(name);
        self.put(":");
    }

    /// Closes the nested object that is open.
    pub(super) fn close(&mut self) {
        if self.group.take().is_some() {
            self.put("}");
        }
    }

    fn quoted(&mut self, text: impl fmt::Display) {
        self.put("\"");
        shown(write!(Escaped::new(self.out), "{text}"));
        self.put("\"");
    }

    fn put(&mut self, text: &str) {
        shown(self.out.write_str(text));
    }

    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        if self.name(field) {
            shown(write!(self.out, "{value}"));
        }
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
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else if self.name(field) {
            self.quoted(value);
        }
    }
}

/// Text inside a JSON string, cut at [`LONGEST_VALUE`].
pub(super) struct Escaped<'a> {
    out: &'a mut dyn Write,
    room: usize,
}

impl<'a> Escaped<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, room: LONGEST_VALUE }
    }
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, symbol) in text.char_indices() {
            if self.room == 0 {
                return Ok(());
            }
            self.room -= 1;
            let escape = match symbol {
                _ if self.room == 0 => "…",
                '"' => r#"\""#,
                '\\' => r"\\",
                '\n' => r"\n",
                '\r' => r"\r",
                '\t' => r"\t",
                ' '..='~' => continue,
                // Also what viewers of logs would obey: JSON itself forbids less.
                steering if is_unprintable(steering) => "",
                _ => continue,
            };
            self.out.write_str(text.get(written..at).unwrap_or_default())?;
            written = at + symbol.len_utf8();
            match escape {
                "" => write!(self.out, "\\u{:04x}", u32::from(symbol))?,
                known => self.out.write_str(known)?,
            }
        }
        self.out.write_str(text.get(written..).unwrap_or_default())
    }
}

/// Text of a console line: what would break the line or its columns, or steer the terminal, becomes a space.
pub(super) struct OneLine<'a>(pub(super) &'a mut dyn Write);

impl Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.split_inclusive(is_unprintable).try_for_each(|part| {
            let shown = part.trim_end_matches(is_unprintable);
            self.0.write_str(shown)?;
            if shown.len() < part.len() { self.0.write_char(' ') } else { Ok(()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_logs_hold_no_character_that_steers_a_terminal_or_a_viewer() {
        let text = "a\u{1b}[2J\u{9b}\u{202e}\u{2028}é\"\n";
        let (mut json, mut console) = (String::new(), String::new());
        shown(Escaped::new(&mut json).write_str(text));
        shown(OneLine(&mut console).write_str(text));
        assert_eq!(json, r#"a\u001b[2J\u009b\u202e\u2028é\"\n"#);
        assert_eq!(serde_json::from_str::<String>(&format!("\"{json}\"")).ok().as_deref(), Some(text));
        assert_eq!(console, "a [2J   é\" ");
    }
}
