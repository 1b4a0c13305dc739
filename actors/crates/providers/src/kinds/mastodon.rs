//! `mastodon`: a post of an account on a server of Mastodon (contract, Flux 2.10, section 3).
//!
//! The text is plain there, but for names behind `@`, which are broken by a zero-width space, so that nobody is called. A
//! delivery that is tried again is posted once: its key is the same at every try, and servers keep keys for an hour.

use std::fmt::Write;

use campanile_domain::{Failure, FailureClass, Masker, Notification, ObjectRef, Response, Verdict};
use jiff::Timestamp;
use serde::Serialize;

use crate::authorization::{self, token};
use crate::encoding::hash::sha256;
use crate::refusal::{Refusal, judge_with};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, emoji};
use crate::sample::{KeyPlace, KeyScope, Limit, Markup, Measure, RepeatKey, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The method that posts (statuses API methods, "Post a new status", <https://docs.joinmastodon.org/methods/statuses/#create>).
const PATH: &str = "/api/v1/statuses";

/// The parameter of the address that becomes a field of the post.
const VISIBILITY: &str = "visibility";

/// Who may see a post. The fourth that the API knows, `direct`, would show it to nobody, as it calls nobody.
const VISIBILITIES: [&str; 3] = ["public", "unlisted", "private"];

/// The longest post, in characters of any script, as servers are shipped (Using Mastodon, "Posting to your profile",
/// <https://docs.joinmastodon.org/user/posting/>).
const LONGEST_POST: usize = 500;

/// Longest name of an object, in characters: a third of the post.
const LONGEST_NAME: usize = 160;

/// What stands around the object's name: the emoji, a blank and a line break.
const FRAME: usize = 3;

/// What stands around a key and its value.
const OVERHEAD: usize = "\n: ".len();

const STYLE: Style = Style { escape, width: |_| 1 };

/// Names behind `@`, unless they stand within a word as in addresses of mail.
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let is_mention =
        position.c == '@' && position.next_is(is_name) && !position.previous().is_some_and(is_name);
    is_mention.then_some("@\u{200b}")
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let address = settings.address.hook_url("Mastodon server URL")?;
    let (_, path, query) = address.parts();
    let (visibility, query) = split_visibility(query.unwrap_or_default());
    let visibility = visibility
        .map(known)
        .transpose()
        .map_err(|problem| ConfigError::Setting { problem, place: settings.address.source().clone() })?;
    let authorization = format!("Bearer {}", token(settings, "Mastodon access token cannot be empty")?);
    let path = path.trim_end_matches('/');
    let path = if path.ends_with(PATH) { path.to_owned() } else { format!("{path}{PATH}") };
    let url = address.moved(&path, Some(query.as_str()).filter(|query| !query.is_empty()));
    let target = WebhookTarget { url, judge, masker: settings.masker.clone() };
    Ok(Box::new(Mastodon { target, authorization, visibility }))
}

/// The visibility in a query, and the query without it.
fn split_visibility(query: &str) -> (Option<&str>, String) {
    let of = |pair: &'_ str| pair.split_once('=').is_some_and(|(key, _)| key == VISIBILITY);
    let value = query.split('&').rfind(|pair| of(pair));
    let rest: Vec<&str> = query.split('&').filter(|pair| !of(pair)).collect();
    (value.and_then(|pair| pair.split_once('=')).map(|(_, value)| value), rest.join("&"))
}

fn known(value: &str) -> Result<&'static str, &'static str> {
    let known = VISIBILITIES.iter().find(|known| **known == value);
    known.copied().ok_or("invalid visibility in Mastodon server URL: write public, unlisted or private")
}

struct Mastodon {
    target: WebhookTarget,
    authorization: String,
    visibility: Option<&'static str>,
}

#[derive(Serialize)]
struct Post {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
}

impl Provider for Mastodon {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let mut headers = json_headers(2);
        headers.push(authorization::header(self.authorization.clone()));
        // The same at every try of a notification, and another for every other.
        headers.push(("Idempotency-Key".to_owned(), sha256(notification.identity().as_bytes())));
        let post = Post { status: text_of(notification), visibility: self.visibility };
        Ok(self.target.post(headers, json_body(&post)?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

fn text_of(notification: &Notification<'_>) -> String {
    let form = |object: &ObjectRef| object.display_name().to_lowercase();
    let name = STYLE.fit_owned(notification.title_as(form), LONGEST_NAME);
    let total = LONGEST_POST - FRAME - STYLE.measure(&name);
    let limits =
        MessageLimits { total, text: total, share: 180, count: 20, key: 60, value: 150, overhead: OVERHEAD };
    let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &limits);
    let mut out = format!("{} {name}\n{text}", emoji(notification));
    for (key, value) in entries {
        // Writing to a String does not fail.
        write!(out, "\n{key}: {value}").unwrap_or_default();
    }
    out
}

const STATUSES: &str =
    "[Statuses API, Post a new status](https://docs.joinmastodon.org/methods/statuses/#create)";

/// The reasons of what is refused: the token, what it may do, and the text.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Credentials,
        "the access token is not accepted; put a new one into the Secret",
        STATUSES,
    )
    .on(401),
    Refusal::means(
        FailureClass::Credentials,
        "the access token may not post; give it the scope write:statuses",
        STATUSES,
    )
    .on(403),
    Refusal::means(FailureClass::Rejected, "the server refuses this text", STATUSES).on(422),
];

/// As everywhere, with the reasons in this API's words.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge_with(REFUSALS, response, now, masker)
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "{scheme}://{host}/{secret}?visibility=unlisted&sig={secret}",
    url: "{scheme}://{host}/{secret}/api/v1/statuses?sig={secret}",
    refusals: REFUSALS,
    key: Some(RepeatKey { place: KeyPlace::Header("Idempotency-Key"), scope: KeyScope::Delivery }),
    ..Sample::webhook(
        Markup::Forbids(&[" @channel", " @all", "@U1"]),
        &[Limit::of(
            "post",
            Measure::CodePoints("/status"),
            500,
            "characters",
            "[Posting to your profile](https://docs.joinmastodon.org/user/posting/), as servers are shipped",
        )],
    )
};

