use crate::BuiltProvider;
use crate::testing::{credentials, delivery, error, header, info, json, request, spec};
use campanile_domain::{Delivery, Event, ProviderSpec};
use campanile_testkit::event;

fn grafana(data: &[(&str, &[u8])]) -> BuiltProvider {
    credentials(data).build(&spec("grafana")).unwrap()
}

fn tags(delivery: &Delivery) -> Vec<String> {
    let annotation = json(&grafana(&[]), delivery);
    annotation["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect()
}

#[test]
fn s23_17_the_token_comes_before_a_pair() {
    let authorization = |data: &[(&str, &[u8])]| {
        header(&request(&grafana(data), &info()), "authorization").map(str::to_owned)
    };
    let pair: [(&str, &[u8]); 2] = [("username", b"admin"), ("password", b"secret")];
    assert_eq!(authorization(&pair).as_deref(), Some("Basic YWRtaW46c2VjcmV0"));
    assert_eq!(authorization(&[pair[0], pair[1], ("token", b"glsa_1\n")]).as_deref(), Some("Bearer glsa_1"));
    assert_eq!(authorization(&[("username", b"admin"), ("password", b"")]), None);
    assert_eq!(authorization(&[]), None);
}

#[test]
fn s23_17_the_time_is_told_in_both_fields() {
    let late = Event { timestamp: "2026-08-07T10:15:30.250Z".parse().ok(), ..Event::clone(&error().event) };
    let annotation = json(&grafana(&[]), &delivery(late, &[]));
    assert_eq!(annotation["when"], 1_786_097_730);
    assert_eq!(annotation["time"], 1_786_097_730_250_i64);
    let timeless = json(&grafana(&[]), &delivery(Event { timestamp: None, ..event() }, &[]));
    assert_eq!(timeless["time"], 1_786_104_000_000_i64, "that of the acceptance");
}

#[test]
fn s23_17_a_colon_in_metadata_does_not_part_key_and_value() {
    let tags = tags(&delivery(event(), &[("a:b", "c:d:e")]));
    assert_eq!(
        tags,
        [
            "flux",
            "kustomize-controller",
            "a|b: c|d|e",
            "kind: Kustomization",
            "name: podinfo",
            "namespace: apps"
        ]
    );
}

#[test]
fn tags_keep_within_what_grafana_and_its_database_take() {
    let long = "ü:".repeat(300);
    let keys: Vec<String> = (0..150).map(|n| format!("key{n:03}")).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "value")).collect();
    let mut odd = event();
    odd.involved_object.kind = long.clone();
    odd.involved_object.name = long.clone();
    odd.involved_object.namespace = long.clone();
    odd.reporting_controller = long.clone();
    let cases = [
        delivery(event(), &[(&long, &long)]),
        delivery(event(), &many),
        delivery(odd, &[("k", &long), (&long, "v")]),
    ];
    for delivery in cases {
        let tags = tags(&delivery);
        let list: usize = tags.iter().map(|tag| tag.len() + 3).sum();
        assert!(list < 500, "{list}: {tags:?}");
        for tag in &tags {
            let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
            assert!(key.trim().chars().count() <= 100 && value.trim().chars().count() <= 100, "{tag}");
        }
    }
    let tags = tags(&delivery(event(), &many));
    assert!(tags.iter().any(|tag| tag.starts_with("…: ") && tag.ends_with(" more left out")), "{tags:?}");
}

#[test]
fn s23_17_the_message_is_not_sent_and_html_in_a_name_shows_as_text() {
    let mut event = event();
    event.involved_object.name = "<b>x".into();
    let body = request(&grafana(&[]), &delivery(event, &[])).body;
    let body = str::from_utf8(&body).unwrap();
    assert!(body.contains("kustomization/\\u0026lt;b\\u003ex.apps"), "{body}");
    assert!(!body.contains("Reconciliation finished"), "{body}");
    let spec = ProviderSpec { address: "https://example.com|".into(), ..spec("grafana") };
    let text = credentials(&[]).build(&spec).unwrap_err().to_string();
    assert!(text.starts_with("invalid Grafana URL *****"), "{text}");
}
