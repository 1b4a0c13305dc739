//! Foreign text in messages for people: escaped for the place that shows it, and cut to what the place takes.
//!
//! Characters that show nothing, but act on a terminal or turn around the text behind them, are left out everywhere.
//! A [`Style`] knows how a destination counts and which characters would become markup there. A cut falls between
//! characters, where it can between words, and never inside a replacement, so no entity or escape is ever halved; it says
//! how much is missing. A text that neither needs to be escaped nor cut is borrowed as it is.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// A character that may have to be replaced, with the text around it.
pub(crate) struct MarkupContext<'a> {
    /// All text that stands before it.
    pub(crate) before: &'a str,
    /// The character: ASCII punctuation or control, all others are harmless everywhere.
    pub(crate) c: char,
    /// All text that stands behind it.
    pub(crate) after: &'a str,
}

/// The text that has to replace a character; none if it can stay.
pub(crate) type Escape = fn(&MarkupContext<'_>) -> Option<&'static str>;

/// The style of a destination: how it reads and counts text.
pub(crate) struct Style {
    /// Keeps foreign text from becoming markup.
    pub(crate) escape: Escape,
    /// How much of a limit a character takes.
    pub(crate) width: fn(char) -> usize,
}

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

/// The beginning of a text as far as it fits.
#[derive(Default)]
struct Prefix {
    end: usize,
    width: usize,
    is_escaped: bool,
}

impl Style {
    /// How much of a limit `text` takes as it is.
    pub(crate) fn measure(&self, text: &str) -> usize {
        text.chars().map(self.width).sum()
    }

    /// Foreign `text`, escaped and within `limit`. A limit below the mark of a cut (about 40) leaves nothing of a text
    /// that is too long.
    pub(crate) fn fit<'a>(&self, text: &'a str, limit: usize) -> Cow<'a, str> {
        let prefix = self.prefix(text, limit);
        if prefix.end < text.len() {
            Cow::Owned(self.cut(text, limit))
        } else if prefix.is_escaped {
            Cow::Owned(self.escaped(text, text.len()))
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

    /// Whether `text` fits as it is. Unlike [`Style::measure`] this does not read on beyond `limit`.
    pub(super) fn is_within(&self, text: &str, limit: usize) -> bool {
        text.chars().try_fold(limit, |left, c| left.checked_sub((self.width)(c))).is_some()
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
            prefix.is_escaped |= replacement.is_some();
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
        (self.escape)(&MarkupContext { before, c, after })
    }

    /// The beginning of `text` up to `end`, escaped.
    fn escaped(&self, text: &str, end: usize) -> String {
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
        self.escaped(text, end) + &self.mark(missing.chars().count())
    }

    /// Escaped too: where every parenthesis must be escaped, those of the mark must be.
    fn mark(&self, missing: usize) -> String {
        let mark = format!(" … (cut, {missing} more characters)");
        self.escaped(&mark, mark.len())
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
