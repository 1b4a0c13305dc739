//! Making foreign text fit: one printable line, within a limit, or fit for a header.

use std::borrow::Cow;

use crate::render::is_unshowable;

/// What stands at the end of a text that was cut.
pub(crate) const CUT: &str = "… [truncated]";

/// Longest header value taken from an event, in bytes. Controllers' names have a tenth of it.
const MAX_HEADER: usize = 256;

/// Characters that would hide or reorder what stands around them: line and paragraph separators, directional marks,
/// zero-width ones (Unicode Standard Annex 9, and 23.2 for the layout controls).
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `text` as one line of printable characters, runs of white space made one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let separates = |c: char| c.is_whitespace() || c.is_control() || is_deceptive(c);
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// `text` without what shows nothing but acts: controls, and marks that turn the text behind them around.
pub(crate) fn printable(text: String) -> String {
    if text.contains(is_unshowable) { text.replace(is_unshowable, "") } else { text }
}

/// `text` within `limit` bytes, cut between characters and marked with an ellipsis.
pub(crate) fn excerpt(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// `text` within `limit` characters, the end replaced by [`CUT`] where it is longer.
pub(crate) fn limited(text: Cow<'_, str>, limit: usize) -> Cow<'_, str> {
    // A text has at most as many characters as bytes, so most texts need no counting.
    if text.len() <= limit || text.chars().nth(limit).is_none() {
        return text;
    }
    let kept: String = text.chars().take(limit - CUT.chars().count()).collect();
    Cow::Owned(kept + CUT)
}

/// `text` as a header value whatever the sender put into it: what is not printable ASCII becomes `?` (RFC 9110, 5.5
/// calls for US-ASCII), so that an event can neither inject a header nor make the request unsendable.
pub(crate) fn header_value(text: &str) -> String {
    text.chars().take(MAX_HEADER).map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_no_breaks_controls_or_directional_marks() {
        assert_eq!(one_line(" a\r\n\tb\u{0}\u{1b}[31mc \u{202e}d\u{2028}e "), "a b [31mc d e");
    }

    #[test]
    fn an_excerpt_keeps_within_its_bytes_and_between_characters() {
        assert_eq!(excerpt("äöü".into(), 6), "äöü");
        assert_eq!(excerpt("äöüß".into(), 6), "ä…");
    }

    #[test]
    fn a_limited_text_counts_characters_and_says_that_it_was_cut() {
        let text = "ä".repeat(40);
        assert_eq!(limited(Cow::Borrowed(&text), 40), text);
        let cut = limited(Cow::Borrowed(&text), 39);
        assert_eq!(cut.chars().count(), 39);
        assert!(cut.ends_with(&format!("ä{CUT}")));
    }

    #[test]
    fn a_header_value_can_not_carry_a_line_break() {
        assert_eq!(header_value("kustomize\r\nX-Evil: ü"), "kustomize??X-Evil: ?");
        assert_eq!(header_value(&"x".repeat(300)).len(), MAX_HEADER);
    }
}
