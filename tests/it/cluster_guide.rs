//! What users and administrators type, line by line, with the real kubectl.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster_roles::permissive;
use crate::support::{
    Gate, Instance, Namespace, Sink, campanile_with_input, eventually, is_ready, kubectl, shipped,
    shipped_with,
};

/// A Slack channel and a GitHub repository, in the version that older guides are written in.
const GUIDE: &str = r#"
apiVersion: notification.toolkit.fluxcd.io/v1beta2
kind: Provider
metadata: { name: slack }
spec:
  type: slack
  channel: general
  secretRef: { name: slack-url }
---
apiVersion: notification.toolkit.fluxcd.io/v1beta2
kind: Alert
metadata: { name: on-call-webapp }
spec:
  summary: production cluster
  providerRef: { name: slack }
  eventSeverity: info
  eventSources:
    - { kind: GitRepository, name: "*" }
    - { kind: Kustomization, name: "*" }
---
apiVersion: notification.toolkit.fluxcd.io/v1beta2
kind: Provider
metadata: { name: github }
spec:
  type: github
  address: https://github.com/org/webapp
  secretRef: { name: github-token }
---
apiVersion: notification.toolkit.fluxcd.io/v1beta2
kind: Alert
metadata: { name: webapp-status }
spec:
  providerRef: { name: github }
  eventSources:
    - { kind: Kustomization, name: webapp }
"#;

/// The lines of a table, the age taken off.
fn table(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    text.lines().map(words).map(|words| words.get(..words.len() - 1).unwrap_or_default().join(" ")).collect()
}

/// `campanile explain` answers by what the API server holds, and shows no Secret.
fn explains(instance: &Instance, namespace: &Namespace) {
    let event = namespace.event("webapp", "Reconciliation finished").to_string();
    let admin = instance.admin.to_string();
    let asked =
        campanile_with_input(&["explain", "--event", "-", "-o", "json", "--admin-addr", &admin], &event);
    assert_eq!(asked.code, Some(0), "{asked:#?}");
    let explanation: Value = serde_json::from_str(&asked.stdout).expect("JSON");
    let alert = &explanation["alerts"][0];
    assert_eq!((&alert["alert"]["name"], &alert["result"]), (&json!("on-call-webapp"), &json!("delivers")));
    assert!(alert["requests"][0]["body"].to_string().contains("production cluster"), "{alert}");
    assert!(!asked.stdout.contains("T000"), "{explanation}");
}

#[test]
fn cluster_guide_slack_and_github_in_v1beta2_line_by_line() {
    let (namespace, sink) = (Namespace::new("guide"), Sink::start());
    let name = namespace.name.as_str();
    let run = |line: &str, input: &str| {
        let words: Vec<&str> = ["-n", name].into_iter().chain(line.split(' ')).collect();
        kubectl(&namespace, &words, input)
    };
    let address = format!("--from-literal=address={}", sink.url("/services/T000/B000/XXXX"));
    run(&format!("create secret generic slack-url {address}"), "");
    run("create secret generic github-token --from-literal=token=a-token", "");
    run("apply -f -", GUIDE);
    let (gate, state) = (Gate::open(), TempDir::with_prefix("campanile-guide-").expect("a folder"));
    let instance = Instance::in_cluster(&gate.kubeconfig(), Some(name), state.path(), &[]).loaded();
    for (plural, name) in [("alerts", "on-call-webapp"), ("providers", "github")] {
        namespace.status(plural, name, is_ready);
    }
    let alerts = eventually("both Alerts to be ready", || {
        let alerts = run("get alerts", "");
        (!alerts.contains("Reconciling") && alerts.matches("Initialized").count() == 2).then_some(alerts)
    });
    println!("{alerts}");
    let head: Vec<&str> = alerts.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(head, ["NAME", "READY", "STATUS", "AGE"]);
    let remarked = "on-call-webapp True Initialized; spec.summary is deprecated, Flux's controller of 2.10 drops it; use \
                    spec.eventMetadata.summary";
    let rows = ["NAME READY STATUS", remarked, "webapp-status True Initialized"];
    assert_eq!(table(&alerts), rows);
    let older = run(
        "get alerts.v1beta2.notification.toolkit.fluxcd.io,providers.v1beta2.notification.toolkit.fluxcd.io",
        "",
    );
    assert_eq!(older.matches("Initialized").count(), 4, "{older}");
    explains(&instance, &namespace);
    instance.accept(&namespace.event("webapp", "Reconciliation finished"));
    let arrival = sink.wait_for(1).remove(0);
    assert_eq!(arrival.path, "/services/T000/B000/XXXX");
    assert!(arrival.text().contains("production cluster"), "{}", arrival.text());
    run("wait alert/on-call-webapp --for=condition=Ready --timeout=10s", "");
}

#[test]
fn cluster_guide_everything_that_is_shipped_is_taken_by_the_api_server_12() {
    let namespace = Namespace::new("deploy");
    let (cluster, namespaced) = ("deploy/receivers/cluster", "deploy/receivers/namespaced");
    for (folder, receivers) in
        [("deploy/base", cluster), ("deploy/ephemeral", cluster), ("deploy/namespaced", namespaced)]
    {
        let bare = shipped(folder, &namespace);
        assert!(!bare.contains("webhook-receiver"), "{folder} is closed for webhooks");
        assert!(!bare.contains("tokenreviews"), "{folder} reviews no tokens");
        let manifests = shipped_with(folder, &[receivers, "deploy/event-auth"], &namespace);
        let told = kubectl(&namespace, &["apply", "--dry-run=server", "-f", "-"], &manifests);
        println!("{folder}:\n{told}");
        for line in [
            "deployment.apps/notification-controller",
            "service/webhook-receiver",
            "serviceaccount/",
            "clusterrolebinding.rbac.authorization.k8s.io/notification-controller-event-auth",
        ] {
            assert!(told.contains(line), "{folder} lacks {line}");
        }
    }
}

