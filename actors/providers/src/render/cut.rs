//! Foreign text in messages for people: defused for the place that shows it, and cut to what the place takes.
//!
//! Characters that show nothing, but act on a terminal or turn around the text behind them, are left out everywhere.
//! A [`Style`] knows how a destination counts and which characters would become markup there. A cut falls between
//! characters, where it can between words, and never inside a replacement, so no entity or escape is ever halved; it says
//! how much is missing. A text that neither needs to be defused nor cut is borrowed as it is.

pub(crate) mod markup;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use campanile_domain::{Delivery, Event};

/// A character that may have to be replaced, with what stands around it in its text.
pub(crate) struct Spot<'a> {
    /// All before it.
    pub(crate) before: &'a str,
    /// The character: ASCII punctuation or control, all others are harmless everywhere.
    pub(crate) c: char,
    /// All behind it.
    pub(crate) after: &'a str,
}

/// What a character has to be replaced by, none if it can stay.
pub(crate) type Defuse = fn(&Spot<'_>) -> Option<&'static str>;

/// How a destination reads and counts text.
pub(crate) struct Style {
    /// Keeps foreign text from becoming markup.
    pub(crate) defuse: Defuse,
    /// How much of a limit a character takes.
    pub(crate) width: fn(char) -> usize,
}

/// What a message may hold, in units of its [`Style`].
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Text and entries together.
    pub(crate) total: usize,
    /// The event's message.
    pub(crate) text: usize,
    /// What a long message leaves to the entries, if they need it. Less than `total`.
    pub(crate) share: usize,
    /// Number of entries.
    pub(crate) count: usize,
    /// One key.
    pub(crate) key: usize,
    /// One value.
    pub(crate) value: usize,
    /// What an entry takes beside its key and value.
    pub(crate) overhead: usize,
}

/// A metadata key and its value, ready to be shown.
pub(crate) type Entry<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The parts of a message that grow with the event.
pub(crate) struct Body<'a> {
    /// The event's message.
    pub(crate) text: Cow<'a, str>,
    /// Metadata in the order given; the last one tells how many are left out, if any are.
    pub(crate) entries: Vec<Entry<'a>>,
}

/// Metadata that may be shown if there is room.
struct Selected<'a> {
    entries: Vec<Entry<'a>>,
    /// What they take together.
    width: usize,
    /// How many were not looked at.
    beyond: usize,
}

/// The key of the entry that stands for the ones left out.
const ELLIPSIS: &str = "…";

/// The same where keys must be made of letters.
const PLAIN_ELLIPSIS: &str = "metadata_left_out";

/// Room for the entry that stands for the ones left out.
const LEFT_OUT: usize = 40;

/// NUL, which databases of destinations refuse; what acts on a terminal (ECMA-48: backspace, escape, delete, the C1
/// controls); and marks that make text run backwards up to a place that the text may leave out (Unicode Standard Annex 9,
/// 2.1 to 2.4). All else is sent as the contract has it.
pub(crate) fn is_unshowable(c: char) -> bool {
    matches!(
        c,
        '\0' | '\u{8}' | '\u{1b}' | '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// A cut goes back to the end of a word, but not by more bytes than this: a word can be the whole text.
const LONGEST_WORD: usize = 128;

/// As bytes of UTF-8.
pub(crate) fn bytes(c: char) -> usize {
    c.len_utf8()
}

/// As units of UTF-16, which is at least what destinations mean by characters.
pub(crate) fn characters(c: char) -> usize {
    c.len_utf16()
}

/// As bytes of JSON with the escapes of [`to_wire_json`](campanile_domain::to_wire_json).
pub(crate) fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => 6,
        _ => c.len_utf8(),
    }
}

/// Some destinations refuse a message for an empty text in it.
pub(crate) fn or_blank(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_empty() { Cow::Borrowed(markup::ZERO_WIDTH) } else { text }
}

/// `entries` for a place whose keys must be made of letters: the one that stands for others is called by a word.
pub(crate) fn with_plain_keys(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    if let Some((key, _)) = entries.last_mut().filter(|(key, _)| key == ELLIPSIS) {
        *key = Cow::Borrowed(PLAIN_ELLIPSIS);
    }
    entries
}

