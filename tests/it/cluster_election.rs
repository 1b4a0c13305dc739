//! Two replicas of the real program and one Lease of the real API server (contract, control plane 8.4).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Fault, Gate, Instance, Namespace, Passed, Sink, campanile_in, eventually, get, is_ready, value, within,
};

const LEASE: &str = "notification-controller-leader-election";
const LEASE_DURATION: Duration = Duration::from_secs(4);

/// A replica with a way to the API server of its own, so that one sees what it alone asks for.
struct Replica {
    gate: Gate,
    instance: Instance,
    _state: TempDir,
}

impl Replica {
    fn start(namespace: &Namespace) -> Self {
        let (gate, state) = (Gate::open(), TempDir::with_prefix("campanile-replica-").expect("a folder"));
        let lease_namespace = format!("--leader-election-namespace={}", namespace.name);
        let flags = [
            "--enable-leader-election",
            "--leader-election-lease-duration=4s",
            "--leader-election-renew-deadline=2s",
            "--leader-election-retry-period=300ms",
            "--metrics-addr=127.0.0.1:0",
            &lease_namespace,
        ];
        let instance = Instance::in_cluster(&gate.kubeconfig(), Some(&namespace.name), state.path(), &flags);
        Self { gate, instance: instance.loaded(), _state: state }
    }

    fn leads(&self) -> bool {
        self.instance.logged("is leader now")
    }

    fn until_leads(&self) {
        eventually("the replica to lead", || self.leads().then_some(()));
    }

