//! `nats` against a real nats-server (contract, providers 23.20).

mod accounts;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Authority, Instance, Nats, Site, campanile, event, everything_from, numbered, provider, secret,
};
use accounts::Accounts;

const SUBJECT: &str = "flux.events";
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
/// Who may publish on flux.>, by password, token or key, and who listens.
const USERS: &str = r#"
websocket { listen: "127.0.0.1:-1", no_tls: true }
authorization { users = [
  { user: ears, password: open },
  { user: flux, password: s3cr3t-pass, permissions: { publish: ["flux.>"] } },
  { nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 }
] }
"#;
const EARS: &str = r#"{"verbose":false,"user":"ears","pass":"open"}"#;

fn objects(address: &str, subject: &str, data: Value) -> Vec<Value> {
    let spec = json!({ "address": address, "channel": subject, "secretRef": { "name": "nats" } });
    vec![provider("bus", "nats", spec), everything_from("bus"), secret("nats", data)]
}

fn start(objects: &[Value]) -> (Site, Instance) {
    let site = Site::with(objects);
    let instance = site.start(&[]);
    (site, instance)
}

fn pair(password: &str) -> Value {
    json!({ "username": "flux", "password": password })
}

/// Waits until the Provider's queue is parked, and returns what `get providers` prints.
fn parked(instance: &Instance) -> String {
    instance.row("providers", "bus", |row| row["conditions"][1]["status"] == "False");
    assert_eq!(instance.settle()["outbox"]["total"]["parked"], 1);
    let table = campanile(&["get", "providers", "--admin-addr", &instance.admin.to_string()]);
    for secret in ["s3cr3t-pass", "wr0ng-pass", SEED] {
        assert!(!table.stdout.contains(secret), "{}", table.stdout);
    }
    table.stdout
}

fn delivered(nats: &Nats, address: &str, data: Value) {
    let (_site, instance) = start(&objects(address, SUBJECT, data));
    instance.accept(&event("web", "over NATS"));
    let events = nats.wait_for(1, SUBJECT);
    assert_eq!(events[0]["message"], "over NATS");
    assert_eq!(events[0]["metadata"]["revision"], "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738");
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
}

#[test]
fn s23_20_a_pair_from_the_secret_is_let_in() {
    let nats = Nats::start(USERS, EARS);
    delivered(&nats, &format!("nats://{}", nats.address), pair("s3cr3t-pass"));
}

#[test]
fn s23_20_a_test_notification_is_published_too() {
    let nats = Nats::start(USERS, EARS);
    let (_site, instance) = start(&objects(&nats.address, SUBJECT, pair("s3cr3t-pass")));
    instance.row("providers", "bus", |row| row["conditions"][0]["status"] == "True");
    let admin = instance.admin.to_string();
    let arguments = ["send", "--provider", "apps/bus", "--message", "a test", "--admin-addr", &admin];
    let sent = campanile(&arguments);
    assert_eq!((sent.code, sent.stdout.as_str()), (Some(0), "apps/bus: delivered\n"), "{sent:?}");
    assert_eq!(nats.wait_for(1, SUBJECT)[0]["message"], "a test");
}

#[test]
fn s23_20_a_user_known_by_a_key_signs_the_servers_challenge() {
    let nats = Nats::start(USERS, EARS);
    delivered(&nats, &nats.address, json!({ "nkey": SEED }));
}

#[test]
fn s23_20_a_login_in_the_address_comes_first() {
    let nats = Nats::start(USERS, EARS);
    delivered(&nats, &format!("nats://flux:s3cr3t-pass@{}", nats.address), json!({ "nkey": SEED }));
}

