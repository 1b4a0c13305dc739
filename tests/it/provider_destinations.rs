//! Where Providers may lead: not to what only this process can reach.

use serde_json::{Value, json};

use crate::support::{
    Instance, Namespace, Sink, Site, condition, event, everything_from, post_with, provider, secret,
};

/// A Provider for each address, and an Alert that sends everything to it.
fn leading_to(addresses: &[String]) -> Vec<Value> {
    let named = |(number, address): (usize, &String)| {
        let name = format!("p{number}");
        let spec = json!({ "address": address });
        [provider(&name, "generic", spec), everything_from(&name)]
    };
    addresses.iter().enumerate().flat_map(named).collect()
}

/// What the status of a Provider that does not deliver says.
fn refusal(instance: &Instance, name: &str) -> String {
    let row = instance.row("providers", name, |row| row["conditions"][1]["status"] == "False");
    row["conditions"][1]["message"].as_str().expect("a text").to_owned()
}

#[test]
fn provider_issue_15_none_leads_to_this_program_or_to_metadata_services() {
    let (site, sink) = (Site::new(), Sink::start());
    let instance = site.start(&[]);
    let (events, admin, health) = (instance.events.port(), instance.admin.port(), instance.health.port());
    let own = [
        format!("http://127.0.0.1:{events}/"),
        format!("http://localhost:{events}/"),
        format!("http://2130706433:{admin}/v1/state"),
        format!("http://[::ffff:127.0.0.1]:{admin}/v1/objects"),
        format!("http://0x7f.1:{health}/healthz"),
    ];
    let machines =
        ["http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://0.0.0.0:1/"];
    // Loopback is open in standalone mode.
    let addresses = [&own[..], &machines.map(str::to_owned), &[sink.url("/hook")]].concat();
    site.apply("objects.yaml", &leading_to(&addresses));
    let last = format!("p{}", addresses.len() - 1);
    instance.row("providers", &last, |row| row["conditions"][0]["status"] == "True");
    instance.accept(&event("web", "happened"));
    sink.wait_for(1);
    for (number, address) in own.iter().enumerate() {
        let text = refusal(&instance, &format!("p{number}"));
        assert!(text.contains("this program itself") && !text.contains("--allow"), "{address}: {text}");
    }
    for number in own.len()..own.len() + machines.len() {
        let text = refusal(&instance, &format!("p{number}"));
        assert!(text.contains("--allow-destinations="), "{text}");
    }
    // Nothing came back as an event of its own.
    assert_eq!(sink.arrivals().len(), 1);
}

#[test]
fn provider_issue_15_a_flag_opens_a_destination_and_another_closes_private_networks() {
    let (site, sink) = (Site::new(), Sink::start());
    let open = format!("http://0.0.0.0:{}/hook", sink.address.port());
    site.apply("objects.yaml", &leading_to(&[open, "http://10.11.12.13:8080/".to_owned()]));
    let instance = site.start(&["--allow-destinations=0.0.0.0,example.com", "--no-private-destinations"]);
    instance.accept(&event("web", "happened"));
    sink.wait_for(1);
    let text = refusal(&instance, "p1");
    assert!(
        text.contains("a private address") && text.contains("--allow-destinations=10.11.12.13"),
        "{text}"
    );
}

#[test]
fn cluster_issue_15_loopback_is_closed_in_a_cluster_until_a_flag_opens_it() {
    let (namespace, sink, site) = (Namespace::new("destinations"), Sink::start(), Site::new());
    namespace.notify(&sink);
    let start = |state: &str, flags: &[&str]| {
        let cluster = &namespace.cluster;
        Instance::in_cluster(&cluster.kubeconfig, Some(&namespace.name), &site.path(state), flags).loaded()
    };
    let closed = start("closed", &["--allow-destinations=relay.example"]);
    closed.accept(&namespace.event("web", "first"));
    let is_refused = |status: &Value| condition(status, "Delivering")["status"] == "False";
    let name = namespace.cluster.must(
        "GET",
        &namespace.all("notification.toolkit.fluxcd.io/v1", "providers"),
        &Value::Null,
    )["items"][0]["metadata"]["name"]
        .take();
    let status = namespace.status("providers", name.as_str().expect("a name"), is_refused);
    let text = condition(&status, "Delivering")["message"].take();
    assert!(text.as_str().is_some_and(|text| text.contains("--allow-destinations=127.0.0.1")), "{text}");
    assert!(sink.arrivals().is_empty());
    drop(closed);
    let open = start("open", &["--allow-destinations=127.0.0.0/8"]);
    open.accept(&namespace.event("web", "second"));
    assert_eq!(sink.wait_for(1).len(), 1);
}

#[test]
fn provider_issue_15_a_forwarded_event_does_not_come_back_and_its_metadata_is_nobodys_word() {
    let sink = Sink::start();
    let spec = json!({ "address": sink.url("/hub"), "secretRef": { "name": "headers" } });
    let forged = "X-Campanile-Hops: id=fedcba9876543210fedcba9876543210; hops=0\nX-Team: apps";
    let mut alert = everything_from("hub");
    let revision = "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738";
    alert["spec"]["eventMetadata"] = json!({ "kustomize.toolkit.fluxcd.io/revision": revision });
    let site = Site::with(&[
        provider("hub", "generic", spec),
        secret("headers", json!({ "headers": forged })),
        alert,
    ]);
    let instance = site.start(&[]);
    instance.accept(&event("web", "first"));
    let forwarded = sink.wait_for(1).remove(0);
    let hops = forwarded.header("x-campanile-hops").expect("a header").to_owned();
    assert!(
        hops.ends_with("; hops=1") && !hops.contains("fedcba"),
        "no header of a Secret takes its place: {hops}"
    );
    assert_eq!(forwarded.header("x-team"), Some("apps"));

    // A relay of the tenant's brings it back.
    let post = |hops: &str, body: &[u8]| {
        post_with(&format!("X-Campanile-Hops: {hops}\r\n"), instance.events, body).expect("an answer").status
    };
    assert_eq!(post(&hops, forwarded.text().as_bytes()), 422);
    let other = "id=fedcba9876543210fedcba9876543210";
    assert_eq!(post(&format!("{other}; hops=5"), forwarded.text().as_bytes()), 422);
    assert_eq!(instance.ask("/v1/state")["intake"]["refused"]["looped"], 2);
    assert!(instance.logged("refusing a forwarded event"));
    // A hub takes what others forward, and what their Alerts added counts for nothing.
    assert_eq!(forwarded.json()["metadata"]["kustomize.toolkit.fluxcd.io/revision"], revision);
    let mut second = event("web", "second");
    second["metadata"] = forwarded.json()["metadata"].clone();
    assert_eq!(post(&format!("{other}; hops=4"), second.to_string().as_bytes()), 202);
    let again = sink.wait_for(2).remove(1);
    assert!(again.header("x-campanile-hops").is_some_and(|hops| hops.ends_with("; hops=5")));
    assert_eq!(
        again.json()["metadata"],
        json!({ "kustomize.toolkit.fluxcd.io/revision": revision }),
        "by its own Alert"
    );
    let id = hops.split(';').next().expect("an id").to_owned();
    drop(instance);
    // It is the same installation after a restart.
    let instance = site.start(&[]);
    instance.accept(&event("web", "third"));
    assert!(sink.wait_for(3)[2].header("x-campanile-hops").is_some_and(|hops| hops.starts_with(&id)));
}
