//! Senders that have to say who they are, by certificates: the program in standalone mode. Tokens are in `cluster_senders`.

use serde_json::Value;

use crate::intake_tls::{Files, HOST, KUSTOMIZE, post_with, start};
use crate::support::{Authority, Leaf, event, eventually, value};

const FLUX: &str = "--authorized-event-client-spiffe-id=spiffe://cluster.local/ns/flux-system/";

#[test]
fn intake_issue_17_a_certificate_says_who_a_sender_is_and_nothing_else_does() {
    let ca = Authority::named("clients");
    let files = Files::of(&ca.sign(HOST), Some(&ca));
    let (_site, sink, mut instance) = start(&files, &["--event-auth=enforced", FLUX]);
    instance.wait_for_log("every event is refused where they come in without TLS");
    let at = instance.events_tls.expect("it listens by TLS");
    let post = |client: Option<&Leaf>, message: &str| {
        let forged = "Authorization: Bearer a.b.c\r\n";
        post_with(forged, at, &ca, client, &event("web", message)).map(|answer| answer.status)
    };
    let flux = ca.sign_for(&[], KUSTOMIZE);
    assert_eq!(post(Some(&flux), "with a certificate").ok(), Some(202));
    // No token helps here, so that there is no way in without a certificate.
    assert!(post(None, "without one").is_err());
    assert!(
        post(Some(&ca.sign_for(&[], "spiffe://cluster.local/ns/apps/sa/web")), "of somebody else").is_err()
    );
    let answer = instance.post(&event("web", "without TLS"));
    assert_eq!(
        (answer.status, answer.header("www-authenticate"), answer.body.as_str()),
        (401, Some("Bearer"), "")
    );
    assert_eq!(sink.wait_for(1)[0].message(), "with a certificate");
    instance.settle();
    assert_eq!(sink.messages(), ["with a certificate"]);
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn intake_issue_17_an_audit_lets_everybody_in_and_names_who_would_be_refused() {
    let ca = Authority::named("clients");
    let files = Files::of(&ca.sign(HOST), Some(&ca));
    let (_site, sink, instance) = start(&files, &["--event-auth=audit", "--metrics-addr=127.0.0.1:0"]);
    let at = instance.events_tls.expect("it listens by TLS");
    let flux = ca.sign_for(&[], KUSTOMIZE);
    assert_eq!(post_with("", at, &ca, Some(&flux), &event("web", "with a certificate")).unwrap().status, 202);
    assert!(post_with("", at, &ca, None, &event("web", "no certificate")).is_err(), "an audit opens nothing");
    instance.accept(&event("web", "without TLS"));
    assert_eq!(sink.wait_for(2).len(), 2);
    let line = eventually("the line of the audit", || {
        instance.log().into_iter().find(|line| line.contains("audit of senders"))
    });
    let line: Value = serde_json::from_str(&line).expect("log lines are JSON");
    assert!(line["client"].as_str().is_some_and(|client| client.starts_with("127.0.0.1:")), "{line}");
    assert_eq!((&line["eventInvolvedObject"]["name"], &line["account"]), (&"web".into(), &Value::Null));
    assert!(
        line["reason"].as_str().is_some_and(|reason| reason.contains("neither a certificate nor a token"))
    );
    let page = instance.metrics().body;
    for (verdict, count) in [("certificate", 1.0), ("no-credentials", 1.0), ("wrong-token", 0.0)] {
        let series = format!("campanile_event_senders_total{{verdict=\"{verdict}\"}}");
        assert_eq!(value(&page, &series), Some(count), "{verdict}");
    }
}

#[test]
fn intake_issue_17_without_the_flag_everybody_may_post_and_nothing_is_counted() {
    let ca = Authority::named("servers");
    let files = Files::of(&ca.sign(HOST), None);
    let (_site, sink, instance) = start(&files, &["--metrics-addr=127.0.0.1:0"]);
    let at = instance.events_tls.expect("it listens by TLS");
    let forged = "Authorization: Bearer forged\r\n";
    assert_eq!(post_with(forged, at, &ca, None, &event("web", "by TLS")).unwrap().status, 202);
    instance.accept(&event("web", "without TLS"));
    assert_eq!(sink.wait_for(2).len(), 2);
    assert!(!instance.metrics().body.contains("campanile_event_sender"));
}
