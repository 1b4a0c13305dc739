//! Provider actors on several delivery threads.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Sink, Site, event, everything_from, numbered, provider};

const PROVIDERS: usize = 9;

#[test]
fn provider_actors_on_four_threads_deliver_in_order_and_end_in_good_order() {
    let sinks: Vec<Sink> = (0..PROVIDERS).map(|_| Sink::start()).collect();
    let objects = sinks.iter().enumerate().flat_map(|(n, sink)| {
        let name = format!("chat-{n}");
        let hook = json!({ "address": sink.url("/hook") });
        [provider(&name, "generic", hook), everything_from(&name)]
    });
    let site = Site::with(&objects.collect::<Vec<_>>());
    let mut instance = site.start(&["--delivery-threads=4"]);
    for n in 0..20 {
        instance.accept(&numbered(n, 1));
    }
    for sink in &sinks {
        let messages: Vec<String> =
            sink.wait_for(20).iter().map(|arrival| arrival.json()["message"].to_string()).collect();
        assert!(messages.is_sorted(), "{messages:?}");
    }
    let state = instance.settle();
    assert_eq!(
        (&state["delivery"]["threads"], &state["delivery"]["delivered"]),
        (&json!(4), &json!(20 * PROVIDERS))
    );
    let actors = instance.ask("/v1/provider-actors");
    let names = actors.as_array().expect("a list").iter().map(|actor| actor["provider"]["name"].to_string());
    assert_eq!(names.collect::<BTreeSet<_>>().len(), PROVIDERS);
    assert!(actors[0]["room"].as_u64().is_some_and(|room| room > 0), "{actors}");
    instance.stop();
}

#[test]
fn a_destination_that_hangs_on_its_thread_holds_up_nobody_else() {
    let (hole, fine) = (Sink::start(), Sink::start());
    hole.hold_after(0);
    let hook = |sink: &Sink| json!({ "address": sink.url("/hook"), "timeout": "60s" });
    let site = Site::with(&[
        provider("hole", "generic", hook(&hole)),
        everything_from("hole"),
        provider("fine", "generic", hook(&fine)),
        everything_from("fine"),
    ]);
    let instance = site.start(&["--delivery-threads=2"]);
    for n in 0..20 {
        instance.accept(&event(&format!("web-{n}"), "hello"));
    }
    fine.wait_for(20);
    hole.release();
}
