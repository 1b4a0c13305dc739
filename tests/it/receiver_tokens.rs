//! The pages of types whose requests bring a token of an issuer: captured requests, judged by keys that are made here, are refused in
//! the words of the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::receiver_pages::{Page, normal, pages};
use crate::support::{Site, campanile};

/// An issuer with one key.
struct Issuer(EcdsaKeyPair);

impl Issuer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made"))
    }

    fn keys(&self) -> Value {
        let code = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = self.0.public_key().as_ref();
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k", "x": code(&point[1..33]), "y": code(&point[33..]) }] })
    }

    fn token(&self, claims: &Value) -> String {
        let code = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", code(&json!({ "alg": "ES256", "kid": "k" })), code(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).expect("it signs");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A page, its manifests in a folder, and keys of an issuer beside them.
struct Stage {
    page: Page,
    site: Site,
    issuer: Issuer,
}

impl Stage {
    fn new(name: &str) -> Self {
        let page = pages().into_iter().find(|page| page.kind.name() == name).expect("the type has a page");
        let (site, issuer) = (Site::new(), Issuer::new());
        site.write("all.yaml", &page.manifests());
        fs::write(site.path("keys.json"), issuer.keys().to_string()).expect("the folder is ours");
        Self { page, site, issuer }
    }

    /// The error of a captured request with this header and body; none if it is verified.
    fn judged(&self, header: Option<&str>, body: &str, keys: Option<&Path>) -> Option<String> {
        let header = header.map(|value| format!("Authorization: {value}\n")).unwrap_or_default();
        let request = self.site.path("request.txt");
        fs::write(&request, format!("{header}Content-Type: application/json\n\n{body}"))
            .expect("the folder is ours");
        let receiver = format!("--receiver=flux-system/{}", self.page.kind.name());
        let manifests = format!("--manifests={}", self.site.manifests().display());
        let file = format!("--file={}", request.display());
        let keys = keys.map(|keys| format!("--jwks={}", keys.display()));
        let at = "--at=2026-12-01T10:00:00Z";
        let mut arguments = vec!["receive", &receiver, &manifests, &file, at, "-o", "json"];
        arguments.extend(keys.as_deref());
        let output = campanile(&arguments);
        let verdict: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:#?}"));
        verdict["error"].as_str().map(str::to_owned)
    }

    /// The same with a token that has these claims beside the usual ones.
    fn claiming(&self, usual: &Value, other: &Value, body: &str) -> Option<String> {
        let mut claims = usual.clone();
        claims.as_object_mut().expect("claims").extend(other.as_object().expect("claims").clone());
        let header = format!("Bearer {}", self.issuer.token(&claims));
        self.judged(Some(&header), body, Some(&self.site.path("keys.json")))
    }
}

/// One second after the time at which requests are judged.
const LATER: i64 = 1_796_119_201;

#[test]
fn issue_20_tokens_of_an_issuer_are_refused_as_the_page_says() {
    let stage = Stage::new("generic-oidc");
    let usual = json!({
        "iss": "https://token.actions.githubusercontent.com", "aud": "flux", "exp": LATER,
        "repository": "acme/fleet", "ref": "refs/heads/main",
    });
    assert_eq!(stage.claiming(&usual, &json!({}), "{}"), None);
    let token = format!("Bearer {}", stage.issuer.token(&usual));
    let refused = [
        stage.judged(None, "{}", None),
        stage.judged(Some("Bearer x"), "{}", None),
        stage.claiming(&usual, &json!({ "iss": "https://gitlab.example.com" }), "{}"),
        stage.claiming(&usual, &json!({ "aud": "other" }), "{}"),
        stage.claiming(&usual, &json!({ "exp": LATER - 2 }), "{}"),
        stage.claiming(&usual, &json!({ "repository": "x", "ref": "y" }), "{}"),
        stage.judged(Some(&token), "{}", None),
    ];
    let refused = refused.map(|error| error.expect("it is refused"));
    // Why the issuer could not be asked is another matter each time.
    let cut = |error: &String| match error.split_once("\": nobody is asked") {
        Some((first, _)) => normal(&format!("{first}\"")),
        None => normal(error),
    };
    assert_eq!(refused.iter().map(cut).collect::<BTreeSet<_>>(), stage.page.told());
}

#[test]
fn issue_20_tokens_of_google_are_refused_as_the_page_says() {
    let stage = Stage::new("gcr");
    let usual = json!({
        "iss": "https://accounts.google.com", "aud": "https://webhooks.example.com", "exp": LATER,
        "email": "flux-webhook@PROJECT.iam.gserviceaccount.com", "email_verified": true,
    });
    let body = |data: &str| json!({ "message": { "data": STANDARD.encode(data) } }).to_string();
    let push = body(r#"{"action":"INSERT","tag":"europe-docker.pkg.dev/p/r/webapp:v1"}"#);
    assert_eq!(stage.claiming(&usual, &json!({}), &push), None);
    let mut refused = vec![
        stage.judged(None, &push, None),
        stage.claiming(&usual, &json!({ "aud": "https://other.example.com" }), &push),
        stage.claiming(&usual, &json!({ "email": "another@PROJECT.iam.gserviceaccount.com" }), &push),
        stage.claiming(&usual, &json!({}), &body("")),
    ];
    let manifests = stage.page.manifests();
    let without: String = manifests
        .lines()
        .filter(|line| !line.starts_with("  email: "))
        .map(|line| format!("{line}\n"))
        .collect();
    stage.site.write("all.yaml", &without);
    refused.push(stage.claiming(&usual, &json!({}), &push));
    let refused = refused.iter().map(|error| normal(error.as_deref().expect("it is refused")));
    assert_eq!(refused.collect::<BTreeSet<_>>(), stage.page.told());
}
