//! Only changes are written to a Git host, and it is read only about what nobody knows.

use campanile_domain::{ObjectKey, ProviderSpec, Severity};
use campanile_testkit::{Ward, provider};

use super::fixture::Fixture;

fn github() -> ProviderSpec {
    ProviderSpec {
        type_name: "github".into(),
        address: "https://github.com/org/repo".into(),
        secret_ref: Some("token".into()),
        ..provider()
    }
}

async fn start(fixture: &Fixture) {
    fixture.secret("token", &[("token", "ghp-secret")]);
    fixture.providers([github()]).await;
    fixture.carrier.status(201);
    fixture.carrier.read_status(200);
}

#[test]
fn a_hundred_events_of_one_state_cost_one_read_and_one_write_and_a_change_one_write() {
    super::run(async |f| {
        start(&f).await;
        for n in 0..100 {
            f.status(Severity::Info, n).await;
        }
        assert_eq!(f.carrier.reads_and_writes(), (1, 1));
        f.status(Severity::Error, 100).await;
        assert_eq!(
            f.carrier.reads_and_writes(),
            (1, 2),
            "a failure after a success is written without reading"
        );
        f.status(Severity::Info, 101).await;
        assert_eq!(f.carrier.reads_and_writes(), (1, 3), "and back");
        f.end().await;
    });
}

#[test]
fn after_a_failed_write_the_host_is_read_again() {
    super::run(async |f| {
        start(&f).await;
        f.status(Severity::Info, 0).await;
        f.carrier.script([super::Answer::Status(503)]);
        f.status(Severity::Error, 1).await;
        assert_eq!(f.carrier.reads_and_writes(), (2, 3), "write, failed write, then read and write");
        f.end().await;
    });
}

#[test]
fn the_memo_survives_a_restart() {
    campanile_testkit::run(|ward: Ward| async move {
        let before = Fixture::start(&ward);
        start(&before).await;
        before.status(Severity::Info, 0).await;
        let outbox = before.outbox.clone();
        before.end().await;
        let after = Fixture::start_with(&ward, outbox);
        start(&after).await;
        after.status(Severity::Info, 1).await;
        assert_eq!(after.carrier.reads_and_writes(), (0, 0), "the host shows it already");
        after.status(Severity::Error, 2).await;
        assert_eq!(after.carrier.reads_and_writes(), (0, 1));
        after.end().await;
    });
}

#[test]
fn two_alerts_on_one_provider_cost_one_write() {
    super::run(async |f| {
        start(&f).await;
        f.statuses(Severity::Info, 0, &[github().key, github().key]).await;
        assert_eq!(f.carrier.reads_and_writes(), (1, 1));
        f.end().await;
    });
}

#[test]
fn two_providers_on_one_repository_do_not_double_what_the_host_shows() {
    super::run(async |f| {
        let other = ProviderSpec { key: ObjectKey::new("apps", "other"), ..github() };
        f.secret("token", &[("token", "ghp-secret")]);
        f.providers([github(), other.clone()]).await;
        f.carrier.status(201);
        f.carrier.read_status(200);
        f.statuses(Severity::Info, 0, &[github().key]).await;
        let shown = r#"[{"context":"kustomization/podinfo/0c9c2e41","state":"success","description":"reconciliation succeeded"}]"#;
        f.carrier.script([super::Answer::Says(200, shown)]);
        f.statuses(Severity::Info, 1, &[other.key]).await;
        assert_eq!(f.carrier.reads_and_writes(), (2, 1), "the second Provider reads and finds it there");
        f.end().await;
    });
}
