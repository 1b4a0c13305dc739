//! `googlepubsub` against the emulator of the Google Cloud SDK (contract, providers 23.8).

use serde_json::json;

use crate::support::{Instance, PubSub, Site, event, eventually, everything_from, provider, secret};

#[test]
fn s23_8_a_subscriber_gets_the_event_and_its_attributes() {
    let Some(pubsub) = PubSub::start("project", "flux") else { return };
    let spec = json!({ "address": "project", "channel": "flux", "secretRef": { "name": "attributes" } });
    let site = Site::with(&[
        provider("topic", "googlepubsub", spec),
        everything_from("topic"),
        secret("attributes", json!({ "headers": "tenant: blue\n" })),
    ]);
    let address = pubsub.address.to_string();
    let surroundings = ("PUBSUB_EMULATOR_HOST", address.as_ref());
    let instance = Instance::start_in(&[surroundings], &site.manifests(), &site.state(), &[]);
    instance.accept(&event("web", "hello"));
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
    let received = eventually("a message of the subscription", || {
        Some(pubsub.pull()).filter(|received| !received.is_empty())
    });
    let [(event, attributes)] = &received[..] else { panic!("one message: {received:?}") };
    assert_eq!((&event["message"], &event["involvedObject"]["name"]), (&json!("hello"), &json!("web")));
    assert_eq!(
        event["metadata"],
        json!({ "revision": "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738" })
    );
    assert_eq!(*attributes, json!({ "tenant": "blue" }));
}

#[test]
fn s23_8_a_topic_that_is_not_there_waits_with_the_remedy() {
    let Some(pubsub) = PubSub::start("project", "flux") else { return };
    let spec = json!({ "address": "project", "channel": "missing" });
    let site = Site::with(&[provider("topic", "googlepubsub", spec), everything_from("topic")]);
    let address = pubsub.address.to_string();
    let surroundings = ("PUBSUB_EMULATOR_HOST", address.as_ref());
    let instance = Instance::start_in(&[surroundings], &site.manifests(), &site.state(), &[]);
    instance.accept(&event("web", "hello"));
    let row = instance.row("providers", "topic", |row| row["conditions"][1]["status"] == "False");
    let message = row["conditions"][1]["message"].as_str().expect("a text");
    assert!(message.contains("topic"), "{message}");
    assert_eq!(instance.settle()["outbox"]["total"]["parked"], 1);
}
