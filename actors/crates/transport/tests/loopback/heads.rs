//! Heads of answers that are unusual, and interim answers before them.

use std::time::Duration;

use campanile_domain::{Connection, FailureClass};

use campanile_transport::BodyUse;

use crate::support::{Reply, Seen, Server, client, connection, post, transport};

async fn answering(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    Server::start(move |_| Reply::Bytes(answer.clone())).await
}

#[actix_rt::test]
async fn interim_answers_are_skipped_and_the_final_one_counts() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
    for status in ["200 OK", "400 Bad Request", "503 Busy"] {
        let answer = format!("{interim}HTTP/1.1 {status}\r\nContent-Length: 2\r\nX-Id: 7\r\n\r\nok");
        let server = answering(answer).await;
        let client = client();
        for _ in 0..2 {
            let response = client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
            assert!(status.starts_with(&response.status.to_string()), "{status}: {response:?}");
            assert_eq!((&response.body[..], response.header("x-id")), (&b"ok"[..], Some("7")));
        }
        assert_eq!((server.seen().len(), server.connections()), (2, 1), "the connection is kept");
    }
}

#[actix_rt::test]
async fn too_many_interim_answers_are_garbled() {
    let interim = b"HTTP/1.1 102 Processing\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Forever(Vec::new(), interim.clone())).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Garbled, "{error}");
    assert!(error.to_string().contains("more than 100 interim answers"), "{error}");
}

#[actix_rt::test]
async fn the_timeout_runs_on_behind_an_interim_answer() {
    let server = answering("HTTP/1.1 100 Continue\r\n\r\n").await;
    let way = Connection { timeout: Duration::from_millis(100), ..connection() };
    let error =
        transport().client(&way).unwrap().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Timeout, "{error}");
}

#[actix_rt::test]
async fn a_connection_that_ends_behind_an_interim_answer_is_not_taken_for_one_that_was_dead() {
    let script = |seen: &Seen| match seen.turn {
        1 => Reply::ok("fine"),
        _ => Reply::Last(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
    };
    let server = Server::start(script).await;
    let client = client();
    client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    let error = client.send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Connection, "{error}");
    assert_eq!(server.seen().len(), 2, "the request has arrived, and is not sent again at once");
}

#[actix_rt::test]
async fn a_switch_of_protocols_is_an_answer() {
    let server = answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nwords of x").await;
    let response = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!((response.status, response.body.len()), (101, 0));
}

#[actix_rt::test]
async fn equal_lengths_folded_lines_and_many_lines_are_accepted() {
    let many: String = (0..200).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let twice = "Content-Length: 4\r\nContent-Length: 4\r\n";
    for lines in [format!("{many}Content-Length: 4\r\n"), twice.to_owned(), format!("X: a\r\n b\r\n{twice}")]
    {
        let server = answering(format!("HTTP/1.1 200 OK\r\n{lines}\r\nfine")).await;
        let client = client();
        for _ in 0..2 {
            assert_eq!(
                &client.send(&post(server.url("/")), BodyUse::Body).await.unwrap().body[..],
                b"fine",
                "{lines}"
            );
        }
        assert_eq!(server.connections(), 1);
    }
}

#[actix_rt::test]
async fn an_answer_that_says_no_length_ends_with_its_connection() {
    let server =
        Server::start(|_| Reply::Last(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbye".to_vec())).await;
    assert_eq!(&client().send(&post(server.url("/")), BodyUse::Body).await.unwrap().body[..], b"bye");
}

#[actix_rt::test]
async fn a_204_with_a_length_has_no_body() {
    let server = answering("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n").await;
    let response = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!((response.status, response.body.len()), (204, 0));
}
