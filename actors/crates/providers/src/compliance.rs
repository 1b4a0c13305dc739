//! What every type must do, run over all of the table: each type's sample says what is to be seen of it. A new type passes by
//! its row, its sample and its fixtures.
//!
//! 1. It renders the contract's examples byte for byte (`fixtures/<type>/{error,info}.json`).
//! 2. It renders whatever an event can hold, as one JSON text or form, without failing.
//! 3. It sends to the address as spelt, with headers that a request can carry.
//! 4. It judges statuses by the shared table, unless the type's own file says otherwise.
//! 5. Nothing that it returns shows a Secret's value or a URL's path or query.
//! 6. It refuses malformed `headers`, a missing Secret and an unusable address before anything is sent.
//! 7. It has a page in the documentation, with a [table](page) that is true, and is in the [overview].
//!
//! Over all types, those of Git hosts and of other protocols included: 8. [`again`], 9. [`limits`], 10. [`hostile`]. And
//! 11. the [`overview`] of the limits, 12. [`line_ends`]. 13. What destinations say in words of their own has [`refusals`].
//! 14. The [`smallest`] events make whole messages. 15. What is too long all the same is said [`shorter`].

mod again;
mod every;
mod forwards;
mod hostile;
mod limits;
mod line_ends;
mod measure;
mod overview;
mod page;
mod refusals;
mod shorter;
mod smallest;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use campanile_domain::{
    Delivery, Event, Failure, FailureClass, ObjectRef, ProviderSpec, ProviderType, Request, Severity, Verdict,
};
use campanile_testkit::{event, noon};
use url::form_urlencoded;

use crate::sample::{BodyForm, KeyPlace, LoginForm, Sample, Sends, filled};
use crate::testing::{Secrets, answer, body, credentials, delivery, error, info, request, spec, verdict_of};
use crate::{BuiltProvider, ConfigError};

/// A type and its sample.
#[derive(Clone, Copy)]
struct Case {
    kind: ProviderType,
    name: &'static str,
    sample: &'static Sample,
}

/// All types of the table.
fn all() -> impl Iterator<Item = Case> {
    ProviderType::all().map(|kind| Case { kind, name: kind.name(), sample: Sample::of(kind) })
}

/// The types that send one message to one place. Those of Git hosts read, write and refuse otherwise, and have tests of their
/// own, as have those that take several requests.
fn messages() -> impl Iterator<Item = Case> {
    all().filter(|case| case.sample.sends != Sends::Exchange)
}

/// The types that send to one webhook.
fn webhooks() -> impl Iterator<Item = Case> {
    all().filter(|case| case.sample.sends == Sends::Request)
}

const TOKEN: &str = "xoxb-token-that-nobody-sees";
const ORIGIN: &str = "https://hooks.example:8443";
/// What stands in the secret places of an address.
const HIDDEN: &str = "path-key";
/// Whatever of the settings below must not be shown.
const SECRETS: &[&str] =
    &[TOKEN, HIDDEN, "query-key", "the-password", "proxy-password", "header-secret", "/services/T0"];

impl Case {
    /// The address that the type is tried with.
    fn address(&self) -> String {
        self.sample.address_at(ORIGIN, HIDDEN)
    }

    /// The token that the type is tried with; none if it would stand beside a better credential.
    fn token(&self) -> Option<String> {
        match self.sample.logins {
            [LoginForm::Address] => None,
            [LoginForm::Token(template), ..] => Some(filled(template, ORIGIN, TOKEN, "")),
            _ => Some(TOKEN.to_owned()),
        }
    }

    /// The URL that messages are sent to, or what it begins with.
    fn url(&self) -> String {
        self.sample.url_at(ORIGIN, HIDDEN, &self.token().unwrap_or_default())
    }

