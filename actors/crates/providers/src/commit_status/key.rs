//! Names of statuses where they must be short.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// SHA-1 of a status's name in hexadecimal: Bitbucket takes keys of 40 characters (contract, providers 23.32; not in its
/// documentation, but what it says when it refuses: `key: Ensure this value has at most 40 characters`).
pub(crate) fn status_key(context: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, context.as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(40), |mut key, byte| {
        // Writing to a String does not fail.
        write!(key, "{byte:02x}").unwrap_or_default();
        key
    })
}

/// `name` within `longest` characters, which must be some dozens. One that is longer ends with its hash, so that two of
/// them stay two.
pub(super) fn fitting(name: String, longest: usize) -> String {
    if name.chars().count() <= longest {
        return name;
    }
    let hash = status_key(&name);
    let kept: String = name.chars().take(longest - hash.len() - 1).collect();
    format!("{kept}/{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s25_keys_are_sha_1_in_hexadecimal() {
        assert_eq!(
            status_key("kustomization/namespace-foo-and-service-bar"),
            "12ea142172e98435e16336acbbed8919610922c3"
        );
        assert_eq!(status_key("kustomization/podinfo/0c9c2e41"), "dfbdde19098ffc25b398f33cc01d36690866ac7b");
    }

    #[test]
    fn s24_a_long_name_is_cut_and_still_tells_statuses_apart() {
        let name = |end: &str| fitting("kustomization/".to_owned() + &"x".repeat(300) + end, 255);
        assert_eq!(name("a").len(), 255);
        assert_ne!(name("a"), name("b"));
        assert_eq!(fitting("kustomization/web/0c9c2e41".into(), 255), "kustomization/web/0c9c2e41");
    }
}
