//! Files of credentials, what they ask for, and what a Secret may not say.

use super::{Author, Credential, CredentialError as P, TokenOrigin};
use crate::testing::header;
use campanile_domain::{Method, Request};
use campanile_testkit::noon;
use serde_json::{Value, json};

const PEM: &str = include_str!("../../../fixtures/github-app/pkcs8.pem");

fn parse(json: &Value) -> Result<Credential, P> {
    Credential::parse(json.to_string().as_bytes(), Author::Operator)
}

fn of_secret(json: &Value) -> Result<Credential, P> {
    Credential::parse(json.to_string().as_bytes(), Author::Secret)
}

fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn account_key() -> Value {
    json!({
        "type": "service_account", "private_key_id": "k", "private_key": PEM,
        "client_email": "f@p.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
    })
}

fn user() -> Value {
    json!({
        "type": "authorized_user", "client_id": "id.apps.googleusercontent.com", "client_secret": "d-FL95",
        "refresh_token": "1//refresh", "quota_project_id": "p",
    })
}

fn federated(source: &Value) -> Value {
    json!({
        "type": "external_account", "audience": "//iam.googleapis.com/projects/1/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": source,
    })
}

const ACCOUNT: &str = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/f@p.iam.gserviceaccount.com:generateAccessToken";

#[test]
fn s20_the_key_of_a_service_account_signs_for_itself() {
    let key = parse(&account_key()).unwrap();
    let (request, secrets) = key.request("", noon()).unwrap();
    assert_eq!(request.url, "https://oauth2.googleapis.com/token");
    assert_eq!(form(&request)[1], ("assertion".to_owned(), secrets[0].clone()));
    assert!(key.source().is_none() && key.acts().is_empty());
}

#[test]
fn s20_the_login_of_a_user_is_renewed() {
    let login = parse(&user()).unwrap();
    let (request, secrets) = login.request("", noon()).unwrap();
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "https://oauth2.googleapis.com/token"));
    assert_eq!(
        form(&request),
        pairs(&[
            ("grant_type", "refresh_token"),
            ("client_id", "id.apps.googleusercontent.com"),
            ("client_secret", "d-FL95"),
            ("refresh_token", "1//refresh"),
        ])
    );
    assert_eq!(secrets, ["d-FL95", "1//refresh"]);
    assert!(login.source().is_none());
    assert_eq!((login.quota_project(), parse(&account_key()).unwrap().quota_project()), (Some("p"), None));
}

#[test]
fn s20_the_token_of_a_file_is_exchanged_and_acts_as_an_account() {
    let mut config = federated(&json!({ "file": "/var/run/token" }));
    let plain = parse(&config).unwrap();
    assert!(matches!(plain.source(), Some(TokenOrigin::File("/var/run/token"))));
    assert_eq!(plain.subject(" eyJ.x\n").as_deref(), Some("eyJ.x"));
    assert_eq!(plain.subject(" \n"), None);
    let (request, secrets) = plain.request("eyJ.x", noon()).unwrap();
    assert_eq!(request.url, "https://sts.googleapis.com/v1/token");
    assert_eq!(form(&request)[0], ("audience".to_owned(), "//iam.googleapis.com/projects/1/x".to_owned()));
    assert_eq!(secrets, ["eyJ.x"]);
    assert!(plain.acts().is_empty());
    config["service_account_impersonation_url"] = ACCOUNT.into();
    config["service_account_impersonation"] = json!({ "token_lifetime_seconds": 1800 });
    let acting = parse(&config).unwrap();
    let request = acting.acts()[0].request("sts-token");
    assert_eq!(request.url, ACCOUNT);
    assert_eq!(header(&request, "authorization"), Some("Bearer sts-token"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["lifetime"], &body["delegates"]), (&json!("1800s"), &Value::Null));
    assert!(plain != acting && plain.digest() != acting.digest(), "each has tokens of its own");
}

