//! Trust, identity and their failures (contract, providers 6; control plane N10–N16).

use std::fs;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{Connection, FailureClass, TlsMaterial};
use campanile_transport::{BodyUse, Environment, Limits, Transport, TransportError};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{
    Authority, Leaf, Reply, Seen, Server, client, connection, material, post, read_request, tls_client,
    transport,
};

async fn serve(leaf: &Leaf) -> Server {
    Server::start_tls(leaf.server(), |_| Reply::ok("safe")).await
}

fn check(tls: TlsMaterial) -> Result<(), TransportError> {
    transport().check(&Connection { tls: Some(tls), ..connection() })
}

fn pair(leaf: &Leaf) -> Option<(String, String)> {
    Some((leaf.certificate.clone(), leaf.key.clone()))
}

#[actix_rt::test]
async fn a_server_of_the_given_ca_is_trusted_by_name_and_by_address() {
    let ca = Authority::new();
    let server = serve(&ca.leaf()).await;
    let client = tls_client(Some(ca.pem()), None);
    let by_address = format!("https://127.0.0.1:{}/", server.port);
    for url in [server.tls_url("/"), by_address, server.tls_url("/again")] {
        assert_eq!(&client.send(&post(url), BodyUse::Body).await.unwrap().body[..], b"safe");
    }
    assert_eq!(server.connections(), 2, "one for each host, and that is used again");
}

#[actix_rt::test]
async fn i16_3_keys_on_p521_are_taken_of_authorities_servers_and_clients() {
    let ca = Authority::on_p521();
    // The other one has a key on P-256.
    for leaf in [ca.leaf_on_p521(), ca.leaf()] {
        let server = Server::start_tls(leaf.demanding_server(&ca, &TLS13), |_| Reply::ok("safe")).await;
        let client = tls_client(Some(ca.pem()), pair(&ca.leaf_on_p521()));
        assert_eq!(client.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap().status, 200);
    }
}

#[actix_rt::test]
async fn i16_3_an_alert_before_the_servers_hello_is_about_what_was_offered() {
    // handshake_failure and protocol_version (RFC 8446, section 6.2).
    for (alert, words) in [(40, ["CBC", "P-521"]), (70, ["older than TLS 1.2", "enable TLS 1.2"])] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        actix_rt::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let hello = stream.read(&mut [0; 4096]).await.unwrap();
            assert!(hello > 0);
            stream.write_all(&[0x15, 3, 3, 0, 2, 2, alert]).await.unwrap();
            pending::<()>().await;
        });
        let request = post(format!("https://localhost:{port}/"));
        let error = client().send(&request, BodyUse::Body).await.unwrap_err();
        let text = error.to_string();
        assert!(error.class() == FailureClass::Tls && words.iter().all(|word| text.contains(word)), "{text}");
        assert!(!text.contains("client certificate"), "{text}");
    }
}

#[actix_rt::test]
async fn an_ipv6_literal_is_verified_as_the_address_that_it_is() {
    let ca = Authority::new();
    for (name, trusted) in [("::1", true), ("127.0.0.1", false), ("localhost", false)] {
        let server = Server::start_tls_at("[::1]:0", ca.leaf_for(name).server(), |_| Reply::ok("safe")).await;
        let request = post(format!("https://[::1]:{}/", server.port));
        match tls_client(Some(ca.pem()), None).send(&request, BodyUse::Body).await {
            Ok(response) => assert!(trusted && response.status == 200, "{name}"),
            Err(error) => assert!(!trusted && error.class() == FailureClass::Tls, "{name}: {error}"),
        }
        let authority = format!("[::1]:{}", server.port);
        assert!(server.seen().iter().all(|seen| seen.header("host") == Some(&authority)));
    }
}

#[actix_rt::test]
async fn a_server_that_accepts_and_then_says_nothing_is_given_up_at_the_handshakes_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let limits = Limits { handshake: Duration::from_millis(100), ..Limits::default() };
    let client = Transport::new(Environment::default(), limits).client(&connection()).unwrap();
    let error = client.send(&post(format!("https://localhost:{port}/")), BodyUse::Body).await.unwrap_err();
    assert!(matches!(error, TransportError::ConnectTimeout { .. }), "{error:?}");
    assert_eq!(error.class(), FailureClass::Timeout);
}

