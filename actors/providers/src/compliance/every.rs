//! Every type of the table at work: a Provider that is let in everywhere, and a destination that obliges all.

use campanile_domain::{Delivery, Method, NewDelivery, ProviderSpec, Request, Response, Verdict};
use campanile_testkit::noon;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::testing::{answer, credentials, spec};
use crate::{Endpoint, Step, supported};

/// A private key that accounts and Apps sign with.
const PEM: &str = include_str!("../../fixtures/github-app/pkcs8.pem");

/// Addresses of types that read more out of one than where to send.
const ADDRESSES: &[(&str, &str)] = &[
    ("nats", "nats://nats.example:4222"),
    ("sentry", "https://public@hooks.example/42"),
    ("googlepubsub", "project"),
    ("github", REPOSITORY),
    ("githubdispatch", REPOSITORY),
    ("githubpullrequestcomment", REPOSITORY),
    ("gitlab", REPOSITORY),
    ("gitlabmergerequestcomment", REPOSITORY),
    ("gitea", REPOSITORY),
    ("giteapullrequestcomment", REPOSITORY),
    ("bitbucket", REPOSITORY),
    ("bitbucketserver", "https://git.example/scm/org/repo.git"),
    ("azuredevops", "https://dev.azure.com/org/project/_git/repo"),
    (
        "azureeventhub",
        "Endpoint=sb://hooks.example/;SharedAccessKeyName=flux;SharedAccessKey=c2VjcmV0;EntityPath=hub",
    ),
];
const REPOSITORY: &str = "https://git.example/org/repo";
/// Who reads more out of a channel than a name.
pub(super) const CHANNELS: &[(&str, &str)] =
    &[("telegram", "-1552289257:1"), ("zulip", "general/alerts"), ("pagerduty", "R0UT1NGK3Y")];

/// Why a type can not be run by this destination: it does not speak HTTP.
const OTHER_PROTOCOLS: &[&str] = &["nats"];

/// The types of the table that speak HTTP.
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    supported().filter(|kind| !OTHER_PROTOCOLS.contains(kind))
}

fn of<'a>(table: &[(&str, &'a str)], kind: &str, usual: &'a str) -> &'a str {
    table.iter().find(|(name, _)| *name == kind).map_or(usual, |(_, own)| *own)
}

/// The spec of a Provider of this type, and what is in its Secret.
pub(super) fn settings(kind: &str) -> (ProviderSpec, Vec<(&'static str, String)>) {
    let key = json!({
        "type": "service_account", "project_id": "project", "private_key_id": "key-1", "private_key": PEM,
        "client_email": "flux@project.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
    });
    let token = match kind {
        "googlepubsub" => key.to_string(),
        "bitbucket" => "user:app-password".to_owned(),
        _ => "a-token".to_owned(),
    };
    let mut data = vec![
        ("address", of(ADDRESSES, kind, "https://hooks.example/services/T0/key").to_owned()),
        ("token", token),
        ("username", "somebody".to_owned()),
        ("password", "the-password".to_owned()),
    ];
    // Beside a connection string there must be no token.
    data.retain(|(key, _)| *key != "token" || kind != "azureeventhub");
    let channel = of(CHANNELS, kind, "general").to_owned();
    (ProviderSpec { channel, ..spec(kind) }, data)
}

/// The body of a request.
pub(super) fn json(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// A line of a body that has one document in each.
pub(super) fn line(request: &Request, number: usize) -> Value {
    let text = str::from_utf8(&request.body).unwrap();
    serde_json::from_str(text.lines().nth(number).unwrap()).unwrap()
}

/// A Provider of this type, as after a start.
pub(super) fn endpoint(kind: &str) -> Endpoint {
    let (spec, data) = settings(kind);
    let data: Vec<(&str, &[u8])> = data.iter().map(|(key, value)| (*key, value.as_bytes())).collect();
    credentials(&data).build(&spec).unwrap()
}

/// `delivery` about a change request, and with the name of a status.
pub(super) fn complete(delivery: Delivery) -> Delivery {
    let mut metadata = delivery.plan.metadata.clone();
    metadata.insert("change_request".to_owned(), "7".to_owned());
    let revision = "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738".to_owned();
    metadata.entry("revision".to_owned()).or_insert(revision);
    let commit_status = Some("kustomization/podinfo/0c9c2e41".into());
    Delivery { plan: NewDelivery { metadata, commit_status, ..delivery.plan.clone() }, ..delivery }
}

/// Runs one try at `now` against a destination that has nothing yet and takes everything: all requests that write.
pub(super) fn written(endpoint: &Endpoint, delivery: &Delivery, now: Timestamp) -> Vec<Request> {
    let mut exchange = endpoint.provider.exchange(delivery).unwrap();
    let (mut response, mut sent) = (None, Vec::new());
    loop {
        match exchange.next(response.take(), now) {
            Step::Done(verdict) => {
                assert_eq!(verdict, Verdict::Delivered, "{:?}", endpoint.kind);
                return sent;
            }
            Step::Publish(_) => panic!("{:?} does not speak HTTP", endpoint.kind),
            Step::Send(request) => {
                response = Some(obliging(endpoint.kind.name(), &request));
                let is_login = request.url.ends_with("/token");
                if request.method != Method::Get && !is_login {
                    sent.push(request);
                }
            }
        }
        assert!(sent.len() < 8, "the exchange has no end");
    }
}

/// As [`written`], of a fresh Provider at noon, and only the first request.
pub(super) fn first_written(kind: &str, delivery: &Delivery) -> Request {
    written(&endpoint(kind), delivery, noon()).into_iter().next().unwrap()
}

fn obliging(kind: &str, request: &Request) -> Response {
    let is = |end: &str| request.url.split('?').next().is_some_and(|path| path.ends_with(end));
    match request.method {
        _ if is("/token") => answer(200, &[], r#"{"access_token":"ya29","expires_in":3600}"#),
        Method::Get if is("/user") => answer(200, &[], r#"{"login":"flux","username":"flux"}"#),
        Method::Get if kind == "bitbucketserver" || kind == "bitbucket" => answer(404, &[], "{}"),
        Method::Get if kind == "azuredevops" => answer(200, &[], r#"{"count":0,"value":[]}"#),
        Method::Get => answer(200, &[], "[]"),
        _ if is(":publish") => answer(200, &[], r#"{"messageIds":["1"]}"#),
        _ if is("/traces") || kind == "otel" => answer(200, &[], ""),
        _ => answer(201, &[], r#"{"ok":true,"id":1}"#),
    }
}
