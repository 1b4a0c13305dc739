//! An API server that is away, slow, wrong or unwilling: the program goes on, and says what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::Cluster;
use crate::support::{
    Fault, Gate, Instance, Namespace, Sink, alert, eventually, get, is_ready, provider, within,
};

/// The longest pause between tries to reach the API server, and some time to answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(75);

/// An instance behind a gate, with a Provider and an Alert in a namespace of its own.
struct Site {
    namespace: Namespace,
    sink: Sink,
    gate: Gate,
    state: TempDir,
}

impl Site {
    fn new(name: &str) -> Self {
        let site = Self::bare(Namespace::new(name));
        site.namespace.notify(&site.sink);
        site
    }

    fn bare(namespace: Namespace) -> Self {
        let gate = Gate::before(&namespace.cluster, namespace.cluster.token.as_deref());
        let state = TempDir::with_prefix("campanile-bad-input-").expect("a folder");
        Self { namespace, sink: Sink::start(), gate, state }
    }

    fn start(&self) -> Instance {
        let namespace = Some(self.namespace.name.as_str());
        Instance::in_cluster(&self.gate.kubeconfig(), namespace, self.state.path(), &[])
    }

    /// Waits until an operator is told what is wrong, by the operations API and by the log.
    fn told(instance: &Instance, words: &[&str]) {
        eventually(&format!("the problem {words:?} to be told"), || {
            let answer = get(instance.admin, "/v1/objects").ok()?;
            words.iter().all(|word| answer.body.contains(word) && instance.logged(word)).then_some(())
        });
    }

    /// Posts an event, mends the API server, and sees it delivered. The longest pause between tries is a minute.
    fn accepted_then_delivered(&self, instance: &Instance) {
        instance.accept(&self.namespace.event("app", "accepted meanwhile"));
        self.gate.mend();
        within(LONGEST_PAUSE, "the event to be delivered", || {
            (self.sink.messages() == ["accepted meanwhile"]).then_some(())
        });
    }
}

#[test]
fn cluster_bad_input_an_api_server_that_is_away_at_the_start_is_waited_for() {
    let site = Site::new("away-at-start");
    site.gate.fail(Fault::Away);
    let instance = site.start();
    Site::told(&instance, &["failed to watch alerts", "check that the API server is up"]);
    site.accepted_then_delivered(&instance);
}

#[test]
fn cluster_bad_input_while_the_api_server_is_away_events_are_delivered_from_what_is_known() {
    let site = Site::new("away-later");
    let instance = site.start().loaded();
    instance.accept(&site.namespace.event("app", "before"));
    site.sink.wait_for(1);
    site.gate.fail(Fault::Away);
    Site::told(&instance, &["failed to watch alerts", "check that the API server is up"]);
    for number in 0..300 {
        instance.accept(&site.namespace.event("app", &format!("away {number}")));
    }
    site.sink.wait_for(301);
    let second = Sink::start();
    site.namespace.apply(provider("second", "generic", json!({"address": second.url("/")})));
    let sources = json!([{"kind": "Kustomization", "name": "*"}]);
    site.namespace.apply(alert("second", "second", json!({"eventSources": sources})));
    site.gate.mend();
    within(LONGEST_PAUSE, "the new objects to be known", || {
        let table = instance.ask("/v1/objects");
        let known = |kind: &str| table[kind].as_array().is_some_and(|rows| rows.len() == 2);
        (known("alerts") && known("providers")).then_some(())
    });
    instance.accept(&site.namespace.event("app", "after"));
    second.wait_for(1);
    assert_eq!(site.sink.wait_for(302).len(), 302);
    site.namespace.status("alerts", "second", is_ready);
}

#[test]
fn cluster_bad_input_a_slow_api_server_only_takes_its_time() {
    let site = Site::new("slow");
    site.gate.fail(Fault::Slow(Duration::from_secs(1)));
    let instance = site.start().loaded();
    instance.accept(&site.namespace.event("app", "accepted meanwhile"));
    site.sink.wait_for(1);
    site.namespace.status("alerts", "all-to-chat", is_ready);
}

#[test]
fn cluster_bad_input_an_api_server_that_never_answers_is_said() {
    let site = Site::new("silent");
    site.gate.fail(Fault::Silent);
    let instance = site.start();
    Site::told(&instance, &["failed to watch alerts", "the API server does not answer"]);
    site.accepted_then_delivered(&instance);
}

