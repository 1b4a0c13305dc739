//! Senders that have to say who they are (docs/security.md). The API server is one that does as the test says; a real one is in
//! `tests/it/cluster_senders.rs`, certificates are in `tests/it/intake_senders.rs`.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use actix::{Actor, Context, Handler, ResponseFuture};
use campanile_domain::{Event, ObjectKey, ObjectRef};
use campanile_intake::{IntakeConfig, Reviewer, SenderMode, SenderRules};
use campanile_protocol::{ReviewError, ReviewToken, TokenOwner};
use campanile_supervision::Link;
use campanile_testkit::event;
use futures_util::future::join_all;
use tokio::sync::Notify;

use crate::bench::{Bench, json};
use crate::client::{Client, Response};

const ATTACKER: [u8; 4] = [127, 0, 0, 2];

/// What the API server knows, and what it was asked.
#[derive(Default)]
struct ApiServer {
    owners: Mutex<HashMap<String, TokenOwner>>,
    asked: Mutex<Vec<ReviewToken>>,
    is_away: Mutex<bool>,
    /// Tokens that begin so are not answered before it is notified.
    held: Mutex<Option<(&'static str, Arc<Notify>)>>,
}

impl ApiServer {
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

struct FakeWatcher(Arc<ApiServer>);

impl Actor for FakeWatcher {
    type Context = Context<Self>;
}

impl Handler<ReviewToken> for FakeWatcher {
    type Result = ResponseFuture<Result<TokenOwner, ReviewError>>;

    fn handle(&mut self, question: ReviewToken, _: &mut Self::Context) -> Self::Result {
        self.0.asked.lock().unwrap().push(question.clone());
        if *self.0.is_away.lock().unwrap() {
            return Box::pin(async { Err(ReviewError::Unavailable("it is away".to_owned())) });
        }
        let owner = self.0.owners.lock().unwrap().get(&question.token).cloned().unwrap_or(TokenOwner::Nobody);
        let held = self.0.held.lock().unwrap().clone();
        Box::pin(async move {
            if let Some((prefix, released)) = held
                && question.token.starts_with(prefix)
            {
                released.notified().await;
            }
            Ok(owner)
        })
    }
}

struct Stage {
    bench: Bench,
    api: Arc<ApiServer>,
}

fn run<F: Future<Output = ()>>(mode: SenderMode, test: impl FnOnce(Stage) -> F) {
    campanile_testkit::run(|ward| async move {
        tokio::time::resume();
        let (api, link) = (Arc::<ApiServer>::default(), Link::new());
        link.point_at(&FakeWatcher(api.clone()).start());
        let account = |namespace, name| TokenOwner::Account(ObjectKey::new(namespace, name));
        *api.owners.lock().unwrap() = HashMap::from([
            ("of.web".to_owned(), account("apps", "web")),
            ("of.flux".to_owned(), account("flux-system", "kustomize-controller")),
            ("of.jane".to_owned(), TokenOwner::User),
        ]);
        let controllers = [ObjectKey::new("flux-system", "kustomize-controller")].into();
        let reviewer = Some(Reviewer { link, audience: "campanile".to_owned() });
        let rules = SenderRules { mode, controllers, reviewer };
        let bench = Bench::start_for(&ward, IntakeConfig::default(), Some(rules));
        test(Stage { bench, api }).await;
    });
}

fn about(namespace: &str, message: &str) -> Event {
    let object = ObjectRef { namespace: namespace.into(), ..event().involved_object };
    Event { involved_object: object, message: message.into(), ..event() }
}

fn head(token: &str, length: usize) -> Vec<u8> {
    let login = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    format!("POST / HTTP/1.1\r\nHost: events\r\n{login}Content-Length: {length}\r\n\r\n").into_bytes()
}

fn request(token: &str, event: &Event) -> Vec<u8> {
    let body = json(event);
    [head(token, body.len()), body].concat()
}

impl Stage {
    async fn post(&self, token: &str, event: &Event) -> Response {
        self.bench.exchange(&request(token, event)).await
    }

    async fn status(&self, token: &str, event: &Event) -> u16 {
        self.post(token, event).await.status
    }

    async fn verdict(&self, verdict: &str) -> u64 {
        self.bench.snapshot().await.senders.unwrap().verdicts[verdict]
    }

