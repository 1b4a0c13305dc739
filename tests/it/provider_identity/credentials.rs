//! Credentials of the controller and of Secrets: files, certificates, federation (contract, providers 20 and 23.8).

use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use campanile_delivery::IdentityConfig;
use campanile_domain::{Failure, FailureClass};
use campanile_providers::identity::credential::Author;
use campanile_providers::{Cloud, Credential, Identity};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::desk::{Desk, run};
use super::{DEVOPS, HOSTS, form, granting, identity, line, value};
use crate::support::Sink;

pub(super) const GOOGLE: &[&str] = &[
    "oauth2.googleapis.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "pubsub.googleapis.com",
    "tokens.example",
];

/// `credential` as it stands in a Secret.
fn of_secret(credential: &Value) -> Identity {
    let credential = Credential::parse(credential.to_string().as_bytes(), Author::Secret).unwrap();
    Identity { credential: Some(credential), ..identity(Cloud::Google, "") }
}

pub(super) fn user() -> Value {
    json!({
        "type": "authorized_user", "client_id": "id.apps.googleusercontent.com", "client_secret": "hunter22",
        "refresh_token": "1//refresh", "quota_project_id": "payer",
    })
}

pub(super) fn federated(source: &Value) -> Value {
    json!({
        "type": "external_account", "audience": "//iam.googleapis.com/projects/1/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": source,
    })
}

async fn refused(desk: &Desk, identity: &Identity) -> Failure {
    desk.tokens().token(identity).await.err().unwrap()
}

/// The certificate of the fixtures, with its key.
fn certificate() -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/crates/providers/fixtures");
    let read = |file: &str| std::fs::read_to_string(fixtures.join(file)).unwrap();
    read("azure/certificate.pem") + &read("github-app/pkcs8.pem")
}

#[test]
fn s20_the_controller_shows_azure_its_certificate_where_it_has_no_secret() {
    run(async {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("client.pem");
        std::fs::write(&path, certificate()).unwrap();
        let variable = |secret: Option<&'static str>, path: &Path| {
            let path = path.to_str().unwrap().to_owned();
            move |name: &str| match name {
                "AZURE_TENANT_ID" => Some("tenant-1".to_owned()),
                "AZURE_CLIENT_ID" => Some("client-1".to_owned()),
                "AZURE_CLIENT_SECRET" => secret.map(str::to_owned),
                "AZURE_CLIENT_CERTIFICATE_PATH" => Some(path.clone()),
                "AZURE_FEDERATED_TOKEN_FILE" => Some("/absent".to_owned()),
                _ => None,
            }
        };
        let desk = Desk::new(HOSTS, variable(None, &path));
        granting(&desk.cloud);
        assert_eq!(desk.tokens().token(&identity(DEVOPS, "")).await.unwrap().token.value, "token-1");
        let arrivals = desk.cloud.arrivals();
        assert_eq!(line(&arrivals[0]), "POST login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
        let form_of = form(&arrivals[0]);
        let assertion = value(&form_of, "client_assertion");
        let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["iss"], "client-1");
        assert_eq!(claims["aud"], "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");

        let desk = Desk::new(HOSTS, variable(Some("hunter22"), &path));
        granting(&desk.cloud);
        desk.tokens().token(&identity(DEVOPS, "")).await.unwrap();
        let form_of = form(&desk.cloud.arrivals()[0]);
        assert_eq!((value(&form_of, "client_secret"), value(&form_of, "client_assertion")), ("hunter22", ""));

        std::fs::write(&path, b"0\x82\x0a\x01\x02").unwrap();
        let failure = refused(&Desk::new(HOSTS, variable(None, &path)), &identity(DEVOPS, "")).await;
        assert_eq!(failure.class, FailureClass::Config);
        assert!(failure.message.contains("openssl pkcs12 -in FILE -nodes"), "{failure}");
        let absent = PathBuf::from("/absent.pem");
        let failure = refused(&Desk::new(HOSTS, variable(None, &absent)), &identity(DEVOPS, "")).await;
        assert!(failure.message.contains("read /absent.pem: No such file"), "{failure}");
    });
}

