//! Against an API server that is a function.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use campanile_domain::{ObjectKey, Secret};
use campanile_receivers::{Receiver, Unverified, Verification, verify};
use campanile_testkit::{Ward, run};
use http::{Request, Response};
use kube::client::Body;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::*;

/// What the API server is asked, and how it answers.
#[derive(Clone)]
struct Server(Arc<State>);

/// What a request of that method and path is answered.
type Answering = Box<dyn Fn(&str, &str) -> (u16, Json) + Send + Sync>;

struct State {
    answer: Answering,
    asked: Mutex<Vec<String>>,
    /// How many patches may be answered.
    patches: Semaphore,
}

impl Server {
    /// A server of GitRepositories in `source.toolkit.fluxcd.io/v1`, which answers `answer` about them.
    fn new(answer: impl Fn(&str, &str) -> (u16, Json) + Send + Sync + 'static) -> Self {
        let (asked, patches) = (Mutex::default(), Semaphore::new(Semaphore::MAX_PERMITS));
        Self(Arc::new(State { answer: Box::new(answer), asked, patches }))
    }

    fn client(&self) -> Client {
        Client::new(self.clone(), "default")
    }

    /// Requests about objects, as method and the end of the path.
    fn asked(&self) -> Vec<String> {
        let all = self.0.asked.lock();
        all.iter().filter(|one| one.contains("/namespaces/")).cloned().collect()
    }

    fn patched(&self) -> usize {
        self.asked().iter().filter(|one| one.starts_with("PATCH")).count()
    }

    fn answer(&self, method: &str, path: &str) -> (u16, Json) {
        match path {
            "/apis" => {
                let v1 = json!({"groupVersion": "source.toolkit.fluxcd.io/v1", "version": "v1"});
                let group = json!({"name": "source.toolkit.fluxcd.io", "versions": [v1]});
                (200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}))
            }
            "/apis/source.toolkit.fluxcd.io/v1" => {
                let kind = |name: &str| json!({"name": name, "kind": "GitRepository", "namespaced": true, "singularName": "", "verbs": []});
                let resources = [kind("gitrepositories/status"), kind("gitrepositories")];
                (200, json!({"groupVersion": "source.toolkit.fluxcd.io/v1", "resources": resources}))
            }
            _ if !path.contains("/namespaces/") => status(404, "not served"),
            _ => (self.0.answer)(method, path),
        }
    }
}

fn status(code: u16, message: &str) -> (u16, Json) {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": "R", "code": code}),
    )
}

/// The metadata of an object with this annotation.
fn object(name: &str, image: &str) -> Json {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"name": name, "namespace": "apps", "annotations": {"update-image": image}},
    })
}

impl tower::Service<Request<Body>> for Server {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (server, method, uri) = (self.clone(), request.method().to_string(), request.uri().clone());
        Box::pin(async move {
            server.0.asked.lock().push(format!("{method} {uri}"));
            if method == "PATCH" {
                server.0.patches.acquire().await.unwrap().forget();
            }
            let (code, answer) = server.answer(&method, uri.path());
            let body = Body::from(answer.to_string().into_bytes());
            Ok(Response::builder().status(code).body(body).unwrap())
        })
    }
}

fn entry(name: &str) -> ReceiverResource {
    ReceiverResource {
        api_version: None,
        kind: "GitRepository".to_owned(),
        name: name.to_owned(),
        namespace: None,
        match_labels: None,
        filter: None,
    }
}

fn with_labels(labels: &[(&str, &str)]) -> ReceiverResource {
    let labels: BTreeMap<_, _> = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    ReceiverResource { match_labels: Some(labels), ..entry("*") }
}

/// What a verified request with this body asks of these entries.
fn request(resources: Vec<ReceiverResource>, body: &str) -> RequestReconciles {
    let spec = ReceiverSpec {
        key: ObjectKey::new("apps", "hook"),
        uid: "u".into(),
        generation: 1,
        type_name: "generic".to_owned(),
        interval: None,
        events: Vec::new(),
        resources,
        resource_filter: None,
        secret_ref: Some("token".to_owned()),
        oidc_providers: Vec::new(),
        suspend: false,
        notify: false,
    };
    let data = BTreeMap::from([("token".to_owned(), b"token".to_vec())]);
    let secret = Secret { key: ObjectKey::new("apps", "token"), type_name: String::new(), data };
    let receiver = Arc::new(Receiver::compile(Arc::new(spec)).unwrap());
    let fields = [("Content-Type".to_owned(), b"application/json".to_vec())];
    let unverified = Unverified::new(fields, body.as_bytes().to_vec());
    let Verification::Verified(verified) = verify(&receiver, Some(&secret), unverified) else {
        panic!("it is")
    };
    let selection = Arc::new(verified.select().unwrap());
    RequestReconciles {
        selection,
        at: campanile_testkit::noon(),
        patience: Duration::from_secs(5),
        may_wait: true,
    }
}

