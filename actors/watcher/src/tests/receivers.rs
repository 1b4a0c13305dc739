//! Receivers in a folder: conditions, paths, and what those who take webhooks are told (contract, receivers 2 and 11.5).

use campanile_domain::ObjectKey;
use campanile_protocol::{
    LastWebhook, ObjectTable, PostponedCounts, PostponedReport, ReceiverRow, ReceiverStanding, ReceiverState,
    WebhookCounts, WebhookReport, WebhookVerdict,
};
use campanile_testkit::{noon, run};

use super::rig::Rig;

/// The path of token `test-token`, name `test-receiver` and namespace `default`.
const PATH: &str = "/hook/b5870897382949f6a6c2012394737b779ec2e77e0f01692279430f864810dc1a";

fn receiver(more: &str) -> String {
    format!(
        "apiVersion: notification.toolkit.fluxcd.io/v1\nkind: Receiver\nmetadata: {{ name: test-receiver, namespace: default }}\n\
         spec:\n  type: generic\n  secretRef: {{ name: token }}\n  resources: [{{ kind: GitRepository, name: app }}]\n{more}"
    )
}

fn token(key: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{ name: token, namespace: default }}\nstringData: {{ {key}: test-token }}\n"
    )
}

fn row(table: &ObjectTable) -> &ReceiverRow {
    &table.receivers[0]
}

/// Status, reason and message of `Ready`.
fn ready(table: &ObjectTable) -> (&str, &str, &str) {
    let ready = &row(table).object.conditions[0];
    (&ready.status, &ready.reason, &ready.message)
}

fn has_reason(reason: &'static str) -> impl Fn(&ObjectTable) -> bool {
    move |table| table.receivers.first().is_some_and(|row| row.object.conditions[0].reason == reason)
}

/// The last word on how the Receiver stands.
fn standing(rig: &Rig) -> Option<ReceiverStanding> {
    rig.heard().into_iter().flat_map(|changes| changes.standings).last()
}

#[test]
fn k12_k13_a_receiver_with_its_token_is_ready_at_its_path_which_its_events_do_not_change() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("token"))]);
        let table = rig.until(has_reason("Succeeded")).await;
        assert_eq!(ready(&table), ("True", "Succeeded", &*format!("Receiver initialized for path: {PATH}")));
        let told = standing(&rig).unwrap();
        assert_eq!((told.state, told.paths.to_vec()), (ReceiverState::Ready, vec![PATH.to_owned()]));
        rig.write("r.yaml", &receiver("  events: [push]\n"));
        let generation = |table: &ObjectTable| row(table).object.conditions[0].observed_generation;
        let table = rig.until(|table| generation(table) == 2 && has_reason("Succeeded")(table)).await;
        assert!(ready(&table).2.ends_with(PATH));
    });
}

#[test]
fn k08_k09_without_its_token_it_is_not_ready_and_has_no_path_until_the_token_is_there() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("password"))]);
        let table = rig.until(has_reason("TokenNotFound")).await;
        let missing = "invalid 'default/token' secret data: required fields 'token'";
        assert_eq!(ready(&table), ("False", "TokenNotFound", missing));
        let told = standing(&rig).unwrap();
        assert_eq!((told.state, told.paths.len()), (ReceiverState::NotReady, 0));
        std::fs::remove_file(rig.folder().join("t.yaml")).unwrap();
        let gone = "unable to read token from secret 'default/token' error: secrets \"token\" not found";
        rig.until(|table| ready(table).2 == gone).await;
        rig.write("t.yaml", &token("token"));
        rig.until(has_reason("Succeeded")).await;
        assert_eq!(standing(&rig).unwrap().state, ReceiverState::Ready);
    });
}

