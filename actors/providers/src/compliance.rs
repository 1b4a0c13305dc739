//! What every type must do, run over all of the table. A new type passes by having a row here and its fixtures.
//!
//! 1. It renders the contract's examples byte for byte (`fixtures/<type>/{error,info}.json`).
//! 2. It renders whatever an event can hold, as one JSON text or form, without failing.
//! 3. It sends to the address as spelt, with headers that a request can carry.
//! 4. It judges statuses by the shared table, unless the type's own file says otherwise.
//! 5. Nothing that it returns shows a Secret's value or a URL's path or query.
//! 6. It refuses malformed `headers`, a missing Secret and an unusable address before anything is sent.
//! 7. It has a page in the documentation, with a [table](page) that is true.
//!
//! Over all types that speak HTTP, those of Git hosts included: 8. [`again`], 9. [`limits`], 10. [`hostile`]. And
//! 11. an [`overview`] of what is [`published`].

mod again;
mod every;
mod hostile;
mod limits;
mod overview;
mod page;
mod published;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use campanile_domain::{
    Delivery, Event, Failure, FailureClass, ObjectRef, ProviderClass, ProviderSpec, ProviderType, Request,
    Severity, Verdict,
};
use campanile_testkit::{event, noon};
use url::form_urlencoded;

use crate::testing::{Secrets, answer, body, credentials, delivery, error, info, request, spec, verdict_of};
use crate::{ConfigError, Endpoint, supported};

/// Types of the table that have tests of their own: their addresses name a repository or a project, or they log in first,
/// or their bodies are no JSON.
const APART: &[&str] = &["githubdispatch", "googlepubsub", "otel"];
/// Those that speak another protocol than HTTP: no URL, no headers and no status of theirs can be looked at.
const PUBLISHING: &[&str] = &["nats"];

/// The types that send to one webhook.
fn webhooks() -> impl Iterator<Item = &'static str> {
    messages().filter(|kind| !PUBLISHING.contains(kind))
}

/// The types that send one message to one place. Those of Git hosts read, write and refuse otherwise, and have tests of their own.
fn messages() -> impl Iterator<Item = &'static str> {
    let class = |kind: &str| ProviderType::named(kind).map(ProviderType::class);
    let git = [Some(ProviderClass::CommitStatus), Some(ProviderClass::ChangeRequest)];
    supported().filter(move |kind| !git.contains(&class(kind)) && !APART.contains(kind))
}

const TOKEN: &str = "xoxb-token-that-nobody-sees";
const ADDRESS: &str = "https://hooks.example:8443/services/T0/path-key?sig=query-key";
/// A type that reads more out of an address than where to send, or changes it, has an address of its own here and the
/// URL that follows from it.
const ADDRESSES: &[(&str, &str, &str)] = &[
    ("discord", DISCORD, DISCORD),
    (
        "sentry",
        "https://public:query-key@hooks.example:8443/services/T0/path-key",
        "https://hooks.example:8443/services/T0/api/path-key/envelope/",
    ),
    ("telegram", ADDRESS, "https://api.telegram.org/botxoxb-token-that-nobody-sees/sendMessage"),
    (
        "matrix",
        ADDRESS,
        "https://hooks.example:8443/services/T0/path-key/_matrix/client/r0/rooms/general/send/m.room.message/",
    ),
    (
        "azureeventhub",
        "Endpoint=sb://hooks.example:8443/;SharedAccessKeyName=send;SharedAccessKey=query-key;EntityPath=hub",
        "https://hooks.example:8443/hub/messages?api-version=2014-01",
    ),
    ("nats", "nats://somebody:query-key@hooks.example:8443", ""),
    ("pagerduty", ADDRESS, "https://hooks.example:8443/v2/enqueue"),
    ("datadog", ADDRESS, "https://hooks.example:8443/api/v1/events"),
    ("zulip", ADDRESS, "https://hooks.example:8443/api/v1/messages?sig=query-key"),
    ("zoom", ADDRESS, "https://hooks.example:8443/services/T0/path-key?format=full&sig=query-key"),
];
/// Whose URL ends with a key of the message.
const KEYED: &[&str] = &["matrix"];
/// Who sends to one place and looks at no address.
const WITHOUT_ADDRESS: &[&str] = &["telegram"];
/// Whose token would stand beside a better credential: it must not be there.
const WITHOUT_TOKEN: &[&str] = &["azureeventhub"];
/// Who sends a form.
const FORMS: &[&str] = &["zulip"];
const DISCORD: &str = "https://hooks.example:8443/services/T0/path-key/slack?sig=query-key";
/// Whatever of the settings below must not be shown.
const SECRETS: &[&str] =
    &[TOKEN, "path-key", "query-key", "the-password", "proxy-password", "header-secret", "/services/T0"];

