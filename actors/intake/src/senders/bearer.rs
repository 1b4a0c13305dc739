//! The token of a request (RFC 6750, section 2.1).

use actix_http::header::{AUTHORIZATION, HeaderMap};

/// Longest token, in bytes. Those of service accounts have about a thousand.
const LONGEST: usize = 16 << 10;

/// The token of a request, if it has one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bearer<'a> {
    /// No header, or one of another scheme.
    None,
    /// A token that may be somebody's.
    Token(&'a str),
    /// What can be nobody's: empty, too long, no text, or one of several.
    Malformed,
}

/// Reads the token of the header `Authorization`.
pub(super) fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let mut values = headers.get_all(AUTHORIZATION);
    let (Some(value), more) = (values.next(), values.next()) else { return Bearer::None };
    let Ok(text) = value.to_str() else { return Bearer::Malformed };
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if more.is_some() {
        return Bearer::Malformed;
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Bearer::None;
    }
    let token = token.trim_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match (1..=LONGEST).contains(&token.len()) && token.bytes().all(is_token) {
        true => Bearer::Token(token),
        false => Bearer::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use actix_http::header::HeaderValue;

    use super::*;

    fn of(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
        headers
    }

    #[test]
    fn issue_17_a_token_is_the_one_word_behind_bearer() {
        for value in ["Bearer a.b-c_d", "bearer a.b-c_d", "BEARER   a.b-c_d "] {
            assert_eq!(bearer(&of(&[value])), Bearer::Token("a.b-c_d"), "{value}");
        }
        for none in [&[][..], &["Basic YTpi"], &["a.b-c_d"]] {
            assert_eq!(bearer(&of(none)), Bearer::None, "{none:?}");
        }
        let long = format!("Bearer {}", "a".repeat(LONGEST + 1));
        for malformed in [&["Bearer"][..], &["Bearer "], &["Bearer a b"], &["Bearer a", "Bearer b"], &[&long]]
        {
            assert_eq!(bearer(&of(malformed)), Bearer::Malformed, "{malformed:?}");
        }
        assert_eq!(bearer(&of(&["Bearer a", "Basic b"])), Bearer::Malformed, "which of them is meant?");
    }
}
