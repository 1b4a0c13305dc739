use super::*;
use crate::BuiltProvider;
use crate::commit_status::script::{Data, at, lines, refusal, run, success};
use crate::testing::{answer, credentials, header, spec};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use campanile_domain::{FailureClass, Method, ProviderSpec, Request, Response, Verdict};
use campanile_testkit::noon;

/// Made for these tests; no App knows it.
const KEY: &[u8] = include_bytes!("../../../fixtures/github-app/pkcs1.pem");
const KEY_AS_PKCS8: &[u8] = include_bytes!("../../../fixtures/github-app/pkcs8.pem");
const FOREIGN_KEY: &[u8] = include_bytes!("../../../fixtures/github-app/ec.pem");
const ADDRESS: &str = "https://ghe.example/org/repo";
const TOKENS: &str = "POST https://ghe.example/api/v3/app/installations/300/access_tokens";

const BY_NUMBER: Data<'static> = &[
    ("githubAppID", b"127\n"),
    ("githubAppInstallationID", b"300"),
    ("githubAppPrivateKey", KEY),
    ("githubAppBaseURL", b"https://ghe.example/api/v3/"),
];

fn app() -> BuiltProvider {
    at("github", ADDRESS, BY_NUMBER)
}

fn by_owner() -> BuiltProvider {
    let data: Data<'_> = &[
        ("githubAppID", b"128"),
        ("githubAppInstallationOwner", b"acme"),
        ("githubAppPrivateKey", KEY_AS_PKCS8),
        ("githubAppBaseURL", b"https://ghe.example/api/v3"),
    ];
    at("github", ADDRESS, data)
}

