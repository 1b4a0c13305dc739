//! Answers whose body is broken, late or endless.

use std::time::Duration;

use actix_rt::time::timeout;
use campanile_domain::{Connection, FailureClass};
use campanile_transport::BodyUse;

use crate::support::{Reply, Server, client, connection, post, transport};

/// What follows the status, whether the connection stays open behind it, and what it is for whoever needs the body.
const BROKEN: &[(&str, bool, FailureClass)] = &[
    ("Content-Length: 10\r\n\r\nok", false, FailureClass::Connection),
    ("Content-Length: 10\r\n\r\nok", true, FailureClass::Timeout),
    ("Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", true, FailureClass::Garbled),
    ("Content-Length: two\r\n\r\nok", true, FailureClass::Garbled),
    ("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", false, FailureClass::Connection),
    ("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", true, FailureClass::Timeout),
    ("Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n", true, FailureClass::Garbled),
    ("Transfer-Encoding: br, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true, FailureClass::Garbled),
    ("Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", true, FailureClass::Garbled),
    ("Connection: close\r\n\r\nok", true, FailureClass::Timeout),
];

async fn answering(status: &str, rest: &str, stays_open: bool) -> Server {
    let bytes = format!("HTTP/1.1 {status}\r\n{rest}").into_bytes();
    Server::start(move |_| if stays_open { Reply::Bytes(bytes.clone()) } else { Reply::Last(bytes.clone()) })
        .await
}

#[actix_rt::test]
async fn a_success_is_one_whatever_becomes_of_a_body_that_nobody_needs() {
    for (rest, stays_open, _) in BROKEN {
        let server = answering("202 Accepted", rest, *stays_open).await;
        let (client, request) = (client(), post(server.url("/")));
        let soon = timeout(Duration::from_secs(10), client.send(&request, BodyUse::Status)).await;
        let answered = soon.unwrap_or_else(|_| panic!("{rest:?}: it waits for the body"));
        assert_eq!(answered.unwrap().status, 202, "{rest:?}");
        assert_eq!(server.seen().len(), 1, "{rest:?}");
    }
}

#[actix_rt::test]
async fn a_success_whose_body_is_needed_is_none_without_it() {
    let way = Connection { timeout: Duration::from_millis(300), ..connection() };
    for (rest, stays_open, class) in BROKEN {
        let server = answering("200 OK", rest, *stays_open).await;
        let client = transport().client(&way).unwrap();
        let error = client.send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
        assert_eq!(error.class(), *class, "{rest:?}: {error}");
    }
}

#[actix_rt::test]
async fn the_status_of_a_failure_counts_and_what_came_of_its_text_is_there() {
    let way = Connection { timeout: Duration::from_millis(300), ..connection() };
    for (rest, stays_open, _) in BROKEN {
        let server = answering("400 Bad Request", rest, *stays_open).await;
        let client = transport().client(&way).unwrap();
        let response = client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
        assert_eq!(response.status, 400, "{rest:?}");
        assert!(matches!(&response.body[..], b"ok" | b""), "{rest:?}: {response:?}");
    }
    let server = answering("400 Bad Request", "Content-Length: 10\r\n\r\nok", true).await;
    let response =
        transport().client(&way).unwrap().send(&post(server.url("/")), BodyUse::Status).await.unwrap();
    assert_eq!(&response.body[..], b"ok");
}

#[actix_rt::test]
async fn a_connection_whose_answer_was_not_read_to_its_end_is_not_used_again() {
    let server = answering("200 OK", "Content-Length: 10\r\n\r\nok", true).await;
    let client = client();
    for _ in 0..2 {
        client.send(&post(server.url("/")), BodyUse::Status).await.unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (2, 2));
}

#[actix_rt::test]
async fn a_connection_is_used_again_where_the_body_that_nobody_needs_ends() {
    let server = Server::start(|_| Reply::ok("fine")).await;
    let client = client();
    for _ in 0..2 {
        client.send(&post(server.url("/")), BodyUse::Status).await.unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (2, 1));
}

#[actix_rt::test]
async fn a_redirect_is_followed_although_its_body_never_ends() {
    let target = Server::start(|_| Reply::ok("there")).await;
    let location = format!("Location: {}\r\nContent-Length: 10\r\n\r\nmoved", target.url("/"));
    let server = answering("307 Temporary Redirect", &location, true).await;
    let response = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!(&response.body[..], b"there");
}
