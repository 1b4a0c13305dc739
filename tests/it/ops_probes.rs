//! Probes of the real program (contract, control plane 9.1).

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
    let all = "[+]ping ok\n[+]snapshots ok\n[+]objects ok\n[+]outbox ok\nhealthz check passed\n";
    // Right after the start the router plans what was stored meanwhile, and says so.
    eventually("every check to pass", || (ask("/readyz?verbose") == (200, all.to_owned())).then_some(()));
    assert_eq!(ask("/readyz/outbox"), (200, "ok".to_owned()));
}
