//! Probes of the real program (contract, control plane 9.1).

use std::net::{SocketAddr, TcpStream};

use crate::support::{Site, eventually, get};

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
