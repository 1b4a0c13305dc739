//! The webhook endpoint (contract, receivers 4 and 11.1): a watcher that does as the test says, and real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, MessageResult};
use campanile_domain::{Event, ObjectKey, PostponedReconcile, ReceiverResource, ReceiverSpec, Secret};
use campanile_intake::{
    IntakeConfig, Reconcilers, WebhookAction, WebhookActor, WebhookOutcome, WebhookParts, WebhookSnapshot,
    bind,
};
use campanile_protocol::{
    Annotated, Change, Changes, EntryOutcome, Postpone, PostponeRefusal, ReadSecrets, ReceiverStanding,
    ReceiverState, ReconcileError, RequestReconciles, Resync, SecretError, Secrets, Submit, WebhookReport,
};
use campanile_receivers::webhook_path;
use campanile_supervision::{GetSnapshot, Link};
use campanile_testkit::{Ward, noon};

use crate::bench::StillClock;
use crate::client::{Client, Response};

/// What the test and the watcher share.
#[derive(Default)]
struct Desk {
    secrets: Mutex<BTreeMap<ObjectKey, Arc<Secret>>>,
    reads: Mutex<u32>,
    outcomes: Mutex<Vec<EntryOutcome>>,
    reconciles: Mutex<Vec<ObjectKey>>,
    postponed: Mutex<Vec<PostponedReconcile>>,
    /// How long they are put off; none if they wait for the API server.
    after: Mutex<Option<Duration>>,
    /// Why nothing is stored; none: it is.
    refusal: Mutex<Option<PostponeRefusal>>,
    resyncs: Mutex<u32>,
    events: Mutex<Vec<Arc<Event>>>,
    reports: Mutex<Vec<WebhookReport>>,
}

struct Watcher(Arc<Desk>);

impl Actor for Watcher {
    type Context = Context<Self>;
}

impl Handler<ReadSecrets> for Watcher {
    type Result = MessageResult<ReadSecrets>;

    fn handle(&mut self, ReadSecrets(keys): ReadSecrets, _: &mut Self::Context) -> Self::Result {
        *self.0.reads.lock().unwrap() += 1;
        let secrets = self.0.secrets.lock().unwrap();
        let read = |key: ObjectKey| {
            let secret = secrets.get(&key).cloned().ok_or_else(|| SecretError::NotFound(key.clone()));
            (key, secret)
        };
        MessageResult(keys.into_iter().map(read).collect::<Secrets>())
    }
}

impl Handler<RequestReconciles> for Watcher {
    type Result = MessageResult<RequestReconciles>;

    fn handle(&mut self, request: RequestReconciles, _: &mut Self::Context) -> Self::Result {
        self.0.reconciles.lock().unwrap().push(request.selection.receiver().key.clone());
        MessageResult(self.0.outcomes.lock().unwrap().clone())
    }
}

impl Handler<Postpone> for Watcher {
    type Result = MessageResult<Postpone>;

    fn handle(&mut self, Postpone { reconciles, after }: Postpone, _: &mut Self::Context) -> Self::Result {
        MessageResult(match self.0.refusal.lock().unwrap().clone() {
            Some(refusal) => Err(refusal),
            None => {
                self.0.postponed.lock().unwrap().extend(reconciles);
                *self.0.after.lock().unwrap() = after;
                Ok(())
            }
        })
    }
}

impl Handler<Resync> for Watcher {
    type Result = ();

    fn handle(&mut self, _: Resync, _: &mut Self::Context) {
        *self.0.resyncs.lock().unwrap() += 1;
    }
}

impl Handler<Submit> for Watcher {
    type Result = ();

    fn handle(&mut self, submit: Submit, _: &mut Self::Context) {
        self.0.events.lock().unwrap().push(submit.event);
        drop(submit.reply.send(Ok(())));
    }
}

impl Handler<WebhookReport> for Watcher {
    type Result = ();

    fn handle(&mut self, report: WebhookReport, _: &mut Self::Context) {
        self.0.reports.lock().unwrap().push(report);
    }
}

fn key() -> ObjectKey {
    ObjectKey::new("apps", "hook")
}

