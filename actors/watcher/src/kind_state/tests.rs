use campanile_domain::Alert;
use campanile_testkit::{alert, noon};

use super::*;
use crate::any_kind::AnyKind;
use crate::kind::Kind;

type Listing = KindState<Alert, ()>;

fn sound(name: &str, summary: &str) -> WatchStep<Sighting<Alert, ()>> {
    let spec = Alert { key: ObjectKey::new("apps", name), summary: summary.into(), ..alert() };
    let sound =
        Sound { spec: Arc::new(spec), violation: None, remark: None, facts: (), seed: Seed::default() };
    WatchStep::Applied(Sighting::Sound(Box::new(sound)))
}

fn malformed(name: &str) -> WatchStep<Sighting<Alert, ()>> {
    let malformed = MalformedObject {
        key: ObjectKey::new("apps", name),
        uid: alert().uid,
        generation: 2,
        why: "spec is no object".into(),
        told: false,
        facts: (),
        seed: Seed::default(),
    };
    WatchStep::Applied(Sighting::Malformed(Box::new(malformed)))
}

fn apply(listing: &mut Listing, whole: bool, steps: Vec<WatchStep<Sighting<Alert, ()>>>) -> Applied<Alert> {
    listing.apply(Batch { whole, steps }, noon())
}

fn changes(applied: Applied<Alert>) -> Vec<String> {
    let brief = |change| match change {
        Change::Applied(alert) => format!("{} {}", Alert::key(&alert).name, alert.summary),
        Change::Deleted(key) => format!("-{}", key.name),
    };
    applied.changes.into_iter().map(brief).collect()
}

#[test]
fn a_relist_tells_the_differences_alone() {
    let mut listing = Listing::default();
    apply(&mut listing, true, vec![sound("a", "1"), sound("b", "1"), sound("c", "1")]);
    let again = vec![sound("a", "1"), sound("b", "2"), sound("d", "1")];
    assert_eq!(changes(apply(&mut listing, true, again)), ["-c", "b 2", "d 1"]);
}

#[test]
fn an_object_that_did_not_change_is_shared_and_not_told_again() {
    let mut listing = Listing::default();
    apply(&mut listing, true, vec![sound("a", "1")]);
    let first = listing.specs().next().unwrap().clone();
    let applied = apply(&mut listing, false, vec![sound("a", "1")]);
    assert_eq!(applied.seen.len(), 1);
    assert_eq!(changes(applied), Vec::<String>::new());
    assert!(Arc::ptr_eq(&first, listing.specs().next().unwrap()));
}

#[test]
fn a_malformed_object_keeps_its_last_good_state_even_in_a_relist() {
    let mut listing = Listing::default();
    apply(&mut listing, true, vec![sound("a", "1"), malformed("b")]);
    let applied = apply(&mut listing, true, vec![malformed("a"), malformed("b")]);
    assert_eq!(changes(applied), Vec::<String>::new());
    assert_eq!(listing.len(), 1);
    assert_eq!(listing.problems(), ["Alert/apps/a: spec is no object", "Alert/apps/b: spec is no object"]);
    let applied = apply(&mut listing, false, vec![sound("b", "1")]);
    assert_eq!(changes(applied), ["b 1"]);
    assert_eq!(listing.problems().len(), 1);
}

#[test]
fn issue_15_the_objects_of_a_namespace_have_a_bound_in_memory_and_the_one_beyond_says_so() {
    let heavy = |namespace: &str, name: usize, bytes: usize| {
        let key = ObjectKey::new(namespace, format!("a-{name:03}"));
        let spec = Alert { key, object: "x".repeat(bytes).into(), ..alert() };
        let sound =
            Sound { spec: Arc::new(spec), violation: None, remark: None, facts: (), seed: Seed::default() };
        WatchStep::Applied(Sighting::Sound(Box::new(sound)))
    };
    let mut listing = Listing::default();
    // 70 Alerts of 250 KiB, as many as 70 of 1.2 MiB once were.
    let mut all: Vec<_> = (0..70).map(|name| heavy("apps", name, 250 << 10)).collect();
    all.extend((0..10_000).map(|name| heavy("sound", name, 700)));
    apply(&mut listing, true, all);
    assert_eq!(
        (listing.objects.len(), listing.malformed.len()),
        (10_065, 5),
        "another namespace has its own"
    );
    let (status, message) = ready(&mut listing, "a-069").unwrap();
    assert_eq!(status, "False");
    assert!(message.contains("take 16250 KiB, and all together may take 16 MiB; remove some"), "{message}");
    // One in force stays as it is instead of growing, and may shrink.
    apply(&mut listing, false, vec![heavy("apps", 0, 400 << 10), heavy("apps", 1, 100)]);
    assert_eq!(listing.get(&ObjectKey::new("apps", "a-000")).unwrap().spec.object.len(), 250 << 10);
    apply(
        &mut listing,
        false,
        vec![heavy("apps", 69, 250 << 10), WatchStep::Deleted(ObjectKey::new("apps", "a-002"))],
    );
    assert!(listing.get(&ObjectKey::new("apps", "a-069")).is_some(), "there is room again");
    apply(&mut listing, true, vec![heavy("apps", 5, 15 << 20)]);
    assert_eq!(listing.len(), 1);
}

