//! Workload identity against peers that record the exact requests for tokens (contract, providers 20).

mod credentials;
mod desk;
mod topics;

use std::ffi::OsStr;
use std::fs;

use campanile_domain::{FailureClass, ObjectKey};
use campanile_providers::identity::azure;
use campanile_providers::{Cloud, Identity, TokenForm};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    Arrival, Authority, Instance, Sink, Site, Tunnel, campanile, event, everything_from, get, provider,
    secret,
};
use desk::{Desk, run};

/// All hosts that are asked, in one place.
const HOSTS: &[&str] = &[
    "login.microsoftonline.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "ns.servicebus.windows.net",
    "127.0.0.1",
];

const DEVOPS: Cloud = Cloud::Azure { scope: azure::DEVOPS };
const EVENT_HUBS: Cloud = Cloud::Azure { scope: azure::EVENT_HUBS };

fn identity(cloud: Cloud, service_account: &str) -> Identity {
    let provider = ObjectKey::new("apps", "bus");
    Identity {
        provider,
        service_account: service_account.to_owned(),
        cloud,
        form: TokenForm::Bearer,
        credential: None,
    }
}

/// `METHOD HOST PATH`.
fn line(arrival: &Arrival) -> String {
    let host = arrival.header("host").unwrap_or_default();
    format!("{} {host}{}", arrival.method, arrival.path)
}

fn form(arrival: &Arrival) -> Vec<(String, String)> {
    let decoded =
        |text: &str| text.replace('+', " ").replace("%3A", ":").replace("%2F", "/").replace("%40", "@");
    let pairs = arrival.text().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), decoded(value))).collect()
}

fn value<'a>(form: &'a [(String, String)], key: &str) -> &'a str {
    form.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
}

/// A cloud that gives the tokens `token-1`, `token-2`, … for an hour.
fn granting(sink: &Sink) {
    let mut count = 0;
    sink.think(move |arrival| {
        if arrival.path.contains("/messages") {
            return (201, String::new());
        }
        count += 1;
        let until = "2036-01-01T00:00:00Z";
        let answer = match arrival.path.contains(":generateAccessToken") {
            true => json!({ "accessToken": format!("token-{count}"), "expireTime": until }),
            false => json!({ "access_token": format!("token-{count}"), "expires_in": 3600 }),
        };
        (200, answer.to_string())
    });
}

#[test]
fn s20_azure_trades_the_accounts_token_through_the_proxy_once_for_many() {
    run(async {
        let desk = Desk::new(HOSTS, |_| None);
        granting(&desk.cloud);
        desk.accounts(json!({
            "azure.workload.identity/tenant-id": "tenant-1", "azure.workload.identity/client-id": "client-1",
        }));
        let tokens = desk.tokens();
        for is_new in [true, false, false] {
            let pass = tokens.token(&identity(DEVOPS, "flux")).await.unwrap();
            assert_eq!((pass.token.value.as_str(), pass.is_new), ("token-1", is_new));
        }
        assert_eq!(desk.audiences(), ["apps/flux api://AzureADTokenExchange"]);
        let arrivals = desk.cloud.arrivals();
        assert_eq!(
            arrivals.iter().map(line).collect::<Vec<_>>(),
            ["POST login.microsoftonline.com/tenant-1/oauth2/v2.0/token"]
        );
        let form = form(&arrivals[0]);
        assert_eq!(value(&form, "client_id"), "client-1");
        assert_eq!(value(&form, "scope"), "499b84ac-1321-427f-aa17-267ca6975798/.default");
        assert_eq!(value(&form, "client_assertion"), "jwt-for-apps/flux");
        assert_eq!(value(&form, "grant_type"), "client_credentials");
        // Another scope, another account: other tokens.
        assert_eq!(tokens.token(&identity(EVENT_HUBS, "flux")).await.unwrap().token.value, "token-2");
        assert_eq!(tokens.token(&identity(DEVOPS, "other")).await.unwrap().token.value, "token-3");
        let pass = tokens.token(&identity(DEVOPS, "flux")).await.unwrap();
        tokens.forget(&identity(DEVOPS, "flux"), &pass.token);
        assert_eq!(tokens.token(&identity(DEVOPS, "flux")).await.unwrap().token.value, "token-4");
        let used = desk.clouds.snapshot().unwrap();
        assert_eq!((used.items, used.successes, used.failures), (3, 7, 0));
        assert_eq!((used.uses[0].hits, used.uses[0].misses), (3, 4));
    });
}

