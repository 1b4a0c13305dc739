//! Escaping of markup: what turns text into a link or a mention, and the smallest change that prevents it.
//!
//! Everyday text passes unchanged: `timeout <30s>`, `main@sha1:…`, `a_b`, `- item`. Each function here is an
//! [`Escape`](super::Escape) or a part of one; a type adds what only its own destination understands.

use super::MarkupContext;

/// A zero-width space: shown by nobody, and enough to break a sequence where no escape can be relied on.
pub(crate) const ZERO_WIDTH: &str = "\u{200b}";

/// How far the beginning of a line is looked for, in characters. Beyond it every character counts as one at the start.
const LOOK_BACK: usize = 32;

impl MarkupContext<'_> {
    /// The character before this one.
    pub(crate) fn previous(&self) -> Option<char> {
        self.before.chars().next_back()
    }

    /// The character behind this one.
    pub(crate) fn next(&self) -> Option<char> {
        self.after.chars().next()
    }

    /// Whether the next character is there and `test` holds for it.
    pub(crate) fn next_is(&self, test: impl Fn(char) -> bool) -> bool {
        self.next().is_some_and(test)
    }

    /// Whether nothing but blanks and the marks of lists and quotes stands before it in its line, as far as one looks.
    fn starts_line(&self) -> bool {
        let mut before = self.before.chars().rev().take(LOOK_BACK).take_while(|c| *c != '\n');
        before.all(|c| c.is_ascii_digit() || matches!(c, ' ' | '\t' | '-' | '+' | '*' | '>' | '.' | ')'))
    }

    /// Whether its line is a row of this character from here on: a rule, or the underline of a heading.
    fn begins_rule(&self) -> bool {
        let mut rest = self.after.chars().take_while(|c| *c != '\n');
        self.starts_line() && rest.all(|c| c == self.c || matches!(c, ' ' | '\t' | '\r'))
    }

    /// Whether a letter or digit stands on both sides.
    fn is_inside_a_word(&self) -> bool {
        self.previous().is_some_and(char::is_alphanumeric) && self.next_is(char::is_alphanumeric)
    }

    /// Whether this `<` can begin an HTML tag or comment (WHATWG HTML, 13.2.5.6, "Tag open state").
    pub(crate) fn opens_tag(&self) -> bool {
        self.c == '<' && self.next_is(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'))
    }

    /// Whether this `&` begins a character reference of HTML.
    fn opens_entity(&self) -> bool {
        /// Longer than any name in the list of HTML.
        const LONGEST_NAME: usize = 32;
        let name =
            self.after.chars().take(LONGEST_NAME).take_while(|c| *c == '#' || c.is_ascii_alphanumeric());
        let length = name.count();
        self.c == '&' && length > 0 && self.after.chars().nth(length) == Some(';')
    }
}

/// For plain text: nothing is markup.
pub(crate) fn plain(_: &MarkupContext<'_>) -> Option<&'static str> {
    None
}

/// For places that read HTML.
pub(crate) fn html(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '<' if position.opens_tag() => Some("&lt;"),
        '&' if position.opens_entity() => Some("&amp;"),
        _ => None,
    }
}

/// For places that read Markdown links but do not everywhere know backslash escapes: `](` makes the link.
pub(crate) fn links(position: &MarkupContext<'_>) -> Option<&'static str> {
    (position.c == ']' && position.next_is(|next| next == '(')).then_some("]\u{200b}")
}

/// For places that read Markdown with backslash escapes (`CommonMark` 0.31, 2.4).
///
/// Lists stay lists: `- item` and `* item` are everyday text. What could team up with what follows the text is escaped at
/// its end too. An angle bracket before `@` or `#` gets a zero-width
/// space instead, since mentions are looked for before Markdown is read.
pub(crate) fn markdown(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '\\' if !position.next_is(|next| !next.is_ascii_punctuation()) => Some("\\\\"),
        '*' if !position.next_is(char::is_whitespace) => Some("\\*"),
        '~' if !position.next_is(char::is_whitespace) => Some("\\~"),
        '_' if !position.is_inside_a_word() => Some("\\_"),
        '`' => Some("\\`"),
        '|' if position.next_is(|next| next == '|') => Some("\\|"),
        // The backslash is for the next character, which makes the link.
        ']' if position.next_is(|next| matches!(next, '(' | '[' | ':')) => Some("]\\"),
        '<' if position.next_is(|next| matches!(next, '@' | '#')) => Some("<\u{200b}"),
        '<' if position.opens_tag() || position.next_is(|next| next == ':') => Some("\\<"),
        '&' if position.opens_entity() => Some("\\&"),
        '>' | '#' | '=' if position.starts_line() => line_start(position.c),
        '*' if position.begins_rule() => Some("\\*"),
        '-' if position.begins_rule() || position.starts_line() && position.next_is(|next| next == '#') => {
            Some("\\-")
        }
        _ => None,
    }
}

/// Quotes, headings and the underline of headings.
fn line_start(c: char) -> Option<&'static str> {
    match c {
        '>' => Some("\\>"),
        '#' => Some("\\#"),
        _ => Some("\\="),
    }
}