fn token(value: &str, ends: &str) -> Response {
    answer(201, &[], &format!(r#"{{"token":"{value}","expires_at":"{ends}"}}"#))
}

/// GitHub, which gives tokens until two o'clock and takes every request that has one.
fn github(request: &Request) -> Response {
    match request.method {
        _ if request.url.ends_with("/access_tokens") => token("ghs_first", "2026-08-07T14:00:00Z"),
        Method::Get => answer(200, &[], "[]"),
        _ => answer(201, &[], "{}"),
    }
}

fn deliver(endpoint: &BuiltProvider, host: impl FnMut(&Request) -> Response) -> (Vec<Request>, Verdict) {
    run(endpoint.provider.begin_to_write(&success()).unwrap(), host)
}

fn bearer(request: &Request) -> &str {
    header(request, "authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap()
}

fn failure(verdict: Verdict) -> (FailureClass, String) {
    match verdict {
        Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => (failure.class, failure.message),
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn s21_the_token_of_an_installation_is_used_like_any_other() {
    let (sent, verdict) = run(app().provider.begin(&success()).unwrap(), github);
    assert_eq!(verdict, Verdict::Delivered);
    assert_eq!(lines(&sent)[0], TOKENS);
    assert!(sent[0].body.is_empty());
    assert_eq!(header(&sent[0], "accept"), Some("application/vnd.github.v3+json"));
    assert_eq!((bearer(&sent[1]), bearer(&sent[2])), ("ghs_first", "ghs_first"));
}

#[test]
fn s21_the_apps_own_token_is_signed_and_short_lived() {
    let (sent, _) = deliver(&app(), github);
    let (signed, signature) = bearer(&sent[0]).rsplit_once('.').unwrap();
    let parts: Vec<String> = signed
        .split('.')
        .map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    let from = noon().as_second() - 30;
    let claims = format!(r#"{{"iat":{from},"exp":{},"iss":"127"}}"#, from + 120);
    assert_eq!(parts, [r#"{"alg":"RS256","typ":"JWT"}"#.to_owned(), claims]);
    let key = jwt::read_key(KEY_AS_PKCS8).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
}

#[test]
fn s21_an_owner_is_an_organisation_or_else_a_user() {
    let asked = |organisation: u16| {
        let (sent, verdict) = deliver(&by_owner(), |request| match request.url.as_str() {
            url if url.contains("/orgs/") => answer(organisation, &[], r#"{"id":301}"#),
            url if url.contains("/users/") => answer(200, &[], r#"{"id":302}"#),
            _ => github(request),
        });
        assert_eq!(verdict, Verdict::Delivered);
        lines(&sent)
    };
    let (organisation, user) = (
        "GET https://ghe.example/api/v3/orgs/acme/installation",
        "GET https://ghe.example/api/v3/users/acme/installation",
    );
    let tokens = |id: u32| format!("POST https://ghe.example/api/v3/app/installations/{id}/access_tokens");
    assert_eq!(asked(200)[..2], [organisation.to_owned(), tokens(301)]);
    assert_eq!(asked(404)[..3], [organisation.to_owned(), user.to_owned(), tokens(302)]);
}

#[test]
fn s20_a_token_is_kept_for_all_deliveries_until_shortly_before_its_end() {
    let asked = |ends: &str| {
        let endpoint = app();
        let mut host = |request: &Request| match request.url.ends_with("/access_tokens") {
            true => token("ghs_next", ends),
            false => github(request),
        };
        [(); 2].map(|()| deliver(&endpoint, &mut host).0.len() - 1)
    };
    assert_eq!(asked("2026-08-07T12:05:01Z"), [1, 0]);
    assert_eq!(asked("2026-08-07T12:05:00Z"), [1, 1], "five minutes are too few");
}

#[test]
fn a_kept_token_that_is_no_longer_taken_is_replaced_at_once() {
    let endpoint = app();
    deliver(&endpoint, github);
    let (sent, verdict) = deliver(&endpoint, |request| match header(request, "authorization") {
        Some("Bearer ghs_first") => answer(401, &[], "{}"),
        _ if request.url.ends_with("/access_tokens") => token("ghs_second", "2026-08-07T14:00:00Z"),
        _ => github(request),
    });
    assert_eq!(verdict, Verdict::Delivered);
    assert_eq!(sent.len(), 3, "{:?}", lines(&sent));
    assert_eq!(bearer(&sent[2]), "ghs_second");
    assert_eq!(sent[2].body, sent[0].body);
}

#[test]
fn a_new_token_that_is_not_taken_is_a_matter_of_credentials_and_is_forgotten() {
    let endpoint = app();
    for _ in 0..2 {
        let (sent, verdict) = deliver(&endpoint, |request| match request.url.ends_with("/access_tokens") {
            true => github(request),
            false => answer(401, &[], &format!("{:?}", request.headers)),
        });
        assert_eq!(sent.len(), 2);
        let (class, text) = failure(verdict);
        assert_eq!(class, FailureClass::Credentials);
        assert!(text.contains("*****") && !text.contains("ghs_first"), "{text}");
    }
}

#[test]
fn an_app_that_is_refused_waits_for_a_human_and_an_outage_does_not() {
    let tokens = |status, headers: &[(&str, &str)], body: &str| {
        let (sent, verdict) = deliver(&app(), |_| answer(status, headers, body));
        assert_eq!(sent.len(), 1);
        verdict
    };
    for status in [401, 403, 404, 422] {
        let (class, text) = failure(tokens(status, &[], "no"));
        assert_eq!(class, FailureClass::Credentials, "{status}");
        assert!(text.starts_with("could not get a token for the github app: github answered "), "{text}");
    }
    assert_eq!(failure(tokens(502, &[], "")).0, FailureClass::Server);
    let limited = tokens(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786104045")], "");
    assert!(matches!(limited, Verdict::RetryAfter(pause, _) if pause.as_secs() == 45), "{limited:?}");
    for body in ["", "{}", r#"{"token":""}"#, r#"{"token":"a\nb"}"#, "ghs_unreadable"] {
        let (class, text) = failure(tokens(201, &[], body));
        assert_eq!(class, FailureClass::Garbled, "{body}");
        assert!(!text.contains("ghs_unreadable"));
    }
    let (sent, verdict) = deliver(&by_owner(), |_| answer(503, &[], ""));
    assert_eq!((sent.len(), failure(verdict).0), (1, FailureClass::Server), "no reason to ask for a user");
}

#[test]
fn no_failure_shows_the_apps_own_token() {
    let (_, verdict) = deliver(&app(), |request| answer(401, &[], &format!("{:?}", request.headers)));
    let (_, text) = failure(verdict);
    assert!(text.contains("Bearer *****") && !text.contains("eyJ"), "{text}");
}

#[test]
fn s21_refusals_come_in_order() {
    let refuse = |data: Data<'_>| refusal("github", ADDRESS, data);
    let id = ("githubAppID", b"127" as &[u8]);
    let number = ("githubAppInstallationID", b"300" as &[u8]);
    for bad in [b"" as &[u8], b"0", b"-1", b"x"] {
        assert!(
            refuse(&[("githubAppID", bad)]).starts_with("app ID must be provided to use github app auth")
        );
    }
    assert!(refuse(&[id]).starts_with("app installation owner or ID must be provided"));
    let owner = ("githubAppInstallationOwner", b"acme" as &[u8]);
    assert!(refuse(&[id, number, owner]).starts_with("only one of app installation owner or ID"));
    assert!(
        refuse(&[id, ("githubAppInstallationID", b"x")]).starts_with("app installation ID must be a number")
    );
    assert!(refuse(&[id, number]).starts_with("private key must be provided to use github app auth"));
    for key in [b"garbage" as &[u8], FOREIGN_KEY, b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"] {
        let text = refuse(&[id, number, ("githubAppPrivateKey", key)]);
        assert!(text.starts_with("could not parse private key: ") && !text.contains("AAAA"), "{text}");
    }
    let base = ("githubAppBaseURL", b"ghe.example/api/v3" as &[u8]);
    assert!(
        refuse(&[id, number, ("githubAppPrivateKey", KEY), base])
            .starts_with("invalid key 'githubAppBaseURL'")
    );
}

#[test]
fn s03_a_token_or_password_comes_before_an_app_however_broken() {
    for key in ["token", "password"] {
        let data = [&[(key, b"ghp" as &[u8]), ("githubAppID", b"x")], BY_NUMBER.split_at(1).1].concat();
        let (sent, _) = deliver(&at("github", ADDRESS, &data), github);
        assert_eq!((sent.len(), bearer(&sent[0])), (1, "ghp"));
    }
}

#[test]
fn s21_the_api_of_an_app_is_github_coms_unless_the_secret_says_otherwise() {
    let data = BY_NUMBER.split_at(3).0;
    let (sent, _) = deliver(&at("github", ADDRESS, data), github);
    assert!(sent[0].url.starts_with("https://api.github.com/app/installations/300/"), "{}", sent[0].url);
    let private = |address: &str, data: Data<'_>| {
        let secret = credentials(&[data, &[("ca.crt", b"CA" as &[u8])]].concat());
        secret
            .build(&ProviderSpec { address: address.into(), ..spec("github") })
            .unwrap()
            .connection
            .tls
            .is_some()
    };
    assert!(!private("https://github.com/org/repo", data));
    assert!(private("https://github.com/org/repo", BY_NUMBER), "its App is asked elsewhere");
}

#[test]
fn no_debug_text_shows_the_key() {
    let secret = credentials(BY_NUMBER);
    let settings = secret.resolve(&ProviderSpec { address: ADDRESS.into(), ..spec("github") }).unwrap();
    let text = format!("{settings:?} {:?} {:?}", settings.secret, app());
    assert!(!text.contains("BEGIN") && !text.contains("MII"), "{text}");
}

#[test]
fn t11_a_client_id_is_the_issuer_in_place_of_the_number() {
    let data: Data<'_> = &[
        ("githubAppClientID", b"Iv23li8yQ\n"),
        ("githubAppInstallationID", b"300"),
        ("githubAppPrivateKey", KEY),
        ("githubAppBaseURL", b"https://ghe.example/api/v3/"),
    ];
    let (sent, verdict) = deliver(&at("github", ADDRESS, data), github);
    assert_eq!(verdict, Verdict::Delivered);
    let claims = bearer(&sent[0]).split('.').nth(1).unwrap();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert!(claims.ends_with(r#""iss":"Iv23li8yQ"}"#), "{claims}");
}

#[test]
fn t11_exactly_one_of_number_and_client_id_is_wanted() {
    let refused = |ids: Data<'_>| {
        let rest: Data<'_> = &[("githubAppInstallationID", b"300"), ("githubAppPrivateKey", KEY)];
        refusal("github", ADDRESS, &[ids, rest].concat())
    };
    let both = refused(&[("githubAppID", b"127"), ("githubAppClientID", b"Iv23li8yQ")]);
    assert!(both.starts_with("only one of app ID or client ID must be provided"), "{both}");
    let blank = refused(&[("githubAppID", b""), ("githubAppClientID", b" ")]);
    assert!(blank.starts_with("app ID must be provided") && blank.contains("githubAppClientID"), "{blank}");
    let none = refused(&[]);
    assert!(none.contains("github token or github app details must be specified"), "{none}");
}
