//! The forms in which a secret may be quoted: as it is, and encoded as programs between us and a reader encode texts.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The most bytes of encoded forms of one masker. What would go beyond is looked for as it is and not encoded: whoever has
/// so many secrets, or such long ones, has them for the sake of it.
pub(super) const MOST_BYTES: usize = 128 << 10;

/// The fewest characters of base64 that are searched for inside of something longer; fewer are a part of too many words.
const FEWEST_INSIDE: usize = 8;

/// What RFC 3986, section 2.3 leaves as it is.
const OF_A_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What `application/x-www-form-urlencoded` leaves as it is (URL Standard, section 5.2).
const OF_A_FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');
/// What a path may hold beside (RFC 3986, section 3.3).
const OF_A_PATH: &AsciiSet = &OF_A_PART
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// All forms of `secrets`, in lower case, each once.
pub(super) fn of(secrets: &[String]) -> Vec<String> {
    let mut forms: Vec<String> = secrets.iter().map(|secret| secret.to_ascii_lowercase()).collect();
    let mut room = MOST_BYTES;
    for secret in secrets {
        // No form has more than six bytes for a byte.
        let Some(left) = room.checked_sub(secret.len()) else { continue };
        let encoded: Vec<String> = encoded(secret).filter(|form| form != secret).collect();
        let bytes: usize = encoded.iter().map(String::len).sum();
        if bytes <= left {
            room -= bytes;
            forms.extend(encoded.iter().map(|form| form.to_ascii_lowercase()));
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

fn encoded(secret: &str) -> impl Iterator<Item = String> {
    base64(secret)
        .chain(hexadecimal(secret))
        .chain(of_urls(secret))
        .chain(of_json(secret))
        .chain(of_html(secret))
}

/// The whole, and the characters that stand for the secret alone wherever it begins in something longer (RFC 4648).
fn base64(secret: &str) -> impl Iterator<Item = String> {
    let whole =
        [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].map(|engine| engine.encode(secret));
    let inside = [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].into_iter().flat_map(move |engine| {
        (0..3).filter_map(move |before| {
            let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
            // Characters that hold bits of a neighbour differ from text to text.
            let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            engine.encode(&bytes).get(first..last).map(str::to_owned)
        })
    });
    whole.into_iter().chain(inside.filter(|inside| inside.len() >= FEWEST_INSIDE))
}

fn hexadecimal(secret: &str) -> impl Iterator<Item = String> {
    let digits = |before: &str| {
        secret.bytes().fold(String::new(), |mut digits, byte| {
            write!(digits, "{before}{byte:02x}").unwrap_or_default();
            digits
        })
    };
    [digits(""), digits("%")].into_iter()
}

fn of_urls(secret: &str) -> impl Iterator<Item = String> {
    let form = utf8_percent_encode(secret, OF_A_FORM).to_string().replace(' ', "+");
    let [part, path] = [OF_A_PART, OF_A_PATH].map(|set| utf8_percent_encode(secret, set).to_string());
    let python = part.replace("%20", "+");
    [part, path, form, python].into_iter()
}

/// As encoders write a string (RFC 8259, section 7): with the least escapes, with those for HTML as Go does, in ASCII as
/// Python does, with a slash as PHP does.
fn of_json(secret: &str) -> impl Iterator<Item = String> {
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let least =
        quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned();
    let for_html = replaced(&least, &[('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")]);
    let ascii = least.chars().fold(String::new(), |mut ascii, character| {
        match character.is_ascii() {
            true => ascii.push(character),
            false => character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                write!(ascii, "\\u{unit:04x}").unwrap_or_default();
            }),
        }
        ascii
    });
    let slashes = [&least, &ascii].map(|text| text.replace('/', "\\/"));
    [least, for_html, ascii].into_iter().chain(slashes)
}

/// The characters that HTML escapes, in the spellings of Go, Python, PHP and of those that leave quotes alone.
fn of_html(secret: &str) -> impl Iterator<Item = String> {
    let quotes = [
        ("&quot;", "&#39;"),
        ("&#34;", "&#39;"),
        ("&quot;", "&#x27;"),
        ("&quot;", "&#039;"),
        ("&quot;", "'"),
    ];
    let quotes = quotes.into_iter().chain([("\"", "'")]);
    quotes.map(|(double, single)| {
        replaced(secret, &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', double), ('\'', single)])
    })
}

/// `text` with other texts for some of its characters.
fn replaced(text: &str, others: &[(char, &str)]) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut replaced, character| {
        match others.iter().find(|(one, _)| *one == character) {
            Some((_, other)) => replaced.push_str(other),
            None => replaced.push(character),
        }
        replaced
    })
}
