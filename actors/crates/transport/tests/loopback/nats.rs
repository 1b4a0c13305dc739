//! Messages for NATS: when they count as taken, and what a server's complaints mean (contract, providers 23.20).

use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{
    Connection, FailureClass, NatsLogin, NatsScheme, NatsServer, NatsServers, ProxyScheme, Publication,
};
use campanile_transport::{AddressGuard, Client, TransportError};
use futures_util::future::join_all;
use tokio::net::TcpListener;

use crate::support::{
    HttpProxy, INFO, NatsPeer, ProxyRules, SocksProxy, client, connection, proxy, takes, transport,
};

fn server(scheme: NatsScheme, port: u16) -> NatsServer {
    NatsServer { scheme, host: "127.0.0.1".to_owned(), port, path: "/".to_owned(), login: None }
}

fn to(servers: Vec<NatsServer>, payload: &str) -> Publication {
    let servers = Arc::new(NatsServers { servers, login: NatsLogin::Anonymous });
    Publication { servers, subject: "flux.events".into(), payload: payload.to_owned().into() }
}

fn to_port(port: u16) -> Publication {
    to(vec![server(NatsScheme::Nats, port)], "hello")
}

fn hurried() -> Client {
    transport().client(&Connection { timeout: Duration::from_millis(300), ..connection() }).unwrap()
}

async fn failure(client: &Client, publication: &Publication) -> (FailureClass, String) {
    let error = client.publish(publication).await.unwrap_err();
    (error.class(), error.to_string())
}

