//! An actor that answers no more is replaced, and a thread that is stuck ends the process; nothing accepted is lost.

use crate::support::{Faulty, event};

/// Fast heartbeats, so that a test need not wait half a minute; slow enough that a busy machine is no stall.
const IMPATIENT: &str = "heartbeat=200,stalled=2500";

fn assert_stalled(faulty: &Faulty, actor: &str) {
    let state = faulty.wait_for_restart(actor);
    assert!(Faulty::count(&state, actor, "stalls") > 0, "{state}");
}

#[test]
fn supervise_a_router_that_answers_no_more_is_replaced() {
    let faulty = Faulty::start(IMPATIENT);
    faulty.arm("router:stall=stuck");
    faulty.instance.accept(&event("before", "before"));
    // It takes this one before it falls silent.
    faulty.instance.accept(&event("stuck", "stuck"));
    faulty.disarm();
    assert_stalled(&faulty, "router");
    faulty.post_until_accepted("after");
    faulty.wait_for_messages(&["before", "after"]);
}

#[test]
fn supervise_a_dispatcher_that_answers_no_more_is_replaced_and_its_queues_go_on() {
    let faulty = Faulty::start(IMPATIENT);
    faulty.instance.accept(&event("before", "before"));
    faulty.wait_for_messages(&["before"]);
    faulty.arm("dispatcher:stall=hook");
    faulty.instance.accept(&event("stuck", "stuck"));
    assert_stalled(&faulty, "dispatcher");
    faulty.disarm();
    faulty.instance.accept(&event("after", "after"));
    faulty.wait_for_messages(&["before", "stuck", "after"]);
    faulty.instance.settle();
    assert_eq!(faulty.sink.arrivals().len(), 3, "each of them once");
}

#[test]
fn supervise_a_watcher_that_answers_no_more_is_replaced() {
    let faulty = Faulty::start(IMPATIENT);
    faulty.arm("watcher:stall=tick");
    assert_stalled(&faulty, "watcher");
    faulty.disarm();
    faulty.post_until_accepted("after");
    faulty.wait_for_messages(&["after"]);
}

#[test]
fn supervise_a_provider_actor_that_answers_no_more_is_replaced() {
    let faulty = Faulty::start(IMPATIENT);
    faulty.instance.accept(&event("before", "before"));
    faulty.wait_for_messages(&["before"]);
    faulty.arm("provider:stall=hook");
    // It takes this one before it falls silent.
    faulty.instance.accept(&event("stuck", "stuck"));
    faulty.wait_for_messages(&["stuck"]);
    faulty.disarm();
    faulty.instance.accept(&event("after", "after"));
    faulty.wait_for_restart("provider");
    faulty.wait_for_messages(&["before", "stuck", "after"]);
}

/// Starts with a destination that answers nobody, blocks a thread, and starts again.
fn block(point: &str) {
    let mut faulty = Faulty::start("watchdog=3000");
    faulty.sink.hold_after(0);
    for object in ["first", "second", "third"] {
        faulty.instance.accept(&event(object, object));
    }
    faulty.arm(&format!("{point}:block=stuck"));
    let answer = faulty.try_post("stuck");
    assert!(answer.is_none_or(|answer| answer.status == 503), "the process ends before it accepts");
    assert_eq!(faulty.instance.ended(), Some(1));
    faulty.instance.wait_for_log("a thread is stuck");
    faulty.sink.release();
    let again = faulty.site.start(&[]);
    faulty.wait_for_messages(&["first", "second", "third"]);
    again.settle();
}

#[test]
fn supervise_a_blocked_main_thread_ends_the_process_and_the_restart_loses_nothing() {
    block("router");
}

#[test]
fn supervise_a_blocked_http_worker_ends_the_process_and_the_restart_loses_nothing() {
    block("intake");
}
