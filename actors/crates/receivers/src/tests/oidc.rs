//! Contract, receivers 11.4 and 5.2: tokens of issuers, with keys made here. Issuer and clock are the test's.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use campanile_domain::{OidcProvider, OidcValidation, OidcVariable, ReceiverSpec, Secret};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::testing::{compile, request, secret, spec};
use crate::{Invalid, KeyError, KeySet, KeySource, Receiver, Verification, Verified, VerifyError, verify};

pub(super) const ISSUER: &str = "https://issuer.example";

pub(super) fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// One issuer with audience `flux` and these validations: what they are called, the expression, the message.
pub(super) fn providers(validations: &[(&str, &str, &str)]) -> Vec<OidcProvider> {
    let validation = |(_, expression, message): &(&str, &str, &str)| OidcValidation {
        expression: (*expression).to_owned(),
        message: (*message).to_owned(),
    };
    vec![OidcProvider {
        issuer_url: ISSUER.to_owned(),
        audience: Some("flux".to_owned()),
        variables: Vec::new(),
        validations: validations.iter().map(validation).collect(),
    }]
}

const VALIDATIONS: &[(&str, &str, &str)] = &[
    ("repository", "claims.repository == 'org/app'", "wrong repo"),
    ("environment", "claims.environment == 'production'", "wrong environment"),
];

pub(super) fn oidc(oidc_providers: Vec<OidcProvider>) -> ReceiverSpec {
    ReceiverSpec { oidc_providers, ..spec("generic-oidc") }
}

pub(super) fn claims() -> Json {
    json!({"iss": ISSUER, "aud": "flux", "exp": now().as_second() + 60, "sub": "me",
        "repository": "org/app", "environment": "production"})
}

