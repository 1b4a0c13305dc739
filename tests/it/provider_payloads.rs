//! What arrives at each type's destination, to the byte (contract, providers 23.1 to 23.3).

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::support::{Arrival, Sink, Site, alert, provider, secret};

const ERROR: &str = r#"{"involvedObject":{"kind":"Kustomization","namespace":"apps","name":"podinfo","uid":"7d0cdc51-ddcf-4743-b223-83ca5c699632","apiVersion":"kustomize.toolkit.fluxcd.io/v1"},"severity":"error","timestamp":"2026-08-07T10:15:30Z","message":"Deployment/apps/podinfo: timeout \u003c30s\u003e\nsee logs","reason":"HealthCheckFailed","metadata":{"cluster":"prod-eu","revision":"main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738","summary":"podinfo impacted"},"reportingController":"kustomize-controller","reportingInstance":"kustomize-controller-7c7b47f5f-8bhrp"}"#;
const SLACK: &str = r#"{"channel":"general","username":"kustomize-controller","icon_url":"","icon_emoji":"","attachments":[{"fallback":"kustomization/podinfo.apps: Deployment/apps/podinfo: timeout \u003c30s\u003e","color":"danger","author_name":"kustomization/podinfo.apps","text":"Deployment/apps/podinfo: timeout \u003c30s\u003e\nsee logs","mrkdwn_in":["text"],"fields":[{"title":"cluster","value":"prod-eu","short":false},{"title":"revision","value":"main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738","short":false},{"title":"summary","value":"podinfo impacted","short":false}]}]}"#;
const SIGNATURE: &str = "sha256=a1733c19ad16d86836a6a462a3bbf70707004b668e16b96f98ce51d918710aff";

/// The contract's event E as its controller posts it.
fn posted() -> Value {
    let mut event: Value = serde_json::from_str(ERROR).expect("the event is JSON");
    event["metadata"] = json!({
        "kustomize.toolkit.fluxcd.io/revision": "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738",
        "kustomize.toolkit.fluxcd.io/checksum": "0123", "kustomize.toolkit.fluxcd.io/token": "secret-token",
        "event.toolkit.fluxcd.io/summary": "podinfo impacted", "foreign.example/key": "dropped",
    });
    event
}

/// What one Provider makes of the contract's event, at its destination.
fn delivered(type_name: &str, spec: Value, data: Value) -> Arrival {
    delivered_of(&posted(), type_name, spec, data)
}

/// What one Provider makes of `event`, at its destination.
fn delivered_of(event: &Value, type_name: &str, spec: Value, data: Value) -> Arrival {
    let sink = Sink::start();
    let mut provider = provider("target", type_name, spec);
    provider["spec"]["address"] = sink.url("/hook?tenant=apps").into();
    provider["spec"]["secretRef"] = json!({ "name": "target" });
    let sources = json!([{ "kind": "Kustomization", "name": "*" }]);
    let alert = alert(
        "everything",
        "target",
        json!({ "eventSources": sources, "eventMetadata": { "cluster": "prod-eu" } }),
    );
    let site = Site::with(&[provider, alert, secret("target", data)]);
    let instance = site.start(&[]);
    instance.accept(event);
    let arrivals = sink.wait_for(1);
    let state = instance.settle();
    assert_eq!((state["delivery"]["delivered"].as_u64(), arrivals.len()), (Some(1), 1));
    assert_eq!((arrivals[0].method.as_str(), arrivals[0].path.as_str()), ("POST", "/hook?tenant=apps"));
    assert_eq!(arrivals[0].header("content-type"), Some("application/json"));
    arrivals[0].clone()
}

#[test]
fn generic_forwards_the_event() {
    let arrival = delivered("generic", json!({}), json!({ "headers": "X-Tenant: \"0042\"\nX-On: yes" }));
    assert_eq!(arrival.text(), ERROR);
    assert_eq!(arrival.header("gotk-component"), Some("kustomize-controller"));
    assert_eq!((arrival.header("x-tenant"), arrival.header("x-on")), (Some("0042"), Some("true")));
}

#[test]
fn generic_hmac_signs_the_bytes_it_sends() {
    let arrival = delivered("generic-hmac", json!({}), json!({ "token": "s3cr3t" }));
    assert_eq!(arrival.text(), ERROR);
    assert_eq!(arrival.header("x-signature"), Some(SIGNATURE));
    assert_eq!(signature(&arrival.body), SIGNATURE, "the vector itself");
}

fn signature(body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cr3t"), body);
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[test]
fn t07_what_came_with_flux_2_10_and_unknown_fields_are_forwarded_in_their_places_and_signed() {
    let mut event = posted();
    event["action"] = "HealthCheck".into();
    event["relatedObject"] = json!({ "kind": "GitRepository", "namespace": "apps", "name": "podinfo" });
    event["traceId"] = json!({ "id": "<7d0c>" });
    let expected = ERROR
        .replace(
            r#","severity""#,
            r#","relatedObject":{"kind":"GitRepository","namespace":"apps","name":"podinfo"},"severity""#,
        )
        .replace(r#","metadata""#, r#","action":"HealthCheck","metadata""#)
        .replace(r#"8bhrp"}"#, r#"8bhrp","traceId":{"id":"\u003c7d0c\u003e"}}"#);
    let arrival = delivered_of(&event, "generic-hmac", json!({}), json!({ "token": "s3cr3t" }));
    assert_eq!(arrival.text(), expected);
    assert_eq!(arrival.header("x-signature"), Some(signature(&arrival.body).as_str()));
}

#[test]
fn slack_gets_a_message_with_the_token_beside_it() {
    let arrival = delivered("slack", json!({ "channel": "general" }), json!({ "token": "xoxb-1" }));
    assert_eq!(arrival.text(), SLACK);
    assert_eq!(arrival.header("authorization"), Some("Bearer xoxb-1"));
}
