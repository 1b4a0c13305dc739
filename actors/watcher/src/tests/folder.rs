use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use campanile_domain::{ObjectKey, ObjectRef};
use campanile_protocol::{LabelLookup, Labels};
use tempfile::TempDir;

use super::{alert, provider, secret, write};
use crate::{Finding, Folder, LabelStore, Loaded, Strictness, findings, load};

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("apps", name)
}

fn alerts(loaded: &Loaded) -> Vec<String> {
    loaded.alerts.keys().map(ToString::to_string).collect()
}

fn address(folder: &Folder) -> String {
    folder.loaded().providers[&key("chat")].value.address.clone()
}

#[test]
fn every_form_of_manifest_is_read_and_everything_else_is_not() {
    let dir = TempDir::new().unwrap();
    let old = |version: &str, name: &str| alert(name).replace("v1beta3", version);
    fs::create_dir_all(dir.path().join("deep/er")).unwrap();
    write(&dir.path().join("many.yaml"), &[old("v1beta1", "one"), old("v1beta2", "two")].join("---\n"));
    write(&dir.path().join("deep/er/three.YML"), &alert("three"));
    write(
        &dir.path().join("four.json"),
        "{\n\t\"apiVersion\": \"notification.toolkit.fluxcd.io/v1beta3\", \"kind\": \"Provider\",\n\
         \t\"metadata\": {\"name\": \"chat\", \"namespace\": \"apps\"}, \"spec\": {\"type\": \"slack\"}\n}",
    );
    let items = format!("  - {}", alert("listed").trim_end().replace('\n', "\n    "));
    write(&dir.path().join("list.yaml"), &format!("apiVersion: v1\nkind: List\nitems:\n{items}\n"));
    write(&dir.path().join("values.yaml"), "replicas: 3\n---\n- a\n---\n");
    write(&dir.path().join(".hidden.yaml"), &alert("hidden"));
    write(&dir.path().join("README.md"), "{ not yaml");
    symlink(dir.path(), dir.path().join("deep/loop")).unwrap();
    let loaded = load(dir.path()).unwrap();
    assert_eq!(alerts(&loaded), ["apps/listed", "apps/one", "apps/three", "apps/two"]);
    assert_eq!(loaded.providers[&key("chat")].value.type_name, "slack");
    assert_eq!(loaded.problems, []);
}

#[test]
fn issue_15_a_pipe_a_socket_or_a_device_among_manifests_is_a_finding_and_never_waited_for() {
    let dir = TempDir::new().unwrap();
    write(&dir.path().join("alert.yaml"), &alert("sound"));
    let pipe = |name: &str| {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        let path = dir.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    };
    pipe("pipe.yaml");
    pipe("other-programs-own");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket.yml")).unwrap();
    symlink("/dev/zero", dir.path().join("zero.json")).unwrap();
    let mut folder = Folder::new(dir.path().to_owned());
    assert!(folder.refresh().unwrap());
    let loaded = folder.loaded();
    assert_eq!(alerts(&loaded), ["apps/sound"]);
    let said: Vec<String> = loaded.problems.iter().map(Finding::said).collect();
    let names = ["pipe.yaml", "socket.yml", "zero.json"].map(|name| {
        let place = dir.path().join(name).display().to_string();
        format!("{place}: cannot be read: it is a pipe, a socket or a device and no file; correct its permissions or remove it")
    });
    assert_eq!(said, names);
    // A file whose place a pipe takes keeps its objects.
    fs::remove_file(dir.path().join("alert.yaml")).unwrap();
    pipe("alert.yaml");
    folder.refresh().unwrap();
    assert_eq!((alerts(&folder.loaded()).len(), folder.loaded().problems.len()), (1, 4));
}

#[test]
fn a_uid_is_honoured_and_otherwise_derived_from_the_name() {
    let text = |name: &str, uid: &str| alert(name).replace("  namespace", &format!("{uid}  namespace"));
    let documents = [text("given", "  uid: my-uid\n"), text("derived", ""), text("other", "")].join("---\n");
    let read = || Loaded::from_text("-".as_ref(), &documents);
    let uid = |loaded: &Loaded, name: &str| loaded.alerts[&key(name)].value.uid.clone();
    assert_eq!(&*uid(&read(), "given"), "my-uid");
    assert_eq!(uid(&read(), "derived"), uid(&read(), "derived"));
    assert_ne!(uid(&read(), "derived"), uid(&read(), "other"));
    assert_eq!(uid(&read(), "derived").len(), 36);
}

#[test]
fn a_manifest_without_namespace_is_in_default() {
    let loaded = Loaded::from_text("-".as_ref(), &alert("x").replace("  namespace: apps\n", ""));
    assert_eq!(alerts(&loaded), ["default/x"]);
}