#[actix_rt::test]
async fn s23_20_a_message_is_published_once_the_server_has_answered_behind_it() {
    let peer = NatsPeer::start(INFO, |line, _, _| takes(line)).await;
    let client = client();
    for _ in 0..3 {
        client.publish(&to_port(peer.port)).await.unwrap();
    }
    let lines = peer.lines();
    assert!(lines[0].starts_with(r#"CONNECT {"verbose":false,"pedantic":false,"tls_required":false,"#));
    assert!(lines[0].contains(r#""name":"NATS Provider Publisher""#) && !lines[0].contains("user"));
    assert_eq!(lines[1..5], ["PING", "PUB flux.events 5", "hello", "PING"]);
    assert_eq!((peer.connections(), peer.said("PUB").len()), (1, 3), "the connection is kept");
}

#[actix_rt::test]
async fn a_message_without_an_answer_behind_it_is_not_delivered() {
    let peer =
        NatsPeer::start(INFO, |line, _, turn| takes(line).filter(|_| turn < 5).or(Some(String::new())));
    let peer = peer.await;
    let (class, text) = failure(&hurried(), &to_port(peer.port)).await;
    assert_eq!(class, FailureClass::Timeout, "{text}");
    assert_eq!(peer.said("hello"), ["hello"], "the server had read it");
}

#[actix_rt::test]
async fn what_waits_goes_out_together_over_one_connection() {
    let peer = NatsPeer::start(INFO, |line, _, _| takes(line)).await;
    let (client, publication) = (client(), to_port(peer.port));
    let all = join_all((0..20).map(|_| client.publish(&publication))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((peer.connections(), peer.said("PUB").len()), (1, 20));
    assert!(peer.said("PING").len() <= 4, "one answer is enough for many: {:?}", peer.said("PING"));
}

#[actix_rt::test]
async fn a_kept_connection_that_died_is_replaced_without_report() {
    // Each connection takes one message: CONNECT, PING, PUB, the message, PING.
    let peer = NatsPeer::start(INFO, |line, _, turn| takes(line).filter(|_| turn <= 5)).await;
    let client = client();
    for _ in 0..3 {
        client.publish(&to_port(peer.port)).await.unwrap();
    }
    assert_eq!(peer.connections(), 3);
}

#[actix_rt::test]
async fn the_servers_own_pings_are_answered() {
    let peer = NatsPeer::start(INFO, |line, _, turn| match (line, turn) {
        ("PING", 5) => Some("PING\r\n+OK\r\nPONG\r\n".to_owned()),
        _ => takes(line),
    });
    let (peer, client) = (peer.await, client());
    client.publish(&to_port(peer.port)).await.unwrap();
    client.publish(&to_port(peer.port)).await.unwrap();
    assert_eq!((peer.said("PONG").len(), peer.connections()), (1, 1));
}

#[actix_rt::test]
async fn s23_20_a_complaint_before_the_answer_is_the_verdict_and_the_connection_stays() {
    let violation = "-ERR 'Permissions Violation for Publish to \"flux.events\"'\r\nPONG\r\n";
    let peer = NatsPeer::start(INFO, move |line, _, turn| match (line, turn) {
        ("PING", 5..) => Some(violation.to_owned()),
        _ => takes(line),
    });
    let (peer, client) = (peer.await, client());
    for _ in 0..2 {
        let (class, text) = failure(&client, &to_port(peer.port)).await;
        assert_eq!(class, FailureClass::Credentials);
        assert!(text.contains("does not let this user publish there"), "{text}");
    }
    assert_eq!(peer.connections(), 1);
}

#[actix_rt::test]
async fn s23_20_a_refused_login_is_a_matter_of_credentials() {
    let peer = NatsPeer::start(INFO, |line, _, _| match line {
        "PING" => Some("-ERR 'Authorization Violation'\r\n".to_owned()),
        _ => Some(String::new()),
    });
    let (class, text) = failure(&client(), &to_port(peer.await.port)).await;
    assert_eq!(class, FailureClass::Credentials);
    assert!(text.ends_with("('Authorization Violation'); correct the credentials in the Secret"), "{text}");
}

#[actix_rt::test]
async fn s23_20_the_next_server_of_the_list_is_tried() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let peer = NatsPeer::start(INFO, |line, _, _| takes(line)).await;
    let both = vec![server(NatsScheme::Nats, closed), server(NatsScheme::Nats, peer.port)];
    client().publish(&to(both, "hello")).await.unwrap();
    assert_eq!(peer.said("PUB").len(), 1);
    let (class, text) = failure(&client(), &to_port(closed)).await;
    assert_eq!(class, FailureClass::Connection);
    assert!(text.starts_with(&format!("connect to 127.0.0.1:{closed}: ")), "{text}");
}

#[actix_rt::test]
async fn a_message_that_the_server_does_not_take_is_not_sent() {
    let peer = NatsPeer::start(INFO, |line, _, _| takes(line)).await;
    let long = to(vec![server(NatsScheme::Nats, peer.port)], &"x".repeat(1025));
    let (class, text) = failure(&client(), &long).await;
    assert_eq!(class, FailureClass::Rejected);
    assert!(text.contains("the message has 1025 bytes, it takes 1024"), "{text}");
    assert!(peer.said("PUB").is_empty());
}

#[actix_rt::test]
async fn what_is_no_nats_is_garbled_and_tls_is_not_faked() {
    for greeting in ["HTTP/1.1 400 Bad Request", "INFO {", "PONG"] {
        let peer = NatsPeer::start(greeting, |line, _, _| takes(line)).await;
        let (class, text) = failure(&client(), &to_port(peer.port)).await;
        assert_eq!(class, FailureClass::Garbled, "{greeting}: {text}");
    }
    let peer = NatsPeer::start(INFO, |line, _, _| takes(line)).await;
    let (class, _) = failure(&client(), &to(vec![server(NatsScheme::Tls, peer.port)], "hello")).await;
    assert_eq!(class, FailureClass::Tls);
    assert!(peer.lines().is_empty(), "nothing was said in clear");
    let peer = NatsPeer::start(r#"INFO {"tls_required":true}"#, |line, _, _| takes(line)).await;
    failure(&hurried(), &to_port(peer.port)).await;
    assert!(peer.said("CONNECT").is_empty(), "nor where the server wants TLS and does not speak it");
}

#[actix_rt::test]
async fn the_providers_proxy_is_used_and_the_guard_holds() {
    let peer = NatsPeer::start(INFO, |line, _, _| takes(line)).await;
    let relay = HttpProxy::start(ProxyRules { upstream: peer.port, ..ProxyRules::default() }).await;
    let through = Connection { proxy: Some(proxy(ProxyScheme::Http, relay.port)), ..connection() };
    let elsewhere = NatsServer { host: "nats.invalid".to_owned(), ..server(NatsScheme::Nats, 4222) };
    let publication = to(vec![elsewhere], "hello");
    transport().client(&through).unwrap().publish(&publication).await.unwrap();
    assert_eq!(relay.seen()[0].line, "CONNECT nats.invalid:4222 HTTP/1.1");

    let socks = SocksProxy::start(peer.port, None, 0).await;
    let through = Connection { proxy: Some(proxy(ProxyScheme::Socks5, socks.port)), ..connection() };
    transport().client(&through).unwrap().publish(&publication).await.unwrap();
    assert_eq!(peer.said("PUB").len(), 2);

    let guarded = transport().with_guard(AddressGuard::of_the_machine());
    let error = guarded.client(&connection()).unwrap().publish(&to_port(peer.port)).await.unwrap_err();
    assert!(matches!(*error, TransportError::Denied { .. }), "{error}");
}