/// The beginning of a text as far as it fits.
#[derive(Default)]
struct Prefix {
    end: usize,
    width: usize,
    is_defused: bool,
}

impl Style {
    /// How much of a limit `text` takes as it is.
    pub(crate) fn measure(&self, text: &str) -> usize {
        text.chars().map(self.width).sum()
    }

    /// Foreign `text`, defused and within `limit`. A limit below the mark of a cut (about 40) leaves nothing of a text
    /// that is too long.
    pub(crate) fn fit<'a>(&self, text: &'a str, limit: usize) -> Cow<'a, str> {
        let prefix = self.prefix(text, limit);
        if prefix.end < text.len() {
            Cow::Owned(self.cut(text, limit))
        } else if prefix.is_defused {
            Cow::Owned(self.defused(text, text.len()))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// As [`Style::fit`], of a text that nobody else needs.
    pub(crate) fn fit_owned(&self, text: String, limit: usize) -> String {
        match self.fit(&text, limit) {
            Cow::Borrowed(_) => text,
            Cow::Owned(fitting) => fitting,
        }
    }

    /// The event's message and `metadata`, a selection of the delivery's own, within `limits`.
    ///
    /// What the Alert itself adds to the metadata was written by who runs the Provider: its markup and mentions work,
    /// unless it has to be cut.
    pub(crate) fn body<'a>(
        &self,
        delivery: &'a Delivery,
        metadata: impl Iterator<Item = (&'a String, &'a String)>,
        limits: &Limits,
    ) -> Body<'a> {
        let value = |value: &'a str| self.value(&delivery.event, value, limits.value);
        self.body_of(&delivery.event, self.select(metadata, value, limits), limits)
    }

    /// As [`Style::body`], but what the Alert adds is defused too: for places that refuse a text which is no sound markup.
    pub(crate) fn escaped_body<'a>(
        &self,
        delivery: &'a Delivery,
        metadata: impl Iterator<Item = (&'a String, &'a String)>,
        limits: &Limits,
    ) -> Body<'a> {
        let value = |value: &'a str| self.fit(value, limits.value);
        self.body_of(&delivery.event, self.select(metadata, value, limits), limits)
    }

    /// The entries of [`Style::escaped_body`] where the message has a place of its own: they have all of `limits.total`.
    pub(crate) fn entries<'a>(
        &self,
        metadata: impl Iterator<Item = (&'a String, &'a String)>,
        limits: &Limits,
    ) -> Vec<Entry<'a>> {
        let value = |value: &'a str| self.fit(value, limits.value);
        self.within(self.select(metadata, value, limits), limits.total, limits)
    }

    fn select<'a>(
        &self,
        mut metadata: impl Iterator<Item = (&'a String, &'a String)>,
        value: impl Fn(&'a str) -> Cow<'a, str>,
        limits: &Limits,
    ) -> Selected<'a> {
        let entry = |(key, text): (&'a String, &'a String)| (self.fit(key, limits.key), value(text));
        let entries: Vec<Entry<'a>> = metadata.by_ref().take(limits.count).map(entry).collect();
        let width = entries.iter().map(|entry| self.entry_width(entry, limits)).sum();
        Selected { entries, width, beyond: metadata.count() }
    }

    fn body_of<'a>(&self, event: &'a Event, selected: Selected<'a>, limits: &Limits) -> Body<'a> {
        let text = self.fit(&event.message, limits.text.min(limits.total - selected.width.min(limits.share)));
        let room = limits.total.saturating_sub(self.measure(&text));
        Body { text, entries: self.within(selected, room, limits) }
    }

    fn within<'a>(&self, selected: Selected<'a>, room: usize, limits: &Limits) -> Vec<Entry<'a>> {
        let Selected { entries, width, beyond } = selected;
        if width <= room && beyond == 0 { entries } else { self.shortened(entries, beyond, room, limits) }
    }

    fn value<'a>(&self, event: &Event, value: &'a str, limit: usize) -> Cow<'a, str> {
        let is_foreign = event.metadata.values().any(|brought| brought == value);
        if !is_foreign && self.is_within(value, limit) {
            Cow::Borrowed(value)
        } else {
            self.fit(value, limit)
        }
    }

    fn entry_width(&self, (key, value): &Entry<'_>, limits: &Limits) -> usize {
        self.measure(key) + self.measure(value) + limits.overhead
    }

    /// Whether `text` fits as it is. Unlike [`Style::measure`] this does not read on beyond `limit`.
    fn is_within(&self, text: &str, limit: usize) -> bool {
        text.chars().try_fold(limit, |left, c| left.checked_sub((self.width)(c))).is_some()
    }

    /// The first of `entries`, as many as fit into `room`, and one more that counts the others and those `beyond`.
    fn shortened<'a>(
        &self,
        mut entries: Vec<Entry<'a>>,
        beyond: usize,
        room: usize,
        limits: &Limits,
    ) -> Vec<Entry<'a>> {
        let last = limits.count.saturating_sub(1);
        let mut left = room.saturating_sub(LEFT_OUT + limits.overhead);
        let fits = |entry: &&Entry<'_>| match left.checked_sub(self.entry_width(entry, limits)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        let kept = entries.iter().take(last).take_while(fits).count();
        let missing = entries.len() - kept + beyond;
        entries.truncate(kept);
        entries.push((Cow::Borrowed(ELLIPSIS), Cow::Owned(format!("{missing} more left out"))));
        entries
    }

    fn prefix(&self, text: &str, limit: usize) -> Prefix {
        let mut prefix = Prefix::default();
        for (at, c) in text.char_indices() {
            let replacement = self.replacement(text, at, c);
            let width = replacement.map_or_else(|| (self.width)(c), |replacement| self.measure(replacement));
            if prefix.width + width > limit {
                break;
            }
            prefix.width += width;
            prefix.end = at + c.len_utf8();
            prefix.is_defused |= replacement.is_some();
        }
        prefix
    }

    fn replacement(&self, text: &str, at: usize, c: char) -> Option<&'static str> {
        if is_unshowable(c) {
            return Some("");
        }
        if !c.is_ascii_punctuation() && !c.is_ascii_control() {
            return None;
        }
        let (before, rest) = text.split_at(at);
        let (_, after) = rest.split_at(c.len_utf8());
        (self.defuse)(&Spot { before, c, after })
    }

    /// The beginning of `text` up to `end`, defused.
    fn defused(&self, text: &str, end: usize) -> String {
        let mut out = String::with_capacity(end + 64);
        for (at, c) in text.char_indices().take_while(|(at, _)| *at < end) {
            match self.replacement(text, at, c) {
                Some(replacement) => out.push_str(replacement),
                None => out.push(c),
            }
        }
        out
    }

    fn cut(&self, text: &str, limit: usize) -> String {
        // There are at least as many bytes as characters missing, so this mark is as long as the real one or longer.
        let mark_room = self.measure(&self.mark(text.len()));
        let Some(room) = limit.checked_sub(mark_room) else { return String::new() };
        let end = end_of_word(text, self.prefix(text, room).end);
        let (_, missing) = text.split_at(end);
        self.defused(text, end) + &self.mark(missing.chars().count())
    }

    /// Defused too: where every parenthesis must be escaped, those of the mark must be.
    fn mark(&self, missing: usize) -> String {
        let mark = format!(" … (cut, {missing} more characters)");
        self.defused(&mark, mark.len())
    }
}

/// The end of the last whole word before `end`, if there is one near.
fn end_of_word(text: &str, end: usize) -> usize {
    let (kept, rest) = text.split_at(end);
    let is_at_end = rest.starts_with(char::is_whitespace);
    match kept.rfind(char::is_whitespace) {
        Some(space) if !is_at_end && end - space <= LONGEST_WORD => kept.split_at(space).0.trim_end().len(),
        _ => kept.trim_end().len(),
    }
}
