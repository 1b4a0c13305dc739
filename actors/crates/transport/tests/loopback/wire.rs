//! Requests byte by byte, as the other side sees them.

use bytes::Bytes;
use campanile_domain::{Connection, Method, ProxyScheme, Request};
use campanile_transport::{BodyUse, Client};

use crate::support::{
    Authority, HttpProxy, ProxyRules, Reply, Seen, Server, SocksProxy, client, connection, header, material,
    post, proxy, tls_client, transport, with_login,
};

const SIZES: [usize; 3] = [0, 1, 300 * 1024];

/// A body that would show a byte that is lost, doubled or moved, and that looks like heads in part.
fn body(size: usize) -> Bytes {
    let pattern = b"\r\n\r\nDate: \r\nPOST / HTTP/1.1\r\n\r\n0123456789";
    pattern.iter().copied().cycle().take(size).collect()
}

fn head(target: &str, host: &str, size: usize) -> String {
    let agent = concat!("campanile/", env!("CARGO_PKG_VERSION"));
    format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\nContent-Length: {size}\r\n\
         Content-Type: text/plain\r\nUser-Agent: {agent}\r\n\r\n"
    )
}

/// Sends a request of each size, and two of the last.
async fn send_sizes(client: &Client, url: &str) {
    for size in SIZES.into_iter().chain([SIZES[2]]) {
        let request = Request { body: body(size), ..post(url) };
        assert_eq!(client.send(&request, BodyUse::Body).await.unwrap().status, 200);
    }
}

/// All of them, over one connection.
fn assert_sizes(seen: &[Seen], target: &str, host: &str) {
    let sizes: Vec<_> = SIZES.into_iter().chain([SIZES[2]]).collect();
    assert_eq!(seen.len(), sizes.len());
    for (turn, (seen, size)) in seen.iter().zip(sizes).enumerate() {
        assert_eq!(seen.head, head(target, host, size));
        assert!(seen.body == body(size), "the body of {size} bytes is not the one that was sent");
        assert_eq!((seen.connection, seen.turn), (1, turn + 1));
    }
}

#[actix_rt::test]
async fn plain_requests_follow_each_other_on_one_connection() {
    let server = Server::start(|_| Reply::ok("fine")).await;
    send_sizes(&client(), &server.url("/hook?a=b%20c")).await;
    assert_sizes(&server.seen(), "/hook?a=b%20c", &format!("127.0.0.1:{}", server.port));
}

#[actix_rt::test]
async fn requests_inside_tls_look_the_same() {
    let ca = Authority::new();
    let server = Server::start_tls(ca.leaf().server(), |_| Reply::ok("fine")).await;
    send_sizes(&tls_client(Some(ca.pem()), None), &server.tls_url("/hook")).await;
    assert_sizes(&server.seen(), "/hook", &format!("localhost:{}", server.port));
}

#[actix_rt::test]
async fn requests_inside_a_tunnel_look_the_same_and_name_no_default_port() {
    let ca = Authority::new();
    let leaf = ca.leaf_for("nowhere.invalid");
    let tls = Some(material(Some(ca.pem()), None));
    for scheme in [ProxyScheme::Http, ProxyScheme::Https, ProxyScheme::Socks5] {
        let server = Server::start_tls(leaf.server(), |_| Reply::ok("fine")).await;
        let rules = ProxyRules { upstream: server.port, ..ProxyRules::default() };
        let port = match scheme {
            ProxyScheme::Http => HttpProxy::start(rules).await.port,
            ProxyScheme::Https => HttpProxy::start_tls(ca.leaf().server(), rules).await.port,
            ProxyScheme::Socks5 => SocksProxy::start(server.port, None, 0).await.port,
        };
        let way = Connection { proxy: Some(proxy(scheme, port)), tls: tls.clone(), ..connection() };
        send_sizes(&transport().client(&way).unwrap(), "https://nowhere.invalid/hook").await;
        assert_sizes(&server.seen(), "/hook", "nowhere.invalid");
    }
}

#[actix_rt::test]
async fn a_connect_is_two_headers_and_the_login() {
    let refusal = Some("HTTP/1.1 503 Down\r\n\r\n");
    let relay = HttpProxy::start(ProxyRules { refusal, ..ProxyRules::default() }).await;
    let way = with_login(proxy(ProxyScheme::Http, relay.port));
    let client = transport().client(&Connection { proxy: Some(way), ..connection() }).unwrap();
    client.send(&post("https://[2001:db8::1]/secret"), BodyUse::Body).await.unwrap_err();
    let agent = concat!("campanile/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        relay.seen()[0].head,
        format!(
            "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nUser-Agent: {agent}\r\n\
             Proxy-Authorization: Basic Ym9iOmh1bnRlcjI=\r\n\r\n"
        )
    );
}

#[actix_rt::test]
async fn a_forwarding_proxy_gets_the_absolute_form_and_nothing_else_that_is_new() {
    let ca = Authority::new();
    for scheme in [ProxyScheme::Http, ProxyScheme::Https] {
        let relay = match scheme {
            ProxyScheme::Https => HttpProxy::start_tls(ca.leaf().server(), ProxyRules::default()).await,
            ProxyScheme::Http | ProxyScheme::Socks5 => HttpProxy::start(ProxyRules::default()).await,
        };
        let tls = Some(material(Some(ca.pem()), None));
        let way = Connection { proxy: Some(proxy(scheme, relay.port)), tls, ..connection() };
        send_sizes(&transport().client(&way).unwrap(), "http://nowhere.invalid:81/hook").await;
        for (seen, size) in relay.seen().iter().zip(SIZES) {
            let closing = "Accept-Encoding: gzip\r\nConnection: close\r\n";
            let expected = head("http://nowhere.invalid:81/hook", "nowhere.invalid:81", size);
            assert_eq!(seen.head, expected.replace("Accept-Encoding: gzip\r\n", closing));
            assert!(seen.body == body(size), "the body of {size} bytes is not the one that was sent");
        }
        assert_eq!(relay.seen().len(), SIZES.len() + 1);
    }
}

#[actix_rt::test]
async fn a_date_of_the_user_is_sent_and_no_other() {
    let server = Server::start(|_| Reply::ok("fine")).await;
    let client = client();
    let date = "Tue, 15 Nov 1994 08:12:31 GMT";
    client.send(&header(post(server.url("/")), "date", date), BodyUse::Body).await.unwrap();
    client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    client
        .send(&Request { method: Method::Get, body: Bytes::new(), ..post(server.url("/")) }, BodyUse::Body)
        .await
        .unwrap();
    let dates: Vec<_> = server.seen().iter().map(|seen| seen.header("date").map(str::to_owned)).collect();
    assert_eq!(dates, [Some(date.to_owned()), None, None]);
    assert!(server.seen()[2].head.starts_with("GET / HTTP/1.1\r\nHost: "));
}
