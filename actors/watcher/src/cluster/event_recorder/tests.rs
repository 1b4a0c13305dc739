//! The event recorder without an API server.

use campanile_domain::ObjectKey;
use campanile_protocol::{Announce, Subject, reason};
use campanile_supervision::Retirement;
use campanile_testkit::run;

use super::*;

#[test]
fn what_is_announced_waits_for_a_client_and_the_same_again_is_one_event() {
    run(async |ward| {
        let retirement = Retirement::default();
        let recorder = EventRecorderActor::launch(EventRecorderParts {
            peers: ClusterPeers::default(),
            clock: ward.clock.clone(),
            guard: ward.guard("event-recorder").of_build(0, retirement.clone()),
        });
        for message in ["401", "401", "503"] {
            let on = Subject::Provider(ObjectKey::new("apps", "chat"));
            let announce = Announce::warning(on, reason::NOT_DELIVERING, message);
            recorder.send(RecordEvent { announce, uid: "u".to_owned() }).await.unwrap();
        }
        let snapshot = recorder.send(GetSnapshot::new()).await.unwrap();
        assert_eq!(snapshot, EventRecorderSnapshot { remembered: 2, unwritten: 2, overflowed: 0 });
        // Its peers keep it alive.
        retirement.declare();
    });
}