#[actix_rt::test]
async fn a_client_that_is_dropped_says_goodbye_to_its_servers() {
    let ca = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(ca.leaf().server()));
    let server = actix_rt::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        stream.flush().await.unwrap();
        // Without a close_notify this is an error, and not the end.
        stream.read(&mut [0; 1]).await
    });
    let client = tls_client(Some(ca.pem()), None);
    client.send(&post(format!("https://localhost:{port}/")), BodyUse::Body).await.unwrap();
    drop(client);
    assert_eq!(server.await.unwrap().unwrap(), 0);
}

#[actix_rt::test]
async fn a_server_of_another_ca_is_refused_by_given_and_system_roots() {
    let server = serve(&Authority::new().leaf()).await;
    for client in [tls_client(Some(Authority::new().pem()), None), client()] {
        let error = client.send(&post(server.tls_url("/secret")), BodyUse::Body).await.unwrap_err();
        assert!(matches!(error, TransportError::Tls { .. }), "{error}");
        assert_eq!(error.class(), FailureClass::Tls);
        assert!(!error.to_string().contains("secret"));
    }
    assert!(server.seen().is_empty());
}

#[actix_rt::test]
async fn a_self_signed_certificate_that_is_the_given_root_is_trusted() {
    let ca = Authority::new();
    let server = serve(&ca.own()).await;
    assert_eq!(
        tls_client(Some(ca.pem()), None)
            .send(&post(server.tls_url("/")), BodyUse::Body)
            .await
            .unwrap()
            .status,
        200
    );

    let stranger = Authority::new();
    let error = tls_client(Some(stranger.pem()), None)
        .send(&post(server.tls_url("/")), BodyUse::Body)
        .await
        .unwrap_err();
    assert_eq!(error.class(), FailureClass::Tls);
}

#[actix_rt::test]
async fn the_given_root_as_server_must_be_valid_and_have_the_name() {
    let expired = Authority::expired();
    let server = serve(&expired.own()).await;
    let error = tls_client(Some(expired.pem()), None)
        .send(&post(server.tls_url("/")), BodyUse::Body)
        .await
        .unwrap_err();
    assert!(error.class() == FailureClass::Tls && error.to_string().contains("renew"), "{error}");

    let ca = Authority::new();
    let server = serve(&ca.own()).await;
    let by_address = format!("https://127.0.0.1:{}/", server.port);
    let error = tls_client(Some(ca.pem()), None).send(&post(by_address), BodyUse::Body).await.unwrap_err();
    assert!(error.class() == FailureClass::Tls && error.to_string().contains("host name"), "{error}");
}

#[actix_rt::test]
async fn the_servers_own_certificate_as_root_is_trusted_whoever_signed_it() {
    let ca = Authority::new();
    let leaf = ca.leaf();
    let server = serve(&leaf).await;
    let pinned = tls_client(Some(leaf.certificate.clone()), None);
    assert_eq!(pinned.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap().status, 200);

    // Another one of the same authority, for the same name.
    let other = tls_client(Some(ca.leaf().certificate), None);
    let error = other.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Tls, "{error}");
}

#[actix_rt::test]
async fn the_servers_own_certificate_as_root_must_be_valid_and_have_the_name() {
    let ca = Authority::new();
    for (leaf, remedy) in [(ca.expired_leaf(), "renew"), (ca.leaf_for("other.example.com"), "")] {
        let server = serve(&leaf).await;
        let pinned = tls_client(Some(leaf.certificate.clone()), None);
        let error = pinned.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap_err();
        assert!(error.class() == FailureClass::Tls && error.to_string().contains(remedy), "{error}");
    }
}

#[actix_rt::test]
async fn a_certificate_for_another_name_or_out_of_date_is_refused() {
    let ca = Authority::new();
    for leaf in [ca.leaf_for("other.example.com"), ca.expired_leaf()] {
        let server = serve(&leaf).await;
        let error = tls_client(Some(ca.pem()), None)
            .send(&post(server.tls_url("/")), BodyUse::Body)
            .await
            .unwrap_err();
        assert_eq!(error.class(), FailureClass::Tls, "{error}");
    }
}

