//! Paths that are not canonical are redirected before anything else happens (contract, control plane 4.1).

use actix_web::http::Uri;
use actix_web::http::header::HeaderValue;

/// Where a request for `uri` is sent instead: the same path without empty, `.` and `..` segments, with its query.
/// Nothing if the path is canonical already. `*`, the target of a server-wide OPTIONS, counts as canonical.
pub(crate) fn redirect(uri: &Uri) -> Option<HeaderValue> {
    let path = uri.path();
    if path == "/" || path == "*" || is_canonical(path) {
        return None;
    }
    let mut location = cleaned(path);
    if let Some(query) = uri.query() {
        location.push('?');
        location.push_str(query);
    }
    Some(HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/")))
}

fn is_canonical(path: &str) -> bool {
    let mut segments = path.split('/');
    let last = segments.next_back();
    segments.next() == Some("")
        && last.is_some_and(|last| last != "." && last != "..")
        && segments.all(|segment| !matches!(segment, "" | "." | ".."))
}

fn cleaned(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(target: &str) -> Option<String> {
        redirect(&target.parse().unwrap()).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn canonical_paths_are_left_alone() {
        for target in
            ["/", "/a", "/a/", "/a/b.c/..d/...", "/a?x=//../", "*", "http://host", "http://host/a", "/%2e/a"]
        {
            assert_eq!(location(target), None, "{target}");
        }
    }

    #[test]
    fn other_paths_are_cleaned_and_keep_their_query() {
        let cases = [
            ("//a/../b", "/b"),
            ("//", "/"),
            ("/.", "/"),
            ("/a/..", "/"),
            ("/a/../", "/"),
            ("/../../a", "/a"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/.", "/a/b"),
            ("/a/b/../?x=1&y=//", "/a/?x=1&y=//"),
            ("//evil.example/..//x", "/x"),
        ];
        for (target, expected) in cases {
            assert_eq!(location(target).as_deref(), Some(expected), "{target}");
        }
    }
}
