//! What the owners of Alerts and Providers are told (contract, control plane 7).

use super::*;

/// What was told, as its message and how often.
fn told(f: &Fixture) -> Vec<(String, u32)> {
    f.announced().into_iter().map(|one| (one.message, one.count)).collect()
}

#[test]
fn a_first_setback_and_the_end_of_a_delivery_are_told_and_what_lies_between_is_not() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::Status(503), Answer::Status(503), Answer::Status(400)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.announced().len() == 2).await;
        let announced = f.announced();
        for one in &announced {
            assert!(one.warning && one.reason == "NotificationDispatchFailed", "{one:?}");
            assert_eq!(one.on, Subject::Alert(new_delivery().alert.key));
            let message = "failed to send notification for Kustomization/apps/podinfo: ";
            assert!(one.message.starts_with(message) && one.count == 1, "{one:?}");
        }
        assert!(
            announced[0].message.contains("503") && announced[1].message.contains("400"),
            "{announced:?}"
        );
        f.end().await;
    });
}

#[test]
fn the_same_failure_of_many_notifications_is_one_message() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(400);
        for n in 0..100 {
            f.append(&format!("message {n}"), [delivery("a")]).await;
        }
        f.until(|f| told(f).iter().map(|(_, count)| count).sum::<u32>() == 100).await;
        assert!(f.announced().len() < 10, "{:?}", told(&f));
        f.end().await;
    });
}

#[test]
fn the_router_is_told_which_providers_do_not_resolve() {
    run(async |f| {
        f.providers([ProviderSpec { secret_ref: Some("token".into()), ..provider() }]).await;
        f.until(|f| f.unusable() == [provider().key]).await;
        f.secret("token", &[("token", "x")]);
        f.secret_changed("token").await;
        f.until(|f| f.unusable().is_empty()).await;
        f.end().await;
    });
}
