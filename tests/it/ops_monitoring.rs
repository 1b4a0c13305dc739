//! What `deploy/monitoring` ships: rules that fire when they should and lead to the runbook, and a dashboard that shows something,
//! held by a real Prometheus.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use campanile_yaml as yaml;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Instance, Prometheus, Sink, Site, alert, event, everything_from, get, join, object, promtool, provider,
    secret, within,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(place: &str) -> String {
    fs::read_to_string(root().join(place)).unwrap_or_else(|error| panic!("{place}: {error}"))
}

/// The groups of the PrometheusRule, as Prometheus reads them from a file.
fn rules() -> Value {
    let documents = yaml::parse(&text("deploy/monitoring/rules.yaml")).expect("it is YAML");
    let rule = documents.first().expect("it has an object").to_json();
    json!({ "groups": rule["spec"]["groups"] })
}

/// The rules that raise alerts.
fn alerts() -> Vec<Value> {
    rules()["groups"][0]["rules"].as_array().expect("a list of rules").clone()
}

#[test]
fn ops_monitoring_issue_21_each_rule_fires_when_it_should_and_leads_to_its_section_of_the_runbook() {
    let folder = TempDir::with_prefix("campanile-rules-").expect("a temporary folder");
    let tests = text("tests/monitoring/rules.test.yaml");
    fs::write(folder.path().join("rules.yaml"), rules().to_string()).expect("the folder is ours");
    fs::write(folder.path().join("rules.test.yaml"), &tests).expect("the folder is ours");
    let (is_good, printed) = promtool(folder.path(), &["test", "rules", "rules.test.yaml"]);
    assert!(is_good, "{printed}");
    let runbook = text("docs/runbook.md");
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().expect("an alert has a name").to_owned();
        assert!(
            tests.contains(&format!("alertname: {name}\n        exp_alerts:\n")),
            "{name} fires in no test"
        );
        assert!(runbook.contains(&format!("\n### {name}\n")), "docs/runbook.md has no section {name}");
        let place = format!("docs/runbook.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook"], place, "{name}");
        names.insert(name);
    }
    let sections = runbook.lines().filter_map(|line| line.strip_prefix("### "));
    let told: BTreeSet<String> =
        sections.filter(|name| name.starts_with("Campanile")).map(str::to_owned).collect();
    assert_eq!(told, names, "sections of the runbook on rules that are not there");
}

/// Prometheus takes some seconds to its first scrape, rates need two, and each look asks for all panels.
const PATIENCE: Duration = Duration::from_secs(120);

/// The row of the dashboard whose panels show something in a cluster alone.
const IN_CLUSTER: &str = "In a cluster";

/// Panels of the dashboard with their queries, in which the dashboard's variables are replaced by what a short run has: those of a
/// cluster, or all others.
pub(crate) fn queries(in_cluster: bool) -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&text("deploy/monitoring/dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("a list of panels");
    let (mut found, mut row) = (Vec::new(), String::new());
    for panel in panels {
        let title = panel["title"].as_str().expect("a title");
        if panel["type"] == "row" {
            row = title.to_owned();
        }
        let targets = panel["targets"].as_array().into_iter().flatten();
        for target in targets.filter(|_| (row == IN_CLUSTER) == in_cluster) {
            let query = target["expr"].as_str().expect("a query");
            let query = query.replace("$__rate_interval", "1m").replace("$namespace", ".*");
            assert!(!query.contains('$'), "{title}: {query}");
            found.push((title.to_owned(), query));
        }
    }
    found
}

/// The metrics that a query names, without what histograms add to their names.
pub(crate) fn families(query: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let prefixes = ["campanile_", "gotk_", "leader_election_", "process_", "rest_client_"];
    let words = query.split(|c: char| !is_part(c));
    let named = words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)));
    named.map(|name| name.trim_end_matches("_count").trim_end_matches("_bucket").to_owned()).collect()
}