/// Who answers with 201 and nothing else where it has taken a message.
const CREATING: &[&str] = &["azureeventhub"];

/// Those of [`SECRETS`] that `kind` has.
fn secrets_of(kind: &str) -> Vec<&'static str> {
    let in_settings = |secret: &&&str| {
        let by_token = **secret == TOKEN && WITHOUT_TOKEN.contains(&kind);
        let by_path =
            ["path-key", "/services/T0"].contains(*secret) && !address(kind).0.contains("/services/T0");
        !by_token && !by_path
    };
    SECRETS.iter().filter(in_settings).copied().collect()
}

/// The address that `kind` is tried with, and the URL that it sends to.
fn address(kind: &str) -> (&'static str, &'static str) {
    let own = ADDRESSES.iter().find(|(name, _, _)| *name == kind);
    own.map_or((ADDRESS, ADDRESS), |(_, address, url)| (*address, *url))
}

/// The channel that `kind` is tried with.
fn channel(kind: &str) -> String {
    let own = every::CHANNELS.iter().find(|(name, _)| *name == kind);
    own.map_or("general", |(_, channel)| *channel).to_owned()
}

/// Secrets that `kind` can work with.
fn full(kind: &str, changes: &[(&str, &[u8])]) -> Secrets {
    let mut data: Vec<(&str, &[u8])> = vec![
        ("address", address(kind).0.as_bytes()),
        ("token", TOKEN.as_bytes()),
        ("username", b"somebody"),
        ("password", b"the-password"),
        ("headers", b"X-Key: header-secret\n"),
    ];
    data.retain(|(key, _)| *key != "token" || !WITHOUT_TOKEN.contains(&kind));
    data.extend_from_slice(changes);
    let proxy: &[(&str, &[u8])] =
        &[("address", b"http://proxy.example"), ("username", b"p"), ("password", b"proxy-password")];
    credentials(&data).with("proxy", proxy)
}

fn full_spec(kind: &str) -> ProviderSpec {
    ProviderSpec { channel: channel(kind), proxy_secret_ref: Some("proxy".into()), ..spec(kind) }
}

fn endpoint(kind: &str) -> Endpoint {
    full(kind, &[]).build(&full_spec(kind)).unwrap()
}

fn failure(verdict: Verdict) -> Option<Failure> {
    match verdict {
        Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => Some(failure),
        Verdict::Delivered | Verdict::Skipped => None,
    }
}