#[test]
fn cluster_bad_input_an_answer_that_is_none_of_the_api_is_said() {
    let site = Site::new("garbage");
    site.gate.fail(Fault::Garbage);
    let instance = site.start();
    Site::told(&instance, &["failed to watch providers", "check the server's address and proxy"]);
    site.accepted_then_delivered(&instance);
}

#[test]
fn cluster_bad_input_a_refusal_names_the_roles() {
    let site = Site::new("forbidden");
    site.gate.fail_at("/alerts", Fault::Refuse(403));
    let instance = site.start();
    Site::told(&instance, &["failed to watch alerts", "403", "apply the roles in deploy/rbac"]);
    site.accepted_then_delivered(&instance);
}

#[test]
fn cluster_bad_input_an_expired_token_is_said_and_a_renewed_one_taken_up() {
    let site = Site::new("expired");
    site.gate.write_kubeconfig(Some("expired"));
    let instance = site.start();
    Site::told(&instance, &["failed to watch alerts", "401", "renew the token"]);
    site.gate.write_kubeconfig(site.namespace.cluster.token.as_deref());
    site.accepted_then_delivered(&instance);
}

#[test]
fn cluster_bad_input_definitions_that_are_not_installed_are_asked_for_and_noticed() {
    let site = Site::bare(Namespace::of(Cluster::another(), "no-definitions"));
    let instance = site.start();
    Site::told(&instance, &["failed to watch alerts", "install it: campanile crds | kubectl apply -f -"]);
    instance.accept(&site.namespace.event("app", "accepted meanwhile"));
    // So that no list comes between the definitions and the objects: it would say that there are none.
    site.gate.fail(Fault::Refuse(503));
    site.namespace.cluster.define_ours();
    site.namespace.notify(&site.sink);
    site.gate.mend();
    within(LONGEST_PAUSE, "the event to be delivered", || {
        (site.sink.messages() == ["accepted meanwhile"]).then_some(())
    });
}

#[test]
fn cluster_bad_input_an_object_of_a_mebibyte_is_refused_with_the_cause_and_disturbs_no_other() {
    let site = Site::new("large");
    let named =
        |number: usize| json!({"kind": "HelmRelease", "name": format!("{number:05}-{}", "x".repeat(100))});
    let mut sources: Vec<Value> = (0..10_000).map(named).collect();
    sources.push(json!({"kind": "Kustomization", "name": "*"}));
    let large = alert("large", "chat", json!({"eventSources": sources}));
    assert!(large.to_string().len() > 1 << 20);
    site.namespace.apply(large);
    let instance = site.start().loaded();
    let refused = |status: &Value| {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let mut ready = conditions.filter(|condition| condition["type"] == "Ready");
        ready.any(|ready| {
            ready["status"] == "False"
                && ready["message"].as_str().is_some_and(|text| text.contains("spec is larger than 256 KiB"))
        })
    };
    site.namespace.status("alerts", "large", refused);
    site.namespace.status("alerts", "all-to-chat", is_ready);
    instance.accept(&site.namespace.event("app", "for one Alert"));
    assert_eq!(site.sink.wait_for(1)[0].message(), "for one Alert");
}

#[test]
fn cluster_bad_input_watches_that_end_at_once_are_paced_and_miss_nothing() {
    let site = Site::new("short-watches");
    site.gate.fail(Fault::ShortWatches(Duration::from_millis(100)));
    let instance = site.start().loaded();
    let long_name = "watches of the API server end after seconds";
    within(Duration::from_secs(60), "the short watches to be said", || {
        instance.logged(long_name).then_some(())
    });
    let second = Sink::start();
    site.namespace.apply(provider("chat", "generic", json!({"address": second.url("/")})));
    eventually("the change to be noticed", || {
        instance.accept(&site.namespace.event("app", &format!("where? {}", fastrand::u32(..))));
        (!second.arrivals().is_empty()).then_some(())
    });
    let mut begun: BTreeMap<String, Vec<std::time::Instant>> = BTreeMap::new();
    for passed in site.gate.passed().into_iter().filter(|passed| passed.path.contains("watch=")) {
        let path = passed.path.split('?').next().unwrap_or_default().to_owned();
        begun.entry(path).or_default().push(passed.at);
    }
    let pairs = begun.values().flat_map(|times| times.windows(2));
    let shortest = pairs.map(|pair| pair[1] - pair[0]).min().expect("watches were begun anew");
    // Without a pace it would be a tenth of a second; the way to the gate takes its time on a busy machine.
    assert!(shortest > Duration::from_secs(1), "begun anew after {shortest:?}");
}
