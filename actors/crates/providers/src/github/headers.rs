//! The headers of GitHub's REST API.

/// The headers of every request.
pub(crate) fn headers() -> Vec<(String, String)> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![header("Accept", "application/vnd.github.v3+json"), header("X-GitHub-Api-Version", "2022-11-28")]
}
