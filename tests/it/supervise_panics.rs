//! A panic in any actor is survived: it is built anew, its work is taken up again, and the restart is counted.

use serde_json::json;

use crate::support::{Faulty, Sink, campanile, event, eventually, everything_from, get, provider};

#[test]
fn supervise_a_router_that_panics_is_rebuilt_and_the_next_events_are_routed() {
    let faulty = Faulty::start("");
    faulty.arm("router=poison");
    faulty.instance.accept(&event("before", "before"));
    let answer = faulty.try_post("poison").expect("an answer");
    assert_eq!(answer.status, 503, "it was not stored, so the sender must try again");
    faulty.post_until_accepted("after");
    faulty.wait_for_messages(&["before", "after"]);
    let state = faulty.wait_for_restart("router");
    assert_eq!(Faulty::count(&state, "router", "restarts"), 1);
    assert_eq!(Faulty::count(&state, "router", "stalls"), 0);
    faulty.disarm();
    faulty.post_until_accepted("poison");
    faulty.wait_for_messages(&["poison"]);
}

#[test]
fn supervise_an_event_that_panics_the_router_three_times_is_refused_for_good_and_stops_nobody() {
    let faulty = Faulty::start("");
    faulty.arm("router=poison");
    for restarts in 1..=3 {
        assert_eq!(faulty.try_post("poison").expect("an answer").status, 503);
        eventually("the next router", || {
            let state = faulty.wait_for_restart("router");
            let is_up = state["router"]["phase"] == "open";
            (is_up && Faulty::count(&state, "router", "restarts") == restarts).then_some(())
        });
    }
    for _ in 0..3 {
        let answer = faulty.try_post("poison").expect("an answer");
        assert_eq!(answer.status, 422, "another try would change nothing");
    }
    faulty.post_until_accepted("after");
    faulty.wait_for_messages(&["after"]);
    let state = faulty.instance.ask("/v1/state");
    assert_eq!(Faulty::count(&state, "router", "restarts"), 3);
    assert_eq!(state["router"]["events"]["setAside"], 3);
    assert_eq!(state["intake"]["refused"]["unroutable"], 3);
}

#[test]
fn supervise_a_request_that_panics_costs_its_own_connection_only() {
    let faulty = Faulty::start("");
    faulty.arm("intake=poison");
    assert!(faulty.try_post("poison").is_none(), "there is nobody left to answer");
    faulty.instance.accept(&event("after", "after"));
    faulty.wait_for_messages(&["after"]);
    faulty.disarm();
    faulty.post_until_accepted("poison");
}

#[test]
fn supervise_an_event_endpoint_that_panics_is_rebuilt_on_the_same_port() {
    let faulty = Faulty::start("");
    faulty.arm("intake-actor=snapshot");
    faulty.wait_for_restart("intake");
    faulty.disarm();
    faulty.post_until_accepted("after");
    faulty.wait_for_messages(&["after"]);
}

#[test]
fn supervise_a_watcher_that_panics_is_rebuilt_and_sees_changes_again() {
    let faulty = Faulty::start("");
    faulty.arm("watcher=tick");
    faulty.wait_for_restart("watcher");
    faulty.disarm();
    let second = Sink::start();
    let objects =
        [provider("second", "generic", json!({ "address": second.url("/") })), everything_from("second")];
    faulty.site.apply("second.yaml", &objects);
    faulty.instance.row("providers", "second", |row| row["conditions"][0]["status"] == "True");
    eventually("/readyz", || {
        get(faulty.instance.health, "/readyz").ok().filter(|answer| answer.status == 200)
    });
    faulty.post_until_accepted("after");
    faulty.wait_for_messages(&["after"]);
    second.wait_for(1);
}

#[test]
fn supervise_a_dispatcher_that_panics_is_rebuilt_and_takes_up_what_waits() {
    let faulty = Faulty::start("");
    faulty.arm("dispatcher=hook");
    faulty.instance.accept(&event("first", "first"));
    faulty.wait_for_restart("dispatcher");
    faulty.disarm();
    faulty.wait_for_messages(&["first"]);
    faulty.instance.accept(&event("second", "second"));
    faulty.wait_for_messages(&["second"]);
    faulty.instance.settle();
    assert_eq!(faulty.sink.messages(), ["first", "second"], "each of them once");
}

#[test]
fn supervise_a_provider_actor_that_panics_is_rebuilt_and_takes_up_its_queue() {
    let faulty = Faulty::start("");
    faulty.arm("provider=hook");
    for object in ["first", "second", "third"] {
        faulty.instance.accept(&event(object, object));
    }
    faulty.wait_for_restart("provider");
    faulty.disarm();
    faulty.wait_for_messages(&["first", "second", "third"]);
    faulty.instance.settle();
    assert_eq!(faulty.sink.messages(), ["first", "second", "third"], "each of them once");
}

#[test]
fn supervise_a_message_that_panics_its_exchange_three_times_is_a_dead_letter_and_can_be_redriven() {
    let faulty = Faulty::start("");
    faulty.arm("exchange=hook");
    faulty.instance.accept(&event("poison", "poison"));
    let state = eventually("a dead letter", || {
        let state = faulty.instance.ask("/v1/state");
        (state["outbox"]["total"]["dead"] == 1).then_some(state)
    });
    assert_eq!(state["delivery"]["panics"], 3);
    assert_eq!(state["delivery"]["restarts"], 0, "the provider actor itself is well");
    let admin = faulty.instance.admin.to_string();
    let table = campanile(&["get", "dead", "--admin-addr", &admin]);
    let row = table.stdout.lines().nth(1).expect("a dead letter");
    assert!(row.contains("poison") && row.contains("panicked 3 times"), "{row}");
    faulty.disarm();
    let redriven = campanile(&["redrive", "--provider", "apps/hook", "--admin-addr", &admin]);
    assert_eq!(redriven.code, Some(0), "{}{}", redriven.stdout, redriven.stderr);
    faulty.wait_for_messages(&["poison"]);
}
