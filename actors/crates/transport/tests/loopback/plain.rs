//! Requests and responses without TLS and proxies.

use bytes::Bytes;
use campanile_domain::{FailureClass, Method, Request};
use tokio::net::TcpListener;

use campanile_transport::BodyUse;

use crate::support::{Reply, Server, client, header, post};

#[actix_rt::test]
async fn a_request_arrives_as_it_was_made_and_the_answer_comes_back() {
    let server = Server::start(|_| Reply::status("201 Created", "X-Id: 7\r\n", "made")).await;
    let request = header(header(post(server.url("/hook?a=b%20c")), "X-Team", "a"), "x-team", "b");
    let response = client().send(&request, BodyUse::Body).await.unwrap();
    assert_eq!(
        (response.status, &response.body[..], response.header("x-id")),
        (201, &b"made"[..], Some("7"))
    );

    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /hook?a=b%20c HTTP/1.1");
    assert_eq!(seen.body, b"hello");
    assert_eq!(seen.header("content-length"), Some("5"));
    assert_eq!(seen.header("content-type"), Some("text/plain"));
    assert_eq!(seen.header("x-team"), Some("b"));
    assert_eq!(seen.headers.iter().filter(|(name, _)| name == "x-team").count(), 1);
    assert_eq!(seen.header("host"), Some(format!("127.0.0.1:{}", server.port).as_str()));
    assert_eq!(seen.header("user-agent"), Some(concat!("campanile/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(seen.header("authorization"), None);
}

#[actix_rt::test]
async fn every_method_is_sent_under_its_name() {
    let server = Server::start(|_| Reply::ok("")).await;
    let client = client();
    let methods = [
        (Method::Get, "GET", None),
        (Method::Post, "POST", Some("0")),
        (Method::Put, "PUT", Some("0")),
        (Method::Patch, "PATCH", Some("0")),
        (Method::Delete, "DELETE", None),
    ];
    for (method, name, length) in methods {
        let request = Request { method, body: Bytes::new(), ..post(server.url("/x")) };
        client.send(&request, BodyUse::Body).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(
            (seen.line.as_str(), seen.header("content-length")),
            (format!("{name} /x HTTP/1.1").as_str(), length)
        );
    }
}

#[actix_rt::test]
async fn user_info_becomes_basic_auth_and_is_not_part_of_the_target() {
    let server = Server::start(|_| Reply::ok("")).await;
    client()
        .send(&post(format!("http://bob:p%40ss@127.0.0.1:{}/", server.port)), BodyUse::Body)
        .await
        .unwrap();
    // "bob:p@ss"
    assert_eq!(server.seen()[0].header("authorization"), Some("Basic Ym9iOnBAc3M="));
    assert_eq!(server.seen()[0].line, "POST / HTTP/1.1");
}

#[actix_rt::test]
async fn a_refused_port_is_a_connection_failure_that_names_only_host_and_port() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = client()
        .send(&post(format!("http://u:p@127.0.0.1:{port}/secret?token=x")), BodyUse::Body)
        .await
        .unwrap_err();
    assert_eq!(error.class(), FailureClass::Connection);
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    assert!(!text.contains("secret") && !text.contains("token") && !text.contains("u:p"), "{text}");
}

#[actix_rt::test]
async fn an_answer_that_is_not_http_is_garbled() {
    for garbage in
        ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nbad header\r\n\r\n"]
    {
        let server = Server::start(move |_| Reply::Last(garbage.into())).await;
        let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Garbled, "{garbage:?}: {error}");
    }
}

#[actix_rt::test]
async fn a_body_with_broken_chunks_is_garbled() {
    let broken = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n";
    let server = Server::start(move |_| Reply::Last(broken.into())).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Garbled, "{error}");
}

#[actix_rt::test]
async fn an_answer_cut_off_in_head_or_body_is_a_connection_failure() {
    for part in ["HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell"] {
        let server = Server::start(move |_| Reply::Last(part.into())).await;
        let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Connection, "{part:?}: {error}");
    }
}

#[actix_rt::test]
async fn a_body_of_http_1_0_ends_with_its_connection() {
    let server = Server::start(|_| Reply::Last(b"HTTP/1.0 200 OK\r\n\r\nold".to_vec())).await;
    assert_eq!(&client().send(&post(server.url("/")), BodyUse::Body).await.unwrap().body[..], b"old");
}
