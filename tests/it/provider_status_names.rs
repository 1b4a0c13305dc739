//! Names of commit statuses: two objects of one kind and name share one, unless the expression of the page tells them apart.

use std::fs;
use std::path::Path;

use campanile_domain::{ProviderClass, ProviderType};
use serde_json::{Value, json};

use crate::support::{Site, alert, campanile_with_input, event, join, provider, secret};

fn page(name: &str) -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(place).expect("the page is there")
}

/// The expression that the page on fields shows, as one line.
fn expression() -> String {
    let page = page("provider-fields.md");
    let (_, after) = page.split_once("  commitStatusExpr: >-\n").expect("the page shows an expression");
    after.split_once("```").expect("the block ends").0.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of the status that an event of `Kustomization/NAMESPACE/web` leads to.
fn name(manifests: &str, namespace: &str) -> String {
    let mut event = event("web", "it is broken");
    event["involvedObject"]["namespace"] = json!(namespace);
    event["severity"] = json!("error");
    event["metadata"] =
        json!({ "kustomize.toolkit.fluxcd.io/revision": format!("main@sha1:{}", "5".repeat(40)) });
    let flags = ["explain", "--event", "-", "-o", "json", "--manifests", manifests];
    let asked = campanile_with_input(&flags, &event.to_string());
    let explanation: Value = serde_json::from_str(&asked.stdout).expect("JSON");
    let requests = explanation["alerts"][0]["requests"].as_array().expect("it sends requests").clone();
    let body = requests.last().expect("it writes")["body"].to_string();
    let (_, after) = body.split_once("\"context\":\"").expect("the status has a name");
    after.split_once('"').expect("it ends").0.to_owned()
}

#[test]
fn issue_17_the_expression_of_the_page_tells_objects_of_two_namespaces_apart() {
    let expression = expression();
    let names = |spec: Value| {
        let sources = ["staging", "production"]
            .map(|namespace| json!({ "kind": "Kustomization", "name": "*", "namespace": namespace }));
        let mut checks = alert("checks", "checks", json!({ "eventSources": sources }));
        checks["spec"]["eventMetadata"] = json!({ "cluster": "prod-eu" });
        let site = Site::new();
        let objects = [provider("checks", "github", spec), checks, secret("token", json!({ "token": "t" }))];
        site.write("all.yaml", &join(&objects));
        let manifests = site.manifests().display().to_string();
        ["staging", "production"].map(|namespace| name(&manifests, namespace))
    };
    let spec = json!({ "address": "https://github.com/acme/fleet", "secretRef": { "name": "token" } });
    let [staging, production] = names(spec.clone());
    assert_eq!(staging, production, "without an expression they share a name: mend the page");
    let mut told_apart = spec;
    told_apart["commitStatusExpr"] = json!(expression);
    assert_eq!(
        names(told_apart),
        ["kustomization/staging/web/prod-eu", "kustomization/production/web/prod-eu"]
    );
}

#[test]
fn issue_17_the_page_of_each_type_that_writes_commit_statuses_leads_to_the_expression() {
    let writes = |kind: &ProviderType| kind.class() == ProviderClass::CommitStatus;
    let names: Vec<&str> = ProviderType::all().filter(writes).map(ProviderType::name).collect();
    assert!(names.len() > 5, "{names:?}");
    let leads = |name: &&str| {
        page(&format!("providers/{name}.md")).contains("(../provider-fields.md#commitstatusexpr)")
    };
    let lost: Vec<&str> = names.into_iter().filter(|name| !leads(name)).collect();
    assert_eq!(lost, [""; 0]);
}