/// The part of an HTTPRoute that is used (Gateway API 1, `HTTPRouteSpec`), and nothing else: a strict request has no other field.
fn http_route() -> Value {
    let list = |of: Value| json!({"type": "array", "items": of});
    let object = |of: Value| json!({"type": "object", "required": of.as_object().expect("fields").keys().collect::<Vec<_>>(), "properties": of});
    let text = json!({"type": "string"});
    let path = object(
        json!({"type": {"type": "string", "enum": ["Exact", "PathPrefix", "RegularExpression"]}, "value": text}),
    );
    let backend = object(json!({"name": text, "port": {"type": "integer", "minimum": 1, "maximum": 65535}}));
    let rule = object(json!({"matches": list(object(json!({"path": path}))), "backendRefs": list(backend)}));
    let parents = list(object(json!({"name": text, "namespace": text})));
    let mut definition = permissive(&("gateway.networking.k8s.io", "HTTPRoute", "httproutes"));
    // The API server takes a kind of this group with a word of its maintainers alone.
    let approved = "https://github.com/kubernetes-sigs/gateway-api";
    definition["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": approved});
    let spec = object(json!({"parentRefs": parents, "hostnames": list(text.clone()), "rules": list(rule)}));
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
        json!({"type": "object", "properties": {"spec": spec}});
    definition
}

#[test]
fn cluster_guide_issue_20_webhooks_come_in_by_ingress_or_gateway_and_from_nowhere_else() {
    let namespace = Namespace::new("outside");
    namespace.cluster.define(&http_route());
    let (base, receivers) = ("deploy/namespaced", "deploy/receivers/namespaced");
    for (way, route, from) in [
        ("ingress", "ingress.networking.k8s.io", "ingress-nginx"),
        ("gateway", "httproute.gateway.networking.k8s.io", "gateways"),
    ] {
        let text = shipped_with(base, &[receivers, &format!("deploy/receivers/{way}")], &namespace);
        let told = kubectl(&namespace, &["apply", "--dry-run=server", "--validate=strict", "-f", "-"], &text);
        assert!(told.contains(&format!("{route}/webhook-receiver created")), "{way}: {told}");
        let documents = campanile_yaml::parse(&text).expect("kubectl prints YAML");
        let objects: Vec<Value> = documents.iter().map(campanile_yaml::Node::to_json).collect();
        let named = |kind: &str, name: &str| {
            let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
            objects.iter().find(is).unwrap_or_else(|| panic!("{way} lacks {kind}/{name}"))
        };
        let policy = &named("NetworkPolicy", "notification-controller-webhooks")["spec"]["ingress"];
        let place = json!({"kubernetes.io/metadata.name": from});
        assert_eq!(policy[0]["from"], json!([{"namespaceSelector": {"matchLabels": place}}]), "{way}");
        assert_eq!(
            (policy.as_array().map(Vec::len), &policy[0]["ports"][0]["port"]),
            (Some(1), &json!("http-webhook"))
        );
        // The port that is let in is that of the Service, and of the pod.
        assert_eq!(named("Service", "webhook-receiver")["spec"]["ports"][0]["targetPort"], "http-webhook");
    }
}

#[test]
fn cluster_guide_issue_21_monitoring_is_taken_where_the_kinds_of_the_prometheus_operator_are() {
    let namespace = Namespace::new("monitoring");
    let group = "monitoring.coreos.com";
    for (kind, plural) in [("PodMonitor", "podmonitors"), ("PrometheusRule", "prometheusrules")] {
        namespace.cluster.define(&permissive(&(group, kind, plural)));
    }
    let text = shipped("deploy/monitoring", &namespace);
    let told = kubectl(&namespace, &["apply", "--dry-run=server", "-f", "-"], &text);
    for line in [
        "podmonitor.monitoring.coreos.com/campanile",
        "prometheusrule.monitoring.coreos.com/campanile",
        "configmap/campanile-dashboard",
    ] {
        assert!(told.contains(line), "{told}");
    }
    // What the PodMonitor selects is in the pod that is shipped.
    let pod = shipped("deploy/base", &namespace);
    assert!(text.contains("app: notification-controller") && pod.contains("app: notification-controller"));
    assert!(text.contains("port: http-prom") && pod.contains("name: http-prom"));
}

#[test]
fn cluster_guide_the_pod_meets_the_restricted_standard_12() {
    let namespace = Namespace::new("restricted");
    let enforce = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    namespace.cluster.must("PATCH", &format!("/api/v1/namespaces/{}", namespace.name), &enforce);
    let text = shipped("deploy/base", &namespace);
    let documents = campanile_yaml::parse(&text).expect("kubectl prints YAML");
    let objects: Vec<Value> = documents.iter().map(campanile_yaml::Node::to_json).collect();
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment").expect("a Deployment");
    let template = &deployment["spec"]["template"];
    let pod = |spec: Value| {
        let metadata = json!({"name": "controller", "namespace": namespace.name, "labels": template["metadata"]["labels"]});
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    };
    let pods = format!("{}?dryRun=All", namespace.all("v1", "pods"));
    namespace.cluster.must("POST", &pods, &pod(template["spec"].clone()));
    // The standard is enforced at all.
    let mut of_the_host = template["spec"].clone();
    of_the_host["hostPID"] = true.into();
    assert_eq!(namespace.cluster.ask("POST", &pods, &pod(of_the_host)).status, 403);
}
