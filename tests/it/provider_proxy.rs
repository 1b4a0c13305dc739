//! Deliveries through squid and through a SOCKS5 proxy (contract, providers 5).
//!
//! The destination has a name that only the proxy knows: what arrives went through it, and was not looked up here.

use serde_json::{Value, json};

use crate::support::{
    Authority, Instance, Sink, Site, Socks, Squid, event, everything_from, provider, secret,
};

/// How a proxy is named: what it adds to the Provider's spec, and the Secrets beside it.
struct Way {
    spec: Value,
    secrets: Vec<Value>,
}

fn by_spec(url: &str) -> Way {
    Way { spec: json!({ "proxy": url }), secrets: Vec::new() }
}

fn by_secret(url: &str) -> Way {
    Way {
        spec: json!({ "secretRef": { "name": "hook" } }),
        secrets: vec![secret("hook", json!({ "proxy": url }))],
    }
}

fn by_reference(data: Value) -> Way {
    Way { spec: json!({ "proxySecretRef": { "name": "proxy" } }), secrets: vec![secret("proxy", data)] }
}

fn objects(address: &str, way: Way) -> Vec<Value> {
    let mut hook = provider("hook", "generic", way.spec);
    hook["spec"]["address"] = address.into();
    let mut objects = vec![hook, everything_from("hook")];
    objects.extend(way.secrets);
    objects
}

fn start(address: &str, way: Way) -> (Site, Instance) {
    let site = Site::with(&objects(address, way));
    let instance = site.start(&[]);
    (site, instance)
}

/// Delivers one event over plain HTTP, which the proxy forwards.
fn forwarded(way: Way) {
    let sink = Sink::start();
    let (_site, instance) = start(&sink.url_at(Squid::HOST, "/plain"), way);
    instance.accept(&event("web", "through the proxy"));
    let arrivals = sink.wait_for(1);
    assert_eq!(arrivals[0].message(), "through the proxy");
    assert!(
        arrivals[0].header("via").is_some_and(|via| via.contains("squid")),
        "squid says that it was there"
    );
    assert_eq!(arrivals[0].header("proxy-authorization"), None, "the login is the proxy's alone");
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
}

/// Delivers one event over TLS, which the proxy tunnels.
fn tunnelled(mut way: Way) {
    let authority = Authority::named("servers");
    let sink = Sink::start_tls(authority.sign(Squid::HOST).server(None));
    way.spec["certSecretRef"] = json!({ "name": "tls" });
    way.secrets.push(secret("tls", json!({ "ca.crt": authority.pem })));
    let (_site, instance) = start(&sink.url_at(Squid::HOST, "/tunnel"), way);
    instance.accept(&event("web", "through the tunnel"));
    let arrivals = sink.wait_for(1);
    assert_eq!((arrivals[0].message().as_str(), arrivals[0].header("via")), ("through the tunnel", None));
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
}

#[test]
fn n22_squid_named_by_the_spec() {
    let squid = Squid::open();
    forwarded(by_spec(&squid.url()));
    tunnelled(by_spec(&squid.url()));
}

#[test]
fn n03_squid_named_by_the_secret() {
    let squid = Squid::open();
    forwarded(by_secret(&squid.url()));
    tunnelled(by_secret(&squid.url()));
}

#[test]
fn n20_squid_named_by_a_secret_of_its_own() {
    let squid = Squid::open();
    forwarded(by_reference(json!({ "address": squid.url() })));
    tunnelled(by_reference(json!({ "address": squid.url() })));
}

#[test]
fn n20_squid_with_a_login() {
    let squid = Squid::with_login();
    let login = || json!({ "address": squid.url(), "username": "bob", "password": "s3cr3t" });
    forwarded(by_reference(login()));
    tunnelled(by_reference(login()));
    forwarded(by_spec(&squid.url_as("bob:s3cr3t")));
    tunnelled(by_secret(&squid.url_as("bob:s3cr3t")));
}

#[test]
fn a_login_that_squid_refuses_parks_until_it_is_corrected() {
    let squid = Squid::with_login();
    let sink = Sink::start();
    let address = sink.url_at(Squid::HOST, "/");
    let login = |password: &str| json!({ "address": squid.url(), "username": "bob", "password": password });
    let (site, instance) = start(&address, by_reference(login("wr0ng-pass")));
    instance.accept(&event("web", "waits"));
    let row = instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "False");
    let message = row["conditions"][1]["message"].as_str().expect("a text");
    assert!(message.contains("proxy") || message.contains("407"), "{message}");
    assert!(!message.contains("wr0ng-pass"), "{message}");
    assert!(sink.arrivals().is_empty());
    site.apply("objects.yaml", &objects(&address, by_reference(login("s3cr3t"))));
    assert_eq!(sink.wait_for(1)[0].message(), "waits");
}

#[test]
fn n20_a_socks5_proxy_looks_the_name_up() {
    let (socks, sink) = (Socks::start(), Sink::start());
    let way = by_reference(json!({ "address": socks.url(), "username": "bob", "password": "s3cr3t" }));
    let (_site, instance) = start(&sink.url_at("hooks.campanile.test", "/"), way);
    instance.accept(&event("web", "through socks"));
    assert_eq!(sink.wait_for(1)[0].message(), "through socks");
    assert_eq!(socks.asked(), ["hooks.campanile.test"]);
}
