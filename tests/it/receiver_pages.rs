//! The pages of `docs/receivers`, as they are typed: each type has one, its manifests are sound, its line of curl is taken, and
//! what is refused is told in the words of the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use campanile_domain::ReceiverType;
use campanile_receivers::curl;
use serde_json::Value;

use crate::support::{Instance, Site, campanile, eventually};

/// A type and its page.
pub(crate) struct Page {
    pub(crate) kind: ReceiverType,
    text: String,
}

/// The headings of a page, in their order. The third says who calls.
const PARTS: [&str; 5] = ["Verification", "*", "Manifest", "Test", "Usual mistakes"];

fn docs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs"))
}

pub(crate) fn pages() -> Vec<Page> {
    let read = |kind: ReceiverType| {
        let place = docs().join(format!("receivers/{}.md", kind.name()));
        let text = fs::read_to_string(&place);
        Page { kind, text: text.unwrap_or_else(|error| panic!("{}: {error}", place.display())) }
    };
    ReceiverType::ALL.into_iter().map(read).collect()
}

/// The fenced blocks of a language, each with the line before it.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<(&'t str, &'t str)> {
    let fence = format!("```{language}\n");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(fence.as_str()) {
        let (block, behind) = after.split_once("```").expect("a block ends");
        found.push((before.lines().last().unwrap_or_default(), block));
        rest = behind;
    }
    found
}

impl Page {
    fn part(&self, heading: &str) -> &str {
        let (_, after) = self.text.split_once(&format!("\n## {heading}\n")).expect("the page has this part");
        after.split_once("\n## ").map_or(after, |(part, _)| part)
    }

    pub(crate) fn manifests(&self) -> String {
        blocks(self.part("Manifest"), "yaml").into_iter().map(|(_, block)| format!("---\n{block}")).collect()
    }

    /// What is typed to test it, as a script; none where nobody but an issuer can.
    fn typed(&self) -> Option<String> {
        let runs = blocks(self.part("Test"), "console");
        let (_, block) = runs.into_iter().find(|(before, _)| !before.starts_with("<!-- not run: "))?;
        Some(
            block
                .lines()
                .filter_map(|line| line.strip_prefix("$ "))
                .map(|line| format!("{line}\n"))
                .collect(),
        )
    }

    /// What its table says of refused requests: the texts of the log.
    pub(crate) fn told(&self) -> BTreeSet<String> {
        let rows = self.part("Usual mistakes").lines().filter_map(|line| line.strip_prefix("| 400 | `"));
        rows.map(|row| normal(row.split_once('`').expect("the text ends").0)).collect()
    }
}

