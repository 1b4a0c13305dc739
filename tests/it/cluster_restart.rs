//! A restart as a rollout does it: the next process starts when the one before has ended, on the same state folder.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Gate, Instance, Namespace, Sink, post, within};

const WAITING: usize = 2_000;

/// Beyond this senders give up on an event (contract, control plane 13).
const SENDERS_GIVE_UP: Duration = Duration::from_secs(15);

/// Posts an event every few milliseconds and notes which were accepted and the longest time between two of these.
fn probe(namespace: &Namespace, address: SocketAddr, done: &AtomicBool) -> (BTreeSet<String>, Duration) {
    let (mut accepted, mut last, mut gap) = (BTreeSet::new(), Instant::now(), Duration::ZERO);
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let message = format!("probe {number}");
        let event = namespace.event(&format!("probe-{}", number % 10), &message);
        if post(address, event.to_string().as_bytes()).is_ok_and(|answer| answer.status == 202) {
            accepted.insert(message);
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    (accepted, gap)
}

#[test]
fn cluster_restart_the_gap_without_an_endpoint_is_shorter_than_senders_patience() {
    let (namespace, sink, gate) = (Namespace::new("restart"), Sink::start(), Gate::open());
    namespace.notify(&sink);
    // A destination that never answers is the worst case: what is on its way is given time to end.
    sink.hold_after(0);
    let state = TempDir::with_prefix("campanile-restart-").expect("a folder");
    // The port is free for a moment only; another run takes another one.
    let address =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port is free");
    let (events, lease) =
        (format!("--events-addr={address}"), format!("--leader-election-namespace={}", namespace.name));
    let flags = ["--enable-leader-election", &lease, &events];
    let start = || Instance::in_cluster(&gate.kubeconfig(), Some(&namespace.name), state.path(), &flags);
    let mut before = start().loaded();
    for number in 0..WAITING {
        before.accept(&namespace.event(&format!("app-{}", number % 100), &format!("waiting {number}")));
    }
    let done = AtomicBool::new(false);
    let (accepted, gap, after) = std::thread::scope(|scope| {
        let (namespace, done) = (&namespace, &done);
        let probing = scope.spawn(move || probe(namespace, address, done));
        assert_eq!(before.stop(), Some(0));
        let after = start().loaded();
        after.accept(&namespace.event("app-0", "after the restart"));
        done.store(true, Ordering::Relaxed);
        let (accepted, gap) = probing.join().expect("the prober ends");
        (accepted, gap, after)
    });
    println!(
        "{WAITING} deliveries waited; no endpoint for {:.2} s, {} probes accepted",
        gap.as_secs_f64(),
        accepted.len()
    );
    assert!(gap < SENDERS_GIVE_UP / 2, "no endpoint for {gap:?}");
    sink.release();
    let everything = Duration::from_secs(90);
    within(everything, "everything accepted to be delivered", || {
        let arrived: BTreeSet<String> = sink.messages().into_iter().collect();
        let waited = (0..WAITING).all(|number| arrived.contains(&format!("waiting {number}")));
        (waited && accepted.is_subset(&arrived)).then_some(())
    });
    drop(after);
}