#[test]
fn a_file_that_breaks_keeps_its_last_good_objects_and_says_where() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a.yaml");
    write(&file, &provider("http://one"));
    write(&dir.path().join("b.yaml"), &alert("b"));
    let mut folder = Folder::new(dir.path().to_owned());
    folder.refresh().unwrap();
    for broken in ["spec:\n  type: [slack\n", "a: b: c\n"] {
        write(&file, broken);
        assert!(folder.refresh().unwrap());
        assert_eq!(address(&folder), "http://one");
        let problems = folder.loaded().problems;
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().starts_with(&format!("{}:", file.display())), "{}", problems[0]);
        assert!(problems[0].place.mark.is_some());
    }
    write(&file, &provider("http://two"));
    folder.refresh().unwrap();
    assert_eq!(address(&folder), "http://two");
    assert_eq!(folder.loaded().problems, []);
}

#[test]
fn a_file_that_is_no_text_or_too_long_keeps_its_last_good_objects() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a.yaml");
    write(&file, &provider("http://one"));
    let mut folder = Folder::new(dir.path().to_owned());
    folder.refresh().unwrap();
    fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    folder.refresh().unwrap();
    assert_eq!((address(&folder).as_str(), folder.loaded().problems.len()), ("http://one", 1));
    fs::File::options().write(true).open(&file).unwrap().set_len(17 << 20).unwrap();
    fs::write(dir.path().join("b.yaml"), "").unwrap();
    folder.refresh().unwrap();
    assert_eq!((address(&folder).as_str(), folder.loaded().problems.len()), ("http://one", 1));
}

#[test]
fn an_object_that_breaks_the_schema_stays_as_it_was_while_its_file_moves_on() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a.yaml");
    write(&file, &[provider("http://one"), alert("old")].join("---\n"));
    let mut folder = Folder::new(dir.path().to_owned());
    folder.refresh().unwrap();
    write(&file, &[provider("http://two\n  channel: 5"), alert("new")].join("---\n"));
    folder.refresh().unwrap();
    assert_eq!(address(&folder), "http://one");
    assert_eq!(alerts(&folder.loaded()), ["apps/new"]);
    let problems: Vec<String> = folder.loaded().problems.iter().map(Finding::said).collect();
    let place = file.display();
    assert_eq!(
        problems,
        [format!("{place}:9:3: Provider/apps/chat: spec.channel must be a string, not a number; quote it")]
    );
}

#[test]
fn of_two_manifests_of_one_object_the_first_by_path_counts() {
    let dir = TempDir::new().unwrap();
    let (first, second) = (dir.path().join("a.yaml"), dir.path().join("b.yaml"));
    write(&second, &provider("http://second"));
    write(&first, &[alert("x"), provider("http://first")].join("---\n"));
    let loaded = load(dir.path()).unwrap();
    assert_eq!(loaded.providers[&key("chat")].value.address, "http://first");
    let expected = format!(
        "{}:1:1: Provider/apps/chat: is defined already at {}:11:1, which counts; remove one of the two",
        second.display(),
        first.display()
    );
    assert_eq!(loaded.problems.iter().map(Finding::said).collect::<Vec<_>>(), [expected]);
}

#[test]
fn secrets_are_read_and_broken_base64_is_a_problem_that_shows_no_value() {
    let bad = "apiVersion: v1\nkind: Secret\nmetadata: {name: bad, namespace: apps}\ndata:\n  a: YQ==\n  token: hunter2!\n";
    let loaded = Loaded::from_text("in.yaml".as_ref(), &[secret("plain"), bad.to_owned()].join("---\n"));
    assert_eq!(loaded.secrets[&key("token")].value.data["token"], b"plain");
    assert!(!loaded.secrets.contains_key(&key("bad")));
    let problem = loaded.problems[0].said();
    assert!(problem.starts_with("in.yaml:11:3: Secret/apps/bad: data.token is not base64; "), "{problem}");
    assert!(!problem.contains("hunter2"));
}

#[test]
fn a_mounted_config_map_is_read_once_and_follows_its_swap() {
    let dir = TempDir::new().unwrap();
    for (version, address) in [("..1", "http://one"), ("..2", "http://two")] {
        fs::create_dir(dir.path().join(version)).unwrap();
        write(&dir.path().join(version).join("p.yaml"), &provider(address));
    }
    symlink("..1", dir.path().join("..data")).unwrap();
    symlink("..data/p.yaml", dir.path().join("p.yaml")).unwrap();
    let mut folder = Folder::new(dir.path().to_owned());
    folder.refresh().unwrap();
    assert_eq!((address(&folder).as_str(), folder.loaded().problems.len()), ("http://one", 0));
    symlink("..2", dir.path().join("..new")).unwrap();
    fs::rename(dir.path().join("..new"), dir.path().join("..data")).unwrap();
    assert!(folder.refresh().unwrap());
    assert_eq!(address(&folder), "http://two");
}