fn annotator(ward: &Ward) -> Arc<Annotator> {
    Arc::new(Annotator::new(ward.clock.clone(), false))
}

/// The outcome of one entry.
async fn outcome(ward: &Ward, server: &Server, entry: ReceiverResource, body: &str) -> EntryOutcome {
    annotator(ward).request(Some(server.client()), request(vec![entry], body)).await.remove(0)
}

fn refused(text: &str) -> EntryOutcome {
    Err(ReconcileError::Refused(text.to_owned()))
}

const ONE: EntryOutcome = Ok(Annotated { annotated: 1, skipped: 0 });

const OBJECTS: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/gitrepositories";

#[test]
fn w18_w22_a_named_resource_is_patched_without_being_read_and_its_labels_are_ignored() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        let labelled =
            ReceiverResource { match_labels: with_labels(&[("a", "b")]).match_labels, ..entry("app") };
        assert_eq!(outcome(&ward, &server, labelled, "{}").await, ONE);
        assert_eq!(server.asked(), [format!("PATCH {OBJECTS}/app?&fieldManager=notification-controller")]);
    });
}

#[test]
fn issue_20_a_kind_is_found_in_another_version_of_its_group() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        let old = |api_version: &str| ReceiverResource {
            api_version: Some(api_version.to_owned()),
            ..entry("app")
        };
        assert_eq!(outcome(&ward, &server, old("source.toolkit.fluxcd.io/v1beta2"), "").await, ONE);
        assert!(server.asked()[0].starts_with(&format!("PATCH {OBJECTS}/app")), "{:?}", server.asked());
        let text = "unable to read GitRepository \"apps/app\" error: the API server serves no GitRepository in other.io/v1 or \
                    another version of its group";
        assert_eq!(outcome(&ward, &server, old("other.io/v1"), "").await, refused(text));
    });
}

#[test]
fn w15_w19_w20_an_entry_that_cannot_be_meant_is_refused_and_the_others_go_on() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        let kustomization = ReceiverResource { kind: "Kustomization".to_owned(), ..entry("app") };
        let elsewhere = ReceiverResource { namespace: Some("other".to_owned()), ..entry("app") };
        let strict = Arc::new(Annotator::new(ward.clock.clone(), true));
        let entries = vec![kustomization, entry("*"), elsewhere, entry("app")];
        let outcomes = strict.request(Some(server.client()), request(entries, "")).await;
        let wanted = [
            refused("apiVersion must be specified for kind \"Kustomization\""),
            refused("matchLabels field not set when using wildcard '*' as name"),
            refused("cross-namespace references are not allowed"),
            ONE,
        ];
        assert_eq!(outcomes, wanted);
        assert_eq!(server.patched(), 1);
    });
}

#[test]
fn w16_what_is_not_there_or_forbidden_is_refused_and_what_may_pass_is_not() {
    run(async |ward| {
        for (code, passes) in
            [(404, false), (403, false), (422, false), (429, true), (500, true), (503, true), (401, true)]
        {
            let server = Server::new(move |_, _| status(code, "no"));
            let text = "failed to annotate resource: 'GitRepository/app.apps': unable to annotate GitRepository \"apps/app\" \
                        error: no";
            let wanted = match passes {
                true => Err(ReconcileError::Unavailable(text.to_owned())),
                false => refused(text),
            };
            assert_eq!(outcome(&ward, &server, entry("app"), "").await, wanted, "{code}");
        }
    });
}

#[test]
fn w17_f01_of_the_objects_that_labels_select_those_are_annotated_that_the_filter_takes() {
    run(async |ward| {
        let server = Server::new(|method, _| {
            let items = [object("a", "app"), object("b", "other"), object("c", "app")];
            let list = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": items});
            (200, if method == "GET" { list } else { object("a", "") })
        });
        let filter = "req.tag.split('/').last().value() == res.metadata.annotations['update-image'] && \
                      res.kind == 'GitRepository' && res.apiVersion == 'source.toolkit.fluxcd.io/v1'";
        let all =
            ReceiverResource { filter: Some(filter.to_owned()), ..with_labels(&[("team", "a"), ("x", "y")]) };
        let found = outcome(&ward, &server, all, "{\"tag\": \"registry/app\"}").await;
        assert_eq!(found, Ok(Annotated { annotated: 2, skipped: 1 }));
        let asked = server.asked();
        assert!(asked[0].contains("labelSelector=team%3Da%2Cx%3Dy"), "{asked:?}");
        assert_eq!(asked.len(), 3, "{asked:?}");
    });
}

#[test]
fn w17_labels_that_select_nothing_are_a_success() {
    run(async |ward| {
        let list = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": []});
        let server = Server::new(move |_, _| (200, list.clone()));
        assert_eq!(outcome(&ward, &server, with_labels(&[]), "").await, Ok(Annotated::default()));
    });
}

