//! Hashes in lower-case hexadecimal, for keys by which a destination recognises what it has already got.

use std::fmt::Write;

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// SHA-1, where the contract asks for it.
pub(crate) fn sha1(data: &[u8]) -> String {
    hex(&SHA1_FOR_LEGACY_USE_ONLY, data)
}

/// The SHA-256 of some data, in hexadecimal.
pub(crate) fn sha256(data: &[u8]) -> String {
    hex(&SHA256, data)
}

fn hex(algorithm: &'static Algorithm, data: &[u8]) -> String {
    let hash = digest(algorithm, data);
    hash.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String does not fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
