use super::{alert, provider, secret, write};
use crate::{Level, Loaded, Strictness, findings, load};

fn texts(loaded: &Loaded) -> Vec<String> {
    findings(loaded, Strictness::default()).iter().map(ToString::to_string).collect()
}

fn of(text: &str) -> Vec<String> {
    texts(&Loaded::from_text("in.yaml".as_ref(), text))
}

#[test]
fn sound_manifests_have_no_findings() {
    let with_secret = provider("http://one\n  secretRef: {name: token}");
    assert_eq!(of(&[alert("a"), with_secret, secret("s")].join("---\n")), Vec::<String>::new());
}

#[test]
fn every_finding_has_its_file_its_line_and_its_remedy() {
    let patterns = "  inclusionList:\n    - fine\n    - 'a**'\n  exclusionList: ['(?=x)']\n";
    let labels = "    - kind: Bucket\n      name: x\n      matchLabels:\n        team: 'not valid'\n";
    let text = [
        alert("a") + labels + patterns,
        provider("http://one\n  certSecretRef:\n    name: absent"),
        "apiVersion: notification.toolkit.fluxcd.io/v1beta1\nkind: Provider\nmetadata: {name: old}\nspec:\n  type: pigeon\n"
            .to_owned(),
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: b}\nspec:\n  providerRef:\n    \
         name: nobody\n  eventSources: []\n  summary: s\n"
            .to_owned(),
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: c}\nspec: {}\n".to_owned(),
    ]
    .join("---\n");
    let found = of(&text);
    let expected = [
        "in.yaml:12:7: error: Alert/apps/a: spec.eventSources[1].matchLabels selects nothing: ",
        "in.yaml:16:7: error: Alert/apps/a: spec.inclusionList[1] is not a valid pattern and is ignored: ",
        "in.yaml:17:19: error: Alert/apps/a: spec.exclusionList[0] is not a valid pattern and is ignored: ",
        "in.yaml:28:5: warning: Provider/apps/chat: failed to get secret 'apps/absent': not found; create it or correct spec.certSecretRef [missing-secret]",
        "in.yaml:30:1: error: Provider/default/old: apiVersion is old: no API server serves Provider in v1beta1; upgrade to v1, ",
        "in.yaml:34:3: error: Provider/default/old: spec.type is wrong: provider type 'pigeon' is not supported; use one of generic, ",
        "in.yaml:41:5: warning: Alert/default/b: failed to get provider 'default/nobody': not found, for metadata.namespace is not set; create it or correct spec.providerRef [missing-provider]",
        "in.yaml:42:3: warning: Alert/default/b: spec.eventSources is empty, ",
        "in.yaml:43:3: warning: Alert/default/b: spec.summary is deprecated, Flux's controller of 2.10 drops it; use spec.eventMetadata.summary [deprecated-field]",
        "in.yaml:48:1: error: Alert/default/c: spec.providerRef is required [schema]",
        "in.yaml:48:1: error: Alert/default/c: spec.eventSources is required [schema]",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
}

#[test]
fn a_text_that_does_not_parse_is_one_finding() {
    let found = of("kind: Alert\nspec: [\nmetadata: {}\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("in.yaml:3:1: error: does not parse: "), "{found:?}");
}

#[test]
fn findings_of_a_folder_come_in_the_order_of_its_files() {
    let dir = tempfile::TempDir::new().unwrap();
    write(&dir.path().join("b.yaml"), "a: [\n");
    write(&dir.path().join("a.yaml"), &alert("x"));
    let found = findings(&load(dir.path()).unwrap(), Strictness::default());
    let files: Vec<_> =
        found.iter().map(|finding| finding.place.file.file_name().unwrap().to_owned()).collect();
    assert_eq!(files, ["a.yaml", "b.yaml"]);
    assert_eq!(found.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Warning, Level::Error]);
}

#[test]
fn one_pattern_too_many_is_one_finding_and_not_one_for_each_that_follows() {
    let patterns = |count: usize| (0..count).map(|n| format!("failed {n}")).collect();
    let greedy = campanile_domain::Alert { inclusion: patterns(50_000), ..campanile_testkit::alert() };
    let violations = crate::violations::of_alert(&greedy);
    assert_eq!(violations.len(), 1);
    assert!(
        violations[0].to_string().contains("use fewer, or several Alerts"),
        "{}",
        violations[0].to_string()
    );
    assert_eq!(crate::violations::announcements(&greedy).len(), 1);
}

