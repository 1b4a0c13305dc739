//! TLS and mTLS destinations with certificates from Secrets (contract, control plane 6.6).

use serde_json::{Value, json};

use crate::support::{Authority, Instance, Sink, Site, campanile, event, everything_from, provider, secret};

fn objects(sink: &Sink, certificates: Value) -> Vec<Value> {
    let hook = provider(
        "hook",
        "generic",
        json!({ "address": sink.url("/secret-path"), "certSecretRef": { "name": "tls" } }),
    );
    vec![hook, everything_from("hook"), secret("tls", certificates)]
}

fn start(sink: &Sink, certificates: Value) -> (Site, Instance) {
    let site = Site::with(&objects(sink, certificates));
    let instance = site.start(&[]);
    (site, instance)
}

/// Waits until the Provider's queue is parked, and returns what `get providers` prints.
fn parked(instance: &Instance) -> String {
    instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "False");
    assert_eq!(instance.settle()["outbox"]["total"]["parked"], 1);
    let table = campanile(&["get", "providers", "--admin-addr", &instance.admin.to_string()]);
    assert_eq!(table.code, Some(0));
    assert!(!table.stdout.contains("secret-path"), "{}", table.stdout);
    table.stdout
}

#[test]
fn n10_a_ca_from_the_secret_is_trusted() {
    let authority = Authority::named("servers");
    let sink = Sink::start_tls(authority.sign("127.0.0.1").server(None));
    let (_site, instance) = start(&sink, json!({ "ca.crt": authority.pem }));
    instance.accept(&event("web", "over TLS"));
    assert_eq!(sink.wait_for(1)[0].message(), "over TLS");
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
}

#[test]
fn n14_a_client_certificate_from_the_secret_is_shown() {
    let (servers, clients) = (Authority::named("servers"), Authority::named("clients"));
    let sink = Sink::start_tls(servers.sign("127.0.0.1").server(Some(&clients)));
    let client = clients.sign("campanile");
    let certificates = json!({ "ca.crt": servers.pem, "tls.crt": client.certificate, "tls.key": client.key });
    let (_site, instance) = start(&sink, certificates);
    instance.accept(&event("web", "over mTLS"));
    assert_eq!(sink.wait_for(1)[0].message(), "over mTLS");
}

#[test]
fn a_missing_client_certificate_parks_until_the_secret_has_one() {
    let (servers, clients) = (Authority::named("servers"), Authority::named("clients"));
    let sink = Sink::start_tls(servers.sign("127.0.0.1").server(Some(&clients)));
    let (site, instance) = start(&sink, json!({ "ca.crt": servers.pem }));
    instance.accept(&event("web", "waits"));
    let table = parked(&instance);
    assert!(table.contains("certificate"), "{table}");
    let client = clients.sign("campanile");
    let certificates = json!({ "ca.crt": servers.pem, "tls.crt": client.certificate, "tls.key": client.key });
    site.apply("objects.yaml", &objects(&sink, certificates));
    assert_eq!(sink.wait_for(1)[0].message(), "waits");
    instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "True");
}

/// Trusts `foreign` where it should trust the server's CA.
fn distrusted(foreign: &Authority) {
    let authority = Authority::named("servers");
    let sink = Sink::start_tls(authority.sign("127.0.0.1").server(None));
    let (site, instance) = start(&sink, json!({ "ca.crt": foreign.pem }));
    instance.accept(&event("web", "waits"));
    let table = parked(&instance);
    for part in
        ["True    False", "agree on TLS with 127.0.0.1", "put the CA that signed its certificate into"]
    {
        assert!(table.contains(part), "no {part:?} in\n{table}");
    }
    site.apply("objects.yaml", &objects(&sink, json!({ "ca.crt": authority.pem })));
    assert_eq!(sink.wait_for(1)[0].message(), "waits");
}

#[test]
fn a_foreign_ca_parks_with_the_remedy_in_get_providers() {
    distrusted(&Authority::named("somebody else"));
}

#[test]
fn a_ca_made_anew_under_its_old_name_parks_with_the_remedy_too() {
    distrusted(&Authority::named("servers"));
}

#[test]
fn a_certificate_for_another_name_parks() {
    let authority = Authority::named("servers");
    let sink = Sink::start_tls(authority.sign("elsewhere.test").server(None));
    let (_site, instance) = start(&sink, json!({ "ca.crt": authority.pem }));
    instance.accept(&event("web", "waits"));
    let table = parked(&instance);
    assert!(table.contains("127.0.0.1") && table.contains("TLS"), "{table}");
    assert!(sink.arrivals().is_empty());
}