#[test]
fn t10_a_changed_annotation_makes_another_token_within_a_second() {
    run(async {
        let desk = Desk::new(HOSTS, |_| None);
        granting(&desk.cloud);
        let annotated = |key: &str, value: &str| {
            let mut annotations = json!({
                "azure.workload.identity/tenant-id": "t", "azure.workload.identity/client-id": "c",
                "credential.auth.fluxcd.io/audiences": "api://one,\napi://two",
            });
            annotations[format!("credential.auth.fluxcd.io/{key}")] = value.into();
            desk.accounts(annotations);
            desk.a_second_later();
        };
        let tokens = desk.tokens();
        let flux = identity(DEVOPS, "flux");
        let token = async || tokens.token(&flux).await.map(|pass| pass.token.value);
        annotated("type", "jwt");
        assert_eq!(token().await.unwrap(), "token-1");
        annotated("expiration", "30m");
        assert_eq!(token().await.unwrap(), "token-2");
        annotated("audiences", "api://three");
        assert_eq!(token().await.unwrap(), "token-3");
        annotated("expiration", "30m");
        assert_eq!(token().await.unwrap(), "token-2", "kept for what is in force again");
        assert_eq!(
            desk.audiences(),
            [
                "apps/flux api://one,api://two, named by the account",
                "apps/flux api://one,api://two for 1800s, named by the account",
                "apps/flux api://three, named by the account",
            ]
        );
        desk.is_down(true);
        desk.a_second_later();
        assert_eq!(token().await.unwrap(), "token-2", "what was read before counts");
        desk.is_down(false);
        annotated("provider", "spiffe");
        let said = token().await.unwrap_err();
        assert_eq!(said.class, FailureClass::Config);
        assert!(
            said.message.contains("'apps/flux' asks for an identity of SPIFFE, which is not supported"),
            "{said}"
        );
        desk.no_accounts();
        desk.a_second_later();
        assert!(token().await.unwrap_err().message.contains("service account 'apps/flux' not found"));
    });
}

#[test]
fn t10_gkes_own_identity_takes_no_audiences() {
    run(async {
        let desk = Desk::new(HOSTS, |_| None);
        desk.accounts(json!({ "credential.auth.fluxcd.io/audiences": "mine" }));
        let said = desk.tokens().token(&identity(Cloud::Google, "flux")).await.map(drop).unwrap_err();
        assert!(said.message.contains("which GKE's own workload identity does not take"), "{said}");
        assert!(desk.audiences().is_empty() && desk.cloud.arrivals().is_empty());
    });
}

#[test]
fn s20_google_exchanges_and_acts_as_the_account_of_the_annotation() {
    run(async {
        let desk = Desk::new(HOSTS, |_| None);
        granting(&desk.cloud);
        let provider = "projects/12/locations/global/workloadIdentityPools/pool/providers/prov";
        desk.accounts(json!({
            "gcp.auth.fluxcd.io/workload-identity-provider": provider,
            "iam.gke.io/gcp-service-account": "flux@my-project.iam.gserviceaccount.com",
        }));
        let pass = desk.tokens().token(&identity(Cloud::Google, "flux")).await.unwrap();
        assert_eq!(pass.token.value, "token-2");
        assert_eq!(desk.audiences(), [format!("apps/flux //iam.googleapis.com/{provider}")]);
        let arrivals = desk.cloud.arrivals();
        assert_eq!(
            arrivals.iter().map(line).collect::<Vec<_>>(),
            [
                "POST sts.googleapis.com/v1/token",
                "POST iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/flux@my-project.iam.gserviceaccount.com:\
             generateAccessToken",
            ]
        );
        assert_eq!(value(&form(&arrivals[0]), "subject_token"), "jwt-for-apps/flux");
        assert_eq!(value(&form(&arrivals[0]), "scope"), "https://www.googleapis.com/auth/cloud-platform");
        assert_eq!(arrivals[1].header("authorization"), Some("Bearer token-1"));
        assert_eq!(arrivals[1].json()["lifetime"], "3600s");
    });
}

#[test]
fn s20_without_a_provider_the_cluster_is_asked_of_the_metadata_server_without_a_proxy() {
    run(async {
        let machine = Sink::start();
        machine.think(|arrival| {
            let fact = arrival.path.rsplit('/').next().unwrap_or_default();
            (200, format!("the-{fact}"))
        });
        let host = machine.address.to_string();
        let desk = Desk::new(HOSTS, |name| (name == "GCE_METADATA_HOST").then(|| host.clone()));
        granting(&desk.cloud);
        desk.accounts(json!({}));
        for _ in 0..2 {
            desk.tokens().token(&identity(Cloud::Google, "flux")).await.unwrap();
            desk.tokens().token(&identity(Cloud::Google, "other")).await.unwrap();
        }
        assert_eq!(machine.arrivals().len(), 3, "asked once for the process");
        assert!(machine.arrivals().iter().all(|a| a.header("metadata-flavor") == Some("Google")));
        assert_eq!(desk.audiences()[0], "apps/flux the-project-id.svc.id.goog");
        let form = form(&desk.cloud.arrivals()[0]);
        assert_eq!(
            value(&form, "audience"),
            "identitynamespace:the-project-id.svc.id.goog:https://container.googleapis.com/v1/projects/the-project-id/\
             locations/the-cluster-location/clusters/the-cluster-name"
        );
        assert!(value(&form, "scope").ends_with("userinfo.email"), "it acts as itself");
    });
}

