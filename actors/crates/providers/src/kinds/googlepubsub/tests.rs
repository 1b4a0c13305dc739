use super::*;
use crate::Step;
use crate::commit_status::script::{Data, line, lines, refusal, run};
use crate::testing::{answer, credentials, delivery, error, failed, header, info, spec};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use campanile_domain::{Event, FailureClass, Notification, ProviderSpec, Response, Verdict};
use campanile_testkit::{event, noon};
use serde_json::{Value, json};

const KIND: &str = "googlepubsub";
const PEM: &str = include_str!("../../../fixtures/github-app/pkcs8.pem");
const TOKENS: &str = "https://oauth2.googleapis.com/token";
const TOPIC: &str = "https://pubsub.googleapis.com/v1/projects/my-project/topics/flux:publish";

fn key_with(part: &str, value: &str) -> Vec<u8> {
    let mut key = json!({
        "type": "service_account", "project_id": "my-project", "private_key_id": "key-1", "private_key": PEM,
        "client_email": "flux@my-project.iam.gserviceaccount.com", "token_uri": TOKENS,
    });
    key[part] = value.into();
    key.to_string().into_bytes()
}

fn key() -> Vec<u8> {
    key_with("type", "service_account")
}

fn settings(address: &str, channel: &str, data: Data<'_>) -> Settings {
    let spec = ProviderSpec { address: address.into(), channel: channel.into(), ..spec(KIND) };
    credentials(data).resolve(&spec).unwrap()
}

fn cloud() -> PubSub {
    PubSub::new(&settings("my-project", "flux", &[("token", &key())])).unwrap()
}

fn emulated(channel: &str, data: Data<'_>) -> PubSub {
    let mut settings = settings("my-project", channel, data);
    std::sync::Arc::make_mut(&mut settings.environment).pubsub_emulator = Some("127.0.0.1:8085".to_owned());
    PubSub::new(&settings).unwrap()
}

