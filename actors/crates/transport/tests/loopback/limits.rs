//! Time and size.

use std::io::Write;
use std::time::Duration;

use actix_rt::time::timeout;
use campanile_domain::{Connection, FailureClass};
use campanile_transport::{BodyUse, Environment, Limits, Transport};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;

use crate::support::{Authority, Reply, Server, client, connection, material, post, transport};

const CAP: usize = 64 * 1024;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn impatient() -> Connection {
    Connection { timeout: Duration::from_millis(100), ..connection() }
}

#[actix_rt::test]
async fn a_server_that_never_answers_is_a_timeout() {
    let server = Server::start(|_| Reply::Silence).await;
    let client = transport().client(&impatient()).unwrap();
    let error = client.send(&post(server.url("/secret")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Timeout);
    assert_eq!(error.to_string(), format!("get an answer from 127.0.0.1:{} within 100ms", server.port));
}

#[actix_rt::test]
async fn a_body_that_never_ends_is_a_timeout_too() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly the beginning".to_vec();
    let server = Server::start(move |_| Reply::Bytes(head.clone())).await;
    let client = transport().client(&impatient()).unwrap();
    assert_eq!(
        client.send(&post(server.url("/")), BodyUse::Body).await.unwrap_err().class(),
        FailureClass::Timeout
    );
}

#[actix_rt::test]
async fn a_body_is_read_up_to_the_cap_and_the_rest_is_not_awaited() {
    let endless = |_: &_| {
        let chunk = format!("{:x}\r\n{}\r\n", 8192, "x".repeat(8192));
        Reply::Forever(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), chunk.into())
    };
    let server = Server::start(endless).await;
    let client = client();
    assert_eq!(client.send(&post(server.url("/")), BodyUse::Body).await.unwrap().body.len(), CAP);
    client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!(server.connections(), 2, "a connection with an unread rest is not used again");
}

#[actix_rt::test]
async fn a_compressed_body_is_unpacked() {
    let server = Server::start(|_| Reply::Bytes(gzipped(&gzip(b"plain words")))).await;
    let response = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!(&response.body[..], b"plain words");
}

#[actix_rt::test]
async fn a_gzip_bomb_is_unpacked_up_to_the_cap() {
    let bomb = gzip(&vec![b'x'; 20_000_000]);
    let server = Server::start(move |_| Reply::Bytes(gzipped(&bomb))).await;
    let response = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!(response.body.len(), CAP);
}

#[actix_rt::test]
async fn a_body_that_only_claims_to_be_compressed_is_garbled() {
    let server = Server::start(|_| Reply::Bytes(gzipped(b"plain words"))).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Garbled);
}

#[actix_rt::test]
async fn an_endless_head_is_garbled_before_the_timeout() {
    let endless = |_: &_| Reply::Forever(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 4096]);
    let server = Server::start(endless).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Garbled, "{error}");
}

#[actix_rt::test]
async fn no_more_sockets_are_opened_than_the_limit() {
    let server = Server::start(|_| Reply::ok("fine")).await;
    let limits = Limits { sockets: 2, ..Limits::default() };
    let client = Transport::new(Environment::default(), limits).client(&connection()).unwrap();
    let requests: Vec<_> = (0..10).map(|_| post(server.url("/"))).collect();
    let answers = join_all(requests.iter().map(|request| client.send(request, BodyUse::Body))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(server.connections() <= 2, "{}", server.connections());
}

#[actix_rt::test]
async fn the_limit_on_sockets_is_for_both_schemes_together() {
    let ca = Authority::new();
    let silent = Server::start(|_| Reply::Silence).await;
    let secure = Server::start_tls(ca.leaf().server(), |_| Reply::ok("safe")).await;
    let limits = Limits { sockets: 1, ..Limits::default() };
    let tls = Some(material(Some(ca.pem()), None));
    let client =
        Transport::new(Environment::default(), limits).client(&Connection { tls, ..connection() }).unwrap();
    let (first, second) = (post(silent.url("/")), post(secure.tls_url("/")));
    let both = join_all([client.send(&first, BodyUse::Body), client.send(&second, BodyUse::Body)]);
    assert!(timeout(Duration::from_millis(300), both).await.is_err());
    assert_eq!((silent.seen().len(), secure.connections()), (1, 0), "the second had to wait");
    assert_eq!(client.send(&second, BodyUse::Body).await.unwrap().status, 200);
}
