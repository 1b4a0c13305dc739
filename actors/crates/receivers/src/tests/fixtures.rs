//! A request of each type as its host sends it, and what becomes of it changed: forged, cut short, sent again, of another event. Another
//! path is the endpoint's affair, as is a path that was learned: five types check nothing else.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use campanile_domain::{ReceiverSpec, ReceiverType, Secret};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::oidc::{Google, Keys, claims, google_claims, google_secret, now, oidc, providers, push};
use crate::testing::{compile, request, spec, token};
use crate::{KeySet, Verification, verify};

/// The value of a header, by whose token it is made with.
type Credential = Box<dyn Fn(Whose) -> String>;

/// A good request, and which changes of it do not verify.
struct Fixture {
    kind: &'static str,
    /// The header that says who sends it, and its value for a token that is right, and for another.
    secret: Option<(&'static str, Credential)>,
    /// The header of the event, with the one that the Receiver wants.
    event: Option<(&'static str, &'static str)>,
    body: Vec<u8>,
    /// Whether a body that is cut short is refused.
    reads_body: bool,
    /// Whether the same request verifies an hour later.
    lasts: bool,
    keys: Option<KeySet>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Hosts,
    Strangers,
}

impl Whose {
    fn token(self) -> &'static str {
        if self == Self::Hosts { "token" } else { "tokem" }
    }
}

impl Fixture {
    fn of(kind: &'static str, body: &str) -> Self {
        let (secret, event, keys) = (None, None, None);
        Self { kind, secret, event, body: body.into(), reads_body: true, lasts: true, keys }
    }

    /// Signed with the token, as `prefix` and the HMAC of the body.
    fn signed(
        kind: &'static str,
        header: &'static str,
        algorithm: hmac::Algorithm,
        prefix: &'static str,
    ) -> Self {
        let body = r#"{"action":"CREATED","repositoryName":"app","after":"abc"}"#;
        let sign = move |whose: Whose| {
            let tag = hmac::sign(&hmac::Key::new(algorithm, whose.token().as_bytes()), body.as_bytes());
            format!("{prefix}{}", crate::secret::hex(tag.as_ref()))
        };
        Self { secret: Some((header, Box::new(sign))), ..Self::of(kind, body) }
    }

    fn with_token(kind: &'static str, header: &'static str) -> Self {
        let token = |whose: Whose| whose.token().to_owned();
        Self { secret: Some((header, Box::new(token))), reads_body: false, ..Self::of(kind, "{}") }
    }

    fn event(self, header: &'static str, event: &'static str) -> Self {
        Self { event: Some((header, event)), ..self }
    }

    fn spec(&self) -> ReceiverSpec {
        let events = self.event.iter().map(|(_, event)| (*event).to_owned()).collect();
        let own = match self.kind {
            "generic-oidc" => oidc(providers(&[("any", "claims.sub == 'me'", "not me")])),
            kind => spec(kind),
        };
        ReceiverSpec { events, ..own }
    }

    fn secret(&self) -> Option<Secret> {
        match self.kind {
            "generic-oidc" => None,
            "gcr" => Some(google_secret()),
            _ => Some(token()),
        }
    }

    /// Whether the request verifies, changed in this way.
    fn verifies(&self, whose: Whose, event: Option<&str>, body: &[u8], at: Timestamp) -> bool {
        let secret = self.secret.as_ref().map(|(name, value)| (*name, value(whose)));
        let named = self.event.map(|(name, wanted)| (name, event.unwrap_or(wanted).to_owned()));
        let kind = [("Content-Type", "application/json".to_owned())];
        let fields: Vec<(&str, String)> = kind.into_iter().chain(secret).chain(named).collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match verify(&compile(self.spec()), self.secret().as_ref(), request(&fields, body)) {
            Verification::Verified(_) => true,
            Verification::Refused(_) => false,
            Verification::NeedsKeys(needs) => needs.verify(Ok(self.keys.as_ref().unwrap()), at).is_ok(),
        }
    }
}