#[test]
fn k05_k07_a_filter_that_does_not_compile_ends_it_until_it_is_corrected_and_its_path_stays() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("token"))]);
        rig.until(has_reason("Succeeded")).await;
        rig.write("r.yaml", &receiver("  resourceFilter: has(res.metadata.annotations\n"));
        let table = rig.until(has_reason("InvalidCELExpression")).await;
        let begin = "Reconciliation failed terminally due to configuration error: invalid resourceFilter expression: ";
        let (status, _, message) = ready(&table);
        assert!(
            status == "False" && message.starts_with(begin) && message.contains("annotations"),
            "{message}"
        );
        let told = standing(&rig).unwrap();
        assert_eq!((told.state, &*told.paths[0]), (ReceiverState::NotReady, PATH), "its path answers 503");
        rig.write("r.yaml", &receiver("  resourceFilter: has(res.metadata.annotations)\n"));
        rig.until(has_reason("Succeeded")).await;
    });
}

#[test]
fn k06_fields_that_do_not_go_together_end_it() {
    run(async |ward| {
        let spec = receiver("").replace("type: generic", "type: generic-oidc");
        let rig = Rig::new(&ward, &[("r.yaml", spec), ("t.yaml", token("token"))]);
        let table = rig.until(has_reason("ValidationFailed")).await;
        let text = "Reconciliation failed terminally due to configuration error: generic-oidc receiver requires at least one oidcProvider";
        assert_eq!(ready(&table), ("False", "ValidationFailed", text));
    });
}

#[test]
fn w14_a_suspended_receiver_stays_as_it_was_and_keeps_its_path() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("token"))]);
        rig.until(has_reason("Succeeded")).await;
        rig.write("r.yaml", &receiver("  suspend: true\n"));
        let table = rig.until(|table| row(table).object.suspended).await;
        assert_eq!((ready(&table).0, row(&table).object.conditions[0].observed_generation), ("True", 1));
        let told = standing(&rig).unwrap();
        assert_eq!((told.state, &*told.paths[0]), (ReceiverState::Suspended, PATH));
    });
}

#[test]
fn issue_20_a_new_subscriber_is_told_how_every_receiver_stands() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("token"))]);
        rig.until(has_reason("Succeeded")).await;
        rig.deafen().await;
        rig.heard();
        rig.listen();
        rig.watcher.do_send(campanile_protocol::Resync);
        let whole = rig.next_batches().await.remove(0);
        assert!(whole.initial && whole.receivers.len() == 1);
        assert_eq!(whole.standings[0].state, ReceiverState::Ready);
    });
}

#[test]
fn issue_20_the_table_shows_what_became_of_requests() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("token"))]);
        rig.until(has_reason("Succeeded")).await;
        let last = LastWebhook {
            at: noon(),
            verdict: WebhookVerdict::Refused,
            reason: "signature".to_owned(),
            resources: 0,
        };
        let receiver = ObjectKey::new("default", "test-receiver");
        rig.watcher.do_send(WebhookReport(vec![WebhookCounts {
            receiver,
            accepted: 3,
            postponed: 0,
            refused: 1,
            failed: 0,
            last,
        }]));
        let table = rig.until(|table| row(table).refused == 1).await;
        let shown = row(&table).last_webhook.as_ref().unwrap();
        assert_eq!((shown.verdict.as_str(), shown.reason.as_str()), ("refused", "signature"));
        assert_eq!(row(&table).looks.buckets.iter().sum::<u64>(), 1, "its token was looked at once");
    });
}

#[test]
fn issue_20_the_table_shows_what_waits_until_a_whole_report_does_not_name_it() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("r.yaml", receiver("")), ("t.yaml", token("token"))]);
        rig.until(has_reason("Succeeded")).await;
        let receiver = ObjectKey::new("default", "test-receiver");
        let report = |counts, is_whole| rig.watcher.do_send(PostponedReport { counts, is_whole });
        report(vec![PostponedCounts { waiting: 2, expired: 1, ..PostponedCounts::none_of(receiver) }], false);
        rig.until(|table| (row(table).waiting, row(table).expired) == (2, 1)).await;
        report(Vec::new(), false);
        report(vec![PostponedCounts::none_of(ObjectKey::new("default", "other"))], true);
        rig.until(|table| (row(table).waiting, row(table).expired) == (0, 0)).await;
    });
}