/// A text without what differs from request to request: numbers, and what it quotes.
pub(crate) fn normal(text: &str) -> String {
    let quoted = text.split('"').enumerate().map(|(at, part)| if at % 2 == 1 { "" } else { part });
    let text = quoted.collect::<Vec<_>>().join("\"");
    text.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

/// Bash, with `campanile` and where the instance takes webhooks. Returns the first line of the answer.
fn run(site: &Site, instance: &Instance, script: &str) -> String {
    let base = format!("--manifests {} --base http://{} ", site.manifests().display(), instance.webhooks());
    let script = script.replace("--manifests receivers ", &base);
    let program = Path::new(env!("CARGO_BIN_EXE_campanile")).parent().expect("it is in a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash").args(["-euc", &script]).env("PATH", path).output().expect("bash runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{error}");
    String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
}

/// What else is sent to a type, as a change of what is typed.
const CHANGES: &[(&str, &str, &str)] = &[
    ("github", "X-GitHub-Event: push", "X-GitHub-Event: ping"),
    ("github", "Type: application/json", "Type: text/plain"),
    ("dockerhub", "\"latest\"", "1"),
    ("quay", "[\"latest\"]", "\"latest\""),
    ("nexus", "\"charts\"", "1"),
    ("generic-hmac", "sha256=$(", "$("),
    ("generic-hmac", "sha256=$(", "md5=$("),
    ("cdevents", "0.2.0\",", "9.0.0\","),
    ("cdevents", "\"id\":\"1\"", "\"id\":\"\""),
];

/// What is typed with another token, without each of its headers, without a body, and with the changes of its type.
fn variants(page: &Page, typed: &str) -> Vec<String> {
    let name = page.kind.name();
    let mut variants = vec![typed.replace("TOKEN=a-long", "TOKEN=another-long")];
    for quote in ['"', '\''] {
        for (at, start) in typed.match_indices(&format!("-H {quote}")) {
            let (before, header) = typed.split_at(at + start.len());
            let (_, value) = header.split_once(':').expect("a header has a value");
            variants.push(format!("{before}X-Nothing:{value}"));
        }
    }
    let (before, _) = typed.rsplit_once(" -d ").expect("it sends a body");
    let line = before.replace("BODY='", "BODY='' # '");
    variants.push(format!("{line} -d ''\n"));
    let own = CHANGES.iter().filter(|(kind, ..)| *kind == name);
    variants.extend(own.map(|(_, from, to)| typed.replace(from, to)));
    variants.retain(|variant| variant != typed);
    variants
}

/// The errors of requests to a Receiver that were refused, as the log has them.
fn refusals(instance: &Instance, name: &str) -> BTreeSet<String> {
    let lines = instance.log_lines();
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_refusal = |line: &Value| line["msg"] == "unable to validate payload" && line["name"] == name;
    lines.filter(is_refusal).map(|line| normal(line["error"].as_str().expect("a text"))).collect()
}

#[test]
fn issue_20_each_type_has_a_page_with_its_line_of_curl_and_stands_in_the_index() {
    let index = fs::read_to_string(docs().join("receivers.md")).expect("the index is there");
    let files = fs::read_dir(docs().join("receivers")).expect("the folder is there").flatten();
    let files: BTreeSet<String> =
        files.map(|file| file.file_name().into_string().expect("names are UTF-8")).collect();
    let names = ReceiverType::ALL.map(|kind| format!("{}.md", kind.name()));
    assert_eq!(files, BTreeSet::from(names));
    for Page { kind, text } in pages() {
        let name = kind.name();
        assert!(text.starts_with(&format!("# {name}\n\n")), "{name}");
        assert!(index.contains(&format!("[`{name}`](receivers/{name}.md)")), "{name} is not in the index");
        let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
        let is_right = |(right, found): (&&str, &str)| *right == "*" || *right == found;
        assert!(PARTS.iter().zip(headings).all(is_right), "{name}: parts");
        let line = format!("\n$ curl -i \"$URL\" {}\n", curl(kind));
        assert!(text.contains(&line), "{name} lacks {line}");
        let events = kind.event_header().map_or("`spec.events` has no", |header| header);
        assert!(text.contains(events), "{name} lacks {events}");
    }
}

#[test]
fn issue_20_manifests_of_the_pages_are_sound_and_their_curl_is_taken_or_refused_as_they_say() {
    let (site, pages) = (Site::new(), pages());
    pages.iter().for_each(|page| site.write(&format!("{}.yaml", page.kind.name()), &page.manifests()));
    let checked = campanile(&["check", site.manifests().to_str().expect("UTF-8")]).stdout;
    let sound = format!("and {} receivers: 0 errors, 0 warnings\n", pages.len());
    assert!(checked.ends_with(&sound), "{checked}");
    let instance = site.start(&[]);
    for page in &pages {
        instance.row("receivers", page.kind.name(), |row| row["conditions"][0]["status"] == "True");
    }
    let mut tried = 0;
    for page in &pages {
        let Some(typed) = page.typed() else { continue };
        let name = page.kind.name();
        assert_eq!(run(&site, &instance, &typed), "HTTP/1.1 200 OK", "{name}");
        tried += 1;
        for variant in variants(page, &typed) {
            run(&site, &instance, &variant);
        }
        eventually(&format!("{name} to be refused as the page says"), || {
            let (refused, told) = (refusals(&instance, name), page.told());
            println!("{name}\nrefused: {refused:#?}\ntold: {told:#?}");
            (refused == told).then_some(())
        });
    }
    // Tokens of issuers are made by none but them: what the pages of `gcr` and `generic-oidc` say is held in `receiver_tokens`.
    assert_eq!(tried, pages.len() - 2);
}
