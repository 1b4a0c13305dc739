use super::*;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("apps", name)
}

/// A cache in which `token` is named, of which this was read.
fn cache(version: Option<&str>) -> SecretCache {
    let cache = SecretCache::default();
    cache.set_named(&key("token"), true);
    let outcome = match version {
        Some(_) => Ok(Arc::new(Secret { key: key("token"), type_name: String::new(), data: [].into() })),
        None => Err(SecretError::NotFound(key("token"))),
    };
    let entry = Entry { outcome, version: version.map(ToOwned::to_owned) };
    cache.state.lock().entries.insert(key("token"), entry);
    cache
}

fn notice(name: &str, version: &str) -> WatchStep<SecretVersion> {
    WatchStep::Applied(SecretVersion { key: key(name), version: version.into(), is_selected: true })
}

fn single(step: WatchStep<SecretVersion>) -> Batch<SecretVersion> {
    Batch { whole: false, steps: vec![step] }
}

#[test]
fn a_change_of_a_named_secret_is_told_and_what_was_read_is_forgotten() {
    let cache = cache(Some("1"));
    assert_eq!(cache.noticed(single(notice("token", "1"))), []);
    assert!(cache.kept(&key("token")).is_some());
    assert_eq!(cache.noticed(single(notice("token", "2"))), [key("token")]);
    assert!(cache.kept(&key("token")).is_none());
}

#[actix_rt::test]
async fn what_is_no_name_is_neither_asked_for_nor_kept() {
    let cache = Arc::new(SecretCache::default());
    for name in ["?watch=true", "?limit=1", "../../victim/secrets/crown", "Token"] {
        cache.set_named(&key(name), true);
        let read = cache.clone().read(vec![key(name)]).await;
        // Without a client, a question would say that the API server was not reached.
        assert!(matches!(read[&key(name)], Err(SecretError::Name { .. })), "{read:?}");
        assert!(matches!(cache.known(&key(name)), Err(SecretError::Name { .. })));
        assert!(cache.doubtful().is_empty(), "it is not asked for later");
    }
}

#[test]
fn what_nobody_has_read_is_no_news_but_what_is_being_read_is() {
    let cache = SecretCache::default();
    cache.set_named(&key("token"), true);
    assert_eq!(cache.noticed(Batch { whole: true, steps: vec![notice("token", "1")] }), []);
    cache.state.lock().reading.insert(key("token"), 1);
    assert_eq!(cache.noticed(single(notice("token", "1"))), [key("token")]);
    drop(UnderWay { state: &cache.state, key: key("token") });
    assert_eq!(cache.noticed(single(notice("token", "1"))), []);
}

#[test]
fn secrets_that_nobody_names_are_no_news() {
    assert_eq!(cache(Some("1")).noticed(single(notice("other", "2"))), []);
}

#[test]
fn a_missing_secret_that_appears_is_told() {
    let cache = cache(None);
    assert_eq!(cache.known(&key("token")), Err(SecretError::NotFound(key("token"))));
    assert_eq!(cache.noticed(Batch { whole: true, steps: vec![] }), []);
    assert_eq!(cache.noticed(single(notice("token", "1"))), [key("token")]);
    assert_eq!(cache.known(&key("token")), Ok(()));
}

#[test]
fn a_secret_that_a_list_does_not_have_is_told_once() {
    let cache = cache(Some("1"));
    assert_eq!(cache.noticed(Batch { whole: true, steps: vec![notice("other", "1")] }), [key("token")]);
    assert_eq!(cache.noticed(Batch { whole: true, steps: vec![notice("other", "1")] }), []);
}

#[test]
fn what_nobody_names_any_more_is_forgotten() {
    let cache = cache(Some("1"));
    cache.set_named(&key("token"), true);
    assert_eq!(cache.len(), 1);
    cache.set_named(&key("token"), false);
    assert_eq!(cache.len(), 0);
}

#[test]
fn without_a_watch_everything_is_doubtful_and_with_one_only_what_could_not_be_had() {
    let cache = cache(Some("1"));
    assert_eq!(cache.doubtful().len(), 1);
    cache.set_watched(true);
    assert_eq!(cache.doubtful().len(), 0);
    let entry = Entry { outcome: Err(unreadable(&key("token"), "403")), version: None };
    cache.state.lock().entries.insert(key("token"), entry);
    assert_eq!(cache.doubtful().len(), 1);
    assert!(cache.kept(&key("token")).is_none());
}

#[test]
fn what_could_not_be_had_is_read_again_later_and_not_served() {
    campanile_testkit::run(async |_| {
        let cache = Arc::new(SecretCache::default());
        cache.set_named(&key("token"), true);
        let secrets = cache.clone().read(vec![key("token"), key("unnamed")]).await;
        assert!(secrets.values().all(|outcome| outcome.as_ref().is_err_and(is_passing)));
        cache.set_watched(true);
        let doubtful: Vec<ObjectKey> = cache.doubtful().into_iter().map(|(key, _)| key).collect();
        assert_eq!(doubtful, [key("token")]);
    });
}

#[test]
fn what_was_read_before_counts_while_the_api_server_can_not_be_asked() {
    let (cache, now) = (cache(Some("1")), 0);
    let away = Entry { outcome: Err(unreadable(&key("token"), "connection refused")), version: None };
    let settled = cache.settle(&key("token"), now, away);
    assert!(settled.outcome.is_ok() && settled.version.as_deref() == Some("1"));
    assert!(cache.kept(&key("token")).is_some_and(|kept| kept.is_ok()));
    let gone = Entry { outcome: Err(SecretError::NotFound(key("token"))), version: None };
    cache.settle(&key("token"), now, gone);
    assert!(cache.kept(&key("token")).is_some_and(|kept| kept.is_err()));
}
