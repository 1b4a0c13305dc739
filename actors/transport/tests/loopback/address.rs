//! What is refused before anything is dialled, and the address guard.

use campanile_domain::{Connection, FailureClass, Proxy, ProxyScheme};
use campanile_transport::{AddressGuard, TransportError, Wanted};

use crate::support::{Reply, Server, client, connection, header, post, proxy, transport};

#[actix_rt::test]
async fn an_unusable_address_is_a_configuration_error_that_does_not_quote_it() {
    for address in
        ["", "secret", "localhost:8080/secret", "ftp://secret/", "https://secret|/", "http://h/\nsecret"]
    {
        let error = client().send(&post(address), Wanted::Body).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Config, "{address:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[actix_rt::test]
async fn an_unusable_header_is_a_configuration_error_and_nothing_is_sent() {
    let server = Server::start(|_| Reply::ok("")).await;
    let request = header(post(server.url("/")), "X-Token", "secret\r\nX-Evil: 1");
    let error = client().send(&request, Wanted::Body).await.unwrap_err();
    assert_eq!((error.class(), server.connections()), (FailureClass::Config, 0));
}

#[actix_rt::test]
async fn a_denied_network_is_not_dialled() {
    let server = Server::start(|_| Reply::ok("")).await;
    let guard = AddressGuard::new(["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let client = transport().with_guard(guard).client(&connection()).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let error =
            client.send(&post(format!("http://{host}:{}/", server.port)), Wanted::Body).await.unwrap_err();
        assert!(matches!(error, TransportError::Denied { .. }), "{error}");
        assert_eq!(error.class(), FailureClass::Config);
    }
    assert_eq!(server.connections(), 0);
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
