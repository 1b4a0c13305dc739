use futures_util::stream;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};

use super::*;
use crate::batch::WatchStep;

fn object(name: &str) -> DynamicObject {
    DynamicObject::new(name, &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Secret")))
}

fn failure(code: u16) -> Result<Event<DynamicObject>, Error> {
    Err(Error::WatchError(kube::core::Status::failure("x", "X").with_code(code).boxed()))
}

/// Remembers what it hears.
#[derive(Default)]
struct RecordingListener {
    heard: Vec<String>,
    deaf: bool,
}

impl BatchListener<String> for RecordingListener {
    async fn batch(&mut self, batch: Batch<String>) -> bool {
        let name = |step: &WatchStep<String>| match step {
            WatchStep::Applied(name) => name.clone(),
            WatchStep::Deleted(key) => format!("-{}", key.name),
        };
        let names: Vec<String> = batch.steps.iter().map(name).collect();
        self.heard.push(format!("{}{}", if batch.whole { "=" } else { "" }, names.join(" ")));
        !self.deaf
    }

    async fn trouble(&mut self, error: &Error) {
        self.heard.push(format!("{:?}", trouble::code(error)));
    }

    async fn recovered(&mut self) {
        self.heard.push("recovered".to_owned());
    }
}

async fn heard(
    events: Vec<Result<Event<DynamicObject>, Error>>,
    mut listener: RecordingListener,
) -> (Vec<String>, WatchEnd) {
    let read = |object: DynamicObject| object.name_any();
    let ended = follow(stream::iter(events), read, &mut listener).await;
    (listener.heard, ended)
}

#[test]
fn what_arrives_together_is_one_batch_and_a_list_is_one_of_its_own() {
    campanile_testkit::run(async |_| {
        let events = vec![
            Ok(Event::Init),
            Ok(Event::InitApply(object("a"))),
            Ok(Event::InitDone),
            Ok(Event::Apply(object("b"))),
            Ok(Event::Delete(object("a"))),
        ];
        assert_eq!(heard(events, RecordingListener::default()).await.0, ["=a", "b -a"]);
    });
}

#[test]
fn after_an_error_the_watch_goes_on_and_what_came_before_is_not_lost() {
    campanile_testkit::run(async |_| {
        let begun = Instant::now();
        let events =
            vec![Ok(Event::Apply(object("a"))), failure(500), failure(500), Ok(Event::Apply(object("b")))];
        assert_eq!(heard(events, RecordingListener::default()).await.0, ["a", "Some(500)", "Some(500)", "b"]);
        assert!(begun.elapsed() >= 2 * RETRY.floor);
    });
}

#[test]
fn a_watch_that_holds_again_and_is_quiet_is_recovered() {
    campanile_testkit::run(async |_| {
        let events = stream::iter(vec![failure(500)]).chain(stream::pending());
        let mut listener = RecordingListener::default();
        let read = |object: DynamicObject| object.name_any();
        let following = follow(events, read, &mut listener);
        assert!(tokio::time::timeout(3 * QUIET, following).await.is_err());
        assert_eq!(listener.heard, ["Some(500)", "recovered"]);
    });
}

#[test]
fn a_kind_that_is_not_served_any_more_and_a_listener_that_is_gone_end_it() {
    campanile_testkit::run(async |_| {
        assert_eq!(heard(vec![failure(404)], RecordingListener::default()).await.1, WatchEnd::Unserved);
        let deaf = RecordingListener { deaf: true, ..RecordingListener::default() };
        assert_eq!(heard(vec![Ok(Event::Apply(object("a")))], deaf).await.1, WatchEnd::Unheard);
    });
}

#[test]
fn pauses_grow_while_failures_follow_each_other_and_start_anew_after_calm() {
    campanile_testkit::run(async |_| {
        let mut pauses = Pauses::new();
        for attempt in 1..=5 {
            pauses.pause().await;
            assert_eq!(pauses.attempt, attempt);
        }
        tokio::time::advance(CALM + Duration::from_secs(1)).await;
        pauses.pause().await;
        assert_eq!(pauses.attempt, 1);
    });
}
