//! Turning what came over the wire into text that a JSON reader takes, with the replacements of the reference.

use std::borrow::Cow;

/// `body` as text, each byte that is no part of a UTF-8 character replaced by one U+FFFD.
pub(super) fn valid_utf8(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len() + 64);
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

/// `json` with each escape of half a surrogate pair replaced by the escape of U+FFFD; nothing if there is none.
pub(in crate::event) fn without_lone_surrogates(json: &str) -> Option<String> {
    let mut bytes = json.as_bytes().to_vec();
    let mut mended = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += match (byte, escaped_unit(&bytes, at)) {
            (b'\\', Some(0xd800..=0xdbff))
                if matches!(escaped_unit(&bytes, at + ESCAPE.len()), Some(0xdc00..=0xdfff)) =>
            {
                2 * ESCAPE.len()
            }
            (b'\\', Some(0xd800..=0xdfff)) => {
                bytes[at..at + ESCAPE.len()].copy_from_slice(ESCAPE);
                mended = true;
                ESCAPE.len()
            }
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    mended.then(|| String::from_utf8(bytes).ok()).flatten()
}

/// What stands in place of half a pair; every `\u` escape has this length.
const ESCAPE: &[u8] = br"\ufffd";

/// The UTF-16 unit that is escaped at `at`, if there is a `\u` escape.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + ESCAPE.len())? else { return None };
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}
