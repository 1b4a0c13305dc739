//! 13. What a destination says in words of its own comes before its status: each word of each type's table has its class and
//!     its remedy, is documented, and stands on the type's page.

use campanile_domain::{Disposition, FailureClass};
use serde_json::Value;

use super::page::held;
use super::{Case, all, failure};
use crate::Refusal;
use crate::testing::{answer, error, verdict_of};

/// All rows of all types.
fn rows() -> impl Iterator<Item = (Case, &'static Refusal)> {
    all().flat_map(|case| case.sample.refusals.iter().map(move |row| (case, row)))
}

#[test]
fn m13_i16_6_every_word_of_every_api_has_its_class_and_its_remedy() {
    for (case, row) in rows() {
        for said in row.examples() {
            let (kind, body) = (case.name, said.body.clone());
            let failed = failure(verdict_of(&case.endpoint(), &error(), said)).unwrap();
            assert_eq!(failed.class, row.class, "{kind} {body:?}: {failed}");
            assert!(failed.message.contains(row.remedy), "{kind} {body:?}: {failed}");
        }
    }
}

#[test]
fn m13_i16_6_every_row_says_where_its_words_are_from_and_what_to_do() {
    for (case, row) in rows() {
        let kind = case.name;
        let is_linked = row.source.contains("](https://") || row.source.starts_with("not found");
        assert!(is_linked, "{kind} {row}: {}", row.source);
        let is_fragment =
            row.remedy.starts_with(|c: char| c.is_lowercase() || c == 'S') && !row.remedy.ends_with('.');
        assert!(is_fragment, "{kind} {row}: {}", row.remedy);
        let mends = row.class.disposition() != Disposition::Park || row.remedy.len() > 30;
        assert!(mends, "{kind} {row} says what to do: {}", row.remedy);
    }
}

/// Whole answers of destinations, each of which would be given to every message.
const ANSWERS: &str = include_str!("../../fixtures/refusals.json");

#[test]
fn m13_i16_6_a_provider_that_refuses_everything_waits_for_a_human() {
    let answers: Vec<Value> = serde_json::from_str(ANSWERS).unwrap();
    for said in &answers {
        let case = all().find(|case| said["type"] == *case.name).unwrap();
        let body = said["body"].as_str().map_or_else(|| said["body"].to_string(), ToOwned::to_owned);
        let status = said["status"].as_u64().unwrap().try_into().unwrap();
        let failed = failure(verdict_of(&case.endpoint(), &error(), answer(status, &[], &body))).unwrap();
        assert_eq!(failed.class.disposition(), Disposition::Park, "{said}: {failed}");
    }
    assert!(answers.len() >= 20);
}

fn fate(class: FailureClass) -> &'static str {
    match class.disposition() {
        Disposition::Retry => "are tried again",
        Disposition::Park => "wait",
        Disposition::Dead => "that one is given up",
    }
}

fn table(case: Case) -> String {
    let line = |row: &Refusal| {
        let (class, remedy, source) = (row.class, row.remedy, row.source);
        format!("| {row} | {remedy} | {} | {source} |\n", fate(class))
    };
    let lines: String = case.sample.refusals.iter().map(line).collect();
    format!(
        "| answer | what it means | until then deliveries | where that is said |\n|---|---|---|---|\n{lines}"
    )
}

#[test]
fn m13_the_page_of_each_type_has_its_words() {
    let has_words = |case: &Case| !case.sample.refusals.is_empty();
    let is_held = |case: &Case| held(&format!("docs/providers/{}.md", case.name), "refusals", &table(*case));
    let stale: Vec<_> = all().filter(has_words).filter(|case| !is_held(case)).map(|case| case.name).collect();
    assert!(stale.is_empty(), "write the tables anew with CAMPANILE_WRITE_PAGES=1: {stale:?}");
}