#[actix_rt::test]
async fn n14_a_client_certificate_is_shown_and_its_absence_is_a_tls_failure() {
    let ca = Authority::new();
    for version in [&TLS12, &TLS13] {
        let config = ca.leaf().demanding_server(&ca, version);
        let server = Server::start_tls(config, |_| Reply::ok("known")).await;
        let known = tls_client(Some(ca.pem()), pair(&ca.leaf_for("campanile")));
        assert_eq!(&known.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap().body[..], b"known");

        let error = tls_client(Some(ca.pem()), None)
            .send(&post(server.tls_url("/")), BodyUse::Body)
            .await
            .unwrap_err();
        assert!(matches!(error, TransportError::Tls { .. }), "{version:?}: {error:?}");
        assert_eq!(error.class(), FailureClass::Tls);
        assert!(error.to_string().contains("it wants a client certificate; put"), "{error}");
        let unknown = tls_client(Some(ca.pem()), pair(&Authority::new().leaf()));
        let error = unknown.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap_err();
        assert!(error.to_string().contains("it does not accept the client certificate"), "{error}");
    }
}

#[actix_rt::test]
async fn n16_a_client_pair_alone_leaves_the_system_roots_in_force() {
    let ca = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, ca.pem()).unwrap();
    let environment = Environment { cert_file: Some(file), ..Environment::default() };
    let transport = Transport::new(environment, Limits::default());
    let tls = material(None, pair(&ca.leaf_for("campanile")));
    let client = transport.client(&Connection { tls: Some(tls), ..connection() }).unwrap();
    let server = Server::start_tls(ca.leaf().demanding_server(&ca, &TLS13), |_| Reply::ok("")).await;
    assert_eq!(client.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap().status, 200);
}

#[actix_rt::test]
async fn a_given_ca_replaces_the_system_roots() {
    let (system, given) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("12345678.0"), system.pem()).unwrap();
    let environment = Environment { cert_dir: Some(folder.path().into()), ..Environment::default() };
    let transport = Transport::new(environment, Limits::default());
    let server = serve(&system.leaf()).await;

    let by_system = transport.client(&connection()).unwrap();
    assert_eq!(by_system.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap().status, 200);
    let tls = Some(material(Some(given.pem()), None));
    let by_given = transport.client(&Connection { tls, ..connection() }).unwrap();
    assert_eq!(
        by_given.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap_err().class(),
        FailureClass::Tls
    );
}

#[actix_rt::test]
async fn a_port_that_does_not_speak_tls_is_a_tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix_rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        pending::<()>().await;
    });
    let error = client().send(&post(format!("https://localhost:{port}/")), BodyUse::Body).await.unwrap_err();
    assert!(error.class() == FailureClass::Tls && error.to_string().contains("speaks TLS"), "{error}");
}

#[actix_rt::test]
async fn a_kept_connection_that_died_without_a_goodbye_is_replaced() {
    let ca = Authority::new();
    let script = |seen: &Seen| if seen.turn == 1 { Reply::ok("fine") } else { Reply::HangUp };
    let server = Server::start_tls(ca.leaf().server(), script).await;
    let client = tls_client(Some(ca.pem()), None);
    for _ in 0..2 {
        assert_eq!(client.send(&post(server.tls_url("/")), BodyUse::Body).await.unwrap().status, 200);
    }
    assert_eq!((server.seen().len(), server.connections()), (3, 2));
}

#[test]
fn n10_to_n15_complete_material_is_accepted() {
    let ca = Authority::new();
    let leaf = ca.leaf();
    assert!(check(material(Some(ca.pem()), None)).is_ok());
    assert!(check(material(Some(ca.pem()), pair(&leaf))).is_ok());
    assert!(check(material(None, pair(&leaf))).is_ok());
    let with_noise = format!("# our roots\n{}\n{}\ntrailing", leaf.key, ca.pem());
    assert!(check(material(Some(with_noise), None)).is_ok());
}

#[test]
fn n13_a_ca_without_a_certificate_is_refused_in_the_contracts_words() {
    for garbage in ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = check(material(Some(garbage.to_owned()), None)).unwrap_err();
        assert_eq!(error.to_string(), "failed to parse CA certificate");
        assert_eq!(error.class(), FailureClass::Config);
    }
}

#[test]
fn a_pair_that_does_not_parse_or_match_is_refused_in_the_contracts_words() {
    let (one, other) = (Authority::new().leaf(), Authority::new().leaf());
    let garbage = || "garbage".to_owned();
    for pair in [
        (garbage(), one.key.clone()),
        (one.certificate.clone(), garbage()),
        (one.certificate.clone(), other.key.clone()),
        (one.certificate.clone(), one.certificate.clone()),
    ] {
        let error = check(material(None, Some(pair))).unwrap_err();
        assert!(error.to_string().starts_with("failed to parse TLS certificate and key: "), "{error}");
        assert_eq!(error.class(), FailureClass::Config);
    }
}
