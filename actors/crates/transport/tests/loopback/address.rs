//! What is refused before anything is dialled, and the address guard.

use std::time::Duration;

use campanile_domain::{Connection, FailureClass, Proxy, ProxyScheme};
use campanile_transport::{AddressGuard, BodyUse, TransportError};
use tokio::net::TcpListener;

use crate::support::{
    HttpProxy, ProxyRules, Reply, Server, SocksProxy, client, connection, header, post, proxy, transport,
};

#[actix_rt::test]
async fn an_unusable_address_is_a_configuration_error_that_does_not_quote_it() {
    for address in
        ["", "secret", "localhost:8080/secret", "ftp://secret/", "https://secret|/", "http://h/\nsecret"]
    {
        let error = client().send(&post(address), BodyUse::Body).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Config, "{address:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[actix_rt::test]
async fn an_unusable_header_is_a_configuration_error_and_nothing_is_sent() {
    let server = Server::start(|_| Reply::ok("")).await;
    let request = header(post(server.url("/")), "X-Token", "secret\r\nX-Evil: 1");
    let error = client().send(&request, BodyUse::Body).await.unwrap_err();
    assert_eq!((error.class(), server.connections()), (FailureClass::Config, 0));
}

#[actix_rt::test]
async fn issue_15_this_machine_is_not_dialled_in_any_spelling() {
    let server = Server::start(|_| Reply::ok("")).await;
    let client = transport().with_guard(AddressGuard::of_the_machine()).client(&connection()).unwrap();
    let spellings = [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "bob:secret@127.0.0.1",
    ];
    for host in spellings {
        let error =
            client.send(&post(format!("http://{host}:{}/", server.port)), BodyUse::Body).await.unwrap_err();
        assert!(matches!(error, TransportError::Denied { .. }), "{host}: {error}");
        assert_eq!(error.class(), FailureClass::Config);
        assert!(error.to_string().contains("--allow-destinations="), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[actix_rt::test]
async fn issue_15_an_operator_opens_destinations_and_names_others_freely() {
    let server = Server::start(|_| Reply::ok("")).await;
    let open = format!("127.0.0.1:{}", server.port).parse().unwrap();
    let guarded = transport().with_guard(AddressGuard::of_the_machine());
    let opened = transport().with_guard(AddressGuard::of_the_machine().allowing([open]));
    for transport in [opened, guarded.for_operators()] {
        let client = transport.client(&connection()).unwrap();
        assert_eq!(client.send(&post(server.url("/")), BodyUse::Body).await.unwrap().status, 200);
    }
}

#[actix_rt::test]
async fn issue_15_a_proxy_that_an_object_names_is_judged_and_so_is_a_literal_behind_it() {
    let relay = HttpProxy::start(ProxyRules { upstream: 0, login: None, refusal: None }).await;
    let through = Connection { proxy: Some(proxy(ProxyScheme::Http, relay.port)), ..connection() };
    let guard = AddressGuard::of_the_machine();
    for transport in
        [transport().with_guard(guard.clone()), transport().with_guard(guard.clone()).for_operators()]
    {
        let client = transport.client(&through).unwrap();
        let error = client.send(&post("http://hooks.example.com/"), BodyUse::Body).await.unwrap_err();
        assert!(error.is_denied(), "{error}");
    }
    let open = format!("127.0.0.1:{}", relay.port).parse().unwrap();
    let client = transport().with_guard(guard.allowing([open])).client(&through).unwrap();
    for url in ["http://169.254.169.254/latest", "https://[::1]/", "http://0x7f.1/"] {
        let error = client.send(&post(url), BodyUse::Body).await.unwrap_err();
        assert!(error.is_denied(), "{error}");
    }
    assert!(relay.seen().is_empty());
}

#[actix_rt::test]
async fn issue_15_of_a_private_address_nothing_is_told_but_that_there_is_no_answer() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging_up = Server::start(|_| Reply::HangUp).await;
    let other = Server::start(|_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    let mut told = Vec::new();
    for port in [closed, silent.local_addr().unwrap().port(), hanging_up.port, other.port] {
        // The proxy stands for a network in which 10.1.2.3 is.
        let way = SocksProxy::start(port, None, 0).await;
        let way = Connection {
            proxy: Some(proxy(ProxyScheme::Socks5, way.port)),
            timeout: Duration::from_secs(1),
            ..connection()
        };
        let client = transport().client(&way).unwrap();
        let error = client.send(&post("http://10.1.2.3:22/"), BodyUse::Body).await.unwrap_err();
        told.push((error.class(), error.to_string()));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    assert_eq!(told[0].0, FailureClass::Connection);
}

#[test]
fn a_proxy_that_can_not_work_is_refused_by_the_check() {
    let long = "x".repeat(256);
    let unusable = [
        Proxy { host: String::new(), ..proxy(ProxyScheme::Http, 3128) },
        proxy(ProxyScheme::Http, 0),
        Proxy { username: Some(long), ..proxy(ProxyScheme::Socks5, 1080) },
    ];
    for proxy in unusable {
        let error = transport().check(&Connection { proxy: Some(proxy), ..connection() }).unwrap_err();
        assert_eq!(error.class(), FailureClass::Config);
    }
    let usable = Connection { proxy: Some(proxy(ProxyScheme::Https, 3128)), ..connection() };
    assert!(transport().check(&usable).is_ok());
}