/// `Ready` of an object after it was judged, as status and message.
fn ready(listing: &mut Listing, name: &str) -> Option<(String, String)> {
    let key = ObjectKey::new("apps", name);
    listing.judge(&key, None, noon())?;
    let shown = listing.shown(&key, None)?;
    Some((shown.conditions[0].status.to_string(), shown.conditions[0].message.to_string()))
}

#[test]
fn an_object_that_can_not_be_used_is_not_ready_and_says_why() {
    let mut listing = Listing::default();
    apply(&mut listing, true, vec![sound("a", "1"), malformed("b")]);
    let said = |status: &str, message: &str| Some((status.to_owned(), message.to_owned()));
    assert_eq!(ready(&mut listing, "a"), said("True", "Initialized"));
    assert_eq!(ready(&mut listing, "b"), said("False", "spec is no object"));
    let applied = apply(&mut listing, true, vec![malformed("a"), malformed("b")]);
    assert_eq!(applied.seen.len(), 2);
    let stays = "spec is no object; until it is corrected, what it was before counts";
    assert_eq!(ready(&mut listing, "a"), said("False", stays));
    assert_eq!(listing.rows(None).len(), 2);
    apply(&mut listing, true, vec![sound("a", "1"), sound("b", "1")]);
    assert_eq!(ready(&mut listing, "a"), said("True", "Initialized"));
    assert_eq!(ready(&mut listing, "b"), said("True", "Initialized"));
    apply(&mut listing, false, vec![malformed("c")]);
    let applied = apply(&mut listing, true, vec![sound("a", "1")]);
    assert_eq!(applied.gone, [ObjectKey::new("apps", "b"), ObjectKey::new("apps", "c")]);
    assert_eq!(ready(&mut listing, "c"), None);
}

#[test]
fn t03_a_remark_stands_beside_ready_and_does_not_take_it_away() {
    let mut listing = Listing::default();
    let WatchStep::Applied(Sighting::Sound(object)) = sound("a", "1") else { panic!("it is sound") };
    let remarked = Sound { remark: Some("spec.summary is deprecated".into()), ..*object };
    apply(&mut listing, true, vec![WatchStep::Applied(Sighting::Sound(Box::new(remarked)))]);
    let said = "Initialized; spec.summary is deprecated";
    assert_eq!(ready(&mut listing, "a"), Some(("True".to_owned(), said.to_owned())));
}

#[test]
fn steps_on_one_object_are_told_in_order() {
    let mut listing = Listing::default();
    let steps = vec![sound("a", "1"), WatchStep::Deleted(ObjectKey::new("apps", "a")), sound("a", "2")];
    assert_eq!(changes(apply(&mut listing, false, steps)), ["a 1", "-a", "a 2"]);
}

#[test]
fn what_an_object_names_is_known_as_long_as_it_does() {
    let mut listing = Listing::default();
    let named = Reference::Object((Kind::Provider, alert().provider));
    let applied = apply(&mut listing, true, vec![sound("a", "1"), sound("b", "1")]);
    assert!(applied.references.contains(&named));
    assert_eq!(listing.owners(&named).len(), 2);
    let applied = apply(&mut listing, false, vec![sound("a", "2")]);
    assert!(applied.references.is_empty(), "it names what it named before");
    apply(&mut listing, true, vec![sound("b", "1")]);
    assert_eq!(listing.owners(&named), [ObjectKey::new("apps", "b")]);
    apply(&mut listing, true, Vec::new());
    assert!(!listing.is_named(&named));
}