    /// Those of [`SECRETS`] that the type has.
    fn secrets(&self) -> Vec<&'static str> {
        let address = self.address();
        let is_of_address = |secret: &str| [HIDDEN, "query-key", "/services/T0"].contains(&secret);
        let has = |secret: &&&str| match **secret {
            TOKEN => self.token().is_some(),
            secret if is_of_address(secret) => address.contains(secret),
            _ => true,
        };
        SECRETS.iter().filter(has).copied().collect()
    }

    /// Secrets that the type can work with.
    fn full(&self, changes: &[(&str, &[u8])]) -> Secrets {
        let (address, token) = (self.address(), self.token());
        let mut data: Vec<(&str, &[u8])> = vec![
            ("address", address.as_bytes()),
            ("username", b"somebody"),
            ("password", b"the-password"),
            ("headers", b"X-Key: header-secret\n"),
        ];
        data.extend(token.as_ref().map(|token| ("token", token.as_bytes())));
        data.extend_from_slice(changes);
        let proxy: &[(&str, &[u8])] =
            &[("address", b"http://proxy.example"), ("username", b"p"), ("password", b"proxy-password")];
        credentials(&data).with("proxy", proxy)
    }

    fn spec(&self) -> ProviderSpec {
        ProviderSpec { channel: self.sample.channel.to_owned(), ..spec(self.name) }
    }

    fn full_spec(&self) -> ProviderSpec {
        ProviderSpec { proxy_secret_ref: Some("proxy".into()), ..self.spec() }
    }

    fn endpoint(&self) -> BuiltProvider {
        self.full(&[]).build(&self.full_spec()).unwrap()
    }
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

/// The example of this `name`. Where pages are to be written, one that is missing is written as the type renders it now; one
/// that is there never changes by itself.
fn fixture(kind: &str, name: &str, rendered: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind).join(name);
    if page::writes() && !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{rendered}\n")).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.trim_end_matches('\n').replace("${VERSION}", env!("CARGO_PKG_VERSION"))
}