    async fn refused(&self, reason: &str) -> Option<u64> {
        self.bench.snapshot().await.refused.get(reason).copied()
    }
}

#[test]
fn issue_17_a_sender_without_a_token_is_refused_before_its_body_is_read() {
    run(SenderMode::Enforced, |stage| async move {
        for token in ["", "two words", "ä"] {
            let answer = stage.bench.exchange(&head(token, 1000)).await;
            assert_eq!((answer.status, answer.header("Www-Authenticate")), (401, Some("Bearer")), "{token}");
        }
        assert_eq!((stage.api.asked(), stage.bench.router.seen().len()), (0, 0));
        assert_eq!(stage.refused("unauthenticated").await, Some(3));
        assert_eq!((stage.verdict("no-credentials").await, stage.verdict("wrong-token").await), (1, 2));
    });
}

#[test]
fn issue_17_a_token_of_nobody_is_refused_and_asked_about_once() {
    run(SenderMode::Enforced, |stage| async move {
        for _ in 0..3 {
            let answer = stage.bench.exchange(&head("forged", 1000)).await;
            assert_eq!((answer.status, answer.header("Www-Authenticate")), (401, Some("Bearer")));
        }
        let asked = stage.api.asked.lock().unwrap().clone();
        assert_eq!(asked, [ReviewToken { token: "forged".into(), audience: "campanile".into() }]);
        assert_eq!(stage.bench.router.seen().len(), 0);
    });
}

#[test]
fn issue_17_an_account_speaks_of_its_own_namespace_and_of_no_other() {
    run(SenderMode::Enforced, |stage| async move {
        assert_eq!(stage.status("of.web", &about("apps", "own")).await, 202);
        for namespace in ["flux-system", "app", "apps-2", "Apps", ""] {
            assert_eq!(stage.status("of.web", &about(namespace, "not own")).await, 403, "{namespace}");
        }
        assert_eq!((stage.api.asked(), stage.bench.router.seen().len()), (1, 1), "one review for all six");
        // What was refused has not made the true event a duplicate.
        assert_eq!(stage.status("of.flux", &about("flux-system", "not own")).await, 202);
        assert_eq!(stage.refused("forbidden").await, Some(5));
        assert_eq!((stage.verdict("own-namespace").await, stage.verdict("other-namespace").await), (1, 5));
    });
}

#[test]
fn issue_17_a_second_namespace_in_the_text_of_an_event_deceives_nobody() {
    run(SenderMode::Enforced, |stage| async move {
        let own = String::from_utf8(json(&about("apps", "twice"))).unwrap();
        let with = |known: &str, text: &str| own.replacen(known, text, 1);
        let namespace = r#""namespace":"apps""#;
        // The last word counts, in any case of its letters, and it is the one that is routed.
        for (body, status) in [
            (with(namespace, r#""namespace":"apps","namespace":"flux-system""#), 403),
            (with(namespace, r#""namespace":"apps","Namespace":"flux-system""#), 403),
            (with(namespace, r#""namespace":"flux-system","namespace":"apps""#), 202),
        ] {
            assert_ne!(body, own);
            let request = [head("of.web", body.len()), body.clone().into_bytes()].concat();
            assert_eq!(stage.bench.exchange(&request).await.status, status, "{body}");
        }
        let routed = stage.bench.router.seen();
        assert_eq!((routed.len(), routed[0].event.involved_object.namespace.as_str()), (1, "apps"));
    });
}

#[test]
fn issue_17_a_controller_speaks_of_all_namespaces_and_a_user_of_none() {
    run(SenderMode::Enforced, |stage| async move {
        for namespace in ["apps", "flux-system", ""] {
            assert_eq!(stage.status("of.flux", &about(namespace, "any")).await, 202, "{namespace}");
        }
        assert_eq!(stage.status("of.jane", &about("apps", "by hand")).await, 403);
        assert_eq!((stage.verdict("controller").await, stage.verdict("no-account").await), (3, 1));
    });
}

#[test]
fn issue_17_without_an_api_server_a_new_token_is_a_503_and_a_known_one_goes_on() {
    run(SenderMode::Enforced, |stage| async move {
        assert_eq!(stage.status("of.web", &about("apps", "before")).await, 202);
        *stage.api.is_away.lock().unwrap() = true;
        let answer = stage.post("of.flux", &about("apps", "meanwhile")).await;
        assert_eq!((answer.status, answer.header("Retry-After")), (503, Some("5")));
        assert_eq!(stage.status("of.web", &about("apps", "meanwhile")).await, 202);
        assert_eq!(stage.refused("not-reviewed").await, Some(1));
        *stage.api.is_away.lock().unwrap() = false;
        assert_eq!(stage.status("of.flux", &about("apps", "again")).await, 202);
    });
}

#[test]
fn issue_17_many_requests_with_one_token_are_one_review() {
    run(SenderMode::Enforced, |stage| async move {
        let released = Arc::new(Notify::new());
        *stage.api.held.lock().unwrap() = Some(("of.web", released.clone()));
        let messages: Vec<Event> = (0..20).map(|number| about("apps", &number.to_string())).collect();
        let posts = join_all(messages.iter().map(|event| stage.status("of.web", event)));
        let release = async {
            stage.bench.shows(|shown| shown.open_requests == 20).await;
            released.notify_one();
        };
        let (statuses, ()) = tokio::join!(posts, release);
        assert_eq!((statuses, stage.api.asked()), (vec![202; 20], 1));
    });
}

#[test]
fn issue_17_a_flood_of_wrong_tokens_holds_up_nobody_elses_review() {
    run(SenderMode::Enforced, |stage| async move {
        *stage.api.held.lock().unwrap() = Some(("wrong", Arc::default()));
        let mut clients = Vec::new();
        for number in 0..100 {
            let mut client = Client::connect_from(ATTACKER, stage.bench.address).await;
            client.send(&head(&format!("wrong{number}"), 10)).await;
            clients.push(client);
        }
        stage.bench.shows(|shown| shown.refused.get("not-reviewed") == Some(&92)).await;
        let open = stage.bench.snapshot().await.senders.unwrap().open_reviews;
        assert_eq!((open, stage.api.asked()), (8, 8));
        assert_eq!(stage.status("of.web", &about("apps", "meanwhile")).await, 202);
        for client in &mut clients {
            assert_eq!(client.response().await.status, 503);
        }
        stage
            .bench
            .shows(|shown| shown.senders.as_ref().is_some_and(|senders| senders.open_reviews == 0))
            .await;
    });
}

#[test]
fn issue_17_an_audit_changes_no_answer_and_counts_who_would_be_refused() {
    run(SenderMode::Audit, |stage| async move {
        let counted = [
            ("", "apps", "no-credentials"),
            ("forged", "apps", "wrong-token"),
            ("of.web", "apps", "own-namespace"),
            ("of.web", "flux-system", "other-namespace"),
            ("of.jane", "apps", "no-account"),
            ("of.flux", "apps", "controller"),
        ];
        for (number, (token, namespace, verdict)) in counted.iter().enumerate() {
            assert_eq!(stage.status(token, &about(namespace, &number.to_string())).await, 202, "{verdict}");
            stage
                .bench
                .shows(|shown| shown.senders.as_ref().is_some_and(|senders| senders.verdicts[verdict] == 1))
                .await;
        }
        *stage.api.is_away.lock().unwrap() = true;
        assert_eq!(stage.status("new", &about("apps", "API server away")).await, 202);
        stage.bench.shows(|shown| shown.senders.as_ref().unwrap().verdicts["not-reviewed"] == 1).await;
        assert_eq!(stage.bench.router.seen().len(), 7);
    });
}

#[test]
fn issue_17_an_audit_waits_for_no_review() {
    run(SenderMode::Audit, |stage| async move {
        let released = Arc::new(Notify::new());
        *stage.api.held.lock().unwrap() = Some(("of.web", released.clone()));
        assert_eq!(stage.status("of.web", &about("flux-system", "at once")).await, 202);
        assert_eq!(stage.verdict("other-namespace").await, 0, "nobody knows yet");
        released.notify_one();
        stage.bench.shows(|shown| shown.senders.as_ref().unwrap().verdicts["other-namespace"] == 1).await;
    });
}

#[test]
fn issue_17_without_rules_nobody_is_asked_who_he_is() {
    crate::bench::run(|bench| async move {
        assert_eq!(bench.exchange(&request("forged", &about("apps", "anybody"))).await.status, 202);
        assert_eq!(bench.snapshot().await.senders, None);
    });
}
