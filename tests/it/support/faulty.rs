//! An instance with failpoints, which a test arms and disarms while it runs. Only a build with the cargo feature
//! `failpoints` has them: `cargo test --features failpoints`.

use std::ffi::OsStr;

use serde_json::{Value, json};

use super::{Answer, Instance, Sink, Site, event, eventually, everything_from, post, provider};

/// An instance that sends everything to one destination, through Provider `hook`.
pub(crate) struct Faulty {
    pub(crate) site: Site,
    pub(crate) sink: Sink,
    pub(crate) instance: Instance,
    /// Failpoints that are there all the time.
    always: &'static str,
}

impl Faulty {
    /// `always` are failpoints that hold from the beginning, comma separated: times, for the most part.
    pub(crate) fn start(always: &'static str) -> Self {
        let sink = Sink::start();
        let site = Site::with(&[
            provider("hook", "generic", json!({ "address": sink.url("/") })),
            everything_from("hook"),
        ]);
        std::fs::write(site.path("failpoints"), always).expect("the folder can be written");
        let from = format!("@{}", site.path("failpoints").display());
        let surroundings = ("CAMPANILE_FAILPOINTS", OsStr::new(&from));
        let instance =
            Instance::start_in(&[surroundings], &site.manifests(), &site.state(), &[]).allowed_to_panic();
        Self { site, sink, instance, always }
    }

    pub(crate) fn arm(&self, failpoint: &str) {
        let points = format!("{},{failpoint}", self.always);
        // Seen whole or not at all.
        std::fs::write(self.site.path("new"), points).expect("the folder can be written");
        std::fs::rename(self.site.path("new"), self.site.path("failpoints"))
            .expect("the folder can be written");
    }

    pub(crate) fn disarm(&self) {
        self.arm("");
    }

    /// Posts an event about an object of that name; none if the connection broke.
    pub(crate) fn try_post(&self, object: &str) -> Option<Answer> {
        post(self.instance.events, event(object, object).to_string().as_bytes()).ok()
    }

    /// Posts an event, as a sender does that tries again, until it is accepted.
    pub(crate) fn post_until_accepted(&self, object: &str) {
        eventually("the event to be accepted", || {
            self.try_post(object).filter(|answer| answer.status == 202)
        });
    }

    /// Waits until an actor was restarted and is there again, or a provider actor was restarted, and returns the state.
    pub(crate) fn wait_for_restart(&self, actor: &str) -> Value {
        eventually(&format!("a restart of {actor}"), || {
            let state = self.instance.ask("/v1/state");
            let is_back = actor == "provider" || Self::report(&state, actor)["alive"] == true;
            (is_back && Self::count(&state, actor, "restarts") > 0).then_some(state)
        })
    }

    /// `restarts` or `stalls` of an actor in a state.
    pub(crate) fn count(state: &Value, actor: &str, what: &str) -> u64 {
        if actor == "provider" {
            return state["delivery"][what].as_u64().unwrap_or(0);
        }
        Self::report(state, actor)[what].as_u64().expect("a count")
    }

    fn report<'a>(state: &'a Value, actor: &str) -> &'a Value {
        let actors = state["actors"].as_array().expect("a list of actors");
        actors.iter().find(|report| report["name"] == actor).expect("an actor of that name")
    }

    /// Waits until these messages have arrived, whatever else did.
    pub(crate) fn wait_for_messages(&self, messages: &[&str]) {
        eventually("the messages to arrive", || {
            let arrived = self.sink.messages();
            messages.iter().all(|message| arrived.iter().any(|known| known == message)).then_some(())
        });
    }
}
