//! 11. The overview of limits in `docs/providers/README.md` is what the types keep to and what their senders keep to.
//!     `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-providers m11` writes its tables.

use campanile_domain::{ProviderClass, ProviderType};

use super::page::{held, period};
use super::{Case, all};
use crate::sample::Limit;

/// A number as people read it.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn sizes() -> String {
    let row = |(name, limit): (&str, &Limit)| {
        let Limit { what, unit, source, .. } = limit;
        let most = format!("{} {unit}", thousands(limit.most));
        format!("| [`{name}`]({name}.md) | {what} | {} | {source} |\n", most.trim_end())
    };
    let of = |case: Case| case.sample.limits.iter().map(move |limit| (case.name, limit));
    let rows: String = all().flat_map(of).map(row).collect();
    format!("| type | of what | at most | where that is published |\n|---|---|---|---|\n{rows}")
}

fn rates() -> String {
    let row = |kind: ProviderType| {
        let (name, rate) = (kind.name(), kind.rate()?);
        let source = kind.rate_source();
        let most = thousands(rate.messages.try_into().unwrap());
        Some(format!("| [`{name}`]({name}.md) | {most} in {} | {source} |\n", period(rate.per)))
    };
    let rows: String = ProviderType::all().filter_map(row).collect();
    format!("| type | messages | where that is published |\n|---|---|---|\n{rows}")
}

/// What types are for, as the list of them has it.
fn group(kind: ProviderType) -> &'static str {
    match kind.class() {
        ProviderClass::CommitStatus => "Commit statuses",
        ProviderClass::ChangeRequest => "Comments on change requests",
        ProviderClass::Generic => "Forwarding and chat",
        ProviderClass::Message if kind.deadline().as_secs() <= 3600 => "Forwarding and chat",
        ProviderClass::Message => "Incidents, queues, traces and dispatch",
    }
}

/// All types by what they are for, with their pages as seen from the root of the repository.
fn types() -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for Case { kind, name, .. } in all() {
        let link = format!("[`{name}`](docs/providers/{name}.md)");
        match groups.iter_mut().find(|(known, _)| *known == group(kind)) {
            Some((_, links)) => links.push(link),
            None => groups.push((group(kind), vec![link])),
        }
    }
    groups.iter().map(|(group, links)| format!("- {group}: {}.\n", links.join(", "))).collect()
}

#[test]
fn m7_every_type_is_in_the_list_of_the_first_page() {
    assert!(held("README.md", "types", &types()), "write the list anew with CAMPANILE_WRITE_PAGES=1");
}

#[test]
fn m11_the_overview_of_limits_is_what_the_types_keep_to() {
    let stale: Vec<_> = [("sizes", sizes()), ("rates", rates())]
        .into_iter()
        .filter(|(name, table)| !held("docs/providers/README.md", name, table))
        .map(|(name, _)| name)
        .collect();
    assert!(stale.is_empty(), "write the tables anew with CAMPANILE_WRITE_PAGES=1: {stale:?}");
}