#[test]
fn m1_the_contracts_examples_are_rendered_byte_for_byte() {
    for case in messages() {
        // The examples are of a Provider with a channel and nothing else that shows, and of a DSN without its secret part.
        let address = case.sample.address_at("http://127.0.0.1:9", "hidden").replace(":hidden@", "@");
        let token = case.token().map(|_| "s3cr3t");
        let mut data: Vec<(&str, &[u8])> = vec![("address", address.as_bytes())];
        data.extend(token.map(|token| ("token", token.as_bytes())));
        let endpoint = credentials(&data).build(&case.spec()).unwrap();
        for (name, delivery) in [("error.json", error()), ("info.json", info())] {
            let body = body(&endpoint, &delivery);
            let body = str::from_utf8(&body).unwrap().trim_end_matches('\n');
            assert_eq!(body, fixture(case.name, name, body), "{} {name}", case.name);
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

/// Whether `body` is of the form of the type's bodies.
fn assert_body(case: Case, body: &str) {
    // The lines of an envelope end with a line break; a body of one JSON text has none.
    let lines: Vec<_> = body.split_terminator('\n').collect();
    let is_json = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    let holds = match case.sample.body {
        BodyForm::Json => lines.len() == 1 && lines.iter().all(is_json),
        BodyForm::Lines(count) => lines.len() == count && lines.iter().all(is_json),
        BodyForm::Form(pairs) => form_urlencoded::parse(body.as_bytes()).count() == pairs,
        BodyForm::Spans => false,
    };
    assert!(holds, "{} sends {:?}: {body}", case.name, case.sample.body);
}

#[test]
fn m2_m3_whatever_an_event_holds_becomes_one_sendable_request() {
    for case in webhooks() {
        let (kind, endpoint, expected) = (case.name, case.endpoint(), case.url());
        let is_keyed = case.sample.key.is_some_and(|key| key.place == KeyPlace::Url);
        for delivery in odd_events() {
            let Request { url, headers, body, .. } = request(&endpoint, &delivery);
            assert!(url == expected || is_keyed && url.starts_with(&expected), "{kind}: {url}");
            assert_body(case, str::from_utf8(&body).unwrap());
            for (name, value) in headers {
                assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{kind} {name}: {value:?}");
            }
        }
    }
}

#[test]
fn m2_whatever_an_event_holds_becomes_one_message_that_can_be_published() {
    for case in messages().filter(|case| case.sample.sends == Sends::Publication) {
        for delivery in odd_events() {
            let payload = body(&case.endpoint(), &delivery);
            assert_body(case, str::from_utf8(&payload).unwrap());
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
        (402, C::Credentials),
        (404, C::Gone),
        (405, C::Gone),
        (407, C::Credentials),
        (408, C::Timeout),
        (410, C::Gone),
        (413, C::Rejected),
        (415, C::Gone),
        (422, C::Rejected),
        (429, C::Throttled),
        (500, C::Server),
        (501, C::Gone),
    ];
    for case in webhooks() {
        let (kind, endpoint) = (case.name, case.endpoint());
        for (status, class) in table {
            let failed = failure(verdict_of(&endpoint, &error(), answer(status, &[], ""))).unwrap();
            assert_eq!(failed.class, class, "{kind} {status}");
        }
        let (success, told) = case.sample.taken;
        let done = verdict_of(&endpoint, &error(), answer(success, &[], told));
        assert_eq!(done, Verdict::Delivered, "{kind}");
        let paused = verdict_of(&endpoint, &error(), answer(429, &[("retry-after", "7")], ""));
        assert!(matches!(paused, Verdict::RetryAfter(pause, _) if pause.as_secs() == 7), "{kind} {paused:?}");
    }
}

#[test]
fn m5_no_failure_shows_a_secret_that_the_destination_quotes() {
    for case in webhooks() {
        let (kind, quoted) = (case.name, case.secrets().join(" or "));
        let others = case.sample.also_at.iter().map(|template| filled(template, ORIGIN, HIDDEN, ""));
        for address in others.chain([case.address()]) {
            let body = format!(r#"{{"ok":false,"error":"{quoted}","url":"{address}"}}"#);
            let endpoint = case.full(&[("address", address.as_bytes())]).build(&case.full_spec()).unwrap();
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
    for case in messages() {
        let (kind, settings) = (case.name, case.full(&[]).resolve(&case.full_spec()).unwrap());
        assert_debug_silent(kind, &settings);
        assert_debug_silent(kind, &settings.token);
        assert_debug_silent(kind, &settings.secret);
        if let Ok(url) = settings.address.hook_url("hook URL") {
            assert_debug_silent(kind, &url);
        }
        let endpoint = case.endpoint();
        assert_debug_silent(kind, &endpoint);
        assert_debug_silent(kind, &endpoint.provider.begin(&info()).unwrap().next(None, noon()));
    }
}

/// Every way to be misconfigured that touches a secret.
fn misconfigured(case: Case) -> Vec<ConfigError> {
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
    // Who sends to one place looks at no address.
    let counts = |(key, _): &&(&str, &[u8])| *key != "address" || case.sample.fixed_host.is_none();
    let by_credentials =
        credentials.iter().filter(counts).map(|change| case.full(&[*change]).build(&case.full_spec()));
    let by_proxy = proxies
        .iter()
        .map(|address| case.full(&[]).with("proxy", &[("address", address)]).build(&case.full_spec()));
    by_credentials.chain(by_proxy).map(Result::unwrap_err).collect()
}

#[test]
fn m5_m6_what_can_not_work_is_refused_without_showing_a_secret() {
    for case in messages() {
        let kind = case.name;
        for error in misconfigured(case) {
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
    let docs: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "docs", "providers"].iter().collect();
    for Case { name: kind, .. } in all() {
        let page = std::fs::read_to_string(docs.join(format!("{kind}.md"))).unwrap_or_default();
        assert!(page.contains(&format!("type: {kind}")), "docs/providers/{kind}.md shows a manifest");
    }
}