fn assert_silent(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

fn fixture(kind: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.trim_end_matches('\n').replace("${VERSION}", env!("CARGO_PKG_VERSION"))
}

#[test]
fn m1_the_contracts_examples_are_rendered_byte_for_byte() {
    for kind in messages() {
        // The examples are of a Provider with a channel and nothing else that shows.
        let spec = ProviderSpec { channel: channel(kind), ..spec(kind) };
        let mut data: Vec<(&str, &[u8])> = vec![("token", b"s3cr3t")];
        if WITHOUT_TOKEN.contains(&kind) {
            data = vec![("address", address(kind).0.as_bytes())];
        }
        if kind == "sentry" {
            data.push(("address", b"http://public@127.0.0.1:9/base/42"));
        }
        if kind == "nats" {
            data.push(("address", b"nats://127.0.0.1:4222"));
        }
        let endpoint = credentials(&data).build(&spec).unwrap();
        for (name, delivery) in [("error.json", error()), ("info.json", info())] {
            let body = body(&endpoint, &delivery);
            let body = str::from_utf8(&body).unwrap().trim_end_matches('\n');
            assert_eq!(body, fixture(kind, name), "{kind} {name}");
        }
    }
}

/// Events as odd as intake lets them through.
fn odd_events() -> Vec<Delivery> {
    let special = "*bold* [a](http://x/?q=1&r=2) `c` <b>h</b> \"d\" \\b\\ 100% {{ x }}\n> q\n\ttab\u{1}\u{2028} 漢字 🚀";
    let long = "resource is not ready: ÄÖÜ; ".repeat(20_000);
    vec![
        delivery(Event::default(), &[]),
        delivery(Event { message: special.into(), reason: special.into(), ..event() }, &[(special, special)]),
        delivery(
            Event { message: long.clone(), reporting_controller: special.into(), ..event() },
            &[("k", &long)],
        ),
        delivery(
            Event { severity: Severity::Other("<odd>".into()), timestamp: None, ..event() },
            &[("", "")],
        ),
        delivery(
            Event {
                involved_object: ObjectRef {
                    kind: special.into(),
                    name: special.into(),
                    ..ObjectRef::default()
                },
                ..event()
            },
            &[],
        ),
    ]
}

#[test]
fn m2_m3_whatever_an_event_holds_becomes_one_sendable_request() {
    for kind in webhooks() {
        let endpoint = endpoint(kind);
        for delivery in odd_events() {
            let Request { url, headers, body, .. } = request(&endpoint, &delivery);
            let (expected, is_keyed) = (address(kind).1, KEYED.contains(&kind));
            assert!(url == expected || is_keyed && url.starts_with(expected), "{kind}: {url}");
            // The three lines of an envelope end with a line break; a body of JSON alone has none.
            let lines: Vec<_> = str::from_utf8(&body).unwrap().split_terminator('\n').collect();
            assert_eq!(lines.len(), if kind == "sentry" { 3 } else { 1 }, "{kind}");
            for line in lines {
                let is_form = FORMS.contains(&kind) && form_urlencoded::parse(line.as_bytes()).count() == 4;
                let is_json = serde_json::from_str::<serde_json::Value>(line).is_ok();
                assert!(is_json || is_form, "{kind} sends JSON or a form: {line}");
            }
            for (name, value) in headers {
                assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{kind} {name}: {value:?}");
            }
        }
    }
}

#[test]
fn m2_whatever_an_event_holds_becomes_one_message_that_can_be_published() {
    for kind in PUBLISHING {
        for delivery in odd_events() {
            let payload = body(&endpoint(kind), &delivery);
            assert!(serde_json::from_slice::<serde_json::Value>(&payload).is_ok(), "{kind} publishes JSON");
        }
    }
}

#[test]
fn m4_statuses_have_the_classes_of_the_shared_table() {
    use FailureClass as C;
    let table = [
        (302, C::Redirected),
        (400, C::Rejected),
        (401, C::Credentials),
        (404, C::Gone),
        (408, C::Timeout),
        (410, C::Gone),
        (429, C::Throttled),
        (500, C::Server),
        (501, C::Rejected),
    ];
    for kind in webhooks() {
        let endpoint = endpoint(kind);
        for (status, class) in table {
            let failed = failure(verdict_of(&endpoint, &error(), answer(status, &[], ""))).unwrap();
            assert_eq!(failed.class, class, "{kind} {status}");
        }
        let success = if CREATING.contains(&kind) { 201 } else { 200 };
        let done = verdict_of(&endpoint, &error(), answer(success, &[], r#"{"ok":true}"#));
        assert_eq!(done, Verdict::Delivered, "{kind}");
        let paused = verdict_of(&endpoint, &error(), answer(429, &[("retry-after", "7")], ""));
        assert!(matches!(paused, Verdict::RetryAfter(pause, _) if pause.as_secs() == 7), "{kind} {paused:?}");
    }
}

#[test]
fn m5_no_failure_shows_a_secret_that_the_destination_quotes() {
    let slack_api = "https://slack.com/api/chat.postMessage?x=/services/T0/path-key&sig=query-key";
    for kind in webhooks() {
        let quoted = secrets_of(kind).join(" or ");
        let known = if kind == "slack" { slack_api } else { address(kind).0 };
        for address in [address(kind).0, known] {
            let body = format!(r#"{{"ok":false,"error":"{quoted}","url":"{address}"}}"#);
            let endpoint = full(kind, &[("address", address.as_bytes())]).build(&full_spec(kind)).unwrap();
            for status in [0, 200, 302, 400, 401, 403, 404, 408, 429, 500, 501, 503] {
                let verdict = verdict_of(&endpoint, &error(), answer(status, &[], &body));
                assert_silent(kind, &format!("{verdict:?}"));
                if let Some(failure) = failure(verdict) {
                    assert!(failure.message.len() <= Failure::MAX_MESSAGE);
                }
            }
        }
    }
}

fn assert_debug_silent<T: Debug>(kind: &str, value: &T) {
    assert_silent(kind, &format!("{value:?} {value:#?}"));
}

#[test]
fn m5_no_debug_text_shows_a_secret() {
    for kind in messages() {
        let settings = full(kind, &[]).resolve(&full_spec(kind)).unwrap();
        assert_debug_silent(kind, &settings);
        assert_debug_silent(kind, &settings.token);
        assert_debug_silent(kind, &settings.secret);
        if let Ok(url) = settings.address.hook_url("hook URL") {
            assert_debug_silent(kind, &url);
        }
        let endpoint = endpoint(kind);
        assert_debug_silent(kind, &endpoint);
        assert_debug_silent(kind, &endpoint.provider.exchange(&info()).unwrap().next(None, noon()));
    }
}

/// Every way to be misconfigured that touches a secret.
fn misconfigured(kind: &str) -> Vec<ConfigError> {
    let long = format!("https://hooks.example/path-key/{}", "x".repeat(2048));
    let credentials: &[(&str, &[u8])] = &[
        ("address", b"path-key of query-key"),
        ("address", b"/services/T0/path-key"),
        ("address", b"https://path-key|/services/T0/path-key"),
        ("address", b"https://hooks.example/path-key%zz?sig=query-key"),
        ("address", long.as_bytes()),
        ("address", b"https://path-key\xff"),
        ("headers", b"header-secret"),
        ("headers", b"X: [header-secret]"),
        ("headers", b"X: 'header-secret"),
        ("headers", b"header-secret: {header-secret: *header-secret}"),
        ("proxy", b"proxy-password"),
        ("proxy", b"http://p:proxy-password@proxy.example|"),
        ("password", b"the-password\xff"),
    ];
    let proxies: &[&[u8]] = &[
        b"proxy-password:x",
        b"proxy-password://x",
        b"http://p:proxy-password@proxy.example|",
        b"http://p:proxy-password@",
    ];
    let counts = |(key, _): &&(&str, &[u8])| *key != "address" || !WITHOUT_ADDRESS.contains(&kind);
    let by_credentials =
        credentials.iter().filter(counts).map(|change| full(kind, &[*change]).build(&full_spec(kind)));
    let by_proxy = proxies
        .iter()
        .map(|address| full(kind, &[]).with("proxy", &[("address", address)]).build(&full_spec(kind)));
    by_credentials.chain(by_proxy).map(Result::unwrap_err).collect()
}

#[test]
fn m5_m6_what_can_not_work_is_refused_without_showing_a_secret() {
    for kind in messages() {
        for error in misconfigured(kind) {
            assert_silent(kind, &format!("{error} {error:?}"));
            let failure = Failure::from(error.clone());
            assert_eq!((failure.class, failure.message), (FailureClass::Config, error.to_string()), "{kind}");
        }
        let missing = Secrets::default().build(&spec(kind)).unwrap_err();
        assert_eq!(missing.to_string(), "failed to get secret 'apps/credentials': not found", "{kind}");
    }
}

#[test]
fn m7_every_type_has_a_page() {
    let docs: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "docs", "providers"].iter().collect();
    for kind in supported() {
        let page = std::fs::read_to_string(docs.join(format!("{kind}.md"))).unwrap_or_default();
        assert!(page.contains(&format!("type: {kind}")), "docs/providers/{kind}.md shows a manifest");
    }
}