fn fixtures() -> Vec<Fixture> {
    let change = r#"{"context":{"version":"0.3.0","id":"1","source":"/event/source","type":"dev.cdevents.change.merged.0.2.0",
        "timestamp":"2023-03-20T14:27:05.315384Z"},"subject":{"id":"c","source":"/s","type":"change"}}"#;
    let (keys, strangers) = (Keys::new(), Keys::new());
    let set = keys.set(&["EdDSA"]);
    let bearer = move |whose: Whose| {
        let signer = if whose == Whose::Hosts { &keys } else { &strangers };
        format!("Bearer {}", signer.sign("EdDSA", Some("ed"), &claims()))
    };
    let (google, evil) = (Google::new(), Google::new());
    let googles = google.keys();
    let pushed = move |whose: Whose| {
        let signer = if whose == Whose::Hosts { &google } else { &evil };
        format!("Bearer {}", signer.token(&google_claims()))
    };
    let acr = r#"{"action":"push","target":{"repository":"hello","tag":"v1"}}"#;
    let hub = r#"{"push_data":{"tag":"v1"},"repository":{"repo_url":"hub/app"}}"#;
    vec![
        Fixture::signed("github", "X-Hub-Signature-256", hmac::HMAC_SHA256, "sha256=")
            .event("X-GitHub-Event", "push"),
        Fixture::signed("bitbucket", "X-Hub-Signature", hmac::HMAC_SHA256, "sha256=")
            .event("X-Event-Key", "repo:refs_changed"),
        Fixture::signed("generic-hmac", "X-Signature", hmac::HMAC_SHA512, "sha512="),
        Fixture::signed("nexus", "X-Nexus-Webhook-Signature", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, ""),
        Fixture::with_token("gitlab", "X-Gitlab-Token").event("X-Gitlab-Event", "Push Hook"),
        Fixture::with_token("harbor", "Authorization"),
        Fixture {
            secret: Some(("Authorization", Box::new(bearer))),
            reads_body: false,
            lasts: false,
            keys: Some(set),
            ..Fixture::of("generic-oidc", "{}")
        },
        Fixture {
            secret: Some(("Authorization", Box::new(pushed))),
            lasts: false,
            keys: Some(googles),
            body: push(),
            ..Fixture::of("gcr", "")
        },
        Fixture::of("dockerhub", hub),
        Fixture::of("quay", r#"{"docker_url":"quay.io/org/app","updated_tags":["latest"]}"#),
        Fixture::of("acr", acr),
        Fixture::of("cdevents", change).event("Ce-Type", "dev.cdevents.change.merged.0.2.0"),
        Fixture { reads_body: false, ..Fixture::of("generic", &json!({}).to_string()) },
    ]
}

#[test]
fn issue_20_of_each_type_the_hosts_request_verifies_and_a_changed_one_as_its_page_says() {
    let fixtures = fixtures();
    let kinds: BTreeSet<&str> = fixtures.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ReceiverType::ALL.iter().map(|kind| kind.name()).collect(), "each type has one");
    for one in &fixtures {
        let (kind, hosts) = (one.kind, Whose::Hosts);
        let cut = one.body.get(..one.body.len() - 1).unwrap();
        assert!(one.verifies(hosts, None, &one.body, now()), "{kind}: good");
        assert!(one.verifies(hosts, None, &one.body, now()), "{kind}: sent again");
        let forged = one.verifies(Whose::Strangers, None, &one.body, now());
        assert_eq!(forged, one.secret.is_none(), "{kind}: forged");
        assert_eq!(one.verifies(hosts, None, cut, now()), !one.reads_body, "{kind}: cut short");
        let other = one.verifies(hosts, Some("another"), &one.body, now());
        assert_eq!(other, one.event.is_none(), "{kind}: of another event");
        let later = now() + SignedDuration::from_hours(1);
        assert_eq!(
            one.verifies(hosts, None, &one.body, later),
            one.lasts,
            "{kind}: sent again an hour later"
        );
    }
}
