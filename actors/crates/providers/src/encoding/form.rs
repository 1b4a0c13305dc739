//! Pairs as `application/x-www-form-urlencoded`, for bodies and queries.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters (RFC 3986, 2.3) and the blank, which becomes a plus.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b' ');

/// Encodes `pairs` in their order.
pub(crate) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (key, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        push(&mut out, key);
        out.push('=');
        push(&mut out, value);
    }
    out
}

fn push(out: &mut String, text: &str) {
    for piece in utf8_percent_encode(text, ESCAPED) {
        // Blanks are not escaped, so they come within a piece; every plus that comes was made of one.
        out.extend(piece.chars().map(|c| if c == ' ' { '+' } else { c }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_can_end_it() {
        assert_eq!(
            encode([("a b", "x&y=z+1"), ("c", "\u{fc} *~-_.%\n")]),
            "a+b=x%26y%3Dz%2B1&c=%C3%BC+%2A~-_.%25%0A"
        );
        let text = "a&b=c d+\u{1f680}";
        let read: Vec<(String, String)> =
            url::form_urlencoded::parse(encode([("k", text)]).as_bytes()).into_owned().collect();
        assert_eq!(read, [("k".to_owned(), text.to_owned())]);
    }
}