#[cfg(test)]
mod tests {
    use crate::testing::{
        answer, credentials, delivery, error, header, info, json, long, request, spec, verdict,
    };
    use crate::{BuiltProvider, ConfigError};
    use campanile_domain::{Delivery, DeliveryId, Event, FailureClass, ProviderSpec, Verdict};
    use campanile_testkit::event;

    const TOKEN: &[(&str, &[u8])] = &[("token", b"t0ken\n")];

    fn at(address: &str) -> Result<BuiltProvider, ConfigError> {
        credentials(TOKEN).build(&ProviderSpec { address: address.into(), ..spec("mastodon") })
    }

    fn status(delivery: &Delivery) -> String {
        json(&at("https://mastodon.example").unwrap(), delivery)["status"].as_str().unwrap().to_owned()
    }

    #[test]
    fn t13_a_post_tells_the_object_the_message_and_sorted_metadata() {
        let metadata = "cluster: prod-eu\nrevision: main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738\n\
                        summary: podinfo impacted";
        assert_eq!(
            status(&error()),
            format!(
                "🚨 kustomization/podinfo.apps\nDeployment/apps/podinfo: timeout <30s>\nsee logs\n{metadata}"
            )
        );
        assert!(status(&info()).starts_with("💫 kustomization/podinfo.apps\n"), "{}", status(&info()));
    }

    #[test]
    fn t13_it_is_posted_with_the_token_below_the_servers_root() {
        let url = |address: &str| request(&at(address).unwrap(), &info()).url;
        let statuses = "https://mastodon.example/api/v1/statuses";
        for address in ["https://mastodon.example", "https://mastodon.example/", statuses] {
            assert_eq!(url(address), statuses);
        }
        assert_eq!(url(&format!("{statuses}/")), statuses);
        assert_eq!(url("https://example.org/social"), "https://example.org/social/api/v1/statuses");
        let request = request(&at("https://mastodon.example").unwrap(), &info());
        assert_eq!(header(&request, "authorization"), Some("Bearer t0ken"));
        assert_eq!(header(&request, "content-type"), Some("application/json"));
    }

