//! Probes of the real program (contract, control plane 9.1).

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::support::{Site, event, eventually, get, post};

#[test]
fn probes_answer_as_the_contract_says() {
    let site = Site::new();
    let instance = site.start(&[]);
    let ask = |path: &str| {
        let answer = get(instance.health, path).expect("an answer");
        (answer.status, answer.body)
    };
    for path in ["/healthz", "/readyz", "/healthz/", "/healthz/ping", "/readyz/ping", "/readyz?exclude=ping"]
    {
        assert_eq!(ask(path), (200, "ok".to_owned()), "{path}");
    }
    for path in ["/healthz/magic", "/readyz/magic", "/healthz/ping/pong", "/", "/metrics"] {
        assert_eq!(ask(path).0, 404, "{path}");
    }
    assert_eq!(ask("/healthz?verbose"), (200, "[+]ping ok\nhealthz check passed\n".to_owned()));
    let all =
        "[+]ping ok\n[+]snapshots ok\n[+]objects ok\n[+]outbox ok\n[+]intake ok\nhealthz check passed\n";
    // Right after the start the router plans what was stored meanwhile, and says so.
    eventually("every check to pass", || (ask("/readyz?verbose") == (200, all.to_owned())).then_some(()));
    assert_eq!(ask("/readyz/outbox"), (200, "ok".to_owned()));
}

#[test]
fn issue_17_held_connections_keep_no_probe_from_its_answer() {
    let site = Site::new();
    let instance = site.start(&["--metrics-addr=127.0.0.1:0"]);
    let listeners = [instance.health, instance.metrics.expect("an address"), instance.admin];
    let hold = |at: SocketAddr| TcpStream::connect(at).expect("a connection");
    let held: Vec<TcpStream> = listeners.iter().flat_map(|at| (0..100).map(|_| hold(*at))).collect();
    assert_eq!(get(instance.health, "/healthz").expect("an answer").status, 200);
    assert_eq!(get(instance.health, "/readyz").expect("an answer").status, 200);
    assert_eq!(instance.metrics().status, 200);
    assert_eq!(get(instance.admin, "/v1/objects").expect("an answer").status, 200);
    drop(held);
}

#[test]
fn issue_17_a_crowded_event_endpoint_says_that_it_is_overloaded_and_when_it_is_no_more() {
    let site = Site::new();
    let instance = site.start(&[]);
    let check = || get(instance.health, "/readyz?verbose").expect("an answer").body;
    eventually("every check to pass", || check().contains("[+]intake ok\n").then_some(()));
    // Nearly a quarter of the room for each peer, all at once: who sends no more is soon given up.
    let peers = [2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5];
    let events = instance.events;
    let held = peers.map(|peer| std::thread::spawn(move || nearly_all_of_a_body([127, 0, 0, peer], events)));
    let crowded = "[-]intake failed: overloaded: the event endpoint has ";
    let said = eventually("the check to fail", || Some(check()).filter(|page| page.contains(crowded)));
    assert!(said.contains(" bytes of bodies under way, senders may get 503 (does not count)\n"), "{said}");
    assert!(said.ends_with("healthz check passed\n"), "no reason to end it: {said}");
    let small = event("web", "meanwhile").to_string();
    assert_eq!(post(instance.events, small.as_bytes()).expect("an answer").status, 202);
    drop(held.map(|one| one.join().expect("a connection")));
    eventually("every check to pass again", || check().contains("[+]intake ok\n").then_some(()));
}

/// Three mebibytes without their last byte, from an address of this machine.
fn nearly_all_of_a_body(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let mut stream = runtime().block_on(connect(from, to)).into_std().expect("a stream");
    stream.set_nonblocking(false).expect("a stream that waits");
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("a time");
    let head = b"POST / HTTP/1.1\r\nHost: events\r\nContent-Length: 3145728\r\n\r\n";
    // What is refused early is not read to its end.
    stream.write_all(&[&head[..], &vec![b' '; 3_145_727]].concat()).ok();
    stream
}

#[test]
fn issue_17_4096_connections_that_drip_heads_keep_nobody_from_an_answer() {
    raise_file_limit();
    let site = Site::new();
    let instance = site.start(&[]);
    let events = instance.events;
    let (done, ended) = std::sync::mpsc::channel();
    let attack = std::thread::spawn(move || {
        let drips = (0..4096_u16).map(|number| drip([127, 0, 0, 2 + (number / 1024) as u8], events));
        let all = async { drips.collect::<tokio::task::JoinSet<bool>>().join_all().await };
        let lasted = runtime().block_on(async { tokio::time::timeout(PATIENCE, all).await });
        done.send(()).expect("somebody waits");
        lasted.is_ok_and(|lasted| lasted.iter().filter(|one| **one).count() > 2000)
    });
    let mut rounds = 0;
    while ended.try_recv().is_err() {
        assert_eq!(get(instance.health, "/healthz").expect("an answer").status, 200);
        assert_eq!(get(instance.health, "/readyz").expect("an answer").status, 200);
        let small = event("web", &format!("meanwhile {rounds}")).to_string();
        assert_eq!(post(instance.events, small.as_bytes()).expect("an answer").status, 202);
        rounds += 1;
    }
    assert!(attack.join().expect("an end"), "all were closed in time, and most had begun a second head");
    assert!(rounds >= 10, "{rounds}");
}

/// Sends a whole request, and then a second head byte by byte until the connection is closed. Says whether it came so far.
async fn drip(from: [u8; 4], to: SocketAddr) -> bool {
    let mut stream = connect(from, to).await;
    let mut answer = [0; 512];
    let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: events\r\n\r\n").await;
    if asked.is_err() || !matches!(stream.read(&mut answer).await, Ok(1..)) {
        return false;
    }
    for byte in b"POST / HTTP/1.1\r\nHost: ".iter().chain(std::iter::repeat(&b'x')) {
        let read = match stream.write_all(&[*byte]).await {
            Ok(()) => tokio::time::timeout(Duration::from_secs(1), stream.read(&mut answer)).await,
            Err(_) => break,
        };
        if matches!(read, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    true
}

/// Longer than a head may take, with all the connections before it.
const PATIENCE: Duration = Duration::from_secs(60);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Connects from an address of this machine.
async fn connect(from: [u8; 4], to: SocketAddr) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("an address of this machine");
    socket.connect(to).await.expect("a connection")
}

/// The connections are this process' own, and the program inherits the limit.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit may be raised");
}
