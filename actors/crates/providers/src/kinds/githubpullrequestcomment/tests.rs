use crate::commit_status::script::{Data, at, lines, run};
use crate::testing::{answer, credentials, delivery, header, spec};
use campanile_domain::{Delivery, FailureClass, Method, ProviderSpec, Request, Response, Verdict};
use campanile_testkit::event;

const KEY: &[u8] = include_bytes!("../../../fixtures/github-app/pkcs1.pem");
const KIND: &str = "githubpullrequestcomment";
const API: &str = "https://ghe.example/api/v3";
const APP: Data<'static> = &[
    ("githubAppID", b"129"),
    ("githubAppInstallationID", b"302"),
    ("githubAppPrivateKey", KEY),
    ("githubAppBaseURL", b"https://ghe.example/api/v3/"),
];

fn on_42() -> Delivery {
    delivery(event(), &[("change_request", "42")])
}

/// GitHub, on which the comment is written by `author`.
fn github(request: &Request, author: &str) -> Response {
    let marker =
        "<!-- flux-pr-comment-key:0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a/Kustomization/apps/podinfo -->";
    match request.url.as_str() {
        url if url.ends_with("/access_tokens") => {
            answer(201, &[], r#"{"token":"ghs_installation","expires_at":"2026-08-07T14:00:00Z"}"#)
        }
        url if url.ends_with("/app") => answer(200, &[], r#"{"id":129,"slug":"flux-app"}"#),
        _ if request.method == Method::Get => {
            let comment = serde_json::json!([{ "id": 5, "user": { "login": author }, "body": marker }]);
            answer(200, &[], &comment.to_string())
        }
        _ => answer(200, &[], r#"{"id":5}"#),
    }
}

#[test]
fn s21_an_app_asks_for_its_name_once_and_edits_what_its_bot_wrote() {
    let endpoint = at(KIND, "https://ghe.example/org/repo", APP);
    let exchange = || endpoint.provider.begin(&on_42()).unwrap();
    let (sent, verdict) = run(exchange(), |request| github(request, "flux-app[bot]"));
    assert_eq!(verdict, Verdict::Delivered);
    let list = format!("GET {API}/repos/org/repo/issues/42/comments?direction=asc&per_page=100&sort=created");
    let update = format!("PATCH {API}/repos/org/repo/issues/comments/5");
    let token = format!("POST {API}/app/installations/302/access_tokens");
    assert_eq!(lines(&sent), [format!("GET {API}/app"), token, list, update.clone()]);
    let authorization: Vec<_> =
        sent.iter().map(|request| header(request, "authorization").unwrap()).collect();
    assert!(authorization[..2].iter().all(|value| value.starts_with("Bearer eyJ")), "{authorization:?}");
    assert_eq!(authorization[2..], ["Bearer ghs_installation"; 2]);
    let (sent, _) = run(exchange(), |request| github(request, "flux-app[bot]"));
    assert_eq!(lines(&sent), [update], "name, token and comment are known");
}

#[test]
fn s21_an_app_leaves_comments_of_people_alone() {
    let exchange = at(KIND, "https://ghe.example/org/repo", APP).provider.begin(&on_42()).unwrap();
    let (sent, verdict) = run(exchange, |request| github(request, "flux-app"));
    assert_eq!(verdict, Verdict::Delivered);
    let last = lines(&sent).pop().unwrap();
    assert_eq!(last, format!("POST {API}/repos/org/repo/issues/42/comments"));
}

#[test]
fn s21_an_app_whose_name_can_not_be_read_waits_for_a_human() {
    let exchange = at(KIND, "https://ghe.example/org/repo", APP).provider.begin(&on_42()).unwrap();
    let (sent, verdict) = run(exchange, |request| {
        answer(401, &[], &format!("not {}", header(request, "authorization").unwrap()))
    });
    let Verdict::Failed(failure) = verdict else { panic!("{verdict:?}") };
    assert_eq!((sent.len(), failure.class), (1, FailureClass::Credentials));
    assert!(failure.message.starts_with("could not get the name of the github app: github answered 401"));
    assert!(failure.message.contains("*****") && !failure.message.contains("eyJ"), "{failure}");
}

#[test]
fn s23_27_pages_are_numbered_behind_the_first() {
    let exchange = at(KIND, "git@github.com:org/repo", &[("token", b"t")]).provider.begin(&on_42()).unwrap();
    let next = [("link", "<https://api.github.com/x>; rel=\"next\"")];
    let (sent, _) = run(exchange, |request| match request.url.as_str() {
        url if url.ends_with("/user") => answer(200, &[], r#"{"login":"flux"}"#),
        url if url.ends_with("&page=2") => answer(200, &[], "[]"),
        _ if request.method == Method::Get => answer(200, &next, "[]"),
        _ => answer(201, &[], ""),
    });
    let comments = "https://api.github.com/repos/org/repo/issues/42/comments";
    let query = "?direction=asc&per_page=100&sort=created";
    assert_eq!(
        lines(&sent),
        [
            "GET https://api.github.com/user".to_owned(),
            format!("GET {comments}{query}"),
            format!("GET {comments}{query}&page=2"),
            format!("POST {comments}")
        ]
    );
}

#[test]
fn s07_a_private_trust_store_does_not_reach_github_com() {
    let tls = |address: &str| {
        let spec =
            ProviderSpec { address: address.into(), cert_secret_ref: Some("tls".into()), ..spec(KIND) };
        let secrets = credentials(&[("token", b"t")]).with("tls", &[("ca.crt", b"CA")]);
        secrets.build(&spec).unwrap().connection.tls.is_some()
    };
    assert!(!tls("https://github.com/org/repo"));
    assert!(tls("https://ghe.example/org/repo"));
}
