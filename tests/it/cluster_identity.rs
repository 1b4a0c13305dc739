//! Workload identity against a real API server, which issues the tokens, under the roles that are shipped: a cloud on loopback
//! judges the tokens as the real one does, and the destinations get what the cloud gave (contract, providers 20).

pub(crate) mod stage;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Arrival, COMMIT, Sink, eventually};
use stage::{ACCOUNT, Stage, Trust, asked, narrow};

const POOL: &str = "projects/12/locations/global/workloadIdentityPools/pool/providers/prov";

fn value(arrival: &Arrival, key: &str) -> String {
    let body = arrival.text();
    let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned());
    let text = found.unwrap_or_default();
    text.replace('+', " ").replace("%3A", ":").replace("%2F", "/")
}

fn azure_annotations() -> Value {
    json!({
        "azure.workload.identity/tenant-id": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "azure.workload.identity/client-id": "6a3c1b6e-0000-4000-8000-000000000001",
    })
}

/// Azure with two services, and Google with its topic; what their endpoints refused goes into `refused`.
fn think(cloud: &Sink, trust: Trust, refused: Arc<Mutex<Vec<String>>>) {
    cloud.think(move |arrival| {
        let granted = |proof: &str, answer: Value| match trust.judge(&value(arrival, proof)) {
            Ok(()) => (200, answer.to_string()),
            Err(why) => {
                refused.lock().expect("no other thread panicked").push(why);
                (400, r#"{"error":"invalid_client"}"#.to_owned())
            }
        };
        let path = arrival.path.split('?').next().unwrap_or_default();
        match (arrival.header("host").unwrap_or_default(), path.rsplit('/').next().unwrap_or_default()) {
            ("login.microsoftonline.com", "token") => {
                let token = match value(arrival, "scope").contains("eventhubs") {
                    true => "of-event-hubs",
                    false => "of-devops",
                };
                granted("client_assertion", json!({ "access_token": token, "expires_in": 3600 }))
            }
            ("ns.servicebus.windows.net", "messages") => (201, String::new()),
            ("dev.azure.com", "statuses") if arrival.method == "GET" => (200, r#"{"value":[]}"#.to_owned()),
            ("dev.azure.com", "statuses") => (201, "{}".to_owned()),
            ("sts.googleapis.com", "token") => {
                granted("subject_token", json!({ "access_token": "of-sts", "expires_in": 3600 }))
            }
            ("iamcredentials.googleapis.com", _) => {
                let until = "2036-01-01T00:00:00Z";
                (200, json!({ "accessToken": "of-the-account", "expireTime": until }).to_string())
            }
            ("pubsub.googleapis.com", "flux:publish") => (200, r#"{"messageIds":["1"]}"#.to_owned()),
            _ => (404, String::new()),
        }
    });
}

/// `HOST: the Authorization of its requests`, in the order of arrival, once for each.
fn passes(cloud: &Sink) -> Vec<String> {
    let mut passes = Vec::new();
    for arrival in cloud.arrivals() {
        let of = |name| arrival.header(name).unwrap_or_default().to_owned();
        let pass = format!("{}: {}", of("host"), of("authorization"));
        if !passes.contains(&pass) {
            passes.push(pass);
        }
    }
    passes
}

#[test]
fn cluster_identity_azure_takes_the_token_of_the_account_and_the_destinations_take_azures_20() {
    let stage = Stage::new("azure", &["deploy/workload-identity"]);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let trust = Trust::new(&stage.namespace, "api://AzureADTokenExchange");
    think(&stage.cloud, trust, refused.clone());
    stage.account(ACCOUNT, &azure_annotations());
    let hub = json!({ "address": "hub", "channel": "ns", "serviceAccountName": ACCOUNT });
    stage.provider("bus", "azureeventhub", hub);
    let repository = "https://dev.azure.com/org/project/_git/repo";
    stage.provider("repo", "azuredevops", json!({ "address": repository, "serviceAccountName": ACCOUNT }));
    let instance = stage.start(&[]);
    let mut event = stage.namespace.event("web", "hello");
    event["metadata"]["event.toolkit.fluxcd.io/commit"] = format!("main@sha1:{COMMIT}").into();
    instance.accept(&event);
    let state = instance.settle();
    let refused = refused.lock().unwrap().clone();
    assert_eq!((&state["delivery"]["delivered"], refused), (&json!(2), Vec::new()), "{state}");
    let mut passes = passes(&stage.cloud);
    passes.sort_unstable();
    // Azure DevOps takes tokens where it takes passwords (contract, providers 23.34): base64 of `:of-devops`.
    assert_eq!(
        passes,
        [
            "dev.azure.com: Basic Om9mLWRldm9wcw==",
            "login.microsoftonline.com: ",
            "ns.servicebus.windows.net: Bearer of-event-hubs",
        ]
    );
    let (refused, mut asked) = asked(&stage.gate);
    asked.sort_unstable();
    asked.dedup();
    let path = format!("{}/{ACCOUNT}", stage.namespace.all("v1", "serviceaccounts"));
    assert_eq!(
        asked,
        [format!("GET {path}"), format!("POST {path}/token?")],
        "all that the component grants"
    );
    assert!(refused.is_empty(), "not granted: {refused:?}");
}

#[test]
fn cluster_identity_google_takes_the_token_of_the_one_account_that_is_granted_20() {
    let stage = Stage::new("google", &[]);
    narrow(&stage);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let trust = Trust::new(&stage.namespace, &format!("//iam.googleapis.com/{POOL}"));
    think(&stage.cloud, trust, refused.clone());
    let annotations = json!({
        "gcp.auth.fluxcd.io/workload-identity-provider": POOL,
        "iam.gke.io/gcp-service-account": "flux@my-project.iam.gserviceaccount.com",
    });
    stage.account(ACCOUNT, &annotations);
    stage.account("not-granted", &annotations);
    let topic = |account: &str| json!({ "address": "p", "channel": "flux", "serviceAccountName": account });
    stage.provider("topic", "googlepubsub", topic(ACCOUNT));
    stage.provider("other", "googlepubsub", topic("not-granted"));
    let instance = stage.start(&[]);
    instance.accept(&stage.namespace.event("web", "hello"));
    let state = instance.settle();
    let refused = refused.lock().unwrap().clone();
    assert_eq!((&state["delivery"]["delivered"], refused), (&json!(1), Vec::new()), "{state}");
    assert_eq!(
        passes(&stage.cloud),
        [
            "sts.googleapis.com: ",
            "iamcredentials.googleapis.com: Bearer of-sts",
            "pubsub.googleapis.com: Bearer of-the-account",
        ]
    );
    let text = stage.complaint("other");
    assert!(text.contains("not-granted'") && text.contains("forbidden"), "{text}");
    assert!(text.contains("grant it with deploy/workload-identity"), "{text}");
}

#[test]
fn cluster_identity_what_is_missing_stands_in_the_status_with_the_remedy_20() {
    let stage = Stage::new("missing", &["deploy/workload-identity"]);
    stage.account("bare", &json!({}));
    stage.account("odd", &json!({ "gcp.auth.fluxcd.io/workload-identity-provider": "projects/x" }));
    let hub = |account: &str| json!({ "address": "hub", "channel": "ns", "serviceAccountName": account });
    let topic = |account: &str| json!({ "address": "p", "channel": "flux", "serviceAccountName": account });
    stage.provider("absent", "azureeventhub", hub("absent"));
    stage.provider("bare", "azureeventhub", hub("bare"));
    stage.provider("odd", "googlepubsub", topic("odd"));
    let mut instance = stage.start(&[]);
    instance.accept(&stage.namespace.event("web", "hello"));
    let name = &stage.namespace.name;
    for (provider, text) in [
        (
            "absent",
            format!(
                "failed to create a eventhub using managed identity: failed to get token: service account '{name}/absent' not found; create it"
            ),
        ),
        (
            "bare",
            format!(
                "service account '{name}/bare' lacks the annotation 'azure.workload.identity/tenant-id'; add it"
            ),
        ),
        (
            "odd",
            format!(
                "annotation 'gcp.auth.fluxcd.io/workload-identity-provider' of service account '{name}/odd' is not of the form"
            ),
        ),
    ] {
        let said = stage.complaint(provider);
        assert!(said.contains(&text), "{said}");
        assert!(!said.contains("lock-down"), "{said}");
    }
    assert!(stage.cloud.arrivals().is_empty(), "the cloud was not asked");
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn cluster_identity_a_missing_default_account_speaks_of_lock_down_and_goes_on_once_it_is_there_20() {
    let stage = Stage::new("default", &["deploy/workload-identity"]);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    let trust = Trust::new(&stage.namespace, "api://AzureADTokenExchange");
    think(&stage.cloud, trust, refused.clone());
    stage.provider("bus", "azureeventhub", json!({ "address": "hub", "channel": "ns" }));
    let default = format!("--default-service-account={ACCOUNT}");
    let instance = stage.start(&[&default]);
    instance.accept(&stage.namespace.event("web", "hello"));
    let said = stage.complaint("bus");
    let name = &stage.namespace.name;
    assert!(said.contains(&format!("service account '{name}/{ACCOUNT}' not found; create it")), "{said}");
    assert!(
        said.contains("multi-tenant lock-down wants the service account of --default-service-account"),
        "{said}"
    );
    stage.account(ACCOUNT, &azure_annotations());
    // What waits for a human goes on when the Provider is touched.
    stage.provider("bus", "azureeventhub", json!({ "address": "hub", "channel": "ns", "timeout": "30s" }));
    stage.cloud.wait_for(2);
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
    assert!(refused.lock().unwrap().is_empty());
    assert_eq!(passes(&stage.cloud)[1], "ns.servicebus.windows.net: Bearer of-event-hubs");
}

#[test]
fn cluster_identity_t10_a_changed_annotation_takes_effect_with_the_next_message() {
    let stage = Stage::new("audiences", &["deploy/workload-identity"]);
    let refused = Arc::<Mutex<Vec<String>>>::default();
    think(&stage.cloud, Trust::new(&stage.namespace, "api://one"), refused.clone());
    let with = |key: &str, value: &str| {
        let mut annotations = azure_annotations();
        annotations[format!("credential.auth.fluxcd.io/{key}")] = value.into();
        stage.account(ACCOUNT, &annotations);
    };
    with("audiences", "api://one");
    let hub = json!({ "address": "hub", "channel": "ns", "serviceAccountName": ACCOUNT });
    stage.provider("bus", "azureeventhub", hub);
    let mut instance = stage.start(&[]);
    instance.accept(&stage.namespace.event("web", "for one"));
    assert_eq!(instance.settle()["delivery"]["delivered"], 1, "{refused:?}");
    with("provider", "spiffe");
    // Those that come within the second may still go out.
    let mut number = 0;
    eventually("a message to be held back", || {
        number += 1;
        instance.accept(&stage.namespace.event("web", &format!("by SPIFFE {number}")));
        let parked = instance.settle()["outbox"]["total"]["parked"].as_u64();
        parked.filter(|parked| *parked > 0)
    });
    let said = stage.complaint("bus");
    assert!(said.contains("asks for an identity of SPIFFE, which is not supported"), "{said}");
    assert!(refused.lock().unwrap().is_empty());
    assert_eq!(instance.stop(), Some(0));
}
