//! Comparison with secrets in a time that says nothing about them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// Whether two texts are the same. Their hashes are compared, so that not even a length is told by the time.
pub(crate) fn equal(given: &[u8], secret: &[u8]) -> bool {
    let (given, secret) = (digest(&SHA256, given), digest(&SHA256, secret));
    verify_slices_are_equal(given.as_ref(), secret.as_ref()).is_ok()
}

/// The bytes of a hexadecimal text; none if it is not one.
pub(crate) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

/// Encodes bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
