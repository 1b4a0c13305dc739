//! The form of addresses in CDEvents.

/// Whether a text can be a URI reference (RFC 3986, section 4.1): no control characters, and every `%` begins two hexadecimal
/// digits. Empty is one.
pub(super) fn is_uri_reference(text: &str) -> bool {
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let escapes_fit = text.split('%').skip(1).all(is_escape);
    !text.chars().any(char::is_control) && !text.starts_with(':') && escapes_fit
}

/// Whether a text is a package URL: `pkg:`, a type, a slash and a name.
pub(super) fn is_package_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("pkg:") else { return false };
    let Some((kind, path)) = rest.trim_start_matches('/').split_once('/') else { return false };
    let is_kind = kind.starts_with(|first: char| first.is_ascii_alphabetic())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte));
    let name = path.split(['@', '?', '#']).next().unwrap_or_default();
    is_kind && !name.trim_matches('/').is_empty() && is_uri_reference(text)
}