/// Keys of an issuer, one of each sort.
pub(super) struct Keys {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            ed: Ed25519KeyPair::generate().unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap(),
        }
    }

    pub(super) fn set(&self, algorithms: &[&str]) -> KeySet {
        let code = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = self.ec.public_key().as_ref();
        let document = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "x": code(self.ed.public_key().as_ref())},
            {"kty": "EC", "crv": "P-521", "kid": "ec", "x": code(&point[1..67]), "y": code(&point[67..])},
            {"kty": "oct", "kid": "hmac", "k": "c2VjcmV0"},
        ]});
        let algorithms = algorithms.iter().map(|name| (*name).to_owned()).collect();
        KeySet::parse(document.to_string().as_bytes(), algorithms).unwrap()
    }

    pub(super) fn sign(&self, alg: &str, kid: Option<&str>, claims: &Json) -> String {
        let header = json!({"alg": alg, "kid": kid});
        let code = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", code(&header), code(claims));
        let signature = match alg {
            "EdDSA" => self.ed.sign(signed.as_bytes()).as_ref().to_vec(),
            "ES512" => self.ec.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            _ => Vec::new(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn go(
    spec: ReceiverSpec,
    secret: Option<&Secret>,
    header: &str,
    keys: Result<&KeySet, KeyError>,
    body: &[u8],
) -> Result<Verified, VerifyError> {
    let fields = [("Authorization", header), ("Content-Type", "application/json")];
    let fields = if header.is_empty() { &fields[1..] } else { &fields[..] };
    match verify(&compile(spec), secret, request(fields, body)) {
        Verification::NeedsKeys(needs) => needs.verify(keys, now()),
        Verification::Refused(error) => Err(error),
        Verification::Verified(verified) => Ok(verified),
    }
}

/// What becomes of these claims, signed with the issuer's Ed25519 key.
fn judged(spec: ReceiverSpec, claims: &Json) -> Result<Json, String> {
    let keys = Keys::new();
    let header = format!("Bearer {}", keys.sign("EdDSA", Some("ed"), claims));
    let verified = go(spec, None, &header, Ok(&keys.set(&["EdDSA"])), b"");
    verified.map(|verified| Json::Object(verified.claims().clone())).map_err(|error| error.to_string())
}

fn with(name: &str, value: Json) -> Json {
    let mut claims = claims();
    claims[name] = value;
    claims
}

#[test]
fn o01_a_valid_token_gives_its_claims() {
    assert_eq!(judged(oidc(providers(VALIDATIONS)), &claims()), Ok(claims()));
    assert!(judged(oidc(providers(VALIDATIONS)), &with("aud", json!(["x", "flux"]))).is_ok());
}

#[test]
fn o02_o03_o04_a_missing_broken_or_foreign_token_needs_no_keys() {
    let refused = |header: &str| {
        let unasked = Err(KeyError::Fetch("nobody was to be asked".to_owned()));
        go(oidc(providers(VALIDATIONS)), None, header, unasked, b"").unwrap_err().to_string()
    };
    for header in ["", "bearer x", "Basic x"] {
        assert!(refused(header).contains("Authorization header is missing or malformed"), "{header}");
    }
    assert_eq!(refused("Bearer  "), "the Authorization header is missing a bearer token");
    assert_eq!(refused("Bearer not-a-jwt"), "failed to parse bearer token: token is not a JWT");
    let unsigned = |claims: &Json| Keys::new().sign("none", None, claims);
    let foreign = refused(&format!("Bearer {}", unsigned(&with("iss", json!("https://other.example")))));
    assert_eq!(foreign, "no oidcProvider configured for issuer \"https://other.example\"");
    let nobody = refused(&format!("Bearer {}", unsigned(&json!({"sub": "x"}))));
    assert_eq!(nobody, "failed to parse bearer token: token is missing the 'iss' claim");
}

#[test]
fn o05_o06_audience_and_times_are_checked() {
    let text = |claims: &Json| judged(oidc(providers(VALIDATIONS)), claims).unwrap_err();
    let second = now().as_second();
    for wrong in [
        with("aud", json!("other")),
        with("aud", json!(["other"])),
        with("aud", json!(1)),
        with("exp", json!(second - 1)),
        with("exp", json!(null)),
        with("nbf", json!(second + 301)),
    ] {
        assert!(text(&wrong).starts_with("failed to verify OIDC token: "), "{wrong}");
    }
    for good in
        [with("exp", json!(second)), with("nbf", json!(second + 299)), with("iat", json!(second + 9_999))]
    {
        assert!(judged(oidc(providers(VALIDATIONS)), &good).is_ok(), "{good}");
    }
    let mut usual = providers(VALIDATIONS);
    usual[0].audience = None;
    assert!(judged(oidc(usual), &with("aud", json!("notification-controller"))).is_ok());
}

#[test]
fn o07_o10_all_validations_that_fail_are_told() {
    let wrong = json!({"iss": ISSUER, "aud": "flux", "exp": now().as_second() + 1, "repository": "x", "environment": "y"});
    assert_eq!(
        judged(oidc(providers(VALIDATIONS)), &wrong).unwrap_err(),
        "token validation failed: wrong repo; wrong environment"
    );
    let missing = judged(oidc(providers(&[("x", "claims.none == 1", "m")])), &claims()).unwrap_err();
    assert!(missing.starts_with("failed to evaluate validation: "), "{missing}");
    let issuers = crate::oidc::compile(&providers(VALIDATIONS)).unwrap();
    assert!(issuers[0].validate(&claims()).is_ok());
}

#[test]
fn o08_o09_variables_are_seen_by_later_variables_and_validations() {
    let mut one = providers(&[("x", "claims.repository in vars.allowed && vars.first == 'org/app'", "m")]);
    let variable = |name: &str, expression: &str| OidcVariable {
        name: name.to_owned(),
        expression: expression.to_owned(),
    };
    one[0].variables = vec![variable("allowed", "['org/app']"), variable("first", "vars.allowed[0]")];
    assert!(judged(oidc(one.clone()), &claims()).is_ok());
    one[0].variables.push(variable("broken", "claims.none"));
    let error = judged(oidc(one), &claims()).unwrap_err();
    assert!(error.starts_with("failed to evaluate variable \"broken\": "), "{error}");
}

#[test]
fn u06_u07_filters_see_the_claims() {
    let with_filter = |filter: &str| {
        let keys = Keys::new();
        let header = format!("Bearer {}", keys.sign("EdDSA", None, &claims()));
        let spec = ReceiverSpec { resource_filter: Some(filter.to_owned()), ..oidc(providers(VALIDATIONS)) };
        let verified = go(spec, None, &header, Ok(&keys.set(&["EdDSA"])), b"null").unwrap();
        verified.select().unwrap().accepts(0, &json!({})).unwrap()
    };
    assert!(with_filter("claims.sub == 'me' && claims.repository == 'org/app'"));
    assert!(!with_filter("claims.environment == 'staging'"));
}

#[test]
fn o11_o12_o13_the_entries_are_checked_in_order() {
    let text = |providers: Vec<OidcProvider>| Receiver::compile(oidc(providers).into()).err();
    let changed = |change: fn(&mut OidcProvider)| {
        let mut list = providers(VALIDATIONS);
        change(&mut list[0]);
        let error = text(list).unwrap();
        (error.reason(), error.to_string())
    };
    let mut two = providers(VALIDATIONS);
    two.extend(providers(VALIDATIONS));
    two[1].issuer_url = "http://two.example".to_owned();
    two[1].audience = None;
    assert_eq!(text(two.clone()), None);
    two[1].issuer_url = ISSUER.to_owned();
    assert_eq!(text(two).unwrap().to_string(), format!("oidcProviders[1]: duplicate issuerURL \"{ISSUER}\""));
    assert_eq!(
        changed(|p| p.issuer_url.clear()),
        ("ValidationFailed", "oidcProviders[0]: issuerURL is required".to_owned())
    );
    let at = format!("oidcProviders[0] (issuerURL=\"{ISSUER}\"): ");
    let variable = |name: &str| OidcVariable { name: name.to_owned(), expression: String::new() };
    let mut broken = providers(VALIDATIONS);
    broken[0].variables = vec![variable("x")];
    assert_eq!(
        text(broken).unwrap().to_string(),
        format!("{at}variables[0] (name=\"x\"): expression is required")
    );
    for (change, expected) in [
        (
            (|p| p.issuer_url = "example.com".to_owned()) as fn(&mut OidcProvider),
            "must start with http:// or https://",
        ),
        (|p| p.validations[0].expression.clear(), "validations[0]: expression is required"),
        (|p| p.validations[1].message.clear(), "validations[1]: message is required"),
        (|p| p.validations.clear(), "at least one validation is required"),
    ] {
        assert!(changed(change).1.contains(expected), "{expected}");
    }
}

#[test]
fn o14_k06_broken_expressions_are_named() {
    let error = Receiver::compile(oidc(providers(&[("x", "not-valid-cel ===", "m")])).into()).unwrap_err();
    assert_eq!(error.reason(), "InvalidCELExpression");
    let expected =
        format!("oidcProviders[0] (issuerURL=\"{ISSUER}\"): invalid expression for validation \"m\": ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn k01_the_rules_between_fields_have_their_texts() {
    let issuers = || providers(VALIDATIONS);
    let error = |spec: ReceiverSpec| Receiver::compile(spec.into()).err().map(|error| error.to_string());
    let with = |text: &str| Some(text.to_owned());
    let none = ReceiverSpec { secret_ref: None, ..spec("github") };
    let both = ReceiverSpec { secret_ref: with("s"), ..oidc(issuers()) };
    let extra = ReceiverSpec { oidc_providers: issuers(), ..spec("github") };
    assert_eq!(error(oidc(Vec::new())), with("generic-oidc receiver requires at least one oidcProvider"));
    assert_eq!(error(extra), with("oidcProviders can only be set when type is generic-oidc"));
    assert_eq!(error(both), with("secretRef cannot be set when type is generic-oidc"));
    assert_eq!(error(none), with("secretRef is required when type is not generic-oidc"));
    assert_eq!((error(spec("github")), error(oidc(issuers()))), (None, None));
    assert_eq!(Invalid::Fields("x").reason(), "ValidationFailed");
}

#[test]
fn s6_6_only_algorithms_that_the_issuer_advertises_are_taken_and_never_none() {
    let keys = Keys::new();
    let judge = |alg: &str, kid: Option<&str>, advertised: &[&str]| {
        let header = format!("Bearer {}", keys.sign(alg, kid, &claims()));
        go(oidc(providers(VALIDATIONS)), None, &header, Ok(&keys.set(advertised)), b"").map(drop)
    };
    assert!(judge("ES512", Some("ec"), &["ES512"]).is_ok());
    assert!(judge("EdDSA", None, &["ES512", "EdDSA"]).is_ok());
    for (alg, kid, advertised) in [
        ("EdDSA", Some("ed"), &[][..]),
        ("EdDSA", Some("ed"), &["RS256"]),
        ("EdDSA", Some("ec"), &["EdDSA"]),
        ("EdDSA", Some("gone"), &["EdDSA"]),
        ("none", None, &["none"]),
        ("HS256", Some("hmac"), &["HS256"]),
    ] {
        let error = judge(alg, kid, advertised).unwrap_err().to_string();
        assert!(error.starts_with("failed to verify OIDC token: "), "{alg} {kid:?}: {error}");
    }
}

#[test]
fn s6_5_an_issuer_that_cannot_be_asked_is_named() {
    let header = format!("Bearer {}", Keys::new().sign("EdDSA", None, &claims()));
    let away = Err(KeyError::Fetch("connection refused".to_owned()));
    let error = go(oidc(providers(VALIDATIONS)), None, &header, away, b"").unwrap_err().to_string();
    let expected = format!("failed to initialize OIDC provider for issuer \"{ISSUER}\": connection refused");
    assert_eq!(error, expected);
}

/// A push of Pub/Sub with a token of Google, signed with RS256.
pub(super) struct Google {
    key: RsaKeyPair,
}

impl Google {
    pub(super) fn new() -> Self {
        Self { key: RsaKeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    pub(super) fn keys(&self) -> KeySet {
        let code = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // A sequence of two numbers, as PKCS #1 has it: 256 bytes after nine, then 3 bytes after two.
        let der = self.key.public_key().as_ref();
        let key = json!({"kty": "RSA", "kid": "g", "n": code(&der[9..265]), "e": code(&der[267..])});
        KeySet::parse(json!({"keys": [key]}).to_string().as_bytes(), Vec::new()).unwrap()
    }

    pub(super) fn token(&self, claims: &Json) -> String {
        let code = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", code(&json!({"alg": "RS256", "kid": "g"})), code(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(super) fn google_secret() -> Secret {
    secret(&[("token", b"token"), ("email", b"push@project.example"), ("audience", b"https://hook.example")])
}

pub(super) fn google_claims() -> Json {
    json!({"iss": "https://accounts.google.com", "aud": "https://hook.example", "exp": now().as_second() + 60,
        "email": "push@project.example", "email_verified": true})
}

pub(super) fn push() -> Vec<u8> {
    let data = json!({"action": "INSERT", "digest": "r/app@sha256:1", "tag": "r/app:v1", "more": 1});
    let message = json!({"data": STANDARD.encode(data.to_string()), "messageId": "1", "publishTime": "2026-11-30T12:00:00Z"});
    json!({"message": message, "subscription": "s"}).to_string().into_bytes()
}

#[test]
fn f10_gcr_shows_the_message_inside_of_the_push() {
    let google = Google::new();
    let filter = Some("req.tag == 'r/app:v1' && !has(req.more)".to_owned());
    let spec = ReceiverSpec { resource_filter: filter, ..spec("gcr") };
    let header = format!("Bearer {}", google.token(&google_claims()));
    let verified = go(spec, Some(&google_secret()), &header, Ok(&google.keys()), &push()).unwrap();
    assert_eq!(verified.said(), "handling GCR event from r/app@sha256:1 for tag r/app:v1");
    assert_eq!(verified.select().unwrap().accepts(0, &json!({})), Ok(true));
}

#[test]
fn f11_f12_gcr_needs_email_and_audience_in_its_secret() {
    for missing in ["email", "audience"] {
        let mut secret = google_secret();
        secret.data.insert(missing.to_owned(), Vec::new());
        let unasked = Err(KeyError::Fetch("nobody was to be asked".to_owned()));
        let error = go(spec("gcr"), Some(&secret), "Bearer a.b.c", unasked, &push()).unwrap_err().to_string();
        assert_eq!(error, format!("invalid secret data: required field '{missing}' for GCR receiver"));
    }
}

#[test]
fn s5_2_gcr_wants_googles_token_for_its_audience_and_account() {
    let google = Google::new();
    let judge = |name: &str, value: Json| {
        let mut claims = google_claims();
        claims[name] = value;
        let header = format!("Bearer {}", google.token(&claims));
        let outcome = go(spec("gcr"), Some(&google_secret()), &header, Ok(&google.keys()), &push());
        outcome.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(judge("iss", json!("accounts.google.com")), Ok(()));
    let text = |name, value| judge(name, value).unwrap_err();
    let prefix = "cannot authenticate GCR request: ";
    let want = "', want 'https://hook.example': ";
    assert!(text("aud", json!("x")).starts_with(&format!("{prefix}invalid ID token: audience is 'x{want}")));
    assert!(
        text("aud", json!(["https://hook.example"]))
            .starts_with(&format!("{prefix}invalid ID token: audience is '<unknown>{want}"))
    );
    assert!(text("exp", json!(now().as_second() - 1)).contains("expired"));
    assert!(
        text("iss", json!("https://evil.example"))
            .starts_with(&format!("{prefix}token issuer is 'https://evil.example', want "))
    );
    assert_eq!(
        text("email", json!("x@y")),
        format!("{prefix}token email is 'x@y', want 'push@project.example'")
    );
    for unverified in [json!(false), json!("true"), json!(null)] {
        assert_eq!(
            text("email_verified", unverified),
            format!("{prefix}token email 'push@project.example' is not verified")
        );
    }
}

#[test]
fn s5_2_gcr_asks_googles_keys_by_algorithm_and_refuses_others_before() {
    let token = |alg: &str| Keys::new().sign(alg, Some("g"), &google_claims());
    let source = |alg: &str| {
        let header = format!("Bearer {}", token(alg));
        match verify(
            &compile(spec("gcr")),
            Some(&google_secret()),
            request(&[("Authorization", &header)], b""),
        ) {
            Verification::NeedsKeys(needs) => Some(needs.source().clone()),
            _ => None,
        }
    };
    assert_eq!(source("RS256"), Some(KeySource::Known("https://www.googleapis.com/oauth2/v3/certs")));
    assert_eq!(source("ES256"), Some(KeySource::Known("https://www.gstatic.com/iap/verify/public_key-jwk")));
    assert_eq!(source("EdDSA"), None);
}
