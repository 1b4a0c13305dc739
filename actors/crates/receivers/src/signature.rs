//! Signatures over the body as it came, before anything reads it (contract, receivers 5.1).

use aws_lc_rs::hmac::{self, Algorithm};
use bytes::Bytes;

use crate::media_type::MediaType;
use crate::request::HeaderFields;
use crate::secret::unhex;
use crate::tokens::Tokens;

/// Errors of a signature that does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The request has no such header.
    #[error("the request has no {0} header; give the sender the Receiver's token as its secret")]
    Missing(&'static str),
    /// The header is not `<algorithm>=<hexadecimal>`.
    #[error("the {0} header is not of the form <algorithm>=<hexadecimal>")]
    Form(&'static str),
    /// It names an algorithm that is not known.
    #[error("the {0} header names an unknown algorithm; use sha1, sha256 or sha512")]
    Algorithm(&'static str),
    /// No token makes this signature of this body.
    #[error(
        "the {0} header does not match the body and the token; compare the sender's secret with key 'token'"
    )]
    Mismatch(&'static str),
    /// The content type is not one of the two that are signed.
    #[error("the Content-Type header must be application/json or application/x-www-form-urlencoded")]
    ContentType,
    /// A form cannot be read.
    #[error("the body is no form, though the Content-Type header says so")]
    Unreadable,
}

/// Checks `<algorithm>=<hexadecimal HMAC>` of header `name` against the body. Hexadecimal of either case does.
///
/// # Errors
/// Why it does not do.
pub(crate) fn check(
    tokens: &Tokens,
    head: &HeaderFields,
    name: &'static str,
    body: &[u8],
) -> Result<(), SignatureError> {
    let given = head.first(name);
    if given.is_empty() {
        return Err(SignatureError::Missing(name));
    }
    let equals = given.iter().position(|byte| *byte == b'=').ok_or(SignatureError::Form(name))?;
    let (algorithm, digits) = given.split_at(equals);
    let algorithm = named(algorithm).ok_or(SignatureError::Algorithm(name))?;
    let tag = unhex(digits.strip_prefix(b"=").unwrap_or_default()).ok_or(SignatureError::Form(name))?;
    if tokens.any(|token| verify(algorithm, token, body, &tag)) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch(name))
    }
}

/// Whether `tag` is the HMAC of `body`, in the same time whatever it is.
pub(crate) fn verify(algorithm: Algorithm, token: &[u8], body: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(algorithm, token), body, tag).is_ok()
}

fn named(name: &[u8]) -> Option<Algorithm> {
    match name {
        b"sha1" => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        b"sha256" => Some(hmac::HMAC_SHA256),
        b"sha512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

/// Checks a signature as GitHub makes it, and returns what was signed: the body, or the field `payload` of a form.
///
/// An empty token does not excuse a missing signature, as it does elsewhere (contract, receivers 12).
///
/// # Errors
/// Why it does not do.
pub(crate) fn check_hub(tokens: &Tokens, head: &HeaderFields, body: &Bytes) -> Result<Bytes, SignatureError> {
    const NEWER: &str = "X-Hub-Signature-256";
    const OLDER: &str = "X-Hub-Signature";
    let is_older = head.first(NEWER).is_empty() && !head.first(OLDER).is_empty();
    let media_type = MediaType::parse(head.first("Content-Type"));
    let is_form = match media_type.as_ref().map(MediaType::as_str) {
        Some("application/json") => false,
        Some("application/x-www-form-urlencoded") => true,
        _ => return Err(SignatureError::ContentType),
    };
    check(tokens, head, if is_older { OLDER } else { NEWER }, body)?;
    if is_form { payload(body) } else { Ok(body.clone()) }
}

/// The first field `payload` of a form, decoded; empty if there is none.
fn payload(form: &[u8]) -> Result<Bytes, SignatureError> {
    let mut payload = None;
    for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if pair.contains(&b';') {
            return Err(SignatureError::Unreadable);
        }
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(parts.next().unwrap_or_default())?;
        let value = decode(parts.next().unwrap_or_default())?;
        if name == b"payload" && payload.is_none() {
            payload = Some(value);
        }
    }
    Ok(payload.unwrap_or_default().into())
}

/// A part of a form: `+` is a space, and every `%` begins two hexadecimal digits.
fn decode(part: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let mut decoded = Vec::with_capacity(part.len());
    let mut rest = part;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (digits, after) = tail.split_at_checked(2).ok_or(SignatureError::Unreadable)?;
                decoded.extend(unhex(digits).ok_or(SignatureError::Unreadable)?);
                rest = after;
            }
            byte => decoded.push(*byte),
        }
    }
    Ok(decoded)
}
