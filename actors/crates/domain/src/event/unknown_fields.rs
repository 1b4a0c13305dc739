//! The top-level fields of an event that this version does not know: kept as JSON and forwarded (contract, flux-2.10,
//! section 2).
//!
//! They are cut out of a text that was read before, so that an event without any is read in one pass and costs nothing.

use serde::{Deserialize, Serialize};

use super::decode::text::without_lone_surrogates;

/// Most bytes that the unknown fields of one event may take together, as they are kept; beyond it all of them are dropped.
pub const MOST_UNKNOWN_BYTES: usize = 64 << 10;

/// What JSON takes for white space (RFC 8259, 2).
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Unknown top-level fields of an event in the order in which the sender wrote them, values as they were written but for
/// white space and the five characters that the wire form escapes. Most events have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnknownFields(
    /// An object of JSON on one line.
    Option<Box<str>>,
);

impl UnknownFields {
    /// Whether the event had no unknown fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The fields as an object of JSON; nothing if there are none.
    pub fn as_json(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Adds the fields to an object of JSON that is not empty.
    pub(super) fn append_to(&self, object: &mut Vec<u8>) {
        let fields = self.as_json().and_then(|json| json.strip_prefix('{'));
        if let Some(fields) = fields
            && object.pop_if(|last| *last == b'}').is_some()
        {
            object.push(b',');
            object.extend_from_slice(fields.as_bytes());
        }
    }

    /// The fields of the document `json`, which is valid, whose names are not in `known` in any case.
    ///
    /// # Errors
    /// [`TooLong`] if they take more than [`MOST_UNKNOWN_BYTES`].
    pub(super) fn of(json: &str, known: &[&str]) -> Result<Self, TooLong> {
        let mut kept = String::new();
        for (name, value) in Fields::of(json).filter(|(name, _)| !is_known(name, known)) {
            kept.push(if kept.is_empty() { '{' } else { ',' });
            push_compact(&mut kept, name);
            kept.push(':');
            push_compact(&mut kept, value);
            if kept.len() >= MOST_UNKNOWN_BYTES {
                return Err(TooLong);
            }
        }
        if kept.is_empty() {
            return Ok(Self(None));
        }
        kept.push('}');
        let mended = if kept.contains("\\u") { without_lone_surrogates(&kept) } else { None };
        Ok(Self(Some(mended.unwrap_or(kept).into())))
    }
}

/// The unknown fields of an event take more than they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Whether a name, with its quotes, is one of `known`.
fn is_known(name: &str, known: &[&str]) -> bool {
    let is = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    if name.contains('\\') {
        return serde_json::from_str(name).is_ok_and(|name: String| is(&name));
    }
    is(name.trim_matches('"'))
}

/// Adds `json` without its white space and with Go's escapes, which occur in texts alone. Stops beyond the bound.
fn push_compact(out: &mut String, json: &str) {
    let mut state = State::default();
    for c in json.chars() {
        if out.len() > MOST_UNKNOWN_BYTES {
            return;
        }
        match c {
            ' ' | '\t' | '\n' | '\r' if !state.in_text => {}
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
        state.pass(c);
    }
}

/// The state of a reader in a valid JSON value.
#[derive(Default)]
struct State {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl State {
    fn pass(&mut self, c: char) {
        match c {
            _ if self.is_escaped => self.is_escaped = false,
            '\\' => self.is_escaped = self.in_text,
            '"' => self.in_text = !self.in_text,
            '{' | '[' if !self.in_text => self.depth += 1,
            '}' | ']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether it stands between values.
    fn is_outside(&self) -> bool {
        self.depth == 0 && !self.in_text
    }
}

/// The fields of an object of valid JSON: name with its quotes, and value.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn of(json: &'a str) -> Self {
        Self(json.trim_start_matches(BLANKS).strip_prefix('{').unwrap_or_default())
    }

    /// The next value behind blanks and one `mark`; empty where the object ends.
    fn value(&mut self, mark: char) -> &'a str {
        let rest = self.0.trim_start_matches(BLANKS);
        let rest = rest.strip_prefix(mark).unwrap_or(rest).trim_start_matches(BLANKS);
        let (value, rest) = rest.split_at_checked(length(rest)).unwrap_or((rest, ""));
        self.0 = rest;
        value
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.value(',');
        let value = self.value(':');
        (!name.is_empty()).then_some((name, value))
    }
}

/// Bytes of the value with which `json` begins.
fn length(json: &str) -> usize {
    let mut state = State::default();
    for (at, c) in json.char_indices() {
        let was_outside = state.is_outside();
        if was_outside && (matches!(c, ',' | ':' | '}' | ']') || BLANKS.contains(&c)) {
            return at;
        }
        state.pass(c);
        if !was_outside && state.is_outside() {
            return at + c.len_utf8();
        }
    }
    json.len()
}

#[cfg(test)]
mod tests;
