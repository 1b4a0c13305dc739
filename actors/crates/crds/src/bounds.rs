//! Bounds on the size of an object, whatever its fields allow: all that is read of it stays in memory.

use serde_json::Value as Json;

use crate::Map;
use crate::checker::Checker;

/// What the `spec` of an Alert or a Provider may weigh, in bytes of its texts and 16 for every value: an Alert with a thousand
/// sources and a few labels each weighs half of it.
const HEAVIEST: usize = 256 << 10;
/// What a value weighs beside its text.
const EACH: usize = 16;

/// Whether `spec` is within the bound; says so if not.
pub(crate) fn check(spec: &Map, checker: &mut Checker) -> bool {
    let fits = weigh(spec.iter().map(|(key, value)| (key.len(), value)), HEAVIEST).is_some();
    if !fits {
        let kib = HEAVIEST >> 10;
        checker.add("spec", format!("is larger than {kib} KiB: use several objects with shorter lists"));
    }
    fits
}

/// What is left of `left` after these values; none if they are heavier.
fn weigh<'j>(mut values: impl Iterator<Item = (usize, &'j Json)>, left: usize) -> Option<usize> {
    values.try_fold(left, |left, (key, value)| {
        let left = left.checked_sub(EACH + key)?;
        match value {
            Json::String(text) => left.checked_sub(text.len()),
            Json::Array(items) => {
                weigh(&mut items.iter().map(|item| (0_usize, item)) as &mut dyn Iterator<Item = _>, left)
            }
            Json::Object(map) => weigh(
                &mut map.iter().map(|(key, value)| (key.len(), value)) as &mut dyn Iterator<Item = _>,
                left,
            ),
            Json::Null | Json::Bool(_) | Json::Number(_) => Some(left),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Object;

    #[test]
    fn issue_15_an_object_beyond_256_kib_is_refused_and_one_with_a_thousand_sources_is_not() {
        let alert = |sources: usize, label: &str| {
            let source = json!({"kind": "Kustomization", "name": "web", "matchLabels": {"team": label}});
            json!({
                "apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Alert",
                "metadata": {"name": "a", "namespace": "apps"},
                "spec": {"providerRef": {"name": "p"}, "eventSources": vec![source; sources]},
            })
        };
        assert!(Object::from_json(&alert(1000, "payments")).is_ok());
        for (sources, label) in [(10_000, "payments"), (1, &*"x".repeat(300_000))] {
            let violations = Object::from_json(&alert(sources, label)).unwrap_err();
            assert_eq!(violations.len(), 1);
            assert!(violations[0].to_string().contains("spec is larger than 256 KiB"), "{}", violations[0]);
        }
    }
}
