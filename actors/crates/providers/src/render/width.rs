//! Widths of characters: how much of a limit each takes, as destinations count.

/// The width of a character as bytes of UTF-8.
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
