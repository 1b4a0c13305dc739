//! Which request targets are those of webhooks (contract, receivers 4.1).

use actix_web::http::Uri;
use actix_web::http::header::HeaderValue;

use crate::path;

/// The target of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestTarget<'u> {
    /// A path below `/hook/`, byte for byte, with its query if it has one.
    Hook(&'u str),
    /// Another spelling of a path.
    Redirect(HeaderValue),
    /// A path that is none of webhooks.
    Elsewhere,
}

const ROOT: &str = "/hook/";

impl<'u> RequestTarget<'u> {
    pub(super) fn of(uri: &'u Uri) -> Self {
        if let Some(location) = path::redirect(uri) {
            return Self::Redirect(location);
        }
        let raw = uri.path_and_query().map_or("/", |raw| raw.as_str());
        match uri.path() {
            "/hook" => {
                let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
                let location = HeaderValue::try_from(format!("{ROOT}{query}"));
                location.map_or(Self::Redirect(HeaderValue::from_static(ROOT)), Self::Redirect)
            }
            path if path.starts_with(ROOT) => Self::Hook(raw),
            _ => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_1_hooks_are_told_from_redirects_and_other_paths() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        for (text, raw) in
            [("/hook/a", "/hook/a"), ("/hook/a?x=1", "/hook/a?x=1"), ("/hook/%61/", "/hook/%61/")]
        {
            assert_eq!(RequestTarget::of(&uri(text)), RequestTarget::Hook(raw));
        }
        for (text, location) in [
            ("/hook", "/hook/"),
            ("//hook/a", "/hook/a"),
            ("/hook//a", "/hook/a"),
            ("/hook?x=1", "/hook/?x=1"),
        ] {
            assert_eq!(
                RequestTarget::of(&uri(text)),
                RequestTarget::Redirect(HeaderValue::from_static(location)),
                "{text}"
            );
        }
        for text in ["/", "/hooks/a", "/metrics", "*"] {
            assert_eq!(RequestTarget::of(&uri(text)), RequestTarget::Elsewhere, "{text}");
        }
    }
}