#[test]
fn s20_the_login_that_gcloud_leaves_is_found_and_renewed_through_the_proxy() {
    run(async {
        let home = TempDir::new().unwrap();
        let gcloud = home.path().join(".config/gcloud");
        std::fs::create_dir_all(&gcloud).unwrap();
        let file = gcloud.join("application_default_credentials.json");
        std::fs::write(&file, user().to_string()).unwrap();
        for (variable, folder) in [("HOME", home.path()), ("CLOUDSDK_CONFIG", gcloud.as_path())] {
            let folder = folder.to_str().unwrap().to_owned();
            let desk = Desk::new(GOOGLE, |name| (name == variable).then(|| folder.clone()));
            granting(&desk.cloud);
            let token = desk.tokens().token(&identity(Cloud::Google, "")).await.unwrap();
            assert_eq!(token.token.value, "token-1", "{variable}");
            let arrivals = desk.cloud.arrivals();
            assert_eq!(line(&arrivals[0]), "POST oauth2.googleapis.com/token");
            assert_eq!(value(&form(&arrivals[0]), "refresh_token"), "1//refresh");
        }
        let folder = gcloud.to_str().unwrap().to_owned();
        let desk = Desk::new(GOOGLE, |name| (name == "CLOUDSDK_CONFIG").then(|| folder.clone()));
        desk.cloud.think(|_| (400, r#"{"error":"invalid_grant","said":"1//refresh hunter22"}"#.to_owned()));
        let failure = refused(&desk, &identity(Cloud::Google, "")).await;
        assert_eq!(failure.class, FailureClass::Credentials);
        assert!(failure.message.contains("google answered 400"), "{failure}");
        assert!(!failure.message.contains("refresh") && !failure.message.contains("hunter22"), "{failure}");
        std::fs::write(&file, "{}").unwrap();
        let failure = refused(&desk, &identity(Cloud::Google, "")).await;
        let text = "application_default_credentials.json' is no JSON key of Google";
        assert!(failure.class == FailureClass::Config && failure.message.contains(text), "{failure}");
    });
}

#[test]
fn s20_a_cloud_that_does_not_answer_is_given_up_after_ten_seconds() {
    run(async {
        let desk = Desk::new(GOOGLE, |_| None);
        desk.cloud.hold_after(0);
        let began = Instant::now();
        let failure = refused(&desk, &of_secret(&user())).await;
        let waited = began.elapsed().as_secs_f32();
        assert!((9.5..14.0).contains(&waited), "{waited} s");
        assert_eq!(failure.class, FailureClass::Timeout);
        assert!(failure.message.starts_with("failed to get token: "), "{failure}");
        desk.cloud.release();
    });
}

#[test]
fn s20_without_a_file_at_its_usual_place_the_machine_is_asked() {
    run(async {
        let machine = Sink::start();
        granting(&machine);
        let host = machine.address.to_string();
        let desk = Desk::new(GOOGLE, |name| match name {
            "HOME" => Some("/absent".to_owned()),
            "GCE_METADATA_HOST" => Some(host.clone()),
            _ => None,
        });
        assert_eq!(desk.tokens().token(&identity(Cloud::Google, "")).await.unwrap().token.value, "token-1");
        assert_eq!((machine.arrivals().len(), desk.cloud.arrivals().len()), (1, 0));
    });
}

#[test]
fn s23_8_a_secret_exchanges_the_token_of_a_file_and_acts_as_an_account() {
    run(async {
        let desk = Desk::new(GOOGLE, |_| None);
        granting(&desk.cloud);
        let file = desk.file("token", "eyJ.of-the-file\n");
        let mut config = federated(&json!({ "file": file }));
        config["service_account_impersonation_url"] =
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/f@p.iam.gserviceaccount.com:generateAccessToken"
                .into();
        let identity = of_secret(&config);
        assert_eq!(desk.tokens().token(&identity).await.unwrap().token.value, "token-2");
        let arrivals = desk.cloud.arrivals();
        assert_eq!(line(&arrivals[0]), "POST sts.googleapis.com/v1/token");
        assert_eq!(value(&form(&arrivals[0]), "subject_token"), "eyJ.of-the-file");
        assert_eq!(arrivals[1].header("authorization"), Some("Bearer token-1"));
        assert_eq!(desk.tokens().token(&identity).await.unwrap().token.value, "token-2", "it is kept");
        let other = of_secret(&federated(&json!({ "file": file })));
        assert_eq!(desk.tokens().token(&other).await.unwrap().token.value, "token-3", "and for nobody else");
    });
}

#[test]
fn s23_8_a_secret_exchanges_the_token_of_an_address() {
    run(async {
        let machine = Sink::start();
        machine.think(|arrival| match arrival.header("metadata") {
            Some("True") => (200, json!({ "access_token": "eyJ.of-the-machine" }).to_string()),
            _ => (400, "eyJ.of-the-machine".to_owned()),
        });
        let desk = Desk::new(GOOGLE, |_| None);
        let mut count = 0;
        desk.cloud.think(move |arrival| {
            count += 1;
            let token =
                if arrival.path == "/t" { "eyJ.elsewhere".to_owned() } else { format!("token-{count}") };
            (200, json!({ "access_token": token, "expires_in": 3600 }).to_string())
        });
        let format = json!({ "type": "json", "subject_token_field_name": "access_token" });
        let source = |url: &str| json!({ "url": url, "headers": { "Metadata": "True" }, "format": format });
        let of_machine = of_secret(&federated(&source(&machine.url("/token"))));
        desk.tokens().token(&of_machine).await.unwrap();
        assert_eq!(machine.arrivals().len(), 1, "the machine is asked directly");
        let elsewhere = of_secret(&federated(&source("https://tokens.example/t")));
        desk.tokens().token(&elsewhere).await.unwrap();
        let subjects: Vec<String> = desk
            .cloud
            .arrivals()
            .iter()
            .map(|arrival| value(&form(arrival), "subject_token").to_owned())
            .collect();
        assert_eq!(subjects, ["eyJ.of-the-machine", "", "eyJ.elsewhere"], "others through the proxy");
        let failure = refused(&desk, &of_secret(&federated(&json!({ "url": machine.url("/token") })))).await;
        assert!(failure.message.contains("'credential_source' answered 400"), "{failure}");
        assert!(!failure.message.contains("eyJ"), "{failure}");
    });
}

#[test]
fn s20_lock_down_keeps_the_controllers_files_and_machine_from_secrets() {
    run(async {
        let config = IdentityConfig { default_account: "flux".to_owned(), ..IdentityConfig::default() };
        let desk = Desk::with(GOOGLE, |_| None, config);
        granting(&desk.cloud);
        let (file, machine) = (desk.file("token", "eyJ.of-the-controller"), Sink::start());
        let any = format!("http://0.0.0.0:{}/token", machine.address.port());
        let sources =
            [json!({ "file": file }), json!({ "url": machine.url("/token") }), json!({ "url": any })];
        for source in sources {
            let failure = refused(&desk, &of_secret(&federated(&source))).await;
            assert_eq!(failure.class, FailureClass::Config);
            assert!(failure.message.contains("multi-tenant lock-down"), "{failure}");
        }
        assert!(machine.arrivals().is_empty() && desk.cloud.arrivals().is_empty(), "nobody was asked");
        // Elsewhere may be asked, but no way there may begin at this machine: not by a name, and not by a proxy on it.
        let failure =
            refused(&desk, &of_secret(&federated(&json!({ "url": "https://tokens.example/t" })))).await;
        assert!(
            failure.message.contains("multi-tenant lock-down") && desk.cloud.arrivals().is_empty(),
            "{failure}"
        );
        // What is the tenant's own needs nothing of the controller.
        assert_eq!(desk.tokens().token(&of_secret(&user())).await.unwrap().token.value, "token-1");
        let own = identity(Cloud::Google, "");
        let failure = refused(&desk, &own).await;
        let text = "service account 'apps/flux' not found; create it: multi-tenant lock-down wants";
        assert!(failure.message.contains(text), "{failure}");
    });
}
