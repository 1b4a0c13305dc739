//! 7. Its page has a table of its settings, which is what the type does: each setting is left out, and what comes of that
//!    is written down. `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-providers m7` writes the tables.

use std::path::PathBuf;
use std::time::Duration;

use campanile_domain::{ProviderClass, ProviderSpec};
use campanile_testkit::noon;

use super::every::{self, complete};
use super::{Case, all};
use crate::testing::error;
use crate::{ConfigError, Step};

/// What of a Provider is left out.
#[derive(Clone, Copy, Default)]
struct Without {
    address: bool,
    channel: bool,
    username: bool,
    token: bool,
    pair: bool,
    headers: bool,
}

/// The first thing that such a Provider does for an error.
fn begins(case: Case, without: Without) -> Result<Step, ConfigError> {
    let (mut spec, mut data) = every::settings(case);
    data.push(("headers", "X-Tenant: blue\n".to_owned()));
    if without.channel {
        spec.channel.clear();
    }
    spec.username = if without.username { String::new() } else { "flux".to_owned() };
    let is_left_out = |key: &str| match key {
        "address" => without.address,
        "token" => without.token,
        "username" | "password" => without.pair,
        _ => without.headers,
    };
    data.retain(|(key, _)| !is_left_out(key));
    let spec = if without.address { ProviderSpec { address: String::new(), ..spec } } else { spec };
    let data: Vec<(&str, &[u8])> = data.iter().map(|(key, value)| (*key, value.as_bytes())).collect();
    let endpoint = crate::testing::credentials(&data).build(&spec)?;
    Ok(endpoint.provider.begin(&complete(error())).unwrap().next(None, noon()))
}

/// What a type makes of a setting, by what happens without it.
fn word(with: &Result<Step, ConfigError>, without: &Result<Step, ConfigError>) -> &'static str {
    match (with, without) {
        (Ok(_), Err(_)) => "required",
        (Ok(with), Ok(without)) if with != without => "optional",
        _ => "not used",
    }
}

fn token_and_pair(case: Case) -> (&'static str, &'static str) {
    let none = Without { token: true, pair: true, username: true, ..Without::default() };
    let begins_with = |token: bool, pair: bool| begins(case, Without { token: !token, pair: !pair, ..none });
    let (both, token, pair, neither) = (
        begins_with(true, true),
        begins_with(true, false),
        begins_with(false, true),
        begins_with(false, false),
    );
    match (&token, &pair, &neither) {
        (Ok(_), Ok(_), Err(_)) => ("required, or the password", "in place of the token"),
        (Ok(_), Err(_), _) => ("required", word(&both, &token)),
        (Err(_), Ok(_), _) => (word(&both, &pair), "required"),
        _ => (word(&token, &neither), word(&pair, &neither)),
    }
}

fn table(case: Case) -> String {
    let kind = case.kind;
    let full = begins(case, Without::default());
    assert!(full.is_ok(), "{kind:?}: {full:?}");
    let of = |without: Without| word(&full, &begins(case, without));
    let none = Without::default();
    let nameless = begins(case, Without { username: true, pair: true, ..none });
    let (token, pair) = token_and_pair(case);
    let mut rows = vec![
        ("`spec.address`, or `address` in the Secret", of(Without { address: true, ..none }).to_owned()),
        ("`spec.channel`", of(Without { channel: true, ..none }).to_owned()),
        ("`spec.username`", word(&begins(case, Without { pair: true, ..none }), &nameless).to_owned()),
        ("`token` in the Secret", token.to_owned()),
        ("`username` and `password` in the Secret", pair.to_owned()),
        ("`headers` in the Secret", of(Without { headers: true, ..none }).to_owned()),
    ];
    rows.push(("which events", events(kind.class()).to_owned()));
    rows.push(("given up after", format!("{} h", kind.deadline().as_secs() / 3600)));
    if let Some(rate) = kind.rate() {
        rows.push(("sent at most", format!("{} in {}", rate.messages, period(rate.per))));
    }
    let rows: String = rows.iter().map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    format!("| setting | |\n|---|---|\n{rows}")
}

fn events(class: ProviderClass) -> &'static str {
    match class {
        ProviderClass::Generic => "all",
        ProviderClass::Message => "all but those that only update a commit status",
        ProviderClass::CommitStatus => "errors, and what names a commit",
        ProviderClass::ChangeRequest => "those that name a change request",
    }
}

pub(super) fn period(period: Duration) -> String {
    match period.as_secs() {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds if seconds < 3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// `page` with `table` in place of the one of that `name`, or else after its first paragraph.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let begin = format!("<!-- {name}: this table is written by a test -->\n");
    let end = format!("<!-- end of {name} -->\n");
    if let Some((before, rest)) = page.split_once(&begin) {
        let (_, after) = rest.split_once(&end).expect("the table ends");
        return format!("{before}{begin}{table}{end}{after}");
    }
    let (before, after) = page.split_once("\n## ").expect("a page has parts");
    format!("{before}\n{begin}{table}{end}\n## {after}")
}

/// Whether pages and missing examples are to be written.
pub(super) fn writes() -> bool {
    std::env::var("CAMPANILE_WRITE_PAGES").is_ok_and(|value| value == "1")
}

/// Whether the table of that `name` in the page at `place`, seen from the root of the repository, is `table`. Where pages are to
/// be written, it is from now on.
pub(super) fn held(place: &str, name: &str, table: &str) -> bool {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", place].iter().collect();
    let text = std::fs::read_to_string(&place).unwrap();
    let right = with_table(&text, name, table);
    if writes() && text != right {
        std::fs::write(&place, &right).unwrap();
    }
    writes() || text == right
}

#[test]
fn m7_the_table_of_each_page_is_what_the_type_does() {
    let is_held = |case: &Case| held(&format!("docs/providers/{}.md", case.name), "settings", &table(*case));
    let stale: Vec<_> = all().filter(|case| !is_held(case)).map(|case| case.name).collect();
    assert!(stale.is_empty(), "write the tables anew with CAMPANILE_WRITE_PAGES=1: {stale:?}");
}