fn receiver(kind: &str) -> ReceiverSpec {
    ReceiverSpec {
        key: key(),
        uid: "uid".into(),
        generation: 1,
        type_name: kind.to_owned(),
        interval: None,
        events: Vec::new(),
        resources: Vec::new(),
        resource_filter: None,
        secret_ref: Some("hook-token".to_owned()),
        oidc_providers: Vec::new(),
        suspend: false,
        notify: false,
    }
}

fn filtered(filter: &str) -> ReceiverSpec {
    let resource = ReceiverResource {
        api_version: None,
        kind: "GitRepository".to_owned(),
        name: "app".to_owned(),
        namespace: None,
        match_labels: None,
        filter: Some(filter.to_owned()),
    };
    ReceiverSpec { resources: vec![resource], ..receiver("generic") }
}

fn secret(token: &str) -> Arc<Secret> {
    let data = [("token".to_owned(), token.as_bytes().to_vec())].into();
    Arc::new(Secret { key: ObjectKey::new("apps", "hook-token"), type_name: String::new(), data })
}

fn path() -> String {
    webhook_path(b"token", &key())
}

/// The endpoint with its watcher. The Secret's token is `token`.
struct Hooks {
    address: SocketAddr,
    actor: Addr<WebhookActor>,
    desk: Arc<Desk>,
}

impl Hooks {
    fn start(ward: &Ward, in_cluster: bool) -> Self {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let desk = Arc::<Desk>::default();
        desk.secrets.lock().unwrap().insert(secret("token").key.clone(), secret("token"));
        let watcher = Watcher(desk.clone()).start();
        let (secrets, resync, submit) = (Link::new(), Link::new(), Link::new());
        let reconcilers = Reconcilers { watcher: Link::new(), postponer: Link::new() };
        secrets.point_at(&watcher);
        reconcilers.watcher.point_at(&watcher);
        reconcilers.postponer.point_at(&watcher);
        resync.point_at(&watcher);
        submit.point_at(&watcher);
        let reports = Link::new();
        reports.point_at(&watcher);
        let action = if in_cluster { WebhookAction::Reconcile(reconcilers) } else { WebhookAction::Notify };
        let actor = WebhookActor::new(WebhookParts {
            open: Box::new(move || Ok(vec![socket.try_clone()?.into()])),
            config: IntakeConfig::default(),
            secrets,
            keys: Link::new(),
            action,
            router: submit,
            watcher: resync,
            reports,
            clock: Arc::new(StillClock(noon())),
            guard: ward.guard("webhooks"),
            watchdog: None,
            crashed: || panic!("the socket was not had"),
        });
        Self { address, actor: actor.start(), desk }
    }

    /// Tells of one Receiver that stands so, at the path of `token`.
    async fn tell(&self, spec: ReceiverSpec, state: ReceiverState) {
        let standing = ReceiverStanding { receiver: key(), state, paths: Arc::new([path()]) };
        let receivers = vec![Change::Applied(Arc::new(spec))];
        self.changes(Changes { initial: true, receivers, standings: vec![standing], ..Changes::default() })
            .await;
    }

    async fn changes(&self, changes: Changes) {
        self.actor.send(changes).await.unwrap();
    }

    async fn exchange(&self, request: &[u8]) -> Response {
        let mut client = Client::connect(self.address).await;
        client.send(request).await;
        client.response().await
    }

    async fn ask(&self, method: &str, target: &str, head: &str, body: &str) -> u16 {
        let length = body.len();
        let text =
            format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{head}\r\n{body}");
        self.exchange(text.as_bytes()).await.status
    }

    async fn post(&self, head: &str, body: &str) -> u16 {
        self.ask("POST", &path(), head, body).await
    }

    async fn snapshot(&self) -> WebhookSnapshot {
        self.actor.send(GetSnapshot::new()).await.unwrap()
    }
}

/// Runs `test` with an endpoint, in real time.
fn run(in_cluster: bool, test: impl AsyncFnOnce(Hooks)) {
    campanile_testkit::run(async |ward| {
        tokio::time::resume();
        test(Hooks::start(&ward, in_cluster)).await;
    });
}