#[test]
fn only_what_changed_is_read_again() {
    let dir = TempDir::new().unwrap();
    write(&dir.path().join("a.yaml"), &alert("a"));
    write(&dir.path().join("b.yaml"), &alert("b"));
    let mut folder = Folder::new(dir.path().to_owned());
    assert!(folder.refresh().unwrap());
    let before = folder.loaded();
    assert!(!folder.refresh().unwrap());
    write(&dir.path().join("b.yaml"), &alert("b"));
    assert!(!folder.refresh().unwrap(), "the same text is no news");
    write(&dir.path().join("b.yaml"), &(alert("b") + "\n"));
    assert!(folder.refresh().unwrap());
    let after = folder.loaded();
    let same = |name: &str| Arc::ptr_eq(&before.alerts[&key(name)].value, &after.alerts[&key(name)].value);
    assert!(same("a") && !same("b"));
    fs::remove_file(dir.path().join("a.yaml")).unwrap();
    assert!(folder.refresh().unwrap());
    assert_eq!(alerts(&folder.loaded()), ["apps/b"]);
}

#[test]
fn a_file_written_twice_within_one_tick_of_its_clock_is_not_missed() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a.yaml");
    fs::write(&file, provider("http://one")).unwrap();
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let mut folder = Folder::new(dir.path().to_owned());
    folder.refresh().unwrap();
    fs::write(&file, provider("http://two")).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    folder.refresh().unwrap();
    assert_eq!(address(&folder), "http://two");
}

#[test]
fn a_folder_that_is_gone_forgets_nothing() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("manifests");
    fs::create_dir(&root).unwrap();
    write(&root.join("a.yaml"), &provider("http://one"));
    let mut folder = Folder::new(root.clone());
    folder.refresh().unwrap();
    fs::rename(&root, dir.path().join("away")).unwrap();
    let error = folder.refresh().unwrap_err().to_string();
    assert!(error.contains(&root.display().to_string()) && error.contains("bring it back"), "{error}");
    assert_eq!(address(&folder), "http://one");
    fs::rename(dir.path().join("away"), &root).unwrap();
    assert!(!folder.refresh().unwrap());
}

#[test]
fn labels_are_found_in_any_version_of_the_kind() {
    let text = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: podinfo\n  \
                namespace: apps\n  labels: {team: a}\n";
    let store = LabelStore::default();
    let object = campanile_testkit::event().involved_object;
    assert_eq!(store.labels(&object), Labels::NotYet);
    assert!(store.replace(&Loaded::from_text("-".as_ref(), text).labels));
    assert!(!store.replace(&Loaded::from_text("-".as_ref(), text).labels), "nothing new");
    for version in ["v1", "v1beta2"] {
        let api_version = format!("kustomize.toolkit.fluxcd.io/{version}");
        let Labels::Found(labels) = store.labels(&ObjectRef { api_version, ..object.clone() }) else {
            panic!()
        };
        assert_eq!(labels["team"], "a");
    }
    for other in [
        ObjectRef { name: "other".into(), ..object.clone() },
        ObjectRef { api_version: "v1".into(), ..object },
    ] {
        assert_eq!(store.labels(&other), Labels::Absent);
    }
}

#[test]
fn item_16_a_reload_with_a_document_that_cannot_be_told_drops_nothing() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a.yaml");
    write(&file, &[alert("one"), provider("http://one"), alert("two")].join("---\n"));
    let mut folder = Folder::new(dir.path().to_owned());
    folder.refresh().unwrap();
    for broken in [
        "metadata: [\n".to_owned(),
        alert("one").replace("kind: Alert\n", ""),
        alert("one").replace("kind: Alert", "kind: Alret"),
        alert("one").replace("notification.", "notifications."),
        alert("one") + "kind: Alert\n",
        alert("one") + "  eventSources: []\n",
    ] {
        write(&file, &[broken.clone(), provider("http://two"), alert("two")].join("---\n"));
        folder.refresh().unwrap();
        assert_eq!(address(&folder), "http://two", "the rest moves on: {broken}");
        assert_eq!(alerts(&folder.loaded()), ["apps/one", "apps/two"], "{broken}");
    }
    write(&file, &[provider("http://two"), alert("two")].join("---\n"));
    folder.refresh().unwrap();
    assert_eq!(alerts(&folder.loaded()), ["apps/two"], "what is taken out goes");
}

#[test]
fn item_12_a_file_of_git_crypt_is_known_by_its_first_bytes() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a.yaml"), b"\0GITCRYPT\0\xff\xfe\x01").unwrap();
    let found = findings(&load(dir.path()).unwrap(), Strictness::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].to_string().contains("warning: is encrypted with git-crypt"), "{}", found[0]);
    let ignored = Strictness { missing: None, ..Strictness::default() };
    assert_eq!(findings(&load(dir.path()).unwrap(), ignored), []);
}