/// Google, which gives tokens for an hour and takes every message.
fn google(request: &Request) -> Response {
    match request.url.as_str() {
        TOKENS => {
            answer(200, &[], r#"{"access_token":"ya29.first","expires_in":3599,"token_type":"Bearer"}"#)
        }
        _ => answer(200, &[], r#"{"messageIds":["17"]}"#),
    }
}

fn deliver(provider: &PubSub, host: impl FnMut(&Request) -> Response) -> (Vec<Request>, Verdict) {
    run(provider.exchange(&Notification::of(&info())).unwrap(), host)
}

#[test]
fn s23_8_the_event_is_published_as_it_is() {
    for (delivery, expected) in [
        (error(), include_str!("../../../fixtures/googlepubsub/error.json")),
        (info(), include_str!("../../../fixtures/googlepubsub/info.json")),
    ] {
        let (sent, verdict) =
            run(emulated("flux", &[]).exchange(&Notification::of(&delivery)).unwrap(), google);
        assert_eq!(verdict, Verdict::Delivered);
        assert_eq!(lines(&sent), ["POST http://127.0.0.1:8085/v1/projects/my-project/topics/flux:publish"]);
        assert_eq!(str::from_utf8(&sent[0].body).unwrap(), expected);
        assert_eq!(header(&sent[0], "content-type"), Some("application/json"));
        assert_eq!(header(&sent[0], "authorization"), None, "an emulator lets everybody in");
    }
}

#[test]
fn s23_8_the_headers_become_attributes() {
    let provider = emulated("flux", &[("headers", b"team: web\nnumber: 42\n")]);
    let (sent, _) = deliver(&provider, google);
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(body["messages"][0]["attributes"], json!({ "number": "42", "team": "web" }));
}

#[test]
fn s23_8_a_channel_of_four_parts_is_the_whole_name() {
    for (channel, path) in [
        ("projects/other/topics/t", "projects/other/topics/t"),
        ("a/b", "projects/my-project/topics/a/b"),
        ("a b?c", "projects/my-project/topics/a%20b%3Fc"),
    ] {
        let (sent, _) = deliver(&emulated(channel, &[]), google);
        assert_eq!(line(&sent[0]), format!("POST http://127.0.0.1:8085/v1/{path}:publish"));
    }
}

#[test]
fn s23_8_a_service_account_is_let_in_with_a_signed_assertion() {
    let (sent, verdict) = deliver(&cloud(), google);
    assert_eq!(verdict, Verdict::Delivered);
    assert_eq!(lines(&sent), [format!("POST {TOKENS}"), format!("POST {TOPIC}")]);
    assert_eq!(header(&sent[0], "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&sent[1], "authorization"), Some("Bearer ya29.first"));
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&sent[0].body).into_owned().collect();
    assert_eq!(form[0], ("grant_type".into(), "urn:ietf:params:oauth:grant-type:jwt-bearer".into()));
    let (signed, signature) = form[1].1.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let decode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    let parse = |text: &str| serde_json::from_slice::<Value>(&decode(text)).unwrap();
    assert_eq!(parse(head), json!({ "alg": "RS256", "typ": "JWT", "kid": "key-1" }));
    assert_eq!(
        parse(claims),
        json!({
            "iss": "flux@my-project.iam.gserviceaccount.com", "scope": "https://www.googleapis.com/auth/pubsub",
            "aud": TOKENS, "iat": 1_786_104_000, "exp": 1_786_107_600,
        })
    );
    let key = crate::jwt::read_key(PEM.as_bytes()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(signed.as_bytes(), &decode(signature)).unwrap();
}

#[test]
fn s23_8_another_credential_of_the_secret_is_an_identity_and_comes_before_the_account() {
    let user = r#"{"type":"authorized_user","client_id":"id","client_secret":"hunter22","refresh_token":"1//refresh"}"#;
    let spec = ProviderSpec {
        address: "my-project".into(),
        channel: "flux".into(),
        service_account: "flux".into(),
        ..spec(KIND)
    };
    let endpoint = credentials(&[("token", user.as_bytes())]).build(&spec).unwrap();
    let identity = endpoint.provider.identity().unwrap();
    assert!(identity.credential.is_some() && identity.cloud == Cloud::Google);
    let masked = endpoint.masker.mask("said 1//refresh and hunter22");
    assert_eq!(masked, "said ***** and *****");
}

#[test]
fn s20_a_token_is_kept_and_replaced_when_it_is_no_longer_taken() {
    let provider = cloud();
    deliver(&provider, google);
    assert_eq!(lines(&deliver(&provider, google).0), [format!("POST {TOPIC}")]);
    let mut refusals = 1;
    let (sent, verdict) = deliver(&provider, |request| match request.url.as_str() {
        TOPIC if refusals > 0 => {
            refusals -= 1;
            answer(401, &[], "{}")
        }
        _ => google(request),
    });
    assert_eq!((sent.len(), verdict), (3, Verdict::Delivered), "refused, renewed, taken");
    let (sent, verdict) = deliver(&cloud(), |request| match request.url.as_str() {
        TOPIC => answer(401, &[], "{}"),
        _ => google(request),
    });
    assert_eq!((sent.len(), failed(verdict).1), (2, FailureClass::Credentials), "a new token is not renewed");
}

#[test]
fn s23_8_refusals_come_in_order() {
    let key = key();
    assert!(refusal(KIND, "", &[]).starts_with("GCP project ID cannot be empty"));
    assert!(refusal(KIND, "my-project", &[]).starts_with("GCP Pub/Sub topic ID cannot be empty"));
    let refuse =
        |data: Data<'_>| PubSub::new(&settings("my-project", "flux", data)).err().unwrap().to_string();
    for nothing in [&[][..], &[("token", b"" as &[u8])][..], &[("token", b"\n" as &[u8])][..]] {
        let provider = PubSub::new(&settings("my-project", "flux", nothing)).unwrap();
        assert_eq!(provider.identity().unwrap().cloud, Cloud::Google, "an identity gives the token");
        let (sent, _) = deliver(&provider, google);
        assert_eq!((sent.len(), header(&sent[0], "authorization")), (1, None));
    }
    let garbled: &[&[u8]] = &[b"xoxb-token", b"[]", b"{\"type\":1}", &key[..40]];
    for token in garbled {
        assert!(refuse(&[("token", token)]).contains("is no JSON key of Google"), "{token:?}");
    }
    for (part, value, text) in [
        ("type", "gdch_service_account", "is of a type that is not supported"),
        ("type", "external_account", "has no 'audience'"),
        ("client_email", "", "has no 'client_email'"),
        ("private_key", "", "has no 'private_key'"),
        ("private_key", "MIIE", "'private_key' that is no RSA key"),
        ("token_uri", "", "has no 'token_uri'"),
        ("token_uri", "http://oauth2.googleapis.com/token", "'token_uri' that is no https URL"),
        ("token_uri", "https://|", "'token_uri' that is no https URL"),
    ] {
        let error = refuse(&[("token", &key_with(part, value))]);
        assert!(error.contains(text) && !error.contains("MIIE"), "{error}");
    }
}

#[test]
fn s23_8_answers_have_their_classes() {
    use FailureClass as C;
    let judged =
        |status, body: &str| failed(deliver(&emulated("flux", &[]), |_| answer(status, &[], body)).1).1;
    for (status, class) in [
        (400, C::Rejected),
        (401, C::Credentials),
        (403, C::Credentials),
        (404, C::Gone),
        (409, C::Server),
        (429, C::Throttled),
        (499, C::Server),
        (500, C::Server),
        (503, C::Server),
    ] {
        assert_eq!(judged(status, "{}"), class, "{status}");
    }
    for body in ["", "<html>", "{}", r#"{"messageIds":[]}"#] {
        assert_eq!(judged(200, body), C::Garbled, "{body}");
    }
    let (_, verdict) =
        deliver(&emulated("flux", &[]), |_| answer(404, &[], r#"{"error":"Resource not found"}"#));
    let text = format!("{verdict:?}");
    assert!(text.contains(
        "error publishing to GCP Pub/Sub topic projects/my-project/topics/flux: google answered 404"
    ));
}

#[test]
fn s23_8_a_key_that_is_not_taken_waits_for_a_human() {
    use FailureClass as C;
    for (status, body, class) in [
        (400, r#"{"error":"invalid_grant"}"#, C::Credentials),
        (401, "", C::Credentials),
        (404, "", C::Credentials),
        (429, "", C::Throttled),
        (503, "", C::Server),
    ] {
        let (sent, verdict) = deliver(&cloud(), |_| answer(status, &[], body));
        assert!(
            format!("{verdict:?}").contains("failed to get token for the service account: google answered")
        );
        assert_eq!((sent.len(), failed(verdict).1), (1, class), "{status}");
    }
    for body in ["{}", "<html>", r#"{"access_token":""}"#, r#"{"access_token":"a\nb"}"#] {
        assert_eq!(failed(deliver(&cloud(), |_| answer(200, &[], body)).1).1, C::Garbled, "{body}");
    }
}

#[test]
fn s22_no_text_shows_key_assertion_or_token() {
    let token = key();
    let spec = ProviderSpec { address: "my-project".into(), channel: "flux".into(), ..spec(KIND) };
    let endpoint = credentials(&[("token", &token)]).build(&spec).unwrap();
    let mut texts = vec![format!("{endpoint:?}")];
    for refused in [TOKENS, TOPIC] {
        let (_, verdict) = deliver(&cloud(), |request| {
            let quoted = format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body));
            if request.url == refused { answer(400, &[], &quoted) } else { google(request) }
        });
        texts.push(format!("{verdict:?}"));
    }
    assert!(texts[1].contains("*****") && texts[2].contains("*****"), "{texts:?}");
    for text in texts {
        // What is published begins like a token too, so the header of the assertion is looked for.
        assert!(!text.contains("eyJhbGciOi") && !text.contains("ya29") && !text.contains("MIIE"), "{text}");
    }
}

#[test]
fn s24_a_message_fits_into_a_request_whatever_the_event_holds() {
    let huge = delivery(Event { message: "<\u{1}>".repeat(1_000_000), ..event() }, &[]);
    let Step::Send(request) =
        emulated("flux", &[]).exchange(&Notification::of(&huge)).unwrap().next(None, noon())
    else {
        panic!("it is sent")
    };
    assert!(request.body.len() < 10_000_000, "{}", request.body.len());
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let data = STANDARD.decode(body["messages"][0]["data"].as_str().unwrap()).unwrap();
    let event: Value = serde_json::from_slice(&data).unwrap();
    assert!(event["message"].as_str().unwrap().ends_with("more characters)"));
}

#[test]
fn s07_a_private_trust_store_does_not_reach_google() {
    assert!(cloud().public_host() && !emulated("flux", &[]).public_host());
}
