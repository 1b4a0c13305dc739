//! The Slack-compatible form of a webhook's URL.

use crate::ConfigError;
use crate::address::{Address, AddressSource, HookUrl};

const WHAT: &str = "Discord hook URL";
const SUFFIX: &str = "slack";

/// The URL that takes Slack's payloads: `/slack` is appended to the path, unless it ends so already (contract, providers
/// 23.4, with its FIX: the path decides, not the query). Empty and dotted segments are cleaned away.
pub(super) fn slack_compatible(address: &Address) -> Result<HookUrl, ConfigError> {
    let checked = address.hook_url(WHAT)?;
    let url = checked.as_str();
    let (before_query, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    let (scheme, rest) = before_query.split_once("://").unwrap_or(("https", before_query));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut segments = clean(path);
    if segments.last() == Some(&SUFFIX) {
        return Ok(checked);
    }
    segments.push(SUFFIX);
    let compatible = format!("{scheme}://{authority}/{}{query}", segments.join("/"));
    // It has passed the check before it was extended, so where it stands will never be told.
    Address::new(compatible, AddressSource::Spec).hook_url(WHAT)
}

/// The segments of a path without the empty and the dotted ones (RFC 3986, 5.2.4).
fn clean(path: &str) -> Vec<&str> {
    let mut clean = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(clean.pop()),
            _ => clean.push(segment),
        }
    }
    clean
}
