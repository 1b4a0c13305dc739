//! Senders of events and their tokens, reviewed by a real API server, under exactly the roles that are shipped (issue 17).

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster_identity::stage::{CONTROLLER, grant};
use crate::intake_tls::{self, Files, HOST, KUSTOMIZE};
use crate::support::{
    Answer, Authority, Fault, Gate, Instance, Namespace, Passed, event, eventually, get, object, post_with,
    sum,
};

const COMPONENT: &str = "deploy/event-auth";

const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

const TOKENS: [&str; 2] = ["--event-auth=enforced", "--event-auth-tokens-only"];

/// A namespace with the program's account, and an account `web` that posts.
struct Stage {
    namespace: Namespace,
    gate: Gate,
    /// Roles and bindings.
    granted: Vec<Value>,
    state: TempDir,
}

impl Stage {
    fn new(name: &str, components: &[&str]) -> Self {
        let namespace = Namespace::new(name);
        let granted = grant(&namespace, components);
        namespace.apply(object("v1", "ServiceAccount", "web", json!({})));
        let gate = Gate::before(&namespace.cluster, Some(&namespace.token(CONTROLLER)));
        let state = TempDir::with_prefix("campanile-senders-").expect("a folder");
        Self { namespace, gate, granted, state }
    }

    fn start(&self, flags: &[&str]) -> Instance {
        let only = Some(self.namespace.name.as_str());
        Instance::in_cluster(&self.gate.kubeconfig(), only, self.state.path(), flags).loaded()
    }

    /// A new token for the program.
    fn token(&self, account: &str) -> String {
        self.namespace.token_for(account, "campanile")
    }

    /// The binding to the role for reviews.
    fn binding(&self) -> &Value {
        let is_ours = |object: &&Value| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            object["kind"] == "ClusterRoleBinding" && name.contains("event-auth")
        };
        self.granted.iter().find(is_ours).expect("the component has a binding")
    }

    fn binding_path(&self) -> String {
        let name = self.binding()["metadata"]["name"].as_str().expect("a name").to_owned();
        format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}")
    }

    /// Posts an event about an object here.
    fn own(&self, instance: &Instance, token: &str) -> Answer {
        post(instance, token, &self.namespace.name)
    }

    fn reviews(&self) -> Vec<Passed> {
        self.gate.passed().into_iter().filter(|passed| passed.path.starts_with(REVIEWS)).collect()
    }
}

fn login(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") }
}

/// Posts an event until the API server has answered for its sender, which a busy machine may take long for.
fn settled(instance: &Instance, token: &str, namespace: &str) -> Answer {
    eventually("a review", || Some(post(instance, token, namespace)).filter(|answer| answer.status != 503))
}

/// Posts an event that nobody posted before.
fn post(instance: &Instance, token: &str, namespace: &str) -> Answer {
    let mut event = event("app", &format!("message {}", fastrand::u64(..)));
    event["involvedObject"]["namespace"] = namespace.into();
    post_with(&login(token), instance.events, event.to_string().as_bytes()).expect("the endpoint answers")
}

/// The token with another signature.
fn forge(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').expect("it is a JWT");
    let other: String = signature.chars().rev().collect();
    format!("{claims}.{other}")
}

