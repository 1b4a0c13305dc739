//! `campanile get`: tables for people, JSON for programs.

use serde_json::{Value, json};

use crate::support::{Instance, Output, Reply, Sink, Site, campanile, event, everything_from, provider};

/// An instance with one Provider that delivers, one that is parked, and one dead letter.
fn start(sound: &Sink, parked: &Sink) -> (Site, Instance) {
    parked.answer(Reply::status(401));
    sound.script([Reply::status(422)]);
    let mut objects = Vec::new();
    for (name, sink) in [("sound", sound), ("parked", parked)] {
        objects
            .extend([provider(name, "generic", json!({ "address": sink.url("/") })), everything_from(name)]);
    }
    let site = Site::with(&objects);
    let instance = site.start(&[]);
    instance.accept(&event("web", "first"));
    instance.row("providers", "sound", |row| !row["lastError"].is_null());
    instance.accept(&event("web", "second"));
    sound.wait_for(2);
    instance.row("providers", "parked", |row| row["conditions"][1]["status"] == "False");
    instance.row("providers", "sound", |row| !row["lastDelivery"].is_null());
    (site, instance)
}

fn get(instance: &Instance, arguments: &[&str]) -> Output {
    let admin = instance.admin.to_string();
    let output = campanile(&[&["get"], arguments, &["--admin-addr", &admin]].concat());
    assert_eq!(output.code, Some(0), "{output:#?}");
    output
}

fn cells(output: &Output) -> Vec<Vec<String>> {
    let row = |line: &str| {
        line.split("   ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
    };
    output.stdout.lines().map(row).collect()
}

fn parsed(output: &Output) -> Vec<Value> {
    serde_json::from_str(&output.stdout).expect("a list")
}

#[test]
fn get_shows_alerts_providers_deliveries_and_dead_letters() {
    let (sound, parked) = (Sink::start(), Sink::start());
    let (_site, instance) = start(&sound, &parked);
    let alerts = cells(&get(&instance, &["alerts"]));
    assert_eq!(alerts[0], ["NAMESPACE", "NAME", "READY", "STATUS", "AGE"]);
    assert_eq!(alerts[1][..4], ["apps", "all-to-parked", "True", "Initialized"]);
    let providers = cells(&get(&instance, &["providers", "-o", "wide"]));
    let header = [
        "NAMESPACE",
        "NAME",
        "TYPE",
        "READY",
        "DELIVERING",
        "STATUS",
        "LAST DELIVERY",
        "PENDING",
        "DEAD",
        "AGE",
    ];
    let narrow = cells(&get(&instance, &["providers"]));
    assert_eq!(narrow[0], [&header[..6], &header[9..]].concat());
    assert_eq!(providers[0], header);
    assert_eq!(providers[1][..5], ["apps", "parked", "generic", "True", "False"]);
    assert!(providers[1][5].contains("401") && providers[1][6] == "never", "{:?}", providers[1]);
    assert_eq!(providers[2][..6], ["apps", "sound", "generic", "True", "True", "Initialized"]);
    assert!(providers[2][6].ends_with(" ago"), "{:?}", providers[2]);
    assert_eq!(
        (&providers[1][7..9], &providers[2][7..9]),
        (&["2", "0"].map(String::from)[..], &["0", "1"].map(String::from)[..])
    );
    let deliveries = get(&instance, &["deliveries"]).stdout;
    let rows: Vec<&str> = deliveries.lines().skip(1).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.contains("apps/parked")), "{deliveries}");
    assert!(rows[0].contains("parked   ") && rows[0].contains("credentials: "), "{deliveries}");
    let dead = get(&instance, &["dead"]).stdout;
    assert!(dead.lines().count() == 2 && dead.contains("apps/sound") && dead.contains("422"), "{dead}");
}

#[test]
fn get_prints_json_and_narrows_by_namespace_provider_and_limit() {
    let (sound, parked) = (Sink::start(), Sink::start());
    let (_site, instance) = start(&sound, &parked);
    let alerts = parsed(&get(&instance, &["alerts", "-o", "json"]));
    assert_eq!(
        (&alerts[1]["name"], &alerts[1]["conditions"][0]["status"]),
        (&json!("all-to-sound"), &json!("True"))
    );
    let providers = parsed(&get(&instance, &["providers", "-o", "json"]));
    assert_eq!((&providers[0]["name"], &providers[0]["type"]), (&json!("parked"), &json!("generic")));
    assert_eq!((&providers[0]["pending"], &providers[1]["deadLetters"]), (&json!(2), &json!(1)));
    let deliveries = parsed(&get(&instance, &["deliveries", "-o", "json"]));
    assert_eq!((deliveries.len(), &deliveries[0]["failure"]["class"]), (2, &json!("credentials")));
    let dead = parsed(&get(&instance, &["dead", "-o", "json"]));
    assert_eq!((dead.len(), &dead[0]["object"]), (1, &json!("Kustomization/apps/web")));
    assert_eq!(parsed(&get(&instance, &["deliveries", "--limit", "1", "-o", "json"])).len(), 1);
    assert!(parsed(&get(&instance, &["deliveries", "--provider", "apps/sound", "-o", "json"])).is_empty());
    assert!(parsed(&get(&instance, &["alerts", "-n", "elsewhere", "-o", "json"])).is_empty());
    let nothing = get(&instance, &["alerts", "-n", "elsewhere"]);
    assert_eq!(
        (nothing.stdout.as_str(), nothing.stderr.as_str()),
        ("", "no alerts in namespace 'elsewhere'\n")
    );
    let cut = get(&instance, &["deliveries", "--limit", "1"]);
    assert!(cut.stderr.contains("the oldest 1 of 2; --limit shows more"), "{}", cut.stderr);
    assert!(get(&instance, &["deliveries", "-n", "elsewhere"]).stdout.is_empty());
}

#[test]
fn get_says_what_to_do_when_nobody_answers() {
    let site = Site::new();
    let mut instance = site.start(&[]);
    let admin = instance.admin.to_string();
    let wrong = campanile(&["get", "dead", "--provider", "slack", "--admin-addr", &admin]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("write NAMESPACE/NAME"), "{}", wrong.stderr);
    for command in [&["get", "dead"][..], &["redrive"], &["drop"], &["retry"]] {
        let unknown = [command, &["--provider", "apps/none", "--admin-addr", &admin]].concat();
        let output = campanile(&unknown);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:#?}");
        assert!(output.stderr.contains("find provider 'apps/none': it does not exist"), "{}", output.stderr);
    }
    instance.stop();
    let output = campanile(&["get", "alerts", "--admin-addr", &admin]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(
        output.stderr.contains(&admin) && output.stderr.contains("is campanile running?"),
        "{}",
        output.stderr
    );
}