#[test]
fn item_10_everything_that_is_skipped_is_said() {
    let chat = provider("http://one");
    for (text, place, words) in [
        (alert("a").replace("kind: Alert\n", "") + "---\n" + &chat, "in.yaml:1:1: error: ", "no kind"),
        (
            alert("a").replace("kind: Alert", "kind: Alerts") + "---\n" + &chat,
            "in.yaml:2:1: error: Alerts/apps/a: ",
            "write 'Alert'",
        ),
        (format!("- {{kind: x}}\n---\n{chat}"), "in.yaml:1:1: error: ", "is a list"),
        (format!("replicas: 3\n---\n{chat}"), "in.yaml:1:1: warning: ", "no Kubernetes object"),
        (alert("a") + &chat, "in.yaml:10:1: error: ", "write '---' before the next object"),
        (alert("a") + "--\n" + &chat, "in.yaml:1", "write '---' between two documents"),
        ("# nothing\n".to_owned(), "in.yaml: error: ", "there is no manifest"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n".to_owned(), "in.yaml: warning: ", "Ansible Vault"),
    ] {
        let found = of(&text);
        assert!(
            found.iter().any(|line| line.starts_with(place) && line.contains(words)),
            "{text}\n{found:#?}"
        );
    }
}

#[test]
fn item_10_items_of_a_typed_list_take_kind_and_version_from_it() {
    let ours = "apiVersion: notification.toolkit.fluxcd.io/v1beta3";
    let provider = "metadata: {name: chat, namespace: apps}\n    spec: {type: generic, address: http://one}";
    let alert = "metadata: {name: a, namespace: apps}\n    spec: {providerRef: {name: chat}, eventSources: [{kind: Bucket, name: x}]}";
    let typed = format!(
        "{ours}\nkind: ProviderList\nitems:\n  - {provider}\n---\n{ours}\nkind: AlertList\nitems:\n  - {alert}\n"
    );
    let nested = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {ours}\n  kind: ProviderList\n  items:\n  - {provider}\n- {ours}\n  kind: Alert\n  {}\n",
        alert.replace("\n    ", "\n  ")
    );
    for text in [typed, nested] {
        let loaded = Loaded::from_text("in.yaml".as_ref(), &text);
        assert_eq!(texts(&loaded), Vec::<String>::new(), "{text}");
        assert_eq!((loaded.alerts.len(), loaded.providers.len()), (1, 1));
    }
    let bare = format!("apiVersion: v1\nkind: List\nitems:\n  - {provider}\n");
    assert!(
        of(&bare)[0].starts_with("in.yaml:4:5: error: the document has neither apiVersion nor kind"),
        "{:?}",
        of(&bare)
    );
    assert_eq!(of(&format!("{ours}\nkind: AlertList\nitems: []\n")), Vec::<String>::new());
}

#[test]
fn item_11_a_document_with_a_key_twice_is_not_used_and_the_rest_of_its_file_is() {
    let text = alert("a") + "---\n" + &provider("http://one\n  address: http://two") + "---\n" + &alert("b");
    let loaded = Loaded::from_text("in.yaml".as_ref(), &text);
    assert_eq!((loaded.alerts.len(), loaded.providers.len()), (2, 0));
    let found = texts(&loaded);
    assert!(
        found[0].starts_with(
            "in.yaml:19:3: error: Provider/apps/chat: the key 'address' stands at in.yaml:18:3 already"
        ),
        "{found:#?}"
    );
    // Both Alerts follow from that, so they come last.
    assert!(
        found[1]
            .contains("Alert/apps/a: failed to get provider 'apps/chat': not found among what can be used"),
        "{found:#?}"
    );
    assert_eq!(found.len(), 3);
    let headers =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: h}\nstringData: {headers: \"A: 1\\nB: 2\\nA: 3\"}\n";
    assert!(
        of(headers)[0].contains("Secret/default/h: key 'headers' has the same name on its lines 1 and 3"),
        "{:?}",
        of(headers)
    );
}

