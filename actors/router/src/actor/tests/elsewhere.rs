//! Patterns and expressions that are not matched on the router's thread (issue 15, item 1).

use campanile_domain::ProviderSpec;

use super::*;

/// An Alert of a namespace of its own, with a Provider of the same name there.
fn of_namespace(namespace: &str, exclusion: &[&str]) -> Alert {
    let key = ObjectKey::new(namespace, "a");
    let exclusion = exclusion.iter().map(|pattern| (*pattern).to_owned()).collect();
    Alert { provider: key.clone(), key, exclusion, ..alert() }
}

async fn rig_with(ward: &Ward, alerts: Vec<Alert>) -> Rig {
    let rig = Rig::new(ward);
    let to =
        |alert: &Alert| Change::Applied(Arc::new(ProviderSpec { key: alert.provider.clone(), ..provider() }));
    let providers = alerts.iter().map(to).collect();
    rig.change(Changes { initial: true, alerts: applied(alerts), providers, ..Changes::default() }).await;
    rig.reach(RouterPhase::Open).await;
    rig
}

/// A message that keeps all places of the dear pattern alive.
fn long(reason: &str) -> Event {
    Event { message: "a".repeat(20_000), ..super::reason(reason) }
}

const DEAR: &str = "x[^z]{0,30}z|[^z]{30}y";

#[test]
fn issue_15_a_pattern_is_compiled_elsewhere_once_and_then_matched_where_it_is() {
    run(|ward| async move {
        let rig = rig_with(&ward, vec![of_namespace("apps", &["error.*lookup github"])]).await;
        for name in ["first", "second", "third"] {
            rig.submit(reason(name)).await.unwrap().unwrap();
        }
        let excluded = Event { message: "error: cannot lookup github".into(), ..reason("fourth") };
        rig.submit(excluded).await.unwrap().unwrap();
        rig.settle().await;
        let excluded = Event { message: "error: cannot lookup github".into(), ..reason("fifth") };
        rig.submit(excluded).await.unwrap().unwrap();
        rig.submit(reason("sixth")).await.unwrap().unwrap();
        assert_eq!(rig.delivered().await, ["first", "second", "third", "sixth"]);
        assert_eq!(rig.unplanned(), 0, "compiled once, it is matched at once");
    });
}

#[test]
fn issue_15_events_of_one_object_keep_their_order_behind_a_dear_pattern() {
    run(|ward| async move {
        let rig = rig_with(&ward, vec![of_namespace("apps", &[DEAR])]).await;
        let answers: Vec<_> = [long("first"), reason("second"), long("third"), reason("fourth")]
            .map(|event| rig.submit(event))
            .into();
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        rig.settle().await;
        assert_eq!(rig.delivered().await, ["first", "second", "third", "fourth"]);
        assert_eq!(rig.snapshot().await.matching, 0);
    });
}

#[test]
fn issue_15_other_alerts_do_not_wait_for_a_dear_one_and_who_overruns_is_skipped_and_told() {
    run(|ward| async move {
        let dear: Vec<Alert> = (0..700)
            .map(|n| Alert { key: ObjectKey::new("evil", format!("e{n}")), ..of_namespace("evil", &[DEAR]) })
            .collect();
        let mut alerts = vec![of_namespace("sound", &[])];
        alerts.extend(dear);
        let rig = rig_with(&ward, alerts).await;
        let answer = rig.submit(Event { message: "a".repeat(200), ..reason("one") });
        let is_out = async || rig.deliveries().await.iter().any(|view| &*view.alert.namespace == "sound");
        rig.until(is_out).await;
        answer.await.unwrap().unwrap();
        rig.settle().await;
        let snapshot = rig.snapshot().await;
        assert!(snapshot.drops.get("over-budget").is_some_and(|count| *count > 10), "{snapshot:?}");
        let served = rig.deliveries().await.len();
        assert!(served > 100 && served < 701, "within their budget they are served: {served}");
        let told = rig.told(1).await;
        assert!(told.iter().any(|(text, _)| text.contains("more processor time")), "{told:?}");
    });
}

#[test]
fn issue_15_stored_events_with_dear_patterns_are_planned_after_a_start() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        for name in ["first", "second"] {
            rig.submit(long(name)).await.unwrap().unwrap();
        }
        let alerts = applied(vec![Alert { exclusion: vec![DEAR.to_owned()], ..alert() }]);
        let providers = vec![Change::Applied(Arc::new(provider()))];
        rig.change(Changes { initial: true, alerts, providers, ..Changes::default() }).await;
        rig.submit(reason("third")).await.unwrap().unwrap();
        rig.settle().await;
        assert_eq!(rig.delivered().await, ["first", "second", "third"]);
    });
}

#[test]
fn issue_15_a_sender_does_not_wait_for_dear_patterns_and_a_new_router_plans_what_was_left() {
    run(|ward| async move {
        let alerts = || vec![of_namespace("sound", &[]), of_namespace("evil", &[DEAR])];
        let rig = rig_with(&ward, alerts()).await;
        let answers: Vec<_> = (0..16).map(|number| rig.submit(long(&number.to_string()))).collect();
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        let left = usize::try_from(rig.unplanned()).unwrap();
        assert!(left > 4, "they were answered while two threads matched: {left}");
        let of_sound = async |rig: &Rig| {
            rig.deliveries().await.iter().filter(|view| &*view.alert.namespace == "sound").count()
        };
        assert_eq!(of_sound(&rig).await, 16);
        let outbox = rig.outbox.clone();
        drop(rig);
        let next = Rig::over(&ward, outbox);
        let to = |alert: &Alert| {
            Change::Applied(Arc::new(ProviderSpec { key: alert.provider.clone(), ..provider() }))
        };
        let providers = alerts().iter().map(to).collect();
        next.change(Changes { initial: true, alerts: applied(alerts()), providers, ..Changes::default() })
            .await;
        next.settle().await;
        let of_evil = next.deliveries().await.iter().filter(|view| &*view.alert.namespace == "evil").count();
        assert!(of_evil >= 16, "none is lost: {of_evil}");
        assert!(of_sound(&next).await <= 16 + left, "only what was left is planned again");
    });
}