#[test]
fn s23_20_a_user_of_the_address_without_a_password_is_a_token() {
    let configuration = "authorization { token: s3cr3t-pass }";
    let nats = Nats::start(configuration, r#"{"verbose":false,"auth_token":"s3cr3t-pass"}"#);
    delivered(&nats, &format!("s3cr3t-pass@{}", nats.address), json!({}));
}

#[test]
fn s23_20_websocket_servers_are_spoken_to() {
    let nats = Nats::start(USERS, EARS);
    let web = nats.web.clone().expect("it has a port for WebSocket");
    delivered(&nats, &format!("ws://{web}"), pair("s3cr3t-pass"));
}

#[test]
fn s23_20_a_credentials_file_is_who_one_is() {
    let accounts = Accounts::new();
    let nats = Nats::start_challenging(&accounts.configuration, |nonce| accounts.connect(nonce));
    delivered(&nats, &nats.address, json!({ "creds": accounts.credentials() }));
}

#[test]
fn s23_20_a_refused_login_parks_until_the_secret_is_right() {
    let nats = Nats::start(USERS, EARS);
    let (site, instance) = start(&objects(&nats.address, SUBJECT, pair("wr0ng-pass")));
    instance.accept(&event("web", "waits"));
    let table = parked(&instance);
    assert!(table.contains("it refuses the login"), "{table}");
    site.apply("objects.yaml", &objects(&nats.address, SUBJECT, pair("s3cr3t-pass")));
    assert_eq!(nats.wait_for(1, SUBJECT)[0]["message"], "waits");
    instance.row("providers", "bus", |row| row["conditions"][1]["status"] == "True");
}

#[test]
fn s23_20_a_subject_that_is_not_allowed_parks_and_is_no_success() {
    let nats = Nats::start(USERS, EARS);
    let (site, instance) = start(&objects(&nats.address, "other.events", pair("s3cr3t-pass")));
    instance.accept(&event("web", "waits"));
    let table = parked(&instance);
    assert!(table.contains("it does not let this user publish there"), "{table}");
    site.apply("objects.yaml", &objects(&nats.address, SUBJECT, pair("s3cr3t-pass")));
    assert_eq!(nats.wait_for(1, SUBJECT)[0]["message"], "waits");
}

#[test]
fn s23_20_tls_is_trusted_by_the_certificate_secret_and_not_without() {
    let (authority, folder) = (Authority::named("nats"), TempDir::new().expect("a temporary folder"));
    let leaf = authority.sign("127.0.0.1");
    let certificate = Nats::file(&folder, "tls.crt", &leaf.certificate);
    let key = Nats::file(&folder, "tls.key", &leaf.key);
    // Only the subscriber speaks in clear.
    let configuration =
        format!("tls {{ cert_file: {certificate:?}, key_file: {key:?} }}\nallow_non_tls: true\n{USERS}");
    let nats = Nats::start(&configuration, EARS);
    let mut objects = objects(&format!("tls://{}", nats.address), SUBJECT, pair("s3cr3t-pass"));
    let (site, instance) = start(&objects);
    instance.accept(&event("web", "over TLS"));
    let table = parked(&instance);
    assert!(table.contains("agree on TLS with 127.0.0.1"), "{table}");
    objects[0]["spec"]["certSecretRef"] = json!({ "name": "tls" });
    objects.push(secret("tls", json!({ "ca.crt": authority.pem })));
    site.apply("objects.yaml", &objects);
    assert_eq!(nats.wait_for(1, SUBJECT)[0]["message"], "over TLS");
}

#[test]
fn s23_20_an_outage_loses_nothing_and_keeps_the_order_of_an_object() {
    let nats = Nats::start(USERS, EARS);
    let port = nats.port();
    let (_site, instance) = start(&objects(&nats.address, SUBJECT, pair("s3cr3t-pass")));
    instance.accept(&numbered(0, 1));
    nats.wait_for(1, SUBJECT);
    drop(nats);
    for n in 1..=20 {
        instance.accept(&numbered(n, 1));
    }
    let nats = Nats::start_at(port, USERS, EARS);
    let messages: Vec<String> =
        nats.wait_for(20, SUBJECT).iter().map(|event| event["message"].to_string()).collect();
    assert!(messages.is_sorted() && messages[0].contains("00001"), "{messages:?}");
    assert_eq!(instance.settle()["delivery"]["delivered"], 21);
    assert_eq!(nats.clients(), 2, "the subscriber, and one connection that is kept");
}
