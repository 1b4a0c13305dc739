//! Events and webhooks by TLS: certificates from files, clients by their authority and their SPIFFE id (contract, flux-2.10 section 5).

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use ::aws_lc_rs::digest::{SHA256, digest};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Answer, Authority, Instance, Leaf, NAMESPACE, Sink, Site, alert, event, eventually, everything_from,
    exchange, object, provider, read_answer, secret,
};

pub(crate) const HOST: &str = "127.0.0.1";
const OWN: &str = "spiffe://cluster.local/ns/flux-system/sa/notification-controller";
pub(crate) const KUSTOMIZE: &str = "spiffe://cluster.local/ns/flux-system/sa/kustomize-controller";

/// Files of the listener, and the flags that name them.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn of(leaf: &Leaf, clients: Option<&Authority>) -> Self {
        let files = Self(TempDir::with_prefix("campanile-tls-").expect("a temporary folder can be made"));
        files.write("tls.crt", &leaf.certificate);
        files.write("tls.key", &leaf.key);
        if let Some(clients) = clients {
            files.write("clients.crt", &clients.pem);
        }
        files
    }

    /// Exchanges a file as Kubernetes does, in one step.
    fn write(&self, name: &str, text: &str) {
        let hidden = self.0.path().join(".being-written");
        fs::write(&hidden, text).expect("the folder is ours");
        fs::rename(hidden, self.0.path().join(name)).expect("the folder is ours");
    }

    pub(crate) fn flags(&self) -> Vec<String> {
        let path = |name: &str| self.0.path().join(name);
        let mut flags = vec![
            "--events-tls-addr=127.0.0.1:0".to_owned(),
            format!("--tls-cert-file={}", path("tls.crt").display()),
            format!("--tls-key-file={}", path("tls.key").display()),
        ];
        if path("clients.crt").exists() {
            flags.push(format!("--tls-client-ca-file={}", path("clients.crt").display()));
        }
        flags
    }
}

/// An instance that delivers to a destination, with these flags.
pub(crate) fn start(files: &Files, more: &[&str]) -> (Site, Sink, Instance) {
    let sink = Sink::start();
    let hook = provider("hook", "generic", serde_json::json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let flags = files.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let instance = site.start(&flags);
    (site, sink, instance)
}

/// Posts an event by TLS. In TLS 1.3 a client hears only then that it is refused.
fn post(at: SocketAddr, trusted: &Authority, client: Option<&Leaf>, event: &Value) -> io::Result<Answer> {
    post_with("", at, trusted, client, event)
}

/// The same with further lines of the head, each with its end.
pub(crate) fn post_with(
    head: &str,
    at: SocketAddr,
    trusted: &Authority,
    client: Option<&Leaf>,
    event: &Value,
) -> io::Result<Answer> {
    post_to("/", head, at, trusted, client, &event.to_string())
}

/// Posts to a path by TLS, with these further lines of the head.
fn post_to(
    path: &str,
    head: &str,
    at: SocketAddr,
    trusted: &Authority,
    client: Option<&Leaf>,
    body: &str,
) -> io::Result<Answer> {
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is PEM");
    let mut roots = RootCertStore::empty();
    roots.add(der(&trusted.pem)).expect("the CA is sound");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(leaf) => {
            let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).expect("it is PEM");
            builder.with_client_auth_cert(vec![der(&leaf.certificate)], key).expect("they belong together")
        }
    };
    let name = ServerName::try_from(HOST).expect("an address is a name");
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(at)?);
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\nConnection: close\r\n{head}\r\n{body}"
    )?;
    read_answer(&mut stream)
}