#[test]
fn item_12_what_is_missing_is_what_one_wants_it_to_be() {
    let loaded = Loaded::from_text(
        "in.yaml".as_ref(),
        &(alert("a")
            + "---\n"
            + &provider("http://x\n  secretRef: {name: s}").replace("name: chat", "name: other")),
    );
    let levels = |missing| {
        let found = findings(&loaded, Strictness { missing, ..Strictness::default() });
        found.iter().map(|finding| finding.level).collect::<Vec<_>>()
    };
    assert_eq!(levels(Some(Level::Error)), [Level::Error; 2]);
    assert_eq!(levels(Some(Level::Warning)), [Level::Warning; 2]);
    assert_eq!(levels(None), []);
}

#[test]
fn item_12_secrets_that_are_elsewhere_are_not_missing_and_ciphertext_is_no_credential() {
    let with_secret = provider("http://x\n  secretRef: {name: token}");
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: token, namespace: apps}\nspec: {}\n";
    let sops = secret("ENC[AES256_GCM,data:x,type:str]")
        .replace("token: ENC", "token: 'ENC")
        .replace("str]}", "str]'}")
        + "sops: {mac: x}\n";
    let with = |secret: &str| {
        Loaded::from_text("in.yaml".as_ref(), &[with_secret.clone(), secret.to_owned()].join("---\n"))
    };
    assert_eq!(texts(&with(sealed)), Vec::<String>::new());
    let loaded = with(&sops);
    let found = texts(&loaded);
    assert!(
        found.len() == 1 && found[0].contains("error: Secret/apps/token: is encrypted with SOPS"),
        "{found:?}"
    );
    assert_eq!(findings(&loaded, Strictness { missing: None, ..Strictness::default() }), []);
    for loaded in [with(sealed), loaded] {
        let secret = loaded.secret(campanile_domain::ObjectKey::new("apps", "token"));
        assert!(secret.unwrap_err().to_string().contains("apps/token"));
    }
}

#[test]
fn item_14_a_name_that_leads_nowhere_says_what_may_be_meant() {
    let nowhere =
        |from: &str, to: &str, chat: &str| of(&[alert("a").replace(from, to), chat.to_owned()].join("---\n"));
    let chat = provider("http://x");
    for (found, words) in [
        (nowhere("name: chat", "name: chta", &chat), "'apps/chta': not found, but 'chat' is there; create"),
        (
            nowhere("  namespace: apps\n", "", &chat),
            "'default/chat': not found in namespace 'default', for metadata.namespace is not set, but in 'apps'; create",
        ),
        (
            nowhere("namespace: apps", "namespace: web", &chat),
            "'web/chat': not found in namespace 'web', but in 'apps'; create",
        ),
    ] {
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}\n{words}");
    }
}

#[test]
fn item_13_a_value_that_is_a_comment_is_told() {
    let found = of(&provider("http://x\n  channel: #alerts"));
    assert!(
        found[0].starts_with("in.yaml:9:3: error: Provider/apps/chat: spec.channel has no value, "),
        "{found:?}"
    );
    for sound in ["http://x\n  channel: '#alerts'", "http://x\n  channel: # where to", "http://x\n  channel:"]
    {
        assert_eq!(of(&provider(sound)), Vec::<String>::new(), "{sound}");
    }
}

#[test]
fn issue_20_a_receiver_that_can_never_verify_is_an_error() {
    let text = "
apiVersion: notification.toolkit.fluxcd.io/v1
kind: Receiver
metadata: { name: hook, namespace: apps }
spec:
  type: gcr
  secretRef: { name: hook-token }
  resources: [{ kind: Bucket, name: a, namespace: other }, { kind: Bucket, name: b }]
---
apiVersion: v1
kind: Secret
metadata: { name: hook-token, namespace: apps }
stringData: { token: '', audience: a }
";
    let loaded = Loaded::from_text("a.yaml".as_ref(), text);
    let said = |no_cross_namespace_refs| {
        let found = findings(&loaded, Strictness { no_cross_namespace_refs, ..Strictness::default() });
        let said = found.iter().filter(|finding| finding.level == Level::Error).map(|one| one.rule.id());
        said.collect::<Vec<_>>()
    };
    assert_eq!(said(false), ["receiver-secret"], "an empty token is one, a missing e-mail is not");
    assert_eq!(said(true), ["cross-namespace", "receiver-secret"]);
}