    /// What its metric and its check say of the lease.
    fn says_of_the_lease(&self) -> (Option<f64>, String) {
        let series = format!(r#"leader_election_master_status{{name="{LEASE}"}}"#);
        let metric = value(&self.instance.metrics().body, &series);
        let checks = get(self.instance.health, "/readyz?verbose").expect("an answer").body;
        let check = checks.lines().find(|line| line.contains("lease")).unwrap_or_default();
        (metric, check.to_owned())
    }

    /// What it wrote to our objects.
    fn writes(&self) -> Vec<Passed> {
        let ours = |passed: &Passed| passed.method == "PATCH" && passed.path.contains("notification.toolkit");
        self.gate.passed().into_iter().filter(ours).collect()
    }
}

fn lease(namespace: &Namespace) -> String {
    format!("{}/{LEASE}", namespace.all("coordination.k8s.io/v1", "leases"))
}

fn holder(namespace: &Namespace) -> Option<String> {
    let lease = namespace.cluster.must("GET", &lease(namespace), &Value::Null);
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

/// Asks for a reconciliation, which the leader acknowledges in the status.
fn request(namespace: &Namespace, value: &str) {
    let mark = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": value}}});
    let alerts = namespace.all("notification.toolkit.fluxcd.io/v1beta3", "alerts");
    namespace.cluster.must("PATCH", &format!("{alerts}/all-to-chat"), &mark);
    namespace.status("alerts", "all-to-chat", |status| status["lastHandledReconcileAt"] == value);
}

#[test]
fn cluster_election_every_replica_delivers_and_one_writes_status_8_4() {
    let (namespace, sink) = (Namespace::new("replicas"), Sink::start());
    namespace.notify(&sink);
    let first = Replica::start(&namespace);
    first.until_leads();
    let second = Replica::start(&namespace);
    request(&namespace, "one");
    namespace.status("alerts", "all-to-chat", is_ready);
    first.instance.accept(&namespace.event("app", "through the leader"));
    second.instance.accept(&namespace.event("app", "through the other"));
    sink.wait_for(2);
    assert_eq!(sink.messages(), ["through the leader", "through the other"]);
    assert!(!first.writes().is_empty());
    assert_eq!(second.writes().len(), 0, "only the leader writes");
}

#[test]
fn cluster_election_metric_and_check_say_who_leads_before_and_after_a_takeover_9_1_9_2() {
    let leads = (Some(1.0), "[+]lease ok: this replica writes status".to_owned());
    let waits = (Some(0.0), "[+]lease ok: another replica writes status".to_owned());
    let namespace = Namespace::new("who-leads");
    let mut first = Replica::start(&namespace);
    first.until_leads();
    let second = Replica::start(&namespace);
    assert_eq!((first.says_of_the_lease(), second.says_of_the_lease()), (leads.clone(), waits));
    for replica in [&first, &second] {
        let lease = get(replica.instance.health, "/readyz/lease").expect("an answer");
        assert_eq!((lease.status, lease.body.as_str()), (200, "ok"), "no replica is unready for it");
    }
    first.instance.kill();
    second.until_leads();
    assert_eq!(second.says_of_the_lease(), leads);
}

#[test]
fn cluster_election_a_stopped_leader_lets_go_at_once() {
    let (namespace, sink) = (Namespace::new("release"), Sink::start());
    namespace.notify(&sink);
    let mut first = Replica::start(&namespace);
    first.until_leads();
    let second = Replica::start(&namespace);
    assert!(holder(&namespace).is_some());
    assert_eq!(first.instance.stop(), Some(0));
    assert!(first.instance.logged("let go of the lease"));
    within(LEASE_DURATION / 2, "the other replica to lead", || second.leads().then_some(()));
    request(&namespace, "two");
    assert!(first.writes().last().map(|last| last.at) < second.writes().first().map(|first| first.at));
}

#[test]
fn cluster_election_a_killed_leader_is_followed_within_the_lease_duration() {
    let (namespace, sink) = (Namespace::new("takeover"), Sink::start());
    namespace.notify(&sink);
    let mut first = Replica::start(&namespace);
    first.until_leads();
    let second = Replica::start(&namespace);
    request(&namespace, "one");
    let killed = Instant::now();
    first.instance.kill();
    // The last renewal was a retry period before, and a candidate looks again within two.
    let looks = Duration::from_secs(2);
    within(LEASE_DURATION + looks, "the other replica to lead", || second.leads().then_some(()));
    println!("took over after {:?}", killed.elapsed());
    request(&namespace, "two");
    assert!(first.writes().last().map(|last| last.at) < second.writes().first().map(|first| first.at));
    second.instance.accept(&namespace.event("app", "after the takeover"));
    sink.wait_for(1);
}

#[test]
fn cluster_election_a_leader_that_lost_its_lease_ends_with_exit_1() {
    let (namespace, sink) = (Namespace::new("stolen"), Sink::start());
    namespace.notify(&sink);
    let mut replica = Replica::start(&namespace);
    replica.until_leads();
    let thief = json!({"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 60}});
    namespace.cluster.must("PATCH", &lease(&namespace), &thief);
    assert_eq!(replica.instance.ended(), Some(1));
    assert!(replica.instance.logged("problem running manager"));
    assert!(replica.instance.logged("another has it"));
    assert_eq!(holder(&namespace).as_deref(), Some("thief"));
}

#[test]
fn cluster_election_a_leader_that_can_not_renew_ends_before_another_may_take_over() {
    let namespace = Namespace::new("cut-off");
    let mut first = Replica::start(&namespace);
    first.until_leads();
    let second = Replica::start(&namespace);
    first.gate.fail(Fault::Away);
    assert_eq!(first.instance.ended(), Some(1));
    assert!(!second.leads(), "the other replica led before the first had ended");
    second.until_leads();
}

#[test]
fn cluster_election_outside_of_a_pod_it_is_refused_with_the_remedy() {
    let gate = Gate::open();
    let output = campanile_in(
        &gate.kubeconfig(),
        &[
            "--enable-leader-election",
            "--events-addr=127.0.0.1:0",
            "--health-addr=127.0.0.1:0",
            "--admin-addr=127.0.0.1:0",
            "--metrics-addr=0",
            "--receiverAddr=127.0.0.1:0",
        ],
    );
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("leave --enable-leader-election out"), "{output:?}");
}