#[test]
fn intake_tls_events_come_in_by_tls_beside_the_plain_listener() {
    let ca = Authority::named("servers");
    let files = Files::of(&ca.sign(HOST), None);
    let (_site, sink, instance) = start(&files, &[]);
    let at = instance.events_tls.expect("it listens by TLS");
    assert_eq!(post(at, &ca, None, &event("web", "by TLS")).unwrap().status, 202);
    instance.accept(&event("web", "without TLS"));
    let mut messages: Vec<String> =
        sink.wait_for(2).iter().map(|arrival| arrival.message().to_owned()).collect();
    messages.sort_unstable();
    assert_eq!(messages, ["by TLS", "without TLS"]);
    // One window of duplicates for both.
    assert_eq!(post(at, &ca, None, &event("web", "without TLS")).unwrap().status, 429);
    assert!(post(at, &Authority::named("servers"), None, &event("web", "not trusted")).is_err());
}

#[test]
fn intake_tls_only_authorised_clients_are_let_in() {
    let (ca, other) = (Authority::named("clients"), Authority::named("clients"));
    let files = Files::of(&ca.sign_for(&[HOST], OWN), Some(&ca));
    let (_site, sink, mut instance) = start(
        &files,
        &[
            "--events-addr=",
            "--authorized-event-client-spiffe-id=spiffe://self/ns/flux-system/sa/kustomize-controller",
            "--authorized-event-client-spiffe-id=spiffe://other.domain/team/",
        ],
    );
    assert_eq!(instance.events.port(), 0, "the plain listener is off");
    assert!(instance.logged("starting event server"));
    let at = instance.events_tls.expect("it listens by TLS");
    let mut number = 0;
    let mut try_as = |client: Option<Leaf>| {
        number += 1;
        post(at, &ca, client.as_ref(), &event("web", &format!("post {number}"))).map(|answer| answer.status)
    };
    for id in [KUSTOMIZE, "spiffe://other.domain/team/a", "spiffe://other.domain/team/b/c"] {
        assert_eq!(try_as(Some(ca.sign_for(&[], id))).ok(), Some(202), "{id}");
    }
    for id in [
        "spiffe://cluster.local/ns/flux-system/sa/kustomize-controller-2",
        "spiffe://cluster.local/ns/flux-system/sa",
        "spiffe://other.domain/teams/a",
        "spiffe://third.domain/ns/flux-system/sa/kustomize-controller",
    ] {
        assert!(try_as(Some(ca.sign_for(&[], id))).is_err(), "{id}");
        instance.wait_for_log(id);
    }
    assert!(try_as(Some(ca.sign("no-id"))).is_err(), "a certificate without an id");
    assert!(try_as(Some(other.sign_for(&[], KUSTOMIZE))).is_err(), "another authority");
    assert!(try_as(None).is_err(), "no certificate");
    assert_eq!(sink.wait_for(3).len(), 3);
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn intake_tls_changed_files_take_effect_without_a_restart() {
    let (first, second) = (Authority::named("first"), Authority::named("second"));
    let files = Files::of(&first.sign(HOST), Some(&first));
    let (_site, _sink, instance) = start(&files, &[]);
    let at = instance.events_tls.expect("it listens by TLS");
    let client = first.sign("client");
    assert_eq!(post(at, &first, Some(&client), &event("web", "one")).unwrap().status, 202);

    files.write("tls.crt", "nothing");
    instance.wait_for_log("the former ones stay");
    assert_eq!(post(at, &first, Some(&client), &event("web", "two")).unwrap().status, 202);

    let renewed = second.sign(HOST);
    files.write("tls.key", &renewed.key);
    files.write("tls.crt", &renewed.certificate);
    files.write("clients.crt", &second.pem);
    let client = second.sign("client");
    eventually("the new certificates to be in force", || {
        post(at, &second, Some(&client), &event("web", "three")).ok().filter(|answer| answer.status != 500)
    });
    assert!(
        post(at, &second, Some(&first.sign("client")), &event("web", "four")).is_err(),
        "the former authority"
    );
}

const SENDER: &str = "spiffe://cluster.local/ns/git/sa/host";

/// A Receiver `app` of type `gitlab`, told of by every webhook, and where webhooks come in by TLS.
fn webhooks(files: &Files, more: &[&str]) -> (Site, Sink, Instance, SocketAddr) {
    let sink = Sink::start();
    let spec = serde_json::json!({
        "type": "gitlab", "secretRef": { "name": "token" },
        "resources": [{ "kind": "GitRepository", "name": "app" }],
    });
    let kind = "notification.toolkit.fluxcd.io/v1";
    let site = Site::with(&[
        provider("hook", "generic", serde_json::json!({ "address": sink.url("/") })),
        alert("all", "hook", serde_json::json!({ "eventSources": [{ "kind": "Receiver", "name": "*" }] })),
        secret("token", serde_json::json!({ "token": "s3cr3t" })),
        object(kind, "Receiver", "app", serde_json::json!({ "spec": spec })),
    ]);
    let flags = files.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let instance = site.start(&flags);
    let at = eventually("webhooks to come in by TLS", || {
        let line = instance.log().into_iter().find(|line| line.contains("\"webhooks come in by TLS\""))?;
        serde_json::from_str::<Value>(&line).ok()?["addr"].as_str()?.parse().ok()
    });
    (site, sink, instance, at)
}

/// The path of the Receiver (contract, receivers 3).
fn hook() -> String {
    let digest = digest(&SHA256, format!("s3cr3tapp{NAMESPACE}").as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("/hook/{hex}")
}

const TOKEN: &str = "X-Gitlab-Token: s3cr3t\r\nX-Gitlab-Event: Push Hook\r\n";

#[test]
fn intake_tls_issue_20_webhooks_come_in_by_tls_without_a_certificate_of_the_sender() {
    let (ca, clients) = (Authority::named("servers"), Authority::named("clients"));
    // Senders of events have to show a certificate; those of webhooks have none.
    let files = Files::of(&ca.sign(HOST), Some(&clients));
    let (_site, sink, instance, at) = webhooks(&files, &["--receiver-tls-addr=127.0.0.1:0"]);
    instance.row("receivers", "app", |row| row["conditions"][0]["status"] == "True");
    let post = |head: &str, trusted: &Authority| post_to(&hook(), head, at, trusted, None, "{}");
    assert_eq!(post(TOKEN, &ca).unwrap().status, 200);
    assert_eq!(post("X-Gitlab-Token: other\r\n", &ca).unwrap().status, 400);
    assert!(post(TOKEN, &Authority::named("servers")).is_err(), "a server that the sender does not trust");
    assert_eq!(sink.wait_for(1)[0].message(), "webhook from gitlab received: Push Hook");
    let plain =
        format!("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", hook());
    assert!(exchange(at, plain.as_bytes()).is_err(), "nothing is answered without TLS");
    let beside = exchange(instance.webhooks(), plain.as_bytes());
    assert_eq!(beside.unwrap().status, 400, "the plain listener is beside it");
}

#[test]
fn intake_tls_issue_20_senders_of_webhooks_show_a_certificate_where_that_is_asked_for() {
    let (ca, other) = (Authority::named("all"), Authority::named("all"));
    let files = Files::of(&ca.sign_for(&[HOST], OWN), Some(&ca));
    let rule = format!("--authorized-receiver-spiffe-id={SENDER}");
    let flags = ["--receiver-tls-addr=127.0.0.1:0", "--receiverAddr=", rule.as_str()];
    let (_site, _sink, instance, at) = webhooks(&files, &flags);
    instance.row("receivers", "app", |row| row["conditions"][0]["status"] == "True");
    let try_as = |client: Option<Leaf>| {
        post_to(&hook(), TOKEN, at, &ca, client.as_ref(), "{}").map(|answer| answer.status)
    };
    assert_eq!(try_as(Some(ca.sign_for(&[], SENDER))).ok(), Some(200));
    assert!(try_as(Some(ca.sign_for(&[], KUSTOMIZE))).is_err(), "another id");
    instance.wait_for_log(KUSTOMIZE);
    assert!(try_as(Some(other.sign_for(&[], SENDER))).is_err(), "another authority");
    assert!(try_as(None).is_err(), "no certificate");
    assert!(!instance.logged("\"webhooks come in\""), "the plain listener is off");
}
