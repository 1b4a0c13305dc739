//! Which facts of an event are kept (contract, control plane 4.6 and step 5 of 4.3).

use super::Event;

/// The group of keys that users set by annotation; kept for every object.
const EVENT_GROUP: &str = "event.toolkit.fluxcd.io";

/// Facts of the object's own group that nobody is told.
const HIDDEN: [&str; 2] = ["checksum", "digest"];

impl Event {
    /// Drops every metadata entry that belongs neither to the object's group nor to the event group, and the group's
    /// `checksum` and `digest` in any case. Keys keep their prefix (contract, control plane 4.6).
    ///
    /// The internal `<group>/token` stays: it is a part of the duplicate key. See [`Event::remove_token`].
    pub fn clean_metadata(&mut self) {
        let group = self.involved_object.group();
        self.metadata.retain(|key, _| {
            (in_group(key, group).is_some() || in_group(key, EVENT_GROUP).is_some())
                && !HIDDEN.iter().any(|name| is_key_in_any_case(key, group, name))
        });
    }

    /// Drops `<group>/token`, which tells equal events of one object apart and is for nobody else (contract, control
    /// plane 4.3, step 5).
    pub fn remove_token(&mut self) {
        let group = self.involved_object.group();
        self.metadata.retain(|key, _| in_group(key, group) != Some("token"));
    }
}

/// What follows `<group>/` in `key`.
fn in_group<'a>(key: &'a str, group: &str) -> Option<&'a str> {
    key.strip_prefix(group)?.strip_prefix('/')
}

/// Whether `key` is `<group>/<name>`, whatever the case of either.
fn is_key_in_any_case(key: &str, group: &str, name: &str) -> bool {
    key.len() == group.len() + 1 + name.len()
        && key.split_at_checked(group.len()).is_some_and(|(start, rest)| {
            start.eq_ignore_ascii_case(group)
                && rest.strip_prefix('/').is_some_and(|rest| rest.eq_ignore_ascii_case(name))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectRef;

    const GROUP: &str = "kustomize.toolkit.fluxcd.io";

    fn event(api_version: &str, keys: &[&str]) -> Event {
        Event {
            involved_object: ObjectRef { api_version: api_version.into(), ..ObjectRef::default() },
            metadata: keys.iter().map(|key| ((*key).to_owned(), format!("value of {key}"))).collect(),
            ..Event::default()
        }
    }

    fn cleaned(api_version: &str, keys: &[&str]) -> Vec<String> {
        let mut event = event(api_version, keys);
        event.clean_metadata();
        event.metadata.into_keys().collect()
    }

    #[test]
    fn c01_without_metadata_there_is_nothing_to_clean() {
        assert!(cleaned("kustomize.toolkit.fluxcd.io/v1", &[]).is_empty());
    }

    #[test]
    fn c02_checksum_digest_and_foreign_keys_are_dropped() {
        let own = |name: &str| format!("{GROUP}/{name}");
        let keys = ["foo", "bar", "zzz", "aa/bb", "checksum", "digest"].map(own);
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.extend([
            "source.toolkit.fluxcd.io/baz",
            "event.toolkit.fluxcd.io/baz",
            "event.toolkit.fluxcd.io/bazfoo",
        ]);
        assert_eq!(
            cleaned("kustomize.toolkit.fluxcd.io/v1", &keys),
            [
                "event.toolkit.fluxcd.io/baz",
                "event.toolkit.fluxcd.io/bazfoo",
                "kustomize.toolkit.fluxcd.io/aa/bb",
                "kustomize.toolkit.fluxcd.io/bar",
                "kustomize.toolkit.fluxcd.io/foo",
                "kustomize.toolkit.fluxcd.io/zzz",
            ]
        );
    }

    #[test]
    fn prefixes_match_by_case_and_hidden_names_do_not() {
        let keys = ["G/a", "g/a", "g/CheckSum", "g/DIGEST", "g/digests", "gg/a", "g", "g/", "/a"];
        assert_eq!(cleaned("g/v1", &keys), ["g/", "g/a", "g/digests"]);
        assert_eq!(cleaned("Event.Toolkit.fluxcd.io/v1", &["event.toolkit.fluxcd.io/digest"]), [""; 0]);
    }

    #[test]
    fn the_event_groups_checksum_of_another_group_is_kept() {
        assert_eq!(
            cleaned("g/v1", &["event.toolkit.fluxcd.io/checksum"]),
            ["event.toolkit.fluxcd.io/checksum"]
        );
    }

    #[test]
    fn the_core_groups_prefix_is_a_bare_slash() {
        let keys = ["/a", "/digest", "kustomize.toolkit.fluxcd.io/b", "event.toolkit.fluxcd.io/c", "ü"];
        assert_eq!(cleaned("v1", &keys), ["/a", "event.toolkit.fluxcd.io/c"]);
    }

    #[test]
    fn c06_only_the_token_is_removed() {
        let mut event = event("g/v1", &["g/token", "g/revision", "event.toolkit.fluxcd.io/token", "g/Token"]);
        event.clean_metadata();
        event.remove_token();
        let keys: Vec<String> = event.metadata.into_keys().collect();
        assert_eq!(keys, ["event.toolkit.fluxcd.io/token", "g/Token", "g/revision"]);
        let mut bare = Event::default();
        bare.remove_token();
        assert_eq!(bare, Event::default());
    }
}
