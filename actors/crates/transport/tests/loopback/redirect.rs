//! Which redirects are followed, and with what (contract, providers 8).

use std::time::Duration;

use actix_rt::task::yield_now;
use actix_rt::time::timeout;
use campanile_domain::{Connection, FailureClass};
use campanile_transport::{AddressGuard, BodyUse};
use tokio::net::TcpListener;

use crate::support::{Authority, Reply, Server, client, connection, header, post, tls_client, transport};

fn moved(status: &str, to: &str) -> Reply {
    Reply::status(status, &format!("Location: {to}\r\n"), "")
}

#[actix_rt::test]
async fn redirects_that_turn_a_post_into_a_get_are_answers() {
    for status in ["301 Moved", "302 Found", "303 See Other"] {
        let server = Server::start(move |_| moved(status, "/elsewhere")).await;
        let response = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap();
        assert!(status.starts_with(&response.status.to_string()));
        assert_eq!((response.header("location"), server.seen().len()), (Some("/elsewhere"), 1));
    }
}

#[actix_rt::test]
async fn temporary_and_permanent_redirects_repeat_method_and_body() {
    for status in ["307 Temporary Redirect", "308 Permanent Redirect"] {
        let server = Server::start(move |seen| match seen.line.contains("/old") {
            true => moved(status, "new?x=1"),
            false => Reply::ok("there"),
        })
        .await;
        let response = client().send(&post(server.url("/a/old")), BodyUse::Body).await.unwrap();
        assert_eq!((response.status, &response.body[..]), (200, &b"there"[..]));
        let last = server.seen().pop().unwrap();
        assert_eq!((last.line.as_str(), &last.body[..]), ("POST /a/new?x=1 HTTP/1.1", &b"hello"[..]));
        assert_eq!(server.connections(), 1);
    }
}

#[actix_rt::test]
async fn credentials_stay_on_the_original_host_and_do_not_come_back_later() {
    let away = Server::start(|seen| {
        let back = seen.header("x-back").unwrap().to_owned();
        moved("307 Temporary Redirect", &back)
    })
    .await;
    let to = format!("http://localhost:{}/away", away.port);
    let home = Server::start(move |seen| match seen.line.split(' ').nth(1).unwrap() {
        "/first" => moved("307 Temporary Redirect", "/second"),
        "/second" => moved("307 Temporary Redirect", &to),
        _ => Reply::ok("back"),
    })
    .await;
    let request = header(post(home.url("/first")), "Authorization", "Bearer secret");
    let request = header(request, "X-Back", &home.url("/last"));
    client().send(&request, BodyUse::Body).await.unwrap();

    let sent = |server: &Server| -> Vec<_> {
        server.seen().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect()
    };
    let secret = Some("Bearer secret".to_owned());
    assert_eq!(sent(&home), [secret.clone(), secret, None]);
    assert_eq!(sent(&away), [None]);
}

#[actix_rt::test]
async fn basic_auth_from_the_url_does_not_leave_the_host_either() {
    let away = Server::start(|_| Reply::ok("there")).await;
    let to = format!("http://localhost:{}/", away.port);
    let home = Server::start(move |seen| {
        let second = format!("http://{}/second", seen.header("host").unwrap());
        moved("308 Permanent Redirect", if seen.line.contains("/first") { &second } else { &to })
    })
    .await;
    client()
        .send(&post(format!("http://bob:secret@127.0.0.1:{}/first", home.port)), BodyUse::Body)
        .await
        .unwrap();
    assert!(home.seen().iter().all(|seen| seen.header("authorization") == Some("Basic Ym9iOnNlY3JldA==")));
    assert_eq!(home.seen().len(), 2);
    assert!(away.seen()[0].header("authorization").is_none());
}

#[actix_rt::test]
async fn an_endless_chain_is_given_up_after_ten() {
    let server = Server::start(|_| moved("307 Temporary Redirect", "/again")).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!((error.class(), server.seen().len()), (FailureClass::Redirected, 11));
}

