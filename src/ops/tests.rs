//! The operations API of a real instance, with a destination that answers as it is told.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, to};
use actix_web::{HttpResponse, HttpServer};
use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::App;
use crate::cli::RunFlags;

const EVENT: &str = r#"{"involvedObject": {"kind": "Kustomization", "namespace": "apps", "name": "web"},
    "severity": "error", "reason": "BuildFailed", "message": "no such file"}"#;

/// A Slack Provider whose webhook is a secret, an Alert for it, and a Provider that is switched off.
fn manifests(destination: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Secret
metadata: {{ name: url, namespace: apps }}
stringData: {{ address: 'http://{destination}/services/hunter22' }}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {{ name: chat, namespace: apps }}
spec: {{ type: generic, secretRef: {{ name: url }} }}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {{ name: quiet, namespace: apps }}
spec: {{ type: generic, suspend: true, address: 'http://{destination}/' }}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {{ name: on-call, namespace: apps }}
spec:
  providerRef: {{ name: chat }}
  eventSources: [{{ kind: Kustomization, name: '*' }}]
"
    )
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    run: RunFlags,
}

fn flags(folder: &Path) -> RunFlags {
    let free = "127.0.0.1:0";
    let path = |name: &str| folder.join(name).display().to_string();
    let (manifests, state) = (path("manifests"), path("state"));
    let words = ["campanile", "--manifests", &manifests, "--state-dir", &state, "--metrics-addr", "0"];
    let addresses = ["--events-addr", free, "--health-addr", free, "--admin-addr", free];
    Flags::try_parse_from(words.iter().chain(&addresses)).unwrap().run
}

/// A running instance.
struct Instance {
    app: App,
    /// What the destination answers.
    status: Arc<AtomicU16>,
    _folder: TempDir,
}

impl Instance {
    async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let destination = serve(&status);
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("manifests")).unwrap();
        std::fs::write(folder.path().join("manifests/all.yaml"), manifests(&destination)).unwrap();
        let app = App::start(&flags(folder.path()).config()).await.unwrap();
        let instance = Self { app, status, _folder: folder };
        // The dispatcher hears of the Providers after the watcher has them.
        eventually(async || instance.state().await["delivery"]["providers"] == 2).await;
        instance
    }

    async fn post(&self, path: &str, kind: &str, body: &str) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.app.addresses.admin);
        let request = awc::Client::default().post(url).content_type(kind);
        let mut response = request.send_body(body.to_owned()).await.unwrap();
        let answer = response.json().limit(1 << 20).await.unwrap();
        (response.status(), answer)
    }

    async fn json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.post(path, "application/json", &body.to_string()).await
    }

    async fn state(&self) -> Value {
        let url = format!("http://{}/v1/state", self.app.addresses.admin);
        awc::Client::default().get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn dead(&self) -> Vec<Value> {
        let url = format!("http://{}/v1/deliveries?dead=true", self.app.addresses.admin);
        let answer: Value = awc::Client::default().get(url).send().await.unwrap().json().await.unwrap();
        answer["items"].as_array().unwrap().clone()
    }
}

/// A destination on a free port; its address.
fn serve(status: &Arc<AtomicU16>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let status = Data::new(status.clone());
    let answer = |status: Data<Arc<AtomicU16>>| async move {
        let status = StatusCode::from_u16(status.load(Relaxed)).unwrap();
        HttpResponse::build(status).body("hunter22 was here")
    };
    let app = move || actix_web::App::new().app_data(status.clone()).default_service(to(answer));
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    actix_rt::spawn(server);
    address
}

async fn eventually(condition: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never happened");
}

fn run(test: impl AsyncFnOnce(&Instance)) {
    actix_rt::System::new().block_on(async {
        let instance = Instance::start().await;
        test(&instance).await;
        instance.app.stop().await;
    });
}

fn error(answer: &Value) -> &str {
    answer["error"].as_str().unwrap()
}

