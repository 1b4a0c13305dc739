//! The requests by which tokens are had, and the answers.

use super::azure::{Application, Proof, application, exchange};
use super::google::{AccountAnnotations, Gke, TokenExchange, federation};
use super::{Annotations, Cloud, Identity, TokenForm, azure, google, granted};
use crate::testing::{answer, header};
use campanile_domain::{Failure, FailureClass, Method, ObjectKey, Request};
use campanile_testkit::noon;
use serde_json::json;
use std::time::Duration;

fn account() -> ObjectKey {
    ObjectKey::new("apps", "flux")
}

fn annotations(pairs: &[(&str, &str)]) -> Annotations {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn s20_azure_trades_kubernetes_token_at_the_tenant() {
    let both = annotations(&[
        ("azure.workload.identity/tenant-id", "tenant-1"),
        ("azure.workload.identity/client-id", "client-1"),
    ]);
    let app = application(&account(), &both).unwrap();
    let request = exchange(azure::AUTHORITY, &app, azure::EVENT_HUBS, &Proof::Assertion("eyJ.k8s")).unwrap();
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
    assert_eq!(
        form(&request),
        pairs(&[
            ("client_id", "client-1"),
            ("grant_type", "client_credentials"),
            ("scope", "https://eventhubs.azure.net//.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "eyJ.k8s"),
        ])
    );
    for lacking in ["azure.workload.identity/tenant-id", "azure.workload.identity/client-id"] {
        let mut one = both.clone();
        one.remove(lacking);
        let text = application(&account(), &one).unwrap_err().to_string();
        assert_eq!(text, format!("service account 'apps/flux' lacks the annotation '{lacking}'; add it"));
    }
}

#[test]
fn s20_azure_neither_leaves_the_authority_nor_speaks_in_clear() {
    let app = |tenant: &str| Application { tenant: tenant.into(), client: "c".into() };
    for tenant in ["", "a/../b", "a?b", "a b"] {
        assert!(exchange(azure::AUTHORITY, &app(tenant), "s", &Proof::Secret("x")).is_err(), "{tenant}");
    }
    for authority in ["http://login.example/", "login.example", ""] {
        assert!(exchange(authority, &app("t"), "s", &Proof::Secret("x")).is_err(), "{authority}");
    }
}

#[test]
fn s20_azures_machines_are_asked_for_the_resource() {
    let request = azure::of_machine(azure::MACHINE, azure::EVENT_HUBS, Some("c"));
    assert_eq!(
        request.url,
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Feventhubs.azure.\
         net%2F&client_id=c"
    );
    assert_eq!((request.method, header(&request, "metadata")), (Method::Get, Some("true")));
    let request = azure::of_machine("http://127.0.0.1:1/", azure::DEVOPS, None);
    assert!(request.url.ends_with("&resource=499b84ac-1321-427f-aa17-267ca6975798"), "{}", request.url);
}

#[test]
fn s20_google_exchanges_by_a_provider_of_ones_own_or_by_gke() {
    let provider = "projects/12/locations/global/workloadIdentityPools/pool/providers/prov";
    let found = federation(
        &account(),
        &annotations(&[
            ("gcp.auth.fluxcd.io/workload-identity-provider", provider),
            ("iam.gke.io/gcp-service-account", "flux@my-project.iam.gserviceaccount.com"),
        ]),
    );
    let email = "flux@my-project.iam.gserviceaccount.com";
    assert_eq!(
        found,
        Ok(AccountAnnotations { provider: Some(provider.into()), account: Some(email.into()) })
    );
    let exchange = TokenExchange::with(provider);
    assert_eq!(exchange.kubernetes_audience, format!("//iam.googleapis.com/{provider}"));
    let request = exchange.request("eyJ.k8s", true);
    assert_eq!(request.url, "https://sts.googleapis.com/v1/token");
    assert_eq!(
        form(&request),
        pairs(&[
            ("audience", &exchange.kubernetes_audience),
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", "eyJ.k8s"),
            ("scope", "https://www.googleapis.com/auth/cloud-platform"),
        ])
    );
    let gke = Gke { project: "p".into(), location: "eu".into(), cluster: "c".into() };
    let exchange = TokenExchange::within(&gke);
    assert_eq!(exchange.kubernetes_audience, "p.svc.id.goog");
    assert_eq!(
        exchange.audience,
        "identitynamespace:p.svc.id.goog:https://container.googleapis.com/v1/projects/p/locations/eu/clusters/c"
    );
    let scope = form(&exchange.request("s", false)).pop().unwrap().1;
    assert_eq!(
        scope,
        "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email"
    );
}

#[test]
fn s20_google_lets_an_account_act_as_another() {
    let request = google::act_as("flux@p.iam.gserviceaccount.com", "sts-token");
    assert_eq!(
        request.url,
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/flux@p.iam.gserviceaccount.com:generateAccessToken"
    );
    assert_eq!(header(&request, "authorization"), Some("Bearer sts-token"));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        json!({ "lifetime": "3600s", "scope": [
            "https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email",
        ] })
    );
}

#[test]
fn s20_googles_annotations_have_the_contracts_form() {
    for (annotation, value) in [
        (
            "gcp.auth.fluxcd.io/workload-identity-provider",
            "projects/x/locations/global/workloadIdentityPools/p/providers/q",
        ),
        (
            "gcp.auth.fluxcd.io/workload-identity-provider",
            "projects/1/locations/eu/workloadIdentityPools/p/providers/q",
        ),
        (
            "gcp.auth.fluxcd.io/workload-identity-provider",
            "projects/1/locations/global/workloadIdentityPools/p/providers/",
        ),
        ("iam.gke.io/gcp-service-account", "flux@example.com"),
        ("iam.gke.io/gcp-service-account", "flux@p/../x.iam.gserviceaccount.com"),
        ("iam.gke.io/gcp-service-account", ""),
    ] {
        let text = federation(&account(), &annotations(&[(annotation, value)])).unwrap_err().to_string();
        assert!(text.contains(annotation) && text.contains("apps/flux"), "{text}");
    }
}

#[test]
fn s20_tokens_are_read_with_their_ends() {
    let of = |body: &str| granted(Cloud::Google, &answer(200, &[], body), &[], noon());
    let end = |body: &str| of(body).map(|token| (token.value.clone(), token.ends));
    let hour = Some(noon() + Duration::from_secs(3600));
    assert_eq!(end(r#"{"access_token":"t","expires_in":3600}"#), Ok(("t".into(), hour)));
    assert_eq!(
        end(r#"{"access_token":"t","expires_in":"3600"}"#),
        Ok(("t".into(), hour)),
        "azure's machines"
    );
    let until = r#"{"accessToken":"t","expireTime":"2026-08-07T13:00:00Z"}"#;
    assert_eq!(end(until), Ok(("t".into(), hour)), "google's generateAccessToken");
    assert_eq!(end(r#"{"access_token":"t"}"#), Ok(("t".into(), None)));
    for body in ["", "{}", r#"{"access_token":""}"#, r#"{"access_token":"a\nb"}"#] {
        assert_eq!(end(body).unwrap_err().class, FailureClass::Garbled, "{body}");
    }
}

#[test]
fn s20_a_refusal_is_a_matter_of_credentials_and_quotes_no_secret() {
    for (status, class) in [
        (400, FailureClass::Credentials),
        (401, FailureClass::Credentials),
        (404, FailureClass::Credentials),
        (429, FailureClass::Throttled),
        (500, FailureClass::Server),
    ] {
        let answer = answer(status, &[], r#"{"error":"eyJ.secret"}"#);
        let failure =
            granted(Cloud::Azure { scope: azure::DEVOPS }, &answer, &["eyJ.secret"], noon()).err().unwrap();
        assert_eq!(failure.class, class);
        assert!(failure.message.starts_with("failed to get token: azure answered "), "{}", failure.message);
        assert!(!failure.message.contains("secret"), "{}", failure.message);
    }
}

#[test]
fn s23_34_a_token_may_stand_where_a_password_does() {
    let identity = |form| Identity {
        provider: account(),
        service_account: String::new(),
        cloud: Cloud::Google,
        form,
        credential: None,
    };
    assert_eq!(identity(TokenForm::Bearer).authorization("t"), "Bearer t");
    assert_eq!(identity(TokenForm::Password).authorization("t"), "Basic OnQ=");
}

#[test]
fn s23_11_s23_34_without_a_token_a_failure_speaks_of_its_type() {
    for (cloud, prefix) in [
        (Cloud::Azure { scope: azure::EVENT_HUBS }, "failed to create a eventhub using managed identity: "),
        (Cloud::Azure { scope: azure::DEVOPS }, "failed to acquire azure devops token: "),
        (Cloud::Google, ""),
    ] {
        let identity = Identity {
            provider: account(),
            service_account: String::new(),
            cloud,
            form: TokenForm::Bearer,
            credential: None,
        };
        let said = identity.without_token(&Failure::new(FailureClass::Config, "failed to get token: x"));
        assert_eq!(
            (said.class, said.message),
            (FailureClass::Config, format!("{prefix}failed to get token: x"))
        );
    }
}
