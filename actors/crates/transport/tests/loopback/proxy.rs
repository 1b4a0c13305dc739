//! Ways through proxies (contract, providers 5).

use campanile_domain::{Connection, FailureClass, Proxy, ProxyScheme};
use campanile_transport::{BodyUse, Client, Environment, Limits, Transport};
use tokio::net::TcpListener;

use crate::support::{
    Authority, HttpProxy, ProxyRules, Reply, Server, SocksProxy, client, connection, header, material, post,
    proxy, transport, with_login,
};

/// "bob:hunter2"
const LOGIN: &str = "Basic Ym9iOmh1bnRlcjI=";

fn through(proxy: Proxy, ca: Option<String>) -> Client {
    let tls = ca.map(|ca| material(Some(ca), None));
    transport().client(&Connection { proxy: Some(proxy), tls, ..connection() }).unwrap()
}

#[actix_rt::test]
async fn http_targets_are_asked_for_in_absolute_form_with_credentials_once_per_connection() {
    let relay = HttpProxy::start(ProxyRules { login: Some(LOGIN), ..ProxyRules::default() }).await;
    let client = through(with_login(proxy(ProxyScheme::Http, relay.port)), None);
    for _ in 0..2 {
        let response =
            client.send(&post("http://nowhere.invalid:8080/hook?a=b"), BodyUse::Body).await.unwrap();
        assert_eq!(&response.body[..], b"forwarded");
    }
    let seen = relay.seen();
    assert_eq!(seen[0].line, "POST http://nowhere.invalid:8080/hook?a=b HTTP/1.1");
    assert_eq!((seen[0].header("host"), &seen[0].body[..]), (Some("nowhere.invalid:8080"), &b"hello"[..]));
    assert_eq!(seen[0].header("connection"), Some("close"));
    assert_eq!((seen[0].connection, seen[1].connection), (1, 2));
}

#[actix_rt::test]
async fn a_large_body_passes_a_forwarding_proxy_unchanged() {
    let relay = HttpProxy::start(ProxyRules::default()).await;
    let client = through(proxy(ProxyScheme::Http, relay.port), None);
    let mut request = post("http://nowhere.invalid/");
    request.body = vec![b' '; 1_000_000].into();
    client.send(&request, BodyUse::Body).await.unwrap();
    assert_eq!(relay.seen()[0].body, request.body);
}

#[actix_rt::test]
async fn https_targets_go_through_a_tunnel_that_the_proxy_resolves() {
    let ca = Authority::new();
    let server = Server::start_tls(ca.leaf_for("nowhere.invalid").server(), |_| Reply::ok("inside")).await;
    let rules = ProxyRules { upstream: server.port, login: Some(LOGIN), ..ProxyRules::default() };
    let relay = HttpProxy::start(rules).await;
    let client = through(with_login(proxy(ProxyScheme::Http, relay.port)), Some(ca.pem()));
    for _ in 0..2 {
        let request = header(post("https://nowhere.invalid/secret"), "Authorization", "Bearer t");
        assert_eq!(&client.send(&request, BodyUse::Body).await.unwrap().body[..], b"inside");
    }
    let seen = relay.seen();
    assert_eq!(seen.len(), 1, "the tunnel is kept");
    assert_eq!(seen[0].line, "CONNECT nowhere.invalid:443 HTTP/1.1");
    assert!(seen[0].header("authorization").is_none() && !format!("{:?}", seen[0]).contains("secret"));
    assert!(server.seen()[0].header("proxy-authorization").is_none());
}

