//! Which commit a notification is about (contract, providers 14).

use std::collections::BTreeMap;

/// Metadata keys that may hold the revision, the first that exists counts.
const KEYS: [&str; 3] = ["commit", "originRevision", "revision"];

/// Bytes of a SHA-1 in hexadecimal. Longer hashes are refused: `main@sha256:…` of Git and `latest@sha256:…` of an OCI
/// artifact look the same, and a digest must never be taken for a commit.
const COMMIT_LENGTH: usize = 40;

/// How much of a revision is quoted, in characters.
const QUOTED: usize = 100;

/// Errors of a revision that has no commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevisionError {
    /// No key that could tell.
    #[error("missing revision metadata")]
    Missing,
    /// The revision is none of a commit; the text is its beginning.
    #[error("failed to extract commit hash from '{0}' revision")]
    NoCommit(String),
}

/// The hash of the commit that combined `metadata` tells of: 40 bytes, not checked to be hexadecimal.
///
/// An event about an OCI artifact tells of a commit only by the `originRevision` that its publisher wrote into it.
///
/// # Errors
/// [`RevisionError::Missing`] without a revision, [`RevisionError::NoCommit`] for a tag, a version or a digest.
pub fn commit_of(metadata: &BTreeMap<String, String>) -> Result<&str, RevisionError> {
    let revision = KEYS.iter().find_map(|key| metadata.get(*key)).ok_or(RevisionError::Missing)?;
    let separator = if revision.contains(':') { ':' } else { '/' };
    let hash = revision.rsplit(separator).next().unwrap_or_default();
    if hash.len() == COMMIT_LENGTH { Ok(hash) } else { Err(RevisionError::NoCommit(quoted(revision))) }
}

fn quoted(revision: &str) -> String {
    revision.chars().filter(|c| !c.is_control()).take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "5394cb7f48332b2de7c17dd8b8384bbc84b7e738";

    fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn s14_every_form_of_a_git_revision_gives_its_commit() {
        for revision in [
            "main@sha1:HASH",
            "feature/x@sha1:HASH",
            "refs/heads/main@sha1:HASH",
            "refs/pull/1/head@sha1:HASH",
            "6.3.5@sha1:HASH",
            "sha1:HASH",
            "main/HASH",
            "feature/x/HASH",
            "HEAD/HASH",
            "HASH",
        ] {
            let revision = revision.replace("HASH", HASH);
            assert_eq!(commit_of(&metadata(&[("revision", &revision)])), Ok(HASH), "{revision}");
        }
    }

    #[test]
    fn s14_what_is_no_commit_is_refused() {
        let digest = format!("latest@sha256:{HASH}{}", "0".repeat(24));
        let in_path = format!("main@{HASH}");
        for revision in ["6.3.5", "master", "main@", "", &digest, &in_path] {
            let error = commit_of(&metadata(&[("revision", revision)])).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("failed to extract commit hash from '{revision}' revision")
            );
        }
        assert_eq!(commit_of(&metadata(&[])).unwrap_err().to_string(), "missing revision metadata");
    }

    #[test]
    fn s14_commit_comes_before_origin_revision_before_revision_and_existence_decides() {
        let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let all = metadata(&[("revision", &c), ("originRevision", &b), ("commit", &a)]);
        assert_eq!(commit_of(&all), Ok(a.as_str()));
        let two = metadata(&[("revision", "latest@sha256:0"), ("originRevision", &b)]);
        assert_eq!(commit_of(&two), Ok(b.as_str()), "an OCI artifact built from Git");
        let empty = metadata(&[("revision", &c), ("commit", "")]);
        assert_eq!(commit_of(&empty), Err(RevisionError::NoCommit(String::new())));
    }

    #[test]
    fn a_quoted_revision_is_short_and_printable() {
        let revision = format!("a\nb{}", "ü".repeat(5000));
        let error = commit_of(&metadata(&[("revision", &revision)])).unwrap_err();
        assert_eq!(error, RevisionError::NoCommit(format!("ab{}", "ü".repeat(98))));
    }
}
