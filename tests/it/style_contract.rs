//! Citations of the behavioural contract lead somewhere: `contract, providers 23.3` is a number in `docs/contract`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::files;

/// How a page is cited, and its file.
const PAGES: [(&str, &str); 4] = [
    ("control plane", "control-plane.md"),
    ("providers", "providers.md"),
    ("receivers", "receivers.md"),
    ("installers", "installers.md"),
];

/// Files that cite the contract; it itself and what it is compared with speak of other things.
const CITING: [&str; 5] = ["rs", "md", "json", "py", "toml"];

/// Whether a word is a number of the contract: `7`, `23.3`, or the handle of an acceptance row, `Y06`.
fn is_number(word: &str) -> bool {
    let is_count = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (first, rest) = word.split_once('.').map_or((word, None), |(first, rest)| (first, Some(rest)));
    let is_handle = word.strip_prefix(|letter: char| letter.is_ascii_uppercase());
    is_handle.is_some_and(|digits| digits.len() == 2 && is_count(digits))
        || is_count(first) && rest.is_none_or(is_count)
}

/// The numbers of a page: of headings, of items of numbered lists behind their section's, and handles.
fn numbers(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut section = String::new();
    for line in page.lines() {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        if first.starts_with('#') {
            let number = words.next().unwrap_or_default().trim_end_matches('.');
            if is_number(number) {
                section = number.to_owned();
                found.insert(section.clone());
            }
        } else if let Some(item) = first.strip_suffix('.').filter(|item| is_number(item)) {
            found.insert(format!("{section}.{item}"));
        }
        let handles = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_number(word));
        found.extend(handles.filter(|word| word.starts_with(char::is_alphabetic)).map(str::to_owned));
    }
    found
}

/// The words of a file, without what begins its lines where they are comments.
fn words(text: &str) -> Vec<&str> {
    let is_comment = |word: &&str| ["//", "///", "//!", "#"].contains(word);
    text.lines().flat_map(|line| line.split_whitespace().skip_while(is_comment)).collect()
}

/// The numbers that follow in `words`: `6.1 and 6.3, 7` up to the first other word.
fn cited<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for word in words.iter().filter(|word| !["and", "to"].contains(*word)) {
        let parts = word.trim_end_matches([',', '.', ';', ')', ':', '`', '"']).split('–');
        let numbers: Vec<&str> = parts.collect();
        if !numbers.iter().all(|number| is_number(number)) {
            break;
        }
        found.extend(numbers);
        if word.ends_with(['.', ';', ')', ':', '`', '"']) {
            break;
        }
    }
    found
}

/// Every citation of a file: the page, none if a number follows without one, and the number.
fn citations(text: &str) -> Vec<(Option<&'static str>, String)> {
    let words = words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let word = word.trim_start_matches(['(', '`', '"', '[']);
        let behind = |count: usize| words.get(at + count..).unwrap_or_default();
        let is_page = |page: &str| match page.split_once(' ') {
            Some((first, second)) => word == first && behind(1).first() == Some(&second),
            None => word == page,
        };
        let page = PAGES.iter().map(|(page, _)| *page).find(|page| is_page(page));
        if page.is_some() || word == "contract" {
            let numbers = behind(page.map_or(1, |page| page.split(' ').count()));
            found.extend(cited(numbers).into_iter().map(|number| (page, number.to_owned())));
        }
    }
    found
}

#[test]
fn style_citations_of_the_contract_lead_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contract");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect("the page is there");
    let known: BTreeMap<_, _> = PAGES.iter().map(|(page, file)| (*page, numbers(&read(file)))).collect();
    let (mut count, mut wrong) = (0, Vec::new());
    for (below, path) in files() {
        let cites = path.extension().is_some_and(|extension| CITING.iter().any(|known| extension == *known));
        if !cites || below.starts_with("docs/contract") || below.starts_with("tests/blackbox/golden") {
            continue;
        }
        for (page, number) in citations(&std::fs::read_to_string(&path).expect("it is text")) {
            count += 1;
            if !page.is_some_and(|page| known[page].contains(&number)) {
                wrong.push(format!("{}: {} {number}", below.display(), page.unwrap_or("no page for")));
            }
        }
    }
    assert!(wrong.is_empty(), "cited, and not in docs/contract: {wrong:#?}");
    assert!(count > 300, "the citations were not found: {count}");
}

#[test]
fn style_the_definitions_of_flux_are_structure_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/flux-2.10");
    for kind in ["alerts", "providers", "receivers"] {
        let text =
            std::fs::read_to_string(folder.join(format!("{kind}.yaml"))).expect("the definition is there");
        assert!(text.contains("openAPIV3Schema:") && !text.contains("description:"), "{kind}");
    }
}