#[test]
fn standalone_a_running_instance_explains_by_the_objects_in_force() {
    run(async |instance| {
        eventually(async || {
            instance.post("/v1/explain", "application/json", EVENT).await.0 == StatusCode::OK
        })
        .await;
        let (status, answer) = instance.post("/v1/explain", "application/json", EVENT).await;
        assert_eq!((status, &answer["alerts"][0]["result"]), (StatusCode::OK, &json!("delivers")));
        assert_eq!(answer["alerts"][0]["requests"][0]["body"]["message"], "no such file");
        assert!(!answer.to_string().contains("hunter22"), "{answer}");
        let (status, answer) = instance.json("/v1/explain", &json!([])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(error(&answer).starts_with("read the event: wrong value"), "{answer}");
        let (status, answer) = instance.post("/v1/explain?alert=apps/none", "application/json", EVENT).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(error(&answer).contains("'apps/none'"), "{answer}");
        let (status, _) = instance.post("/v1/explain?alert=none", "application/json", EVENT).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn standalone_what_is_posted_is_bounded_and_said_to_be_json() {
    run(async |instance| {
        let (status, answer) = instance.post("/v1/send", "text/plain", r#"{"provider":"apps/chat"}"#).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(error(&answer).contains("Content-Type: application/json"), "{answer}");
        let large = " ".repeat((3 << 20) + 1);
        let (status, _) = instance.post("/v1/explain", "application/json", &large).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        let huge = " ".repeat((4 << 20) + 1);
        let (status, answer) = instance.post("/v1/redrive", "application/json", &huge).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(error(&answer).contains("longer than"), "{answer}");
    });
}

#[test]
fn standalone_a_test_notification_tells_what_the_destination_answers() {
    run(async |instance| {
        let wanted = json!({"provider": "apps/chat", "severity": "error"});
        let (status, answer) = instance.json("/v1/send", &wanted).await;
        assert_eq!((status, &answer["result"]), (StatusCode::OK, &json!("delivered")));
        assert_eq!(answer["answer"], json!({"status": 200, "excerpt": "***** was here"}));
        instance.status.store(403, Relaxed);
        let (status, answer) = instance.json("/v1/send", &wanted).await;
        assert_eq!((status, &answer["result"]), (StatusCode::OK, &json!("failed")));
        assert_eq!(answer["failure"]["class"], "credentials");
        assert_eq!(answer["answer"]["status"], 403);
        assert!(!answer.to_string().contains("hunter22"), "{answer}");
    });
}

#[test]
fn standalone_a_test_that_can_not_be_made_is_refused_with_the_remedy() {
    run(async |instance| {
        let (status, answer) = instance.json("/v1/send", &json!({"provider": "apps/none"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
        let (status, answer) = instance.json("/v1/send", &json!({"provider": "apps/quiet"})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(error(&answer).contains("suspended"), "{answer}");
        let (status, answer) = instance.json("/v1/send", &json!({"provider": "chat"})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(error(&answer).contains("NAMESPACE/NAME"), "{answer}");
        let odd = json!({"provider": "apps/chat", "severity": "loud"});
        let (status, answer) = instance.json("/v1/send", &odd).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(error(&answer).contains("loud"), "{answer}");
    });
}

#[test]
fn standalone_dead_letters_are_put_back_and_arrive() {
    run(async |instance| {
        instance.status.store(400, Relaxed);
        let url = format!("http://{}/", instance.app.addresses.events.expect("it listens"));
        let accepted = awc::Client::default().post(url).send_body(EVENT).await.unwrap();
        assert_eq!(accepted.status(), StatusCode::ACCEPTED);
        eventually(async || !instance.dead().await.is_empty()).await;
        let id = instance.dead().await[0]["id"].clone();
        let (status, answer) = instance.json("/v1/redrive", &json!({"ids": ["987"]})).await;
        assert_eq!((status, &answer["redriven"]), (StatusCode::OK, &json!(0)));
        assert_eq!(answer["refused"][0]["id"], "987");
        instance.status.store(200, Relaxed);
        let (status, answer) = instance.json("/v1/redrive", &json!({"provider": "apps/chat"})).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({"redriven": 1, "refused": []})), "{id}");
        let empty = json!({"pending": 0, "parked": 0, "dead": 0, "bytes": 0});
        eventually(async || instance.state().await["outbox"]["total"] == empty).await;
        assert!(instance.dead().await.is_empty());
        for wrong in
            [json!({}), json!({"ids": ["1"], "provider": "apps/chat"}), json!({"ids": [1]}), json!({"id": 1})]
        {
            let (status, answer) = instance.json("/v1/redrive", &wrong).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        }
    });
}