#[test]
fn w01_w12_a_ready_receiver_answers_at_its_path_and_nothing_else_does() {
    run(true, async |hooks| {
        hooks.tell(receiver("generic"), ReceiverState::Ready).await;
        for method in ["POST", "GET", "PUT", "DELETE", "BREW"] {
            assert_eq!(hooks.ask(method, &path(), "", "").await, 200, "{method}");
        }
        for target in [
            format!("{}/", path()),
            format!("{}?x=1", path()),
            path().to_uppercase().replace("/HOOK", "/hook"),
            "/hook/".to_owned(),
        ] {
            assert_eq!(hooks.ask("POST", &target, "", "").await, 404, "{target}");
        }
        assert_eq!(hooks.ask("POST", "/", "", "").await, 404);
        assert_eq!(hooks.desk.reconciles.lock().unwrap().len(), 5);
    });
}

#[test]
fn s4_1_paths_are_redirected_and_what_is_elsewhere_says_so() {
    run(true, async |hooks| {
        hooks.tell(receiver("generic"), ReceiverState::Ready).await;
        for (target, location) in
            [("/hook".to_owned(), "/hook/".to_owned()), (format!("/{}", path()), path())]
        {
            let request = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
            let answer = hooks.exchange(request.as_bytes()).await;
            assert_eq!((answer.status, answer.header("Location")), (307, Some(location.as_str())));
            assert_eq!(answer.header("Content-Length"), Some("0"));
        }
        let answer = hooks.exchange(b"GET /else HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!((answer.status, answer.header("Content-Length")), (404, Some("19")));
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
    });
}

#[test]
fn w13_w14_a_receiver_that_is_not_ready_or_suspended_answers_503() {
    run(true, async |hooks| {
        for state in [ReceiverState::NotReady, ReceiverState::Suspended] {
            hooks.tell(receiver("generic"), state).await;
            assert_eq!(hooks.post("", "").await, 503, "{state:?}");
        }
        assert!(hooks.desk.reconciles.lock().unwrap().is_empty());
    });
}

#[test]
fn w11_w21_a_missing_secret_is_400_and_a_large_body_is_413_before_that() {
    run(true, async |hooks| {
        hooks.desk.secrets.lock().unwrap().clear();
        hooks.tell(receiver("generic"), ReceiverState::Ready).await;
        assert_eq!(hooks.post("", "").await, 400);
        let head =
            format!("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", path(), (3 << 20) + 1);
        assert_eq!(hooks.exchange(head.as_bytes()).await.status, 413);
        let unknown = head.replace(&path(), "/hook/unknown");
        assert_eq!(hooks.exchange(unknown.as_bytes()).await.status, 413);
    });
}

#[test]
fn w02_a_wrong_token_is_400_and_the_secret_is_read_once_until_it_changes() {
    run(true, async |hooks| {
        hooks.tell(receiver("gitlab"), ReceiverState::Ready).await;
        assert_eq!(hooks.post("X-Gitlab-Token: token\r\n", "").await, 200);
        assert_eq!(hooks.post("X-Gitlab-Token: Token\r\n", "").await, 400);
        assert_eq!(*hooks.desk.reads.lock().unwrap(), 1);
        let other = secret("other");
        hooks.desk.secrets.lock().unwrap().insert(other.key.clone(), other.clone());
        hooks.changes(Changes { secrets: vec![other.key.clone()], ..Changes::default() }).await;
        assert_eq!(hooks.post("X-Gitlab-Token: token\r\n", "").await, 400);
        assert_eq!(hooks.post("X-Gitlab-Token: other\r\n", "").await, 200);
        assert_eq!(*hooks.desk.reads.lock().unwrap(), 2);
    });
}

#[test]
fn s4_2_an_entry_that_fails_or_a_body_that_filters_cannot_read_is_500() {
    run(true, async |hooks| {
        hooks.tell(filtered("req.action == 'push'"), ReceiverState::Ready).await;
        let json = "Content-Type: application/json\r\n";
        let annotated = |annotated| Ok(Annotated { annotated, skipped: 0 });
        for (outcome, status) in [
            (annotated(1), 200),
            (annotated(0), 200),
            (Err(ReconcileError::Refused("not found".to_owned())), 500),
        ] {
            *hooks.desk.outcomes.lock().unwrap() = vec![outcome];
            assert_eq!(hooks.post(json, "{\"action\":\"push\"}").await, status);
        }
        assert_eq!(hooks.post(json, "[]").await, 500);
        assert_eq!(hooks.desk.reconciles.lock().unwrap().len(), 3);
    });
}

/// A Receiver with an entry for each of these names.
fn naming(names: &[&str]) -> ReceiverSpec {
    let entry = |name: &&str| ReceiverResource {
        name: (*name).to_owned(),
        filter: None,
        ..filtered("true").resources.remove(0)
    };
    ReceiverSpec { resources: names.iter().map(entry).collect(), ..receiver("generic") }
}

#[test]
fn issue_20_what_an_absent_api_server_does_not_take_is_stored_and_202_and_a_mix_with_a_refusal_is_500() {
    run(true, async |hooks| {
        hooks.tell(naming(&["a", "b"]), ReceiverState::Ready).await;
        let away = || Err(ReconcileError::Unavailable("it is away".to_owned()));
        let gone = || Err(ReconcileError::Refused("not found".to_owned()));
        let done = || Ok(Annotated { annotated: 1, skipped: 0 });
        let a = "GitRepository.source.toolkit.fluxcd.io/apps/a";
        let b = "GitRepository.source.toolkit.fluxcd.io/apps/b";
        let cases: [(Vec<EntryOutcome>, u16, &[&str]); 5] = [
            (vec![away(), away()], 202, &[a, b]),
            (vec![done(), away()], 202, &[b]),
            (vec![done(), done()], 200, &[]),
            (vec![away(), gone()], 500, &[]),
            (vec![gone(), away()], 500, &[]),
        ];
        for (outcomes, status, waiting) in cases {
            *hooks.desk.outcomes.lock().unwrap() = outcomes;
            assert_eq!(hooks.post("", "").await, status);
            let postponed = std::mem::take(&mut *hooks.desk.postponed.lock().unwrap());
            let names: Vec<&str> = postponed.iter().map(|one| one.resource.as_str()).collect();
            assert_eq!(names, waiting);
            assert!(postponed.iter().all(|one| one.receiver == key() && one.accepted_at == noon()));
        }
    });
}

#[test]
fn issue_20_what_is_put_off_is_stored_and_202_and_no_trouble_of_its_receiver() {
    run(true, async |hooks| {
        hooks.tell(naming(&["a", "b", "c"]), ReceiverState::Ready).await;
        let put_off = |millis| Err(ReconcileError::PutOff(Duration::from_millis(millis)));
        let away = || Err(ReconcileError::Unavailable("it is away".to_owned()));
        let done = || Ok(Annotated { annotated: 1, skipped: 0 });
        for (outcomes, waiting, after) in [
            (vec![put_off(300), done(), put_off(700)], 2, Some(Duration::from_millis(700))),
            (vec![put_off(300), away(), done()], 2, None),
        ] {
            *hooks.desk.outcomes.lock().unwrap() = outcomes;
            assert_eq!(hooks.post("", "").await, 202);
            assert_eq!(std::mem::take(&mut *hooks.desk.postponed.lock().unwrap()).len(), waiting);
            assert_eq!(*hooks.desk.after.lock().unwrap(), after);
        }
        *hooks.desk.outcomes.lock().unwrap() =
            vec![put_off(1), put_off(1), Err(ReconcileError::Refused("not found".to_owned()))];
        assert_eq!(hooks.post("", "").await, 500, "what is refused decides");
        assert!(hooks.desk.postponed.lock().unwrap().is_empty());
        let series = hooks.snapshot().await.requests;
        let counted = |outcome| series.iter().filter(|one| one.outcome == outcome).count();
        assert_eq!((counted(WebhookOutcome::PutOff), counted(WebhookOutcome::Postponed)), (1, 1));
    });
}

#[test]
fn issue_20_what_cannot_be_stored_either_is_503() {
    run(true, async |hooks| {
        hooks.tell(naming(&["a"]), ReceiverState::Ready).await;
        let away = || Err(ReconcileError::Unavailable("it is away".to_owned()));
        *hooks.desk.outcomes.lock().unwrap() = vec![away()];
        *hooks.desk.refusal.lock().unwrap() = Some(PostponeRefusal::Full("as many wait as may"));
        assert_eq!(hooks.post("", "").await, 503);
        // A filter that sees more than is stored.
        *hooks.desk.refusal.lock().unwrap() = None;
        hooks.tell(filtered("has(req.long)"), ReceiverState::Ready).await;
        let long = format!("{{\"long\": \"{}\"}}", "x".repeat(300 << 10));
        assert_eq!(hooks.post("Content-Type: application/json\r\n", &long).await, 503);
        assert_eq!(hooks.post("Content-Type: application/json\r\n", "{\"long\": 1}").await, 202);
        assert_eq!(hooks.desk.postponed.lock().unwrap().len(), 1);
    });
}

#[test]
fn issue_20_the_endpoint_opens_with_the_first_receiver() {
    run(true, async |hooks| {
        hooks.changes(Changes { initial: true, ..Changes::default() }).await;
        assert!(!hooks.snapshot().await.open);
        hooks.tell(receiver("generic"), ReceiverState::Ready).await;
        assert!(hooks.snapshot().await.open);
        assert_eq!(hooks.post("", "").await, 200);
        hooks.changes(Changes { receivers: vec![Change::Deleted(key())], ..Changes::default() }).await;
        assert_eq!(hooks.post("", "").await, 404);
        assert_eq!(*hooks.desk.resyncs.lock().unwrap(), 1);
    });
}

#[test]
fn issue_20_without_a_cluster_a_webhook_becomes_an_event() {
    run(false, async |hooks| {
        hooks.tell(receiver("gitlab"), ReceiverState::Ready).await;
        let head = "X-Gitlab-Token: token\r\nX-Gitlab-Event: Push Hook\r\n";
        assert_eq!(hooks.post(head, "{\"checkout_sha\":\"abc\"}").await, 200);
        assert_eq!(hooks.post("X-Gitlab-Token: no\r\n", "").await, 400);
        let events = hooks.desk.events.lock().unwrap();
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!(event.involved_object.path(), "Receiver/apps/hook");
        assert_eq!((event.reason.as_str(), event.severity.as_str()), ("WebhookReceived", "info"));
        let metadata = |name| event.group_metadata(name);
        assert_eq!(
            (metadata("host"), metadata("event"), metadata("revision")),
            (Some("gitlab"), Some("Push Hook"), Some("abc"))
        );
        assert!(hooks.desk.reconciles.lock().unwrap().is_empty());
    });
}

#[test]
fn issue_20_in_a_cluster_a_webhook_becomes_an_event_only_where_the_receiver_asks_for_it() {
    run(true, async |hooks| {
        hooks.tell(receiver("generic"), ReceiverState::Ready).await;
        assert_eq!(hooks.post("", "").await, 200);
        assert!(hooks.desk.events.lock().unwrap().is_empty());
        hooks.tell(ReceiverSpec { notify: true, ..receiver("generic") }, ReceiverState::Ready).await;
        assert_eq!(hooks.post("", "").await, 200);
        assert_eq!(
            (hooks.desk.events.lock().unwrap().len(), hooks.desk.reconciles.lock().unwrap().len()),
            (1, 2)
        );
    });
}

#[test]
fn issue_20_requests_are_counted_by_outcome_and_never_by_path() {
    run(true, async |hooks| {
        hooks.tell(receiver("gitlab"), ReceiverState::Ready).await;
        assert_eq!(hooks.post("X-Gitlab-Token: token\r\n", "").await, 200);
        assert_eq!(hooks.post("X-Gitlab-Token: wrong\r\n", "").await, 400);
        let seen: Vec<_> = hooks
            .snapshot()
            .await
            .requests
            .iter()
            .map(|one| (one.path.clone(), one.status, one.count()))
            .collect();
        assert_eq!(seen, [("/hook/".to_owned(), 200, 1), ("/hook/".to_owned(), 400, 1)]);
    });
}

#[test]
fn issue_20_before_the_receivers_are_known_the_answer_is_500() {
    run(true, async |hooks| {
        let standing =
            ReceiverStanding { receiver: key(), state: ReceiverState::Ready, paths: Arc::new([path()]) };
        let receivers = vec![Change::Applied(Arc::new(receiver("generic")))];
        hooks.changes(Changes { receivers, standings: vec![standing], ..Changes::default() }).await;
        assert_eq!(hooks.post("", "").await, 500);
    });
}