#[actix_rt::test]
async fn a_redirect_to_something_that_is_no_address_is_not_followed() {
    let server = Server::start(|_| moved("307 Temporary Redirect", "ftp://files.example.com/secret")).await;
    let error = client().send(&post(server.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Redirected);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[actix_rt::test]
async fn a_redirect_without_a_target_is_an_answer() {
    let server = Server::start(|_| Reply::status("307 Temporary Redirect", "", "")).await;
    assert_eq!(client().send(&post(server.url("/")), BodyUse::Body).await.unwrap().status, 307);
}

#[actix_rt::test]
async fn redirects_to_ever_new_hosts_leave_no_pile_of_idle_connections() {
    let mut chain = vec![Server::start(|_| Reply::ok("there")).await];
    for _ in 0..10 {
        let next = chain.last().unwrap().url("/");
        chain.push(Server::start(move |_| moved("307 Temporary Redirect", &next)).await);
    }
    let client = client();
    assert_eq!(client.send(&post(chain.last().unwrap().url("/")), BodyUse::Body).await.unwrap().status, 200);
    let open = || chain.iter().map(Server::open_connections).sum::<usize>();
    let settled = async {
        while open() > 8 {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), settled).await.unwrap();
    drop(client);
}

#[actix_rt::test]
async fn issue_15_a_redirect_to_a_closed_address_is_refused_and_its_target_is_not_told() {
    let inside = Server::start(|_| Reply::ok("inside")).await;
    let to = format!("http://localhost:{}/secret", inside.port);
    let home = Server::start(move |_| moved("307 Temporary Redirect", &to)).await;
    let open = format!("127.0.0.1:{}", home.port).parse().unwrap();
    let guard = AddressGuard::of_the_machine().allowing([open]);
    let client = transport().with_guard(guard).client(&connection()).unwrap();
    let error = client.send(&post(home.url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!((error.class(), inside.connections()), (FailureClass::Redirected, 0));
    assert!(!error.to_string().contains("localhost") && !error.to_string().contains("secret"), "{error}");
}

#[actix_rt::test]
async fn issue_15_a_redirect_from_https_to_http_is_refused() {
    let plain = Server::start(|_| Reply::ok("there")).await;
    let to = plain.url("/");
    let authority = Authority::new();
    let home =
        Server::start_tls(authority.leaf().server(), move |_| moved("308 Permanent Redirect", &to)).await;
    let client = tls_client(Some(authority.pem()), None);
    let error = client.send(&post(home.tls_url("/")), BodyUse::Body).await.unwrap_err();
    assert_eq!((error.class(), plain.connections()), (FailureClass::Redirected, 0));
}

#[actix_rt::test]
async fn issue_15_what_holds_something_of_a_secret_is_not_sent_to_another_host() {
    let away = Server::start(|_| Reply::ok("there")).await;
    let to = format!("http://localhost:{}/", away.port);
    let home = Server::start(move |seen| match seen.line.contains("/first") {
        true => moved("307 Temporary Redirect", "/second"),
        false => moved("308 Permanent Redirect", &to),
    })
    .await;
    let way = Connection { confidential: true, ..connection() };
    let error =
        transport().client(&way).unwrap().send(&post(home.url("/first")), BodyUse::Body).await.unwrap_err();
    assert_eq!((error.class(), home.seen().len(), away.connections()), (FailureClass::Redirected, 2, 0));
    assert!(error.to_string().contains("Secret"), "{error}");
    // Without it the message goes there.
    assert_eq!(client().send(&post(home.url("/first")), BodyUse::Body).await.unwrap().status, 200);
}

#[actix_rt::test]
async fn issue_15_of_where_a_redirect_leads_nothing_is_quoted_and_no_failure_is_told_apart() {
    let inside = Server::start(|_| Reply::status("401 No", "", "root:x:0:0")).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let garbled = Server::start(|_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    let (answering, hushed, other) = (inside.port, silent.local_addr().unwrap().port(), garbled.port);
    let home = Server::start(move |seen| {
        let port = seen.line.split('/').nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
        moved("307 Temporary Redirect", &format!("http://localhost:{port}/"))
    })
    .await;
    let client = transport().client(&Connection { timeout: Duration::from_secs(1), ..connection() }).unwrap();
    let answer = client.send(&post(home.url(&format!("/{answering}"))), BodyUse::Body).await.unwrap();
    assert_eq!((answer.status, answer.quotable()), (401, &b""[..]));
    let mut told = Vec::new();
    for port in [closed, hushed, other] {
        let error = client.send(&post(home.url(&format!("/{port}"))), BodyUse::Body).await.unwrap_err();
        told.push((error.class(), error.to_string()));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    assert!(!told[0].1.contains("localhost"), "{told:?}");
}
