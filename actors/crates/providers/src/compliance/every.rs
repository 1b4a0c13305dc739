//! Every type of the table at work: a Provider that is let in everywhere, and a destination that obliges all.

use campanile_domain::{
    Delivery, Method, NewDelivery, ProviderSpec, Publication, Request, Response, Verdict,
};
use campanile_testkit::noon;
use jiff::Timestamp;
use serde_json::Value;

use super::Case;
use crate::sample::{BodyForm, LoginForm};
use crate::testing::{answer, credentials};
use crate::{BuiltProvider, Step};

/// A private key that accounts and Apps sign with.
const PEM: &str = include_str!("../../fixtures/github-app/pkcs8.pem");

/// The spec of a Provider of this type, and what is in its Secret: its usual login, and all others that do not take its place.
pub(super) fn settings(case: Case) -> (ProviderSpec, Vec<(&'static str, String)>) {
    let [usual, ..] = case.sample.logins else { panic!("{} has no login", case.name) };
    let mut data = case.sample.secret(*usual, "https://hooks.example", "hidden", PEM);
    for (key, value) in [("token", "a-token"), ("username", "somebody"), ("password", "the-password")] {
        let stands_alone = key == "token" && *usual == LoginForm::Address;
        if !stands_alone && !data.iter().any(|(known, _)| *known == key) {
            data.push((key, value.to_owned()));
        }
    }
    (case.spec(), data)
}

/// The JSON text of the message in a request's body: all of it, or its last line.
pub(super) fn message(request: &Request) -> Value {
    let text = str::from_utf8(&request.body).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// All texts of a body, decoded, one a line.
pub(super) fn texts(case: Case, request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    match case.sample.body {
        BodyForm::Form(_) => {
            url::form_urlencoded::parse(&request.body).map(|(_, text)| text + "\n").collect()
        }
        BodyForm::Spans => body.into_owned(),
        BodyForm::Json | BodyForm::Lines(_) => {
            body.lines().map(|line| flat(&serde_json::from_str(line).unwrap())).collect()
        }
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(flat).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| format!("{key}\n{}", flat(field))).collect()
        }
        _ => String::new(),
    }
}

/// A Provider of this type, as after a start.
pub(super) fn endpoint(case: Case) -> BuiltProvider {
    let (spec, data) = settings(case);
    let data: Vec<(&str, &[u8])> = data.iter().map(|(key, value)| (*key, value.as_bytes())).collect();
    credentials(&data).build(&spec).unwrap()
}

/// The same without a user's name, unless that is its login.
pub(super) fn nameless(case: Case) -> BuiltProvider {
    let (spec, mut data) = settings(case);
    data.retain(|(key, _)| {
        case.sample.logins.contains(&LoginForm::Pair) || !matches!(*key, "username" | "password")
    });
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

/// Runs one try at `now` against a destination that has nothing yet and takes everything: all that is written.
pub(super) fn written(case: Case, delivery: &Delivery, now: Timestamp) -> Vec<Request> {
    written_by(case, &endpoint(case), delivery, now)
}

/// As [`written`], by a Provider with other settings.
pub(super) fn written_by(
    case: Case,
    endpoint: &BuiltProvider,
    delivery: &Delivery,
    now: Timestamp,
) -> Vec<Request> {
    let mut exchange = endpoint.provider.begin(delivery).unwrap();
    let (mut response, mut sent) = (None, Vec::new());
    loop {
        match exchange.next(response.take(), now) {
            Step::Done(verdict) => {
                assert_eq!(verdict, Verdict::Delivered, "{}", case.name);
                return sent;
            }
            Step::Publish(publication) => return vec![published(publication)],
            Step::Send(request) => {
                response = Some(obliging(case, &request));
                let is_login = request.url.ends_with("/token");
                if request.method != Method::Get && !is_login {
                    sent.push(request);
                }
            }
        }
        assert!(sent.len() < 8, "the exchange has no end");
    }
}

/// A publication as a request that has nothing but its payload.
fn published(publication: Publication) -> Request {
    let (url, headers) = (String::new(), Vec::new());
    Request { method: Method::Post, url, headers, body: publication.payload }
}

/// As [`written`], at noon, and only the first request.
pub(super) fn first_written(case: Case, delivery: &Delivery) -> Request {
    written(case, delivery, noon()).into_iter().next().unwrap()
}

fn obliging(case: Case, request: &Request) -> Response {
    let is = |end: &str| request.url.split('?').next().is_some_and(|path| path.ends_with(end));
    let (status, body) = match request.method {
        _ if is("/token") => (200, r#"{"access_token":"ya29","expires_in":3600}"#),
        Method::Get if is("/user") => (200, r#"{"login":"flux","username":"flux"}"#),
        Method::Get => case.sample.absent,
        _ => case.sample.taken,
    };
    answer(status, &[], body)
}