/// Destinations that take, that refuse, and that are not there; an Alert whose status has no name; and a Receiver.
fn site(sink: &Sink) -> Site {
    sink.think(|arrival| match arrival.path.as_str() {
        "/refuses" => (422, "not like this".to_owned()),
        _ => (200, "ok".to_owned()),
    });
    let webhook = |name: &str, address: String| {
        provider(name, "generic", json!({ "address": address, "timeout": "1s" }))
    };
    let nameless = json!({
        "address": "https://github.com/acme/fleet", "secretRef": { "name": "token" },
        "commitStatusExpr": "string(event.metadata.nothing)",
    });
    let receiver = json!({
        "type": "generic", "secretRef": { "name": "token" }, "resources": [{ "kind": "GitRepository", "name": "app" }],
    });
    let site = Site::new();
    let objects = [
        webhook("takes", sink.url("/takes")),
        webhook("refuses", sink.url("/refuses")),
        webhook("gone", "http://127.0.0.1:1/".to_owned()),
        provider("nameless", "github", nameless),
        everything_from("takes"),
        everything_from("refuses"),
        everything_from("gone"),
        everything_from("nameless"),
        alert("lost", "nobody", json!({ "eventSources": [{ "kind": "Kustomization", "name": "*" }] })),
        secret("token", json!({ "token": "t" })),
        object("notification.toolkit.fluxcd.io/v1", "Receiver", "hook", json!({ "spec": receiver })),
    ];
    site.write("all.yaml", &join(&objects));
    site
}

/// An event that is new, one that was there before, and a webhook that nobody expects.
fn happens(instance: &Instance, number: usize) {
    instance.accept(&event("web", &format!("{number} happened")));
    assert_eq!(instance.post(&event("web", &format!("{number} happened"))).status, 429);
    let answer = get(instance.webhooks(), "/hook/nobody").expect("the webhook endpoint answers");
    assert_eq!(answer.status, 404);
}

#[test]
fn ops_monitoring_issue_21_every_query_of_the_dashboard_shows_something_after_failures() {
    let queries = queries(false);
    assert!(queries.len() > 25, "the dashboard was not read");
    let sink = Sink::start();
    let site = site(&sink);
    let instance = site.start(&["--metrics-addr=127.0.0.1:0"]);
    let prometheus = Prometheus::start(instance.metrics.expect("metrics are on"), &rules());
    let (mut number, mut silent) = (0, Vec::new());
    within(PATIENCE, "every panel to show something", || {
        number += 1;
        happens(&instance, number);
        silent = queries.iter().filter(|(_, query)| prometheus.query(query).is_empty()).collect();
        if number % 20 == 0 {
            println!("silent: {silent:#?}");
        }
        silent.is_empty().then_some(())
    });
    within(PATIENCE, "the rules to be evaluated, and to see what does not deliver", || {
        let rules = prometheus.rules();
        let sees = |rule: &Value| rule["name"] == "CampanileDoesNotDeliver" && rule["state"] != "inactive";
        let is_sound = |rule: &Value| rule["health"] == "ok";
        (rules.len() == alerts().len() && rules.iter().all(is_sound) && rules.iter().any(sees)).then_some(())
    });
}

#[test]
fn ops_monitoring_issue_21_what_the_page_on_metrics_names_is_all_that_rules_and_dashboard_use() {
    let page = text("docs/operations.md");
    let rules = alerts();
    let expressions = rules.iter().map(|rule| rule["expr"].as_str().expect("an expression").to_owned());
    let shown = [false, true].into_iter().flat_map(queries).map(|(_, query)| query);
    let named: BTreeSet<String> = expressions.chain(shown).flat_map(|query| families(&query)).collect();
    let family = |name: &String| {
        page.contains(&format!("`{name}`")) || name.starts_with("process_") && page.contains("`process_*`")
    };
    let unknown: Vec<&String> = named.iter().filter(|name| !family(name)).collect();
    assert!(named.len() > 20, "{named:?}");
    assert!(unknown.is_empty(), "{unknown:?}");
}
