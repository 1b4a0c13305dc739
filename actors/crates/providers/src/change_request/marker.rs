//! The line by which a comment is found again (contract, providers 18).

use campanile_domain::ObjectRef;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::commit_status::status_key;

/// What would end an HTML comment or the line, and the escape itself, so that two objects never have one marker. No
/// name in Kubernetes has these.
const UNMARKABLE: &AsciiSet = &CONTROLS.add(b'<').add(b'>').add(b'%');

/// Longest path of an object that stands in a marker, in bytes: two names of Kubernetes and a kind.
const LONGEST: usize = 600;

/// The marker of the comment about `object`: an HTML comment, which no reader sees.
pub(super) fn of(prefix: &str, provider_uid: &str, object: &ObjectRef) -> String {
    let path = utf8_percent_encode(&object.path(), UNMARKABLE).to_string();
    let path = if path.len() > LONGEST { status_key(&path) } else { path };
    format!("<!-- {prefix}:{provider_uid}/{path} -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(name: &str) -> String {
        let object = ObjectRef {
            kind: "HelmRelease".into(),
            namespace: "apps".into(),
            name: name.into(),
            ..ObjectRef::default()
        };
        of("flux-pr-comment-key", "0c9c2e41", &object)
    }

    #[test]
    fn s18_a_marker_names_provider_and_object_in_their_own_case() {
        assert_eq!(marker("web.App-1"), "<!-- flux-pr-comment-key:0c9c2e41/HelmRelease/apps/web.App-1 -->");
    }

    #[test]
    fn no_name_can_end_a_marker_or_pose_as_another() {
        assert_eq!(
            marker("x --><b>\n"),
            "<!-- flux-pr-comment-key:0c9c2e41/HelmRelease/apps/x --%3E%3Cb%3E%0A -->"
        );
        assert_ne!(marker("%3E"), marker(">"));
        let (one, other) = (marker(&"x".repeat(3_000_000)), marker(&"x".repeat(3_000_001)));
        assert!(one.len() < 700 && one != other);
    }
}