#[test]
fn s20_the_token_of_an_address_is_taken_out_of_its_answer() {
    let format = json!({ "type": "json", "subject_token_field_name": "access_token" });
    let source = |url: &str| json!({ "url": url, "headers": { "Metadata": "True" }, "format": format });
    for (url, local) in [
        ("http://169.254.169.254/metadata/identity/oauth2/token?resource=x", true),
        ("http://[::1]:8080/t", true),
        ("http://localhost/t", true),
        ("https://tokens.example/t", false),
        ("http://10.0.0.1/t", false),
    ] {
        let config = parse(&federated(&source(url))).unwrap();
        let Some(TokenOrigin::Address { request, is_local }) = config.source() else { panic!("an address") };
        assert_eq!((request.method, request.url.as_str(), is_local), (Method::Get, url, local));
        assert_eq!(header(request, "metadata"), Some("True"));
        assert_eq!(config.subject(r#"{"access_token":"eyJ.y","expires_in":"1"}"#).as_deref(), Some("eyJ.y"));
        for none in ["eyJ.y", "{}", r#"{"access_token":1}"#, r#"{"access_token":""}"#] {
            assert_eq!(config.subject(none), None, "{none}");
        }
    }
}

#[test]
fn s20_every_credential_may_act_as_an_account_by_way_of_others() {
    let impersonated = |source: &Value| {
        json!({
            "type": "impersonated_service_account", "service_account_impersonation_url": ACCOUNT,
            "delegates": ["projects/-/serviceAccounts/d@p.iam.gserviceaccount.com"], "source_credentials": source,
        })
    };
    let acting = parse(&impersonated(&user())).unwrap();
    assert_eq!(form(&acting.request("", noon()).unwrap().0)[0].1, "refresh_token");
    let body: Value = serde_json::from_slice(&acting.acts()[0].request("t").body).unwrap();
    assert_eq!(body["lifetime"], "3600s");
    assert_eq!(body["delegates"], json!(["projects/-/serviceAccounts/d@p.iam.gserviceaccount.com"]));
    let mut federated = federated(&json!({ "file": "/t" }));
    federated["service_account_impersonation_url"] = ACCOUNT.into();
    assert_eq!(parse(&impersonated(&federated)).unwrap().acts().len(), 2);
    let twice = impersonated(&impersonated(&user()));
    assert_eq!(parse(&twice).unwrap_err(), P::Type, "no more than one after the other");
    assert_eq!(parse(&impersonated(&Value::Null)).unwrap_err(), P::Lacks("source_credentials"));
}

#[test]
fn s20_what_is_no_whole_credential_is_refused() {
    let with = |base: Value, field: &str, value: Value| {
        let mut json = base;
        json[field] = value;
        json
    };
    let file = json!({ "file": "/t" });
    for (json, problem) in [
        (json!([]), P::NotJson),
        (json!({ "type": 1 }), P::NotJson),
        (json!({ "type": "gdch_service_account" }), P::Type),
        (with(account_key(), "private_key", json!("MIIE")), P::PrivateKey),
        (with(account_key(), "token_uri", json!("http://x.example")), P::Url("token_uri")),
        (with(user(), "refresh_token", json!("")), P::Lacks("refresh_token")),
        (with(user(), "token_uri", json!("ftp://x")), P::Url("token_uri")),
        (with(federated(&file), "audience", json!("")), P::Lacks("audience")),
        (with(federated(&file), "token_url", json!("http://sts.googleapis.com/")), P::Url("token_url")),
        (federated(&json!({})), P::Source),
        (federated(&json!({ "executable": { "command": "/bin/x" } })), P::Source),
        (federated(&json!({ "environment_id": "aws1", "url": "http://169.254.169.254/x" })), P::Source),
        (federated(&json!({ "url": "file:///t" })), P::SourceAddress),
        (federated(&json!({ "url": "http://x/", "headers": { "a b": "c" } })), P::SourceAddress),
        (federated(&json!({ "file": "/t", "format": { "type": "json" } })), P::Format),
        (federated(&json!({ "file": "/t", "format": { "type": "xml" } })), P::Format),
    ] {
        assert_eq!(parse(&json).unwrap_err(), problem, "{json}");
    }
}

#[test]
fn s20_a_secret_sends_the_tokens_of_the_controller_nowhere_but_to_google() {
    let file = json!({ "file": "/var/run/secrets/kubernetes.io/serviceaccount/token" });
    assert!(of_secret(&federated(&file)).is_ok());
    for (field, url) in [
        ("token_url", "https://sts.evil.example/v1/token"),
        ("token_url", "https://googleapis.com.evil.example/"),
        ("token_url", "https://evilgoogleapis.com/"),
        ("token_url", "https://sts.googleapis.com@evil.example/"),
        ("service_account_impersonation_url", "https://evil.example/"),
    ] {
        let mut json = federated(&file);
        json[field] = url.into();
        assert_eq!(of_secret(&json).unwrap_err(), P::Foreign(field), "{url}");
        assert!(parse(&json).is_ok(), "the operator may");
    }
}

#[test]
fn s22_a_credential_is_not_printed() {
    let source = json!({ "url": "https://x.example/", "headers": { "Authorization": "Bearer hunter22" } });
    for (json, secrets) in
        [(user(), vec!["d-FL95", "1//refresh"]), (federated(&source), vec!["Bearer hunter22"])]
    {
        let credential = parse(&json).unwrap();
        assert_eq!(format!("{credential:?}"), "Credential(*****)");
        assert_eq!(credential.secrets(), secrets);
    }
}