#[test]
fn f02_f15_a_filter_leaves_a_named_resource_alone_and_one_without_a_value_refuses_it() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "other")));
        let filtered = |filter: &str| ReceiverResource { filter: Some(filter.to_owned()), ..entry("app") };
        let left =
            outcome(&ward, &server, filtered("res.metadata.annotations['update-image'] == 'app'"), "{}")
                .await;
        assert_eq!(left, Ok(Annotated { annotated: 0, skipped: 1 }));
        let Err(ReconcileError::Refused(text)) =
            outcome(&ward, &server, filtered("res.name == 'app'"), "{}").await
        else {
            panic!("it has no value")
        };
        assert!(text.contains("no such key: name"), "{text}");
        assert_eq!(server.patched(), 0);
    });
}

#[test]
fn issue_20_requests_that_come_while_a_patch_is_under_way_share_the_next() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        server.0.patches.forget_permits(usize::MAX);
        let annotator = annotator(&ward);
        let ask = || {
            let (annotator, client) = (annotator.clone(), server.client());
            actix_rt::spawn(annotator.request(Some(client), request(vec![entry("app")], "")))
        };
        let first = ask();
        while server.patched() == 0 {
            tokio::task::yield_now().await;
        }
        let others = [ask(), ask(), ask()];
        let target_waits = || annotator.patches.waiting_for_next() == 3;
        while !target_waits() {
            tokio::task::yield_now().await;
        }
        server.0.patches.add_permits(2);
        assert_eq!(first.await.unwrap(), [ONE]);
        for other in others {
            assert_eq!(other.await.unwrap(), [ONE]);
        }
        assert_eq!(server.patched(), 2);
    });
}

#[test]
fn issue_20_a_server_that_does_not_answer_is_given_up_in_time_and_may_be_tried_later() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        server.0.patches.forget_permits(usize::MAX);
        let request =
            RequestReconciles { patience: Duration::from_millis(10), ..request(vec![entry("app")], "") };
        let outcomes = annotator(&ward).request(Some(server.client()), request).await;
        assert!(matches!(outcomes.as_slice(), [Err(ReconcileError::Unavailable(_))]), "{outcomes:?}");
    });
}

/// Whether all entries are put off, and nothing else happened to them.
fn are_put_off(outcomes: &[EntryOutcome]) -> bool {
    outcomes.iter().all(|outcome| matches!(outcome, Err(ReconcileError::PutOff(_))))
}

#[test]
fn issue_20_webhooks_that_come_faster_than_their_resource_is_annotated_are_put_off() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        let annotator = annotator(&ward);
        let ask = |may_wait: bool| {
            let request = RequestReconciles { may_wait, ..request(vec![entry("app")], "") };
            annotator.clone().request(Some(server.client()), request)
        };
        let mut at_once = 0;
        while !are_put_off(&ask(true).await) {
            at_once += 1;
        }
        assert_eq!((at_once, server.patched()), (20, 20), "hosts send several events about one change");
        assert_eq!(ask(false).await, [ONE], "one that waited already is not put off again");
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(ask(true).await, [ONE]);
    });
}

#[test]
fn issue_20_one_that_is_refused_is_told_so_however_often_it_is_asked() {
    run(async |ward| {
        let server = Server::new(|_, _| status(404, "no"));
        let annotator = annotator(&ward);
        for _ in 0..50 {
            let outcomes =
                annotator.clone().request(Some(server.client()), request(vec![entry("app")], "")).await;
            assert!(matches!(outcomes.as_slice(), [Err(ReconcileError::Refused(_))]), "{outcomes:?}");
        }
    });
}

#[test]
fn issue_20_in_a_crowd_webhooks_are_put_off_and_each_resource_keeps_its_pace() {
    run(async |ward| {
        let server = Server::new(|_, _| (200, object("app", "")));
        server.0.patches.forget_permits(usize::MAX);
        let annotator = annotator(&ward);
        let ask = |name: &str| {
            let request = request(vec![entry(name)], "");
            actix_rt::spawn(annotator.clone().request(Some(server.client()), request))
        };
        let first: Vec<_> = (0..REQUESTS).map(|number| ask(&format!("app-{number}"))).collect();
        while server.patched() < REQUESTS {
            tokio::task::yield_now().await;
        }
        assert!(are_put_off(&ask("other").await.unwrap()), "as many are acted on as may");
        server.0.patches.add_permits(Semaphore::MAX_PERMITS >> 1);
        for one in first {
            assert_eq!(one.await.unwrap(), [ONE]);
        }
        assert!(are_put_off(&ask("app-0").await.unwrap()), "it was annotated a moment ago");
        assert_eq!(ask("other").await.unwrap(), [ONE], "and this one was not");
    });
}