#[test]
fn cluster_senders_issue_17_accounts_speak_of_their_own_namespace_and_controllers_of_all() {
    let stage = Stage::new("senders", &[COMPONENT]);
    let name = stage.namespace.name.as_str();
    stage.namespace.apply(object("v1", "ServiceAccount", "flux", json!({})));
    stage.namespace.apply(object("v1", "ServiceAccount", "gone", json!({})));
    let controllers = format!("--event-auth-controllers={name}/flux,flux-system/source-controller");
    let instance = stage.start(&[&TOKENS[..], &[&controllers]].concat());
    let (web, flux, gone) = (stage.token("web"), stage.token("flux"), stage.token("gone"));
    let account = format!("{}/gone", stage.namespace.all("v1", "serviceaccounts"));
    stage.namespace.cluster.must("DELETE", &account, &Value::Null);

    assert_eq!(settled(&instance, &web, name).status, 202);
    for foreign in ["flux-system", "default", ""] {
        let answer = settled(&instance, &web, foreign);
        assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{foreign}");
    }
    for any in [name, "flux-system", ""] {
        assert_eq!(settled(&instance, &flux, any).status, 202, "{any}");
    }
    let (for_api_server, for_other) =
        (stage.namespace.token("web"), stage.namespace.token_for("web", "somebody-else"));
    for (token, what) in [
        ("", "no token"),
        (&*for_api_server, "for the API server"),
        (&*for_other, "for somebody else"),
        (&*gone, "of an account that is gone"),
        (&*forge(&web), "a forged signature"),
        ("a.b.c", "no token at all"),
    ] {
        let answer = settled(&instance, token, name);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{what}");
    }
    // Seven tokens and the trial of the start, each under the right that was granted, which is no more than this.
    let reviews = stage.reviews();
    assert!(reviews.len() >= 8 && reviews.iter().all(|review| review.method == "POST"), "{reviews:?}");
    assert!(stage.gate.passed().iter().all(|passed| passed.status != Some(403)), "{:?}", stage.gate.passed());
    let is_role = |object: &&Value| object["kind"] == "ClusterRole";
    let rules: Vec<&Value> = stage.granted.iter().filter(is_role).map(|role| &role["rules"]).collect();
    let create =
        json!([{"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}]);
    assert_eq!(rules, [&create]);
    let log = instance.log().join("\n");
    let refused = format!(r#""account":"{name}/web""#);
    assert!(log.contains(&refused) && log.contains("speaks of its own namespace alone"), "{log}");
    for token in [&web, &flux, &gone, &for_api_server, &for_other] {
        assert!(token.split('.').skip(1).all(|part| !log.contains(part)), "a token in the log");
    }
}

#[test]
fn cluster_senders_issue_17_without_the_right_new_tokens_are_503_and_it_is_said() {
    let stage = Stage::new("unreviewed", &[COMPONENT]);
    let (path, binding) = (stage.binding_path(), stage.binding().clone());
    stage.namespace.cluster.must("DELETE", &path, &Value::Null);
    let instance = stage.start(&TOKENS);
    // Before any sender came.
    instance.wait_for_log("failed to review the tokens of senders");
    instance.wait_for_log("grant it with deploy/event-auth");
    eventually("the check to fail", || {
        get(instance.health, "/readyz/objects").ok().filter(|answer| answer.status == 500)
    });
    let problems = instance.ask("/v1/objects")["problems"].to_string();
    assert!(problems.contains("grant it with deploy/event-auth"), "{problems}");
    let known = stage.token("web");
    let answer = stage.own(&instance, &known);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));

    stage.namespace.cluster.apply(&binding);
    eventually("the right to take effect", || (stage.own(&instance, &known).status == 202).then_some(()));
    instance.wait_for_log("works again");

    stage.namespace.cluster.must("DELETE", &path, &Value::Null);
    let answer = eventually("the right to be gone", || {
        Some(stage.own(&instance, &stage.token("web"))).filter(|answer| answer.status != 202)
    });
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert_eq!(stage.own(&instance, &known).status, 202, "what was known goes on");
}

#[test]
fn cluster_senders_issue_17_while_the_api_server_is_away_known_senders_go_on() {
    let stage = Stage::new("away", &[COMPONENT]);
    let instance = stage.start(&TOKENS);
    let (known, new) = (stage.token("web"), stage.token("web"));
    assert_eq!(settled(&instance, &known, &stage.namespace.name).status, 202);
    for fault in [Fault::Away, Fault::Silent, Fault::Garbage, Fault::Refuse(500)] {
        stage.gate.fail_at("tokenreviews", fault);
        let answer = stage.own(&instance, &new);
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{fault:?}");
        assert_eq!(stage.own(&instance, &known).status, 202, "{fault:?}");
    }
    stage.gate.mend();
    assert_eq!(settled(&instance, &new, &stage.namespace.name).status, 202);
    let log = instance.log().join("\n");
    assert!(new.split('.').skip(1).all(|part| !log.contains(part)), "a token in the log");
}

#[test]
fn cluster_senders_issue_17_an_audit_lets_all_pass_and_names_them() {
    let stage = Stage::new("audit", &[COMPONENT]);
    let instance = stage.start(&["--event-auth=audit", "--metrics-addr=127.0.0.1:0"]);
    let name = stage.namespace.name.as_str();
    let (web, for_api_server) = (stage.token("web"), stage.namespace.token("web"));
    for (token, namespace) in [("", name), (&*web, name), (&*web, "flux-system"), (&*for_api_server, name)] {
        assert_eq!(post(&instance, token, namespace).status, 202);
    }
    let counted = |verdict: &str| {
        sum(&instance.metrics().body, &format!("campanile_event_senders_total{{verdict=\"{verdict}\"}}"))
    };
    for verdict in ["no-credentials", "own-namespace", "other-namespace", "wrong-token"] {
        eventually(verdict, || (counted(verdict) > 0.9).then_some(()));
    }
    let lines: Vec<Value> = instance
        .log()
        .iter()
        .filter(|line| line.contains("audit of senders"))
        .map(|line| serde_json::from_str(line).expect("log lines are JSON"))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let account = json!(format!("{name}/web"));
    let line = lines.iter().find(|line| line["account"] == account).expect("the account is named");
    assert_eq!(line["eventInvolvedObject"]["namespace"], "flux-system");
    assert!(line["client"].as_str().is_some_and(|client| client.starts_with("127.0.0.1:")), "{line}");
    assert!(line["reason"].as_str().is_some_and(|reason| reason.contains("own namespace alone")), "{line}");
}

#[test]
fn cluster_senders_issue_17_by_tls_a_certificate_or_a_token_is_enough() {
    let (stage, ca) = (Stage::new("both", &[COMPONENT]), Authority::named("clients"));
    let files = Files::of(&ca.sign(HOST), Some(&ca));
    let flags = files.flags();
    let more = ["--events-addr=", "--event-auth=enforced"];
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more).collect();
    let instance = stage.start(&flags);
    let at = instance.events_tls.expect("it listens by TLS");
    let own = |message: &str| stage.namespace.event("app", message);
    let token = login(&stage.token("web"));
    let flux = ca.sign_for(&[], KUSTOMIZE);
    let status = |headers: &str, client, event: Value| {
        intake_tls::post_with(headers, at, &ca, client, &event).map(|answer| answer.status)
    };
    assert_eq!(status("", Some(&flux), event("app", "certificate, any namespace")).ok(), Some(202));
    let own_namespace = eventually("a review", || {
        status(&token, None, own("token, own namespace")).ok().filter(|status| *status != 503)
    });
    assert_eq!(own_namespace, 202);
    assert_eq!(status(&token, None, event("app", "token, other namespace")).ok(), Some(403));
    assert_eq!(status("", None, own("neither")).ok(), Some(401));
    let stranger = Authority::named("clients").sign_for(&[], KUSTOMIZE);
    assert!(status(&token, Some(&stranger), own("of another authority")).is_err());
}
