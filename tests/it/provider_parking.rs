//! What only a human can mend holds the queue, says the remedy, and lets the queue go on in order once it is mended.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Arrival, Authority, Instance, Sink, Site, everything_from, numbered, provider, secret, within,
};

/// How many messages wait.
const COUNT: usize = 5;

/// "Within seconds", on a busy machine.
const SECONDS: Duration = Duration::from_secs(10);

/// A Provider of that type, and everything that goes to it.
fn hook(type_name: &str, spec: Value) -> Vec<Value> {
    vec![provider("hook", type_name, spec), everything_from("hook")]
}

fn with(mut objects: Vec<Value>, more: Value) -> Vec<Value> {
    objects.push(more);
    objects
}

fn post(instance: &Instance) {
    (0..COUNT).for_each(|number| instance.accept(&numbered(number, 1)));
}

/// Waits until the Provider is shown as one that does not deliver, and returns the reason.
fn reason(instance: &Instance) -> String {
    let row = instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "False");
    row["conditions"][1]["message"].as_str().expect("a text").to_owned()
}

/// Applies what mends it, and checks that the queue goes out at once, whole and in order. The destination answered
/// `refused` requests before.
fn mend(site: &Site, instance: &Instance, objects: &[Value], sink: &Sink, refused: usize) {
    let arrived = || sink.arrivals().split_off(refused);
    assert!(arrived().is_empty(), "nobody knocks at a closed door");
    let mended = Instant::now();
    site.apply("objects.yaml", objects);
    within(SECONDS, "the queue to go out", || (arrived().len() == COUNT).then_some(()));
    println!("the queue was out {:?} after it was mended", mended.elapsed());
    let messages: Vec<String> = arrived().iter().map(message).collect();
    let expected: Vec<String> = (0..COUNT).map(|number| format!("{number:05} happened")).collect();
    assert_eq!(messages, expected);
    instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "True");
}

/// The message of an event, or of a notification to Slack.
fn message(arrival: &Arrival) -> String {
    let body = arrival.json();
    let text = body["message"].as_str().or_else(|| body["attachments"][0]["text"].as_str());
    text.expect("a message").to_owned()
}

#[test]
fn provider_parking_a_revoked_token_holds_the_queue_until_the_secret_has_a_new_one() {
    let sink = Sink::start();
    sink.think(|arrival| match arrival.header("authorization") {
        Some("Bearer xoxb-new") => (200, "ok".to_owned()),
        _ => (401, "token_revoked".to_owned()),
    });
    let objects = |token: &str| {
        let slack = json!({ "address": sink.url("/secret-path"), "secretRef": { "name": "token" } });
        with(hook("slack", slack), secret("token", json!({ "token": token })))
    };
    let site = Site::with(&objects("xoxb-old"));
    let instance = site.start(&[]);
    post(&instance);
    let why = reason(&instance);
    assert!(why.contains("401") && why.contains("Secret"), "{why}");
    assert!(!why.contains("secret-path") && !why.contains("xoxb"), "{why}");
    mend(&site, &instance, &objects("xoxb-new"), &sink, 1);
}

#[test]
fn provider_parking_a_missing_secret_holds_the_queue_until_it_is_there() {
    let sink = Sink::start();
    let objects = hook("generic", json!({ "secretRef": { "name": "absent" } }));
    let site = Site::with(&objects);
    let instance = site.start(&[]);
    post(&instance);
    let why = reason(&instance);
    assert!(why.contains("apps/absent") && why.contains("not found"), "{why}");
    let objects = with(objects, secret("absent", json!({ "address": sink.url("/") })));
    mend(&site, &instance, &objects, &sink, 0);
}

#[test]
fn provider_parking_an_unknown_host_holds_the_queue_until_the_address_is_corrected() {
    let sink = Sink::start();
    let site = Site::with(&hook("generic", json!({ "address": "http://nowhere.invalid/secret-path" })));
    let instance = site.start(&[]);
    post(&instance);
    let why = reason(&instance);
    assert!(why.contains("nowhere.invalid") && !why.contains("secret-path"), "{why}");
    mend(&site, &instance, &hook("generic", json!({ "address": sink.url("/") })), &sink, 0);
}

#[test]
fn provider_parking_an_expired_certificate_holds_the_queue_until_there_is_a_sound_one() {
    let authority = Authority::named("servers");
    let expired = Sink::start_tls(authority.sign_expired("127.0.0.1").server(None));
    let sound = Sink::start_tls(authority.sign("127.0.0.1").server(None));
    let objects = |sink: &Sink| {
        let spec = json!({ "address": sink.url("/secret-path"), "certSecretRef": { "name": "tls" } });
        with(hook("generic", spec), secret("tls", json!({ "ca.crt": authority.pem })))
    };
    let site = Site::with(&objects(&expired));
    let instance = site.start(&[]);
    post(&instance);
    let why = reason(&instance);
    assert!(why.contains("expired") && !why.contains("secret-path"), "{why}");
    mend(&site, &instance, &objects(&sound), &sound, 0);
}