    #[test]
    fn t13_the_visibility_leaves_the_address_and_becomes_a_field() {
        let sent = |address: &str| {
            let request = request(&at(address).unwrap(), &info());
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            (request.url, body.get("visibility").cloned())
        };
        let statuses = "https://mastodon.example/api/v1/statuses";
        assert_eq!(sent("https://mastodon.example"), (statuses.to_owned(), None));
        for visibility in ["public", "unlisted", "private"] {
            let address = format!("https://mastodon.example?visibility={visibility}");
            assert_eq!(sent(&address), (statuses.to_owned(), Some(visibility.into())));
        }
        let more = sent("https://mastodon.example/?a=1&visibility=private&b=2");
        assert_eq!(more, (format!("{statuses}?a=1&b=2"), Some("private".into())));
    }

    #[test]
    fn t13_what_can_not_work_is_refused_with_the_remedy() {
        let refusal = at("https://mastodon.example?visibility=direct").unwrap_err().to_string();
        assert_eq!(
            refusal,
            "invalid visibility in Mastodon server URL: write public, unlisted or private; correct spec.address"
        );
        assert!(at("").unwrap_err().to_string().starts_with("invalid Mastodon server URL ''"));
        let spec = ProviderSpec { address: "https://mastodon.example".into(), ..spec("mastodon") };
        let refusal = credentials(&[]).build(&spec).unwrap_err().to_string();
        assert!(
            refusal.starts_with("Mastodon access token cannot be empty: put it in key 'token'"),
            "{refusal}"
        );
    }

    #[test]
    fn t13_a_post_has_500_characters_of_any_script() {
        for letter in ["x", "Ä", "漢", "🚀", "ab "] {
            let message = letter.repeat(2_000);
            let metadata: Vec<(String, String)> =
                (0..30).map(|n| (format!("k{n:02}"), letter.repeat(n * 10))).collect();
            let metadata: Vec<(&str, &str)> =
                metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let full = status(&delivery(Event { message: message.clone(), ..event() }, &metadata));
            assert!((400..=500).contains(&full.chars().count()), "{}: {full}", full.chars().count());
            assert!(full.contains("more characters)"), "{full}");
            let alone = status(&delivery(Event { message, ..event() }, &[]));
            assert!((480..=500).contains(&alone.chars().count()), "{}: {alone}", alone.chars().count());
        }
        let fits = status(&long(400));
        assert!(!fits.contains("more characters") || fits.chars().count() <= 500, "{fits}");
    }

    #[test]
    fn t13_every_try_of_a_delivery_has_one_key_and_every_delivery_its_own() {
        let key = |delivery: &Delivery| {
            let request = request(&at("https://mastodon.example").unwrap(), delivery);
            header(&request, "idempotency-key").unwrap().to_owned()
        };
        let again = Delivery { attempts: 3, ..info() };
        assert_eq!(key(&info()), key(&again));
        assert_ne!(key(&info()), key(&Delivery { id: DeliveryId::numbered(2), ..info() }));
        let later =
            Delivery { accepted_at: info().accepted_at + jiff::SignedDuration::from_secs(1), ..info() };
        assert_ne!(key(&info()), key(&later), "numbers begin anew with a new state folder");
    }

    #[test]
    fn t13_answers_say_whether_the_token_its_scope_or_the_text_is_wrong() {
        let endpoint = at("https://mastodon.example").unwrap();
        let failure = |status, body| match verdict(&endpoint, answer(status, &[], body)) {
            Verdict::Failed(failure) => failure,
            other => panic!("{other:?}"),
        };
        let refused = failure(401, r#"{"error":"The access token is invalid"}"#);
        assert_eq!(refused.class, FailureClass::Credentials);
        assert!(refused.message.contains("the access token is not accepted"), "{}", refused.message);
        let refused = failure(403, r#"{"error":"This action is outside the authorized scopes"}"#);
        assert_eq!(refused.class, FailureClass::Credentials);
        assert!(refused.message.contains("write:statuses"), "{}", refused.message);
        let refused = failure(422, r#"{"error":"Validation failed: Text character limit of 500 exceeded"}"#);
        assert_eq!(refused.class, FailureClass::Rejected);
        assert!(refused.message.contains("Text character limit"), "{}", refused.message);
    }

    #[test]
    fn t13_a_name_in_an_event_calls_nobody() {
        let said = |message: &str| {
            let text = status(&delivery(Event { message: message.into(), ..event() }, &[]));
            text.lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(said("ask @ops and @ann@example.org"), "ask @\u{200b}ops and @\u{200b}ann@example.org");
        assert_eq!(said("flux@example.org, main@sha1:53"), "flux@example.org, main@sha1:53");
    }
}
