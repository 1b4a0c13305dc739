//! 11. The overview of limits in `docs/providers/README.md` is what the types keep to and what their senders keep to.
//!     `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-providers m11` writes its tables.

use campanile_domain::ProviderType;

use super::page::{held, period};
use super::published::{LIMITS, Limit};
use crate::supported;

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
    let of = |kind: &'static str| LIMITS.iter().filter(move |limit| limit.kind == kind);
    let row = |limit: &Limit| {
        let Limit { kind, what, unit, source, .. } = limit;
        let most = format!("{} {unit}", thousands(limit.most));
        format!("| [`{kind}`]({kind}.md) | {what} | {} | {source} |\n", most.trim_end())
    };
    let rows: String = supported().flat_map(of).map(row).collect();
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

#[test]
fn m11_the_overview_of_limits_is_what_the_types_keep_to() {
    let stale: Vec<_> = [("sizes", sizes()), ("rates", rates())]
        .into_iter()
        .filter(|(name, table)| !held("README.md", name, table))
        .map(|(name, _)| name)
        .collect();
    assert!(stale.is_empty(), "write the tables anew with CAMPANILE_WRITE_PAGES=1: {stale:?}");
}
