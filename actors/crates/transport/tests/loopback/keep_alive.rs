//! Connections that are used again, and those that turn out to be dead.

use campanile_domain::FailureClass;

use campanile_transport::BodyUse;

use crate::support::{Reply, Server, client, post};

#[actix_rt::test]
async fn one_connection_serves_request_after_request() {
    let server = Server::start(|_| Reply::ok("fine")).await;
    let client = client();
    for _ in 0..5 {
        client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (5, 1));
}

#[actix_rt::test]
async fn a_kept_connection_that_died_is_replaced_without_report() {
    let server = Server::start(|seen| if seen.turn == 1 { Reply::ok("fine") } else { Reply::HangUp }).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(client.send(&post(server.url("/")), BodyUse::Body).await.unwrap().status, 200);
    }
    let arrived: Vec<_> = server.seen().iter().map(|seen| (seen.connection, seen.turn)).collect();
    assert_eq!(arrived, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]);
}

#[actix_rt::test]
async fn a_new_connection_that_dies_is_a_failure_and_not_tried_again() {
    let server = Server::start(|_| Reply::HangUp).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Connection);
    assert_eq!(server.connections(), 1);
}

#[actix_rt::test]
async fn a_kept_connection_that_dies_inside_an_answer_is_a_failure() {
    let server = Server::start(|seen| match seen.turn {
        1 => Reply::ok("fine"),
        _ => Reply::Last(b"HTTP/1.1 200 OK\r\ncont".to_vec()),
    })
    .await;
    let client = client();
    client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    let error = client.send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!((error.class(), server.connections()), (FailureClass::Connection, 1));
}

#[actix_rt::test]
async fn clients_share_no_connections() {
    let server = Server::start(|_| Reply::ok("fine")).await;
    client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!(server.connections(), 2);
}
