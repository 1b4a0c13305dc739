//! A kill -9 in the middle of showing a commit's status: the host ends with the newest state, and gets none twice.

use serde_json::{Value, json};

use crate::support::{
    COMMIT, GitHost, Instance, Reply, Site, event, eventually, everything_from, provider, secret,
};

/// The GET of an exchange that knows nothing, and its POST.
const READ_AND_WRITE: usize = 2;

fn site(repository: &str) -> Site {
    let spec = json!({ "address": repository, "secretRef": { "name": "token" } });
    Site::with(&[
        provider("host", "gitea", spec),
        everything_from("host"),
        secret("token", json!({ "token": "t0ken" })),
    ])
}

/// What happened to the object, for the `number`th time.
fn happened(severity: &str, reason: &str, number: usize) -> Value {
    let mut event = event("webapp", &format!("{reason} {number}"));
    event["severity"] = severity.into();
    event["reason"] = reason.into();
    event["metadata"]["event.toolkit.fluxcd.io/commit"] = format!("main@sha1:{COMMIT}").into();
    event
}

fn pending(number: usize) -> Value {
    happened("info", "Progressing", number)
}

fn success(number: usize) -> Value {
    happened("info", "ReconciliationSucceeded", number)
}

fn failure(number: usize) -> Value {
    happened("error", "HealthCheckFailed", number)
}

/// Starts again after a kill, waits until all is done, and expects these states to have been written in all.
fn ends_with(site: &Site, host: &GitHost, states: &[&str]) {
    let instance = site.start(&[]);
    settles_with(&instance, host, states);
}

fn settles_with(instance: &Instance, host: &GitHost, states: &[&str]) {
    let state = instance.settle();
    assert_eq!(host.states(), states);
    let total = &state["outbox"]["total"];
    assert_eq!((&total["parked"], &total["dead"]), (&json!(0), &json!(0)), "no status was lost");
}

#[test]
fn a_kill_while_the_host_is_read_shows_the_newest_state_alone() {
    let host = GitHost::start();
    let site = site(&host.repository());
    host.sink.hold_after(0);
    let mut instance = site.start(&[]);
    instance.accept(&pending(1));
    assert_eq!(host.sink.wait_for(1)[0].method, "GET");
    instance.accept(&success(1));
    instance.accept(&failure(1));
    instance.kill();
    assert_eq!(host.states(), [""; 0], "nothing was written yet");
    host.sink.release();
    ends_with(&site, &host, &["failure"]);
}

#[test]
fn a_kill_before_a_write_is_answered_does_not_repeat_it() {
    let host = GitHost::start();
    let site = site(&host.repository());
    host.sink.hold_after(1);
    let mut instance = site.start(&[]);
    instance.accept(&success(1));
    assert_eq!(host.sink.wait_for(READ_AND_WRITE)[1].method, "POST");
    instance.kill();
    host.sink.release();
    ends_with(&site, &host, &["success"]);
    assert_eq!(host.reads(), 2, "it was read whether the write had arrived");
}

#[test]
fn a_kill_before_a_write_that_did_not_arrive_repeats_it() {
    let host = GitHost::start();
    let site = site(&host.repository());
    host.sink.script([Reply { body: "[]", ..Reply::status(200) }]);
    host.sink.script([Reply::status(502)]);
    host.sink.hold_after(1);
    let mut instance = site.start(&[]);
    instance.accept(&success(1));
    host.sink.wait_for(READ_AND_WRITE);
    instance.kill();
    host.sink.release();
    assert_eq!(host.states(), [""; 0], "what was in front of the host lost it");
    ends_with(&site, &host, &["success"]);
}

#[test]
fn a_late_success_does_not_cover_a_newer_failure() {
    for killed in [false, true] {
        let host = GitHost::start();
        let site = site(&host.repository());
        host.sink.hold_after(1);
        let mut instance = site.start(&[]);
        instance.accept(&success(1));
        host.sink.wait_for(READ_AND_WRITE);
        [pending(1), success(2), failure(1)].iter().for_each(|event| instance.accept(event));
        if killed {
            instance.kill();
        }
        host.sink.release();
        let expected = ["success", "failure"];
        if killed {
            ends_with(&site, &host, &expected);
        } else {
            settles_with(&instance, &host, &expected);
        }
    }
}

#[test]
fn a_kill_during_a_change_does_not_leave_the_host_with_it_when_it_was_taken_back() {
    let host = GitHost::start();
    let site = site(&host.repository());
    let mut instance = site.start(&[]);
    instance.accept(&success(1));
    settles_with(&instance, &host, &["success"]);
    host.sink.hold_after(READ_AND_WRITE);
    instance.accept(&failure(1));
    let arrivals = host.sink.wait_for(READ_AND_WRITE + 1);
    assert_eq!(arrivals[READ_AND_WRITE].method, "POST", "what it wrote itself it need not read");
    instance.accept(&success(2));
    instance.kill();
    host.sink.release();
    // Had it still believed in its first write, it would have left the failure there.
    ends_with(&site, &host, &["success", "failure", "success"]);
}

#[test]
fn of_states_that_come_while_the_host_is_away_only_the_newest_goes_out() {
    let host = GitHost::start();
    let (site, address) = (site(&host.repository()), host.sink.address);
    drop(host);
    let mut instance = site.start(&[]);
    [pending(1), failure(1), success(1), pending(2)].iter().for_each(|event| instance.accept(event));
    instance.row("providers", "host", |row| !row["lastError"].is_null());
    instance.kill();
    let instance = site.start(&[]);
    [success(2), failure(2)].iter().for_each(|event| instance.accept(event));
    // A state that is being tried is not superseded before its try ends: only the newest waits then.
    eventually("the newest state alone to wait for its next try", || {
        let items = instance.ask("/v1/deliveries")["items"].clone();
        let [item] = items.as_array()?.as_slice() else { return None };
        (item["state"] == "retry").then_some(())
    });
    let host = GitHost::start_at(address);
    settles_with(&instance, &host, &["failure"]);
}

#[test]
fn kills_right_after_each_write_lose_none_and_repeat_none() {
    let host = GitHost::start();
    let site = site(&host.repository());
    let mut expected = Vec::new();
    for number in 1..=6 {
        let (event, state) =
            if number % 2 == 0 { (failure(number), "failure") } else { (success(number), "success") };
        let mut instance = site.start(&[]);
        instance.accept(&event);
        expected.push(state);
        eventually("the state to be written", || (host.states().len() == expected.len()).then_some(()));
        instance.kill();
        assert_eq!(host.states(), expected);
    }
    ends_with(&site, &host, &expected);
}
