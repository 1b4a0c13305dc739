use std::fs;
use std::time::Duration;

use campanile_domain::ObjectKey;
use campanile_protocol::{Change, Changes, LabelLookup, Labels, ReadSecrets, Resync, SecretError};
use campanile_testkit::run;

use super::rig::Rig;
use super::{alert, provider, secret};

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("apps", name)
}

fn all(token: &str) -> Vec<(&'static str, String)> {
    vec![("a.yaml", alert("on-call")), ("p.yaml", provider("http://one")), ("s.yaml", secret(token))]
}

#[test]
fn the_first_batch_is_everything_and_later_ones_only_what_changed() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("t"));
        let first = rig.next_batches().await;
        assert_eq!(first.len(), 1);
        assert!(first[0].initial && first[0].labels);
        assert_eq!((first[0].alerts.len(), first[0].providers.len()), (1, 1));
        assert_eq!(first[0].secrets, [key("token")]);

        rig.write("p.yaml", &provider("http://two"));
        let next = rig.next_batches().await;
        let Change::Applied(changed) = &next[0].providers[0] else { panic!("{next:?}") };
        assert_eq!((changed.address.as_str(), changed.generation), ("http://two", 2));
        assert_eq!(next[0], Changes { providers: next[0].providers.clone(), ..Changes::default() });

        fs::remove_file(rig.folder().join("a.yaml")).unwrap();
        let last = rig.next_batches().await;
        assert_eq!(last[0].alerts, [Change::Deleted(key("on-call"))]);
    });
}

#[test]
fn a_file_that_is_touched_but_says_the_same_is_no_news() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("t"));
        rig.next_batches().await;
        rig.write("p.yaml", &format!("# a comment\n{}", provider("http://one")));
        rig.write("broken.yaml", "a: [\n");
        rig.until(|table| table.problems.len() == 1).await;
        assert_eq!(rig.heard(), []);
    });
}

#[test]
fn an_empty_folder_is_loaded_too() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[]);
        assert_eq!(rig.next_batches().await, [Changes { initial: true, labels: true, ..Changes::default() }]);
        assert!(rig.snapshot().await.loaded);
    });
}

#[test]
fn a_changed_secret_is_announced_by_its_key_and_read_on_demand() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("one"));
        rig.next_batches().await;
        rig.write("s.yaml", &secret("two"));
        let batches = rig.next_batches().await;
        assert_eq!(batches, [Changes { secrets: vec![key("token")], ..Changes::default() }]);
        let secrets = rig.watcher.send(ReadSecrets(vec![key("token"), key("absent")])).await.unwrap();
        assert_eq!(secrets[&key("token")].as_ref().unwrap().data["token"], b"two");
        assert_eq!(secrets[&key("absent")], Err(SecretError::NotFound(key("absent"))));
    });
}

#[test]
fn a_secret_that_never_was_good_says_why_and_a_broken_one_stays_as_it_was() {
    run(async |ward| {
        let bad = secret("x").replace("stringData: {token: x}", "data: {token: '!'}");
        let rig = Rig::new(&ward, &[("s.yaml", bad.clone())]);
        rig.loaded().await;
        let read = async || {
            let mut secrets = rig.watcher.send(ReadSecrets(vec![key("token")])).await.unwrap();
            secrets.remove(&key("token")).unwrap()
        };
        let error = read().await.unwrap_err().to_string();
        assert!(error.starts_with("secret 'apps/token': data.token is not base64"), "{error}");
        rig.next_batches().await;
        rig.write("s.yaml", &secret("good"));
        assert_eq!(rig.next_batches().await[0].secrets, [key("token")]);
        rig.write("s.yaml", &bad);
        rig.until(|table| table.problems.len() == 1).await;
        assert_eq!(read().await.unwrap().data["token"], b"good");
    });
}

#[test]
fn resync_brings_everything_again() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("t"));
        let first = rig.next_batches().await;
        rig.watcher.do_send(Resync);
        assert_eq!(rig.next_batches().await, first);
    });
}

#[test]
fn a_subscriber_that_was_down_is_sent_the_whole_state_when_it_is_up() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("t"));
        rig.next_batches().await;
        rig.deafen().await;
        rig.write("p.yaml", &provider("http://two"));
        rig.until(|table| table.providers[0].object.conditions[0].observed_generation == 2).await;
        rig.listen();
        let heard = rig.next_batches().await;
        let initial = heard.iter().find(|batch| batch.initial).unwrap();
        let Change::Applied(provider) = &initial.providers[0] else { panic!("{heard:?}") };
        assert_eq!(provider.address, "http://two");
    });
}