#[actix_rt::test]
async fn a_proxy_inside_tls_takes_both_kinds_of_target() {
    let ca = Authority::new();
    let server = Server::start_tls(ca.leaf_for("nowhere.invalid").server(), |_| Reply::ok("inside")).await;
    let rules = ProxyRules { upstream: server.port, login: Some(LOGIN), ..ProxyRules::default() };
    let relay = HttpProxy::start_tls(ca.leaf().server(), rules).await;
    let client = through(with_login(proxy(ProxyScheme::Https, relay.port)), Some(ca.pem()));
    assert_eq!(
        &client.send(&post("https://nowhere.invalid/"), BodyUse::Body).await.unwrap().body[..],
        b"inside"
    );
    assert_eq!(
        &client.send(&post("http://nowhere.invalid/x"), BodyUse::Body).await.unwrap().body[..],
        b"forwarded"
    );
    let lines: Vec<_> = relay.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, ["CONNECT nowhere.invalid:443 HTTP/1.1", "POST http://nowhere.invalid/x HTTP/1.1"]);
}

#[actix_rt::test]
async fn a_proxy_whose_certificate_is_foreign_is_a_tls_failure() {
    let relay = HttpProxy::start_tls(Authority::new().leaf().server(), ProxyRules::default()).await;
    let client = through(proxy(ProxyScheme::Https, relay.port), Some(Authority::new().pem()));
    let error = client.send(&post("http://nowhere.invalid/"), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Tls, "{error}");
    assert!(relay.seen().is_empty());
}

#[actix_rt::test]
async fn what_a_proxy_answers_to_connect_decides_the_class() {
    let table = [
        ("HTTP/1.1 407 Login\r\n\r\n", FailureClass::Credentials),
        ("HTTP/1.1 403 No\r\n\r\n", FailureClass::Proxy),
        ("HTTP/1.1 302 There\r\n\r\n", FailureClass::Proxy),
        ("HTTP/1.1 503 Down\r\n\r\n", FailureClass::Connection),
        ("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 407 Login\r\n\r\n", FailureClass::Credentials),
        ("SSH-2.0-OpenSSH\r\n\r\n", FailureClass::Proxy),
    ];
    for (refusal, class) in table {
        let relay = HttpProxy::start(ProxyRules { refusal: Some(refusal), ..ProxyRules::default() }).await;
        let client = through(with_login(proxy(ProxyScheme::Http, relay.port)), None);
        let error = client.send(&post("https://nowhere.invalid/secret"), BodyUse::Body).await.unwrap_err();
        assert_eq!(error.class(), class, "{refusal:?}");
        let text = error.to_string();
        assert!(text.contains(&relay.port.to_string()), "{text}");
        assert!(!text.contains("secret") && !text.contains("hunter2"), "{text}");
    }
}

#[actix_rt::test]
async fn an_interim_answer_to_connect_does_not_open_the_tunnel() {
    let ca = Authority::new();
    let server = Server::start_tls(ca.leaf_for("nowhere.invalid").server(), |_| Reply::ok("inside")).await;
    let refusal = Some("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Go ahead\r\n\r\n");
    let rules = ProxyRules { upstream: server.port, refusal, ..ProxyRules::default() };
    let relay = HttpProxy::start(rules).await;
    let client = through(proxy(ProxyScheme::Http, relay.port), Some(ca.pem()));
    assert_eq!(
        &client.send(&post("https://nowhere.invalid/"), BodyUse::Body).await.unwrap().body[..],
        b"inside"
    );
}

#[actix_rt::test]
async fn a_wrong_proxy_login_is_an_answer_for_http_and_a_failure_for_https() {
    let relay = HttpProxy::start(ProxyRules { login: Some("Basic other"), ..ProxyRules::default() }).await;
    let client = through(with_login(proxy(ProxyScheme::Http, relay.port)), None);
    assert_eq!(client.send(&post("http://nowhere.invalid/"), BodyUse::Body).await.unwrap().status, 407);
    let error = client.send(&post("https://nowhere.invalid/"), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Credentials);
}

#[actix_rt::test]
async fn an_endless_answer_to_connect_is_given_up() {
    let server =
        Server::start(|_| Reply::Forever(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 4096])).await;
    let client = through(proxy(ProxyScheme::Http, server.port), None);
    let error = client.send(&post("https://nowhere.invalid/"), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Proxy, "{error}");
}

