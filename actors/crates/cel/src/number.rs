//! Numbers: conversion between the three types, and how doubles are written.

/// `value` without its fraction, if that is an int.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub(super) fn to_int(value: f64) -> Option<i64> {
    let whole = value.trunc();
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole);
    fits.then_some(whole as i64)
}

/// `value` without its fraction, if that is a uint.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
pub(super) fn to_uint(value: f64) -> Option<u64> {
    let whole = value.trunc();
    (0.0..18_446_744_073_709_551_616.0).contains(&whole).then_some(whole as u64)
}

/// A double as `string()` writes it, which is how Go's `%g` does: the shortest digits that read back the same, with an
/// exponent from one million on and below 1e-4.
pub(super) fn shortest(value: f64) -> String {
    if let Some(name) = not_finite(value) {
        return name.to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e6).contains(&magnitude) {
        return value.to_string();
    }
    signed_exponent(&format!("{value:e}"))
}

/// The name of a double that has no digits.
pub(super) fn not_finite(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// `1e7` as `1e+07`: a sign, and at least two digits of exponent.
pub(super) fn signed_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}
