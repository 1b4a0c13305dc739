//! The key of the duplicate window, which makes two events equal (contract, control plane 4.7, and the severity).

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use campanile_domain::Event;

/// SHA-256 over the severity and the components of the contract. Reason, time and sender take no part.
///
/// The severity joins in, since otherwise whoever posts an error's text as `trace` first has the error refused as its
/// duplicate. It stands before the rest with its length, so that no text of a message can look like it; that of an event
/// without one is left out.
pub(crate) type DuplicateKey = [u8; SHA256_OUTPUT_LEN];

/// Room for all but the message of a usual event.
const USUAL: usize = 256;

/// The metadata of the object's group that takes part, in this order, each only if it is there.
const FACTS: [&str; 3] = ["originRevision", "revision", "token"];

/// The key of `event`, whose metadata is cleaned but still holds the token.
pub(crate) fn duplicate_key(event: &Event) -> DuplicateKey {
    let object = &event.involved_object;
    let severity = event.severity.as_str();
    let mut text = String::with_capacity(USUAL);
    if !severity.is_empty() {
        text.extend([severity.len().to_string().as_str(), ":", severity, "/"]);
    }
    text.push_str("event");
    let add = |text: &mut String, name: &str, value: &str| text.extend(["/", name, "=", value]);
    add(&mut text, "name", &object.name);
    add(&mut text, "namespace", &object.namespace);
    add(&mut text, "kind", &object.kind);
    text.push_str("/message=");
    let mut digest = Context::new(&SHA256);
    // Few long updates: each costs more than the copy of a short text. The message may be long.
    digest.update(text.as_bytes());
    digest.update(event.message.as_bytes());
    text.clear();
    for name in FACTS {
        if let Some(value) = event.group_metadata(name) {
            add(&mut text, name, value);
        }
    }
    digest.update(text.as_bytes());
    let mut key = DuplicateKey::default();
    key.copy_from_slice(digest.finish().as_ref());
    key
}

#[cfg(test)]
mod tests {
    use campanile_domain::ObjectRef;

    use super::*;

    fn event(name: &str, metadata: &[(&str, &str)]) -> Event {
        Event {
            involved_object: ObjectRef {
                kind: "Kustomization".into(),
                namespace: name.into(),
                name: name.into(),
                api_version: "kustomize.toolkit.fluxcd.io/v1".into(),
                ..ObjectRef::default()
            },
            message: "Health check passed".into(),
            metadata: metadata
                .iter()
                .map(|(k, v)| (format!("kustomize.toolkit.fluxcd.io/{k}"), (*v).to_owned()))
                .collect(),
            ..Event::default()
        }
    }

    fn hex(event: &Event) -> String {
        duplicate_key(event).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_contracts_vectors_are_reproduced() {
        assert_eq!(hex(&event("1", &[])), "acafa3267ee162f37eea965bd741c1447004be52ce8991161b716747ddcb4762");
        assert_eq!(
            hex(&event("4", &[("revision", "r1"), ("originRevision", "o1"), ("token", "t1")])),
            "851be8d349ff2b177fad111eb50f45e113b394eeacb623db4a5a561a4c0d3936"
        );
    }

    #[test]
    fn issue_17_an_event_of_another_severity_is_no_duplicate() {
        let of = |severity: &str, message: &str| {
            let event =
                Event { severity: severity.to_owned().into(), message: message.into(), ..event("1", &[]) };
            duplicate_key(&event)
        };
        let severities = ["error", "info", "trace", "", "warning"];
        for (at, one) in severities.iter().enumerate() {
            assert_eq!(of(one, "m"), of(one, "m"));
            for other in &severities[at + 1..] {
                assert_ne!(of(one, "m"), of(other, "m"), "{one} and {other}");
            }
        }
        // What looks like another severity's text is none.
        assert_ne!(of("", "m/severity=error"), of("error", "m"));
        assert_ne!(of("5:error/event", "m"), of("error", "m"));
    }

    #[test]
    fn t07_fields_that_came_with_flux_2_10_and_unknown_ones_take_no_part() {
        let posted = |more: &str| {
            let json = format!(r#"{{"message":"m","involvedObject":{{"kind":"Bucket","name":"b"}}{more}}}"#);
            duplicate_key(&Event::decode(json.as_bytes()).unwrap().event)
        };
        for more in [r#","action":"Apply""#, r#","relatedObject":{"name":"other"}"#, r#","traceId":"7d0c""#] {
            assert_eq!(posted(more), posted(""), "{more}");
        }
        assert_ne!(posted(r#","message":"n""#), posted(""));
    }

    #[test]
    fn only_the_named_parts_take_part() {
        let plain = event("1", &[]);
        let other = Event {
            reason: "Progressing".into(),
            reporting_controller: "kustomize-controller".into(),
            reporting_instance: "kustomize-controller-0".into(),
            ..event("1", &[("commit_status", "update"), ("Revision", "r1")])
        };
        assert_eq!(duplicate_key(&plain), duplicate_key(&other));
        assert_ne!(duplicate_key(&plain), duplicate_key(&event("1", &[("revision", "")])));
    }
}