#[test]
fn labels_of_other_objects_are_known_from_the_first_load_on() {
    run(async |ward| {
        let object = campanile_testkit::event().involved_object;
        let text = |team: &str| {
            format!(
                "apiVersion: {}\nkind: Kustomization\nmetadata: {{name: podinfo, namespace: apps, labels: {{team: {team}}}}}\n",
                object.api_version
            )
        };
        let rig = Rig::new(&ward, &[("k.yaml", text("a"))]);
        assert_eq!(rig.labels.labels(&object), Labels::NotYet);
        rig.next_batches().await;
        assert!(matches!(rig.labels.labels(&object), Labels::Found(labels) if labels["team"] == "a"));
        rig.write("k.yaml", &text("b"));
        assert_eq!(rig.next_batches().await, [Changes { labels: true, ..Changes::default() }]);
        assert!(matches!(rig.labels.labels(&object), Labels::Found(labels) if labels["team"] == "b"));
    });
}

#[test]
fn a_folder_that_vanishes_is_one_problem_and_disturbs_nothing_else() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("t"));
        rig.next_batches().await;
        let away = rig.dir.path().join("away");
        fs::rename(rig.folder(), &away).unwrap();
        let table = rig.until(|table| !table.problems.is_empty()).await;
        assert_eq!(table.problems.len(), 1);
        assert!(table.problems[0].contains("cannot be read"), "{:?}", table.problems);
        assert_eq!((table.alerts.len(), table.providers.len()), (1, 1));
        assert!(rig.snapshot().await.loaded);

        fs::rename(&away, rig.folder()).unwrap();
        rig.write("b.yaml", &alert("second"));
        let table = rig.until(|table| table.problems.is_empty() && table.alerts.len() == 2).await;
        assert_eq!(table.alerts[1].object.name, "second");
        let heard = rig.heard();
        assert_eq!((heard.len(), heard[0].alerts.len(), heard[0].initial), (1, 1, false), "{heard:?}");
    });
}

#[test]
fn a_folder_that_comes_late_is_waited_for() {
    run(async |ward| {
        let rig = Rig::without_folder(&ward);
        rig.until(|table| table.problems.len() == 1).await;
        assert!(!rig.snapshot().await.loaded);
        let error = rig.watcher.send(ReadSecrets(vec![key("token")])).await.unwrap();
        assert!(matches!(error[&key("token")], Err(SecretError::Unreadable { .. })));
        assert_eq!(rig.heard(), []);
        fs::create_dir(rig.folder()).unwrap();
        rig.write("p.yaml", &provider("http://one"));
        rig.until(|table| table.providers.len() == 1 && table.problems.is_empty()).await;
        assert!(rig.next_batches().await[0].initial);
    });
}

#[test]
fn the_watcher_ends_with_its_last_address() {
    run(async |ward| {
        let rig = Rig::new(&ward, &all("t"));
        rig.loaded().await;
        assert_eq!(ward.alive(), 1);
        drop(rig);
        tokio::time::timeout(Duration::from_secs(5), async {
            while ward.alive() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap();
    });
}

#[test]
fn issue_18_the_annotation_of_a_manifest_asks_for_its_queue_whenever_it_changes() {
    run(async |ward| {
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        let asking = |value: &str| {
            let annotation =
                format!("  annotations: {{reconcile.fluxcd.io/requestedAt: \"{value}\"}}\nspec:");
            provider("http://one").replacen("spec:", &annotation, 1)
        };
        for (manifest, is_asked) in [
            (asking("1"), true),
            (asking("1") + "# a remark\n", false),
            (asking("2"), true),
            (provider("http://two"), false),
        ] {
            rig.heard();
            rig.write("p.yaml", &manifest);
            let requested = match is_asked {
                true => rig.next_batches().await.into_iter().flat_map(|changes| changes.requested).collect(),
                false => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    rig.heard().into_iter().flat_map(|changes| changes.requested).collect::<Vec<_>>()
                }
            };
            assert_eq!(requested.len(), usize::from(is_asked), "{manifest}: {requested:?}");
        }
    });
}
