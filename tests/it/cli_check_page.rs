//! The page that lists the ids of findings: none is missing, none is too many, and each example has the finding that it shows.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::support::{Site, campanile, campanile_with_input};

/// An id whose example is no text.
const NO_TEXT: &str = "unreadable-file";

/// Ids with their examples, which stand in blocks of YAML or text; an id may have none.
fn examples(page: &str) -> BTreeMap<&str, Option<&str>> {
    let (_, list) = page.split_once("\n## Findings\n").expect("the list begins");
    let sections = list.split("\n### `").skip(1);
    let example = |section: &str| {
        let begin = ["```yaml\n", "```text\n"]
            .into_iter()
            .filter_map(|fence| Some(section.find(fence)? + fence.len()))
            .min();
        let (start, end) = (begin?, section.rfind("```").expect("the block ends"));
        Some((start, end))
    };
    sections
        .map(|section| {
            let (id, _) = section.split_once('`').expect("an id ends");
            (id, example(section).map(|(start, end)| section.get(start..end).expect("a block is text")))
        })
        .collect()
}

#[test]
fn item_17_each_id_of_the_page_is_shown_by_its_example() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/check.md");
    let page = fs::read_to_string(place).expect("the page is there");
    let examples = examples(&page);
    let log = campanile_with_input(&["check", "-", "-o", "sarif"], "# nothing\n").stdout;
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    assert_eq!(examples.keys().copied().collect::<Vec<_>>(), ids, "docs/check.md lists all ids and no other");
    let missing: Vec<&&str> = examples
        .iter()
        .filter(|(id, example)| example.is_none() && **id != NO_TEXT)
        .map(|(id, _)| id)
        .collect();
    assert!(missing.is_empty(), "these have no example: {missing:?}");
    let mut wrong = Vec::new();
    for (id, example) in examples {
        let Some(example) = example else { continue };
        // One finding is said with this flag only.
        let output = campanile_with_input(&["check", "-", "--no-cross-namespace-refs"], example);
        if !output.stdout.lines().any(|line| line.ends_with(&format!(" [{id}]"))) {
            wrong.push(format!("{id}:\n{example}says\n{}", output.stdout));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let site = Site::new();
    fs::write(site.manifests().join("a.yaml"), [0xff, 0xfe]).expect("the site can be written");
    let output = campanile(&["check", site.manifests().to_str().expect("UTF-8")]);
    assert!(output.stdout.contains(&format!(" [{NO_TEXT}]\n")), "{}", output.stdout);
}
