//! Each type of CDEvents 0.4.1 with the least that it takes, and without each of its parts.

use serde_json::{Value as Json, json};

use super::rules::{self, CdEventType, Need};
use super::{CdEventError, check};

fn event(name: &str, subject: &str, content: &Json) -> Json {
    json!({
        "context": {"version": "0.4.1", "id": "1", "source": "/ci", "type": name, "timestamp": "2026-11-30T12:00:00Z"},
        "subject": {"id": "s", "type": subject, "content": content},
    })
}

fn verdict(event: &Json) -> Result<(), CdEventError> {
    check(event.to_string().as_bytes())
}

/// A field that fits, and one that does not.
fn field(need: &Need) -> (&'static str, Json, Json) {
    match *need {
        Need::Text(name) => (name, json!("x"), json!("")),
        Need::TextOrEmpty(name) => (name, json!(""), json!(1)),
        Need::Reference(name, _) => (name, json!({"id": "x"}), json!({"source": "/x"})),
        Need::OneOf(name, words) => (name, json!(words[0]), json!("another")),
        Need::PackageUrl(name) => (name, json!("pkg:oci/app@sha256:1"), json!("app")),
    }
}

fn good(rule: &CdEventType) -> Json {
    let content = rule.needs.iter().map(|need| {
        let (name, fits, _) = field(need);
        (name.to_owned(), fits)
    });
    event(&rule.name(), rule.camel, &Json::Object(content.collect()))
}

#[test]
fn s9_every_type_is_taken_with_the_least_it_needs_and_not_without() {
    assert_eq!(rules::all().count(), 45);
    for rule in rules::all() {
        assert_eq!(verdict(&good(&rule)), Ok(()), "{}", rule.name());
        for need in rule.needs {
            let (name, _, wrong) = field(need);
            let mut bad = good(&rule);
            bad["subject"]["content"][name] = wrong;
            assert!(verdict(&bad).is_err(), "{} {name}", rule.name());
        }
        let mut other = good(&rule);
        other["subject"]["type"] = json!("other");
        assert!(verdict(&other).is_err(), "{}", rule.name());
    }
}

#[test]
fn s9_versions_are_exact() {
    let name = |subject: &str, predicate: &str, version: &str| {
        format!("dev.cdevents.{subject}.{predicate}.{version}")
    };
    for (subject, predicate, version, fits) in [
        ("change", "created", "0.3.0", true),
        ("change", "created", "0.2.0", false),
        ("artifact", "deleted", "0.1.0", true),
        ("change", "merged", "0.2.0", true),
        ("change", "merged", "1.2.0", false),
        ("change", "eaten", "0.2.0", false),
    ] {
        let event = event(&name(subject, predicate, version), subject, &json!({}));
        assert_eq!(verdict(&event).is_ok(), fits, "{subject}.{predicate}.{version}");
    }
}

#[test]
fn s9_types_of_ones_own_have_the_form_of_the_specification() {
    let custom = |name: &str, subject: &str| verdict(&event(name, subject, &json!({"any": 1})));
    assert!(custom("dev.cdeventsx.mytool-resource.created.0.1.0", "resource").is_ok());
    assert!(custom("dev.cdeventsx.mytool-resource.created.0.1.0", "mytool-resource").is_ok());
    assert!(custom("dev.cdeventsx.mytool-resource.created.0.1.0", "other").is_err());
    for wrong in [
        "dev.cdeventsx.resource.created.0.1.0",
        "dev.cdeventsx.my_tool-r.created.0.1.0",
        "dev.cdeventsx.t-r.c.0.1",
        "x",
    ] {
        assert!(custom(wrong, "r").is_err(), "{wrong}");
    }
}

#[test]
fn s9_the_context_is_checked() {
    let change = |path: [&str; 2], value: Json| {
        let mut event = event("dev.cdevents.change.merged.0.2.0", "change", &json!({}));
        event[path[0]][path[1]] = value;
        verdict(&event)
    };
    for name in ["version", "id", "source", "type"] {
        assert!(change(["context", name], json!(null)).is_err(), "{name}");
    }
    for (path, wrong) in [
        (["context", "timestamp"], json!("yesterday")),
        (["context", "source"], json!("%zz")),
        (["context", "schemaUri"], json!("https://x.example/schema")),
        (["context", "links"], json!("x")),
        (["subject", "id"], json!("")),
        (["subject", "source"], json!("a\nb")),
        (["subject", "content"], json!([])),
    ] {
        assert!(change(path, wrong.clone()).is_err(), "{path:?} {wrong}");
    }
    for (path, good) in [
        (["context", "timestamp"], json!(null)),
        (["context", "anything"], json!({"x": 1})),
        (["subject", "content"], json!(null)),
    ] {
        assert!(change(path, good.clone()).is_ok(), "{path:?} {good}");
    }
    assert!(check(b"[]").is_err() && check(b"").is_err() && check(b"{} {}").is_err());
}

#[test]
fn s12_12_nothing_of_an_earlier_request_is_left() {
    let signed = rules::all().find(|rule| rule.name() == "dev.cdevents.artifact.signed.0.2.0").unwrap();
    assert!(verdict(&good(&signed)).is_ok());
    assert!(verdict(&event(&signed.name(), "artifact", &json!({}))).is_err());
}