#[test]
fn s20_the_controllers_own_identity_comes_from_the_machine() {
    run(async {
        let machine = Sink::start();
        granting(&machine);
        let (host, url) = (machine.address.to_string(), machine.url(""));
        let desk = Desk::new(HOSTS, |name| match name {
            "GCE_METADATA_HOST" => Some(host.clone()),
            "AZURE_POD_IDENTITY_AUTHORITY_HOST" => Some(url.clone()),
            "AZURE_CLIENT_ID" => Some("mine".to_owned()),
            _ => None,
        });
        let tokens = desk.tokens();
        assert_eq!(tokens.token(&identity(Cloud::Google, "")).await.unwrap().token.value, "token-1");
        assert_eq!(tokens.token(&identity(DEVOPS, "")).await.unwrap().token.value, "token-2");
        let paths: Vec<String> = machine.arrivals().iter().map(|arrival| arrival.path.clone()).collect();
        assert!(paths[0].starts_with("/computeMetadata/v1/instance/service-accounts/default/token?scopes="));
        assert_eq!(
            paths[1],
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=499b84ac-1321-427f-aa17-267ca6975798&client_id=mine"
        );
        assert!(desk.cloud.arrivals().is_empty() && desk.audiences().is_empty());
    });
}

#[test]
fn s20_what_is_missing_is_named_with_the_remedy() {
    run(async {
        let desk = Desk::new(HOSTS, |_| None);
        let of =
            async |cloud, account: &str| desk.tokens().token(&identity(cloud, account)).await.err().unwrap();
        let failure = of(DEVOPS, "absent").await;
        assert_eq!(failure.class, FailureClass::Config);
        assert_eq!(
            failure.message,
            "failed to get token: service account 'apps/absent' not found; create it"
        );
        desk.accounts(json!({}));
        let failure = of(DEVOPS, "flux").await;
        assert_eq!(
            failure.message,
            "failed to get token: service account 'apps/flux' lacks the annotation 'azure.workload.identity/tenant-id'; add it"
        );
        desk.cloud.think(|_| (400, r#"{"error":"invalid_client jwt-for-apps/flux"}"#.to_owned()));
        desk.accounts(json!({
            "azure.workload.identity/tenant-id": "t", "azure.workload.identity/client-id": "c",
        }));
        desk.a_second_later();
        let failure = of(DEVOPS, "flux").await;
        assert_eq!(failure.class, FailureClass::Credentials);
        assert!(failure.message.contains("azure answered 400"), "{failure}");
        assert!(!failure.message.contains("jwt-for"), "{failure}");
    });
}

/// An instance with an identity of its own at Azure, which Kubernetes has put into a file.
fn federated(site: &Site, trusted: &OsStr, more: &[&str]) -> Instance {
    let file = site.path("token");
    fs::write(&file, "jwt-of-the-controller\n").expect("the folder is ours");
    let surroundings = [
        ("SSL_CERT_FILE", trusted),
        ("AZURE_TENANT_ID", OsStr::new("tenant-1")),
        ("AZURE_CLIENT_ID", OsStr::new("client-1")),
        ("AZURE_FEDERATED_TOKEN_FILE", file.as_os_str()),
    ];
    Instance::start_in(&surroundings, &site.manifests(), &site.state(), more)
}

#[test]
fn s23_11_an_event_hub_takes_events_by_the_controllers_own_identity() {
    let (authority, folder) = (Authority::named("clouds"), TempDir::new().expect("a temporary folder"));
    let trusted = folder.path().join("trusted.pem");
    fs::write(&trusted, &authority.pem).expect("the folder is ours");
    let cloud = Sink::start_tls(authority.sign_all(HOSTS).server(None));
    granting(&cloud);
    let tunnel = Tunnel::to(cloud.address);
    let spec = json!({ "address": "hub", "channel": "ns", "proxySecretRef": { "name": "proxy" } });
    let proxy = secret("proxy", json!({ "address": tunnel.url() }));
    let site = Site::with(&[provider("bus", "azureeventhub", spec), everything_from("bus"), proxy]);
    let metrics = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let metrics = metrics.expect("a port is free");
    let instance = federated(&site, trusted.as_os_str(), &[&format!("--metrics-addr={metrics}")]);
    for n in 0..3 {
        instance.accept(&event("web", &format!("event {n}")));
    }
    let arrivals = cloud.wait_for(4);
    assert_eq!(instance.settle()["delivery"]["delivered"], 3);
    assert_eq!(line(&arrivals[0]), "POST login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
    assert_eq!(value(&form(&arrivals[0]), "client_assertion"), "jwt-of-the-controller");
    assert_eq!(value(&form(&arrivals[0]), "scope"), "https://eventhubs.azure.net//.default");
    for arrival in &arrivals[1..] {
        assert_eq!(line(arrival), "POST ns.servicebus.windows.net/hub/messages?api-version=2014-01");
        assert_eq!(arrival.header("authorization"), Some("Bearer token-1"), "one token for all");
    }
    let page = get(metrics, "/metrics").expect("the metrics are there").body;
    for series in [
        "gotk_token_cache_events_total{event_type=\"cache_miss\",kind=\"Provider\",name=\"bus\",namespace=\"apps\",\
         operation=\"post\"} 1",
        "gotk_token_cache_requests_total{status=\"success\"} 3",
        "gotk_token_cached_items 1",
    ] {
        assert!(page.contains(series), "{series} in\n{page}");
    }
}

#[test]
fn s20_a_kept_token_that_is_not_taken_any_more_is_replaced_at_once() {
    let (authority, folder) = (Authority::named("clouds"), TempDir::new().expect("a temporary folder"));
    let trusted = folder.path().join("trusted.pem");
    fs::write(&trusted, &authority.pem).expect("the folder is ours");
    let cloud = Sink::start_tls(authority.sign_all(HOSTS).server(None));
    let (mut granted, mut withdrawn) = (0, false);
    cloud.think(move |arrival| match (arrival.path.contains("/messages"), arrival.text()) {
        (false, _) => {
            granted += 1;
            (200, json!({ "access_token": format!("token-{granted}"), "expires_in": 3600 }).to_string())
        }
        (true, text) if text.contains("second") && !withdrawn => {
            withdrawn = true;
            (401, String::new())
        }
        _ => (201, String::new()),
    });
    let tunnel = Tunnel::to(cloud.address);
    let spec = json!({ "address": "hub", "channel": "ns", "proxySecretRef": { "name": "proxy" } });
    let proxy = secret("proxy", json!({ "address": tunnel.url() }));
    let site = Site::with(&[provider("bus", "azureeventhub", spec), everything_from("bus"), proxy]);
    let instance = federated(&site, trusted.as_os_str(), &[]);
    instance.accept(&event("web", "first"));
    cloud.wait_for(2);
    instance.accept(&event("web", "second"));
    let tokens: Vec<Option<String>> =
        cloud.wait_for(5).iter().map(|arrival| arrival.header("authorization").map(str::to_owned)).collect();
    let bearer = |n| Some(format!("Bearer token-{n}"));
    assert_eq!(tokens, [None, bearer(1), bearer(1), None, bearer(2)]);
    assert_eq!(instance.settle()["delivery"]["delivered"], 2);
}

#[test]
fn s23_11_a_test_notification_goes_out_by_the_controllers_own_identity() {
    let (authority, folder) = (Authority::named("clouds"), TempDir::new().expect("a temporary folder"));
    let trusted = folder.path().join("trusted.pem");
    fs::write(&trusted, &authority.pem).expect("the folder is ours");
    let cloud = Sink::start_tls(authority.sign_all(HOSTS).server(None));
    granting(&cloud);
    let tunnel = Tunnel::to(cloud.address);
    let spec = json!({ "address": "hub", "channel": "ns", "proxySecretRef": { "name": "proxy" } });
    let proxy = secret("proxy", json!({ "address": tunnel.url() }));
    let site = Site::with(&[provider("bus", "azureeventhub", spec), everything_from("bus"), proxy]);
    let instance = federated(&site, trusted.as_os_str(), &[]);
    instance.row("providers", "bus", |row| row["conditions"][0]["status"] == "True");
    let sent = campanile(&["send", "--provider", "apps/bus", "--admin-addr", &instance.admin.to_string()]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert!(sent.stdout.starts_with("apps/bus: delivered\n"), "{sent:?}");
    let arrivals = cloud.wait_for(2);
    assert_eq!(arrivals[1].header("authorization"), Some("Bearer token-1"));
}

#[test]
fn s20_a_service_account_needs_a_cluster_and_says_so() {
    let spec = json!({ "address": "hub", "channel": "ns", "serviceAccountName": "flux" });
    let site = Site::with(&[provider("bus", "azureeventhub", spec), everything_from("bus")]);
    let instance = site.start(&[]);
    instance.accept(&event("web", "waits"));
    let row = instance.row("providers", "bus", |row| row["conditions"][1]["status"] == "False");
    let text = row["conditions"][1]["message"].to_string();
    assert!(text.contains("there is no cluster in standalone mode"), "{text}");
}
