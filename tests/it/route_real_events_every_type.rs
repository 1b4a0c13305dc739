//! Real events, replayed to one Provider of every type that can be pointed at a loopback address. What each must get is
//! computed here from the recorded text alone (contract, control plane 6.1 and 6.3, providers 13 and 14).

mod destination;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use campanile_providers::sample::StatusForm;
use serde_json::{Value, json};

use crate::support::Site;
use crate::support::recording::{
    FLUX_2_9, FLUX_2_10, Recording, cleaned, duplicate_key, group, parsed, sources_of, text,
};
use destination::{Destination, Role};
use status::{Written, expected_status, read, visible};

/// Whether the controller posted it only to update a commit status.
fn is_update(event: &Value) -> bool {
    cleaned(event).get(&format!("{}/commit_status", group(event))).is_some_and(|value| value == "update")
}

/// How many requests a destination gets for an event (6.1; providers 23.18, 23.22 and 23.24).
fn messages(role: Role, event: &Value) -> usize {
    let progressing = text(event, "reason") == "Progressing";
    match role {
        Role::Forward => 1,
        _ if is_update(event) => 0,
        Role::Message => 1,
        Role::Trace => usize::from(text(&event["involvedObject"], "kind") != "HelmRepository"),
        Role::Incident => usize::from(!progressing),
        // What is no error is told once more as a change.
        Role::IncidentAndChange if progressing => 0,
        Role::IncidentAndChange => 1 + usize::from(text(event, "severity") == "info"),
        // No recorded event is about a change request.
        Role::Comment => 0,
        Role::Git(_) => unreachable!("statuses are compared one by one"),
    }
}

/// Whether an event could be shown at a commit (6.1, step 5).
fn is_cause(event: &Value) -> bool {
    text(event, "severity") == "error" || is_update(event)
}

/// The statuses that a host must be sent, in order: each that differs from the last of its commit and name.
fn changes(events: &[&Value], uid: &str) -> (Vec<Written>, usize) {
    let mut shown = BTreeMap::new();
    let mut changes = Vec::new();
    for event in events.iter().filter(|event| is_cause(event)) {
        let Some(status) = expected_status(event, uid) else { continue };
        let place = (status.commit.clone(), status.context.clone());
        if shown.insert(place, (status.failed, status.description.clone()))
            != Some((status.failed, status.description.clone()))
        {
            changes.push(status);
        }
    }
    (changes, shown.len())
}

fn check_git(destination: &Destination, form: StatusForm, events: &[&Value]) {
    let (changes, places) = changes(events, destination.uid_prefix());
    let arrivals = destination.sink.arrivals();
    let writes = arrivals.iter().filter(|arrival| arrival.method == "POST");
    let written: Vec<Written> = writes.map(|arrival| read(form, arrival)).collect();
    let expected: Vec<Written> = changes.into_iter().map(|change| visible(form, change)).collect();
    assert_eq!(written, expected, "{}", destination.type_name);
    let reads = arrivals.len() - written.len();
    assert_eq!(reads, places, "{} is read once about each status", destination.type_name);
}

/// Each event in its order, told by its object: what ends an incident has the object's uid alone.
fn check_messages(destination: &Destination, events: &[&Value]) {
    let sent = events
        .iter()
        .flat_map(|event| std::iter::repeat_n(&event["involvedObject"], messages(destination.role, event)));
    let expected: Vec<&Value> = sent.collect();
    let arrivals = destination.sink.arrivals();
    assert_eq!(arrivals.len(), expected.len(), "{}", destination.type_name);
    for (arrival, object) in arrivals.iter().zip(expected) {
        let body = String::from_utf8_lossy(&arrival.body);
        let told = ["name", "uid"].iter().any(|key| body.contains(text(object, key)));
        assert!(told, "{}: {object} is not in {body}", destination.type_name);
    }
}

fn check(destination: &Destination, events: &[&Value]) {
    match destination.role {
        Role::Git(form) => check_git(destination, form, events),
        _ => check_messages(destination, events),
    }
}

/// How often an Alert may not be served, by reason.
fn drops(destinations: &[Destination], events: &[&Value]) -> BTreeMap<&'static str, usize> {
    let mut drops = BTreeMap::new();
    for destination in destinations {
        for event in events {
            let reason = match destination.role {
                Role::Forward => continue,
                Role::Git(_) if !is_cause(event) => "no-commit",
                Role::Git(_) if expected_status(event, "").is_none() => "no-revision",
                Role::Git(_) => continue,
                _ if is_update(event) => "commit-status-update",
                Role::Comment => "no-change-request",
                _ => continue,
            };
            *drops.entry(reason).or_default() += 1;
        }
    }
    drops
}

fn assert_every_type_gets_what_the_contract_lets_through(recording: Recording) {
    let bodies = recording.bodies();
    let events = parsed(&bodies);
    let destinations = Destination::all();
    let sources = sources_of(&events);
    let objects: Vec<Value> =
        destinations.iter().flat_map(|destination| destination.objects(&sources)).collect();
    let site = Site::with(&objects);
    let instance = site.start(&[]);
    let (mut seen, mut accepted) = (BTreeSet::new(), Vec::new());
    for (body, event) in bodies.iter().zip(&events) {
        let new = seen.insert(duplicate_key(event));
        assert_eq!(instance.post_bytes(body.as_bytes()).status, if new { 202 } else { 429 }, "{body}");
        if new {
            accepted.push(event);
            // One after the other, so that no status is passed over for a newer one.
            instance.settle();
        }
    }
    let state = instance.settle();
    let total = &state["outbox"]["total"];
    assert_eq!((&total["pending"], &total["parked"], &total["dead"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(instance.ask("/v1/deliveries?dead=true")["items"], json!([]));
    destinations.iter().for_each(|destination| check(destination, &accepted));
    assert_eq!(state["router"]["drops"], json!(drops(&destinations, &accepted)));
    assert_eq!(state["outbox"]["superseded"], 0);
}

#[test]
fn every_type_gets_what_the_contract_lets_through_and_nothing_is_left() {
    assert_every_type_gets_what_the_contract_lets_through(FLUX_2_9);
}

#[test]
fn t08_every_type_gets_what_the_contract_lets_through_of_flux_2_10() {
    assert_every_type_gets_what_the_contract_lets_through(FLUX_2_10);
}
