//! Topics of Pub/Sub by credentials that a Secret holds (contract, providers 23.8).

use serde_json::{Value, json};
use tempfile::TempDir;

use super::credentials::{GOOGLE, federated, user};
use super::{form, line, value};
use crate::support::{Authority, Instance, Sink, Site, Tunnel, event, everything_from, provider, secret};

/// Google on loopback, which gives tokens and takes what is published, for an instance that trusts it.
struct Clouds {
    cloud: Sink,
    tunnel: Tunnel,
    folder: TempDir,
}

impl Clouds {
    fn new() -> Self {
        let (authority, folder) = (Authority::named("clouds"), TempDir::new().unwrap());
        std::fs::write(folder.path().join("trusted.pem"), &authority.pem).unwrap();
        let cloud = Sink::start_tls(authority.sign_all(GOOGLE).server(None));
        cloud.think(|arrival| match arrival.path.ends_with(":publish") {
            true => (200, r#"{"messageIds":["1"]}"#.to_owned()),
            false => (200, json!({ "access_token": "ya29.given", "expires_in": 3600 }).to_string()),
        });
        Self { tunnel: Tunnel::to(cloud.address), cloud, folder }
    }

    /// A topic by the credential of this Secret.
    fn topic(&self, secret: &str) -> Value {
        let (name, proxy) = (json!({ "name": secret }), json!({ "name": "proxy" }));
        json!({ "address": "project", "channel": "flux", "secretRef": name, "proxySecretRef": proxy })
    }

    fn proxy(&self) -> Value {
        secret("proxy", json!({ "address": self.tunnel.url() }))
    }

    fn start(&self, site: &Site) -> Instance {
        let trusted = self.folder.path().join("trusted.pem");
        let surroundings = [("SSL_CERT_FILE", trusted.as_os_str())];
        Instance::start_in(&surroundings, &site.manifests(), &site.state(), &[])
    }
}

#[test]
fn s23_8_a_topic_takes_events_by_a_users_login_which_says_who_pays() {
    let stage = Clouds::new();
    let spec = stage.topic("login");
    let site = Site::with(&[
        provider("topic", "googlepubsub", spec),
        everything_from("topic"),
        secret("login", json!({ "token": user().to_string() })),
        stage.proxy(),
    ]);
    let instance = stage.start(&site);
    instance.accept(&event("web", "first"));
    stage.cloud.wait_for(2);
    instance.accept(&event("web", "second"));
    let arrivals = stage.cloud.wait_for(3);
    assert_eq!(line(&arrivals[0]), "POST oauth2.googleapis.com/token");
    assert_eq!(arrivals[0].header("x-goog-user-project"), None);
    for arrival in &arrivals[1..] {
        assert_eq!(line(arrival), "POST pubsub.googleapis.com/v1/projects/project/topics/flux:publish");
        assert_eq!(arrival.header("authorization"), Some("Bearer ya29.given"));
        assert_eq!(arrival.header("x-goog-user-project"), Some("payer"));
    }
    assert_eq!(instance.settle()["delivery"]["delivered"], 2);
}

#[test]
fn s23_8_a_topic_takes_events_by_a_secrets_federation_and_its_status_says_what_is_wrong() {
    let stage = Clouds::new();
    let token = stage.folder.path().join("token");
    let config = federated(&json!({ "file": token }));
    let mut foreign = config.clone();
    foreign["token_url"] = "https://evil.example/".into();
    let objects = |revision: &str| {
        [
            provider("topic", "googlepubsub", stage.topic("federated")),
            provider("wrong", "googlepubsub", stage.topic("foreign")),
            everything_from("topic"),
            secret("federated", json!({ "token": config.to_string(), "revision": revision })),
            secret("foreign", json!({ "token": foreign.to_string() })),
            stage.proxy(),
        ]
    };
    let site = Site::with(&objects("1"));
    let instance = stage.start(&site);
    let message = |name: &str, of: usize| {
        let row = instance.row("providers", name, |row| row["conditions"][of]["status"] == "False");
        row["conditions"][of]["message"].as_str().unwrap().to_owned()
    };
    let text = message("wrong", 0);
    assert!(
        text.contains("key 'token' of the Secret has a 'token_url' that does not lead to googleapis.com"),
        "{text}"
    );
    instance.accept(&event("web", "before the file is there"));
    let text = message("topic", 1);
    assert!(text.contains("failed to get token: read ") && text.contains("mount it"), "{text}");
    std::fs::write(&token, "eyJ.of-the-pod").unwrap();
    // What waits for a human goes on when somebody has touched what it is made of.
    site.apply("objects.yaml", &objects("2"));
    let arrivals = stage.cloud.wait_for(2);
    assert_eq!(value(&form(&arrivals[0]), "subject_token"), "eyJ.of-the-pod");
    assert_eq!(line(&arrivals[1]), "POST pubsub.googleapis.com/v1/projects/project/topics/flux:publish");
    assert_eq!(arrivals[1].header("authorization"), Some("Bearer ya29.given"));
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
}