#[actix_rt::test]
async fn a_proxy_that_is_down_is_a_connection_failure_that_names_it() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for scheme in [ProxyScheme::Http, ProxyScheme::Https, ProxyScheme::Socks5] {
        let error = through(proxy(scheme, port), None)
            .send(&post("https://nowhere.invalid/"), BodyUse::Body)
            .await
            .unwrap_err();
        assert_eq!(error.class(), FailureClass::Connection);
        assert!(error.to_string().contains(&format!("proxy 127.0.0.1:{port}")), "{error}");
    }
}

#[actix_rt::test]
async fn socks_5_resolves_names_itself_for_both_kinds_of_target() {
    let ca = Authority::new();
    let secure = Server::start_tls(ca.leaf_for("nowhere.invalid").server(), |_| Reply::ok("inside")).await;
    let relay = SocksProxy::start(secure.port, Some(("bob", "hunter2")), 0).await;
    let client = through(with_login(proxy(ProxyScheme::Socks5, relay.port)), Some(ca.pem()));
    assert_eq!(
        &client.send(&post("https://nowhere.invalid/"), BodyUse::Body).await.unwrap().body[..],
        b"inside"
    );
    assert_eq!(relay.asked(), [("nowhere.invalid".to_owned(), 443)]);

    let plain = Server::start(|_| Reply::ok("open")).await;
    let relay = SocksProxy::start(plain.port, None, 0).await;
    let client = through(proxy(ProxyScheme::Socks5, relay.port), None);
    for _ in 0..2 {
        assert_eq!(
            &client.send(&post("http://nowhere.invalid:81/x"), BodyUse::Body).await.unwrap().body[..],
            b"open"
        );
    }
    assert_eq!(relay.asked(), [("nowhere.invalid".to_owned(), 81)], "the connection is kept");
    assert_eq!(plain.seen()[0].line, "POST /x HTTP/1.1");
}

#[actix_rt::test]
async fn what_a_socks_proxy_answers_decides_the_class() {
    let table = [
        (Some(("bob", "other")), 0, FailureClass::Credentials),
        (None, 2, FailureClass::Proxy),
        (None, 4, FailureClass::Connection),
        (None, 5, FailureClass::Connection),
    ];
    for (login, reply, class) in table {
        let relay = SocksProxy::start(1, login, reply).await;
        let client = through(with_login(proxy(ProxyScheme::Socks5, relay.port)), None);
        let error = client.send(&post("http://nowhere.invalid/"), BodyUse::Body).await.unwrap_err();
        assert_eq!(error.class(), class, "{reply}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[actix_rt::test]
async fn an_explicit_proxy_applies_to_loopback_and_the_environments_does_not() {
    let relay = HttpProxy::start(ProxyRules::default()).await;
    let server = Server::start(|_| Reply::ok("direct")).await;
    let explicit = through(proxy(ProxyScheme::Http, relay.port), None);
    assert_eq!(&explicit.send(&post(server.url("/")), BodyUse::Body).await.unwrap().body[..], b"forwarded");

    let environment = Environment {
        http_proxy: Some(format!("http://bob:hunter2@127.0.0.1:{}", relay.port)),
        no_proxy: Some(".internal.invalid".to_owned()),
        ..Environment::default()
    };
    let client = Transport::new(environment, Limits::default()).client(&connection()).unwrap();
    assert_eq!(&client.send(&post(server.url("/")), BodyUse::Body).await.unwrap().body[..], b"direct");
    assert_eq!(
        &client.send(&post("http://nowhere.invalid/"), BodyUse::Body).await.unwrap().body[..],
        b"forwarded"
    );
    assert_eq!(relay.seen().pop().unwrap().header("proxy-authorization"), Some(LOGIN));
    assert!(
        client.send(&post("http://a.internal.invalid/"), BodyUse::Body).await.is_err(),
        "dialled directly"
    );
    assert_eq!(relay.seen().len(), 2);
}

#[actix_rt::test]
async fn without_any_proxy_nothing_is_proxied() {
    let server = Server::start(|_| Reply::ok("direct")).await;
    client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    assert_eq!(server.seen()[0].line, "POST / HTTP/1.1");
}
