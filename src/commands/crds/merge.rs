//! Kinds that others appended to the definitions in a cluster, carried over into ours.
//!
//! Third parties append the kinds of their objects to one list of a definition, in place: that of the kinds an Alert may name, and
//! that of the kinds a Receiver may ask to reconcile. Whoever applies a whole definition takes these away.

use anyhow::{Context, Result, ensure};
use campanile_yaml as yaml;
use serde_json::Value;

use crate::definitions::kinds;

/// The end of each such list in `deploy/crds`.
const END: &str = "ResourceSetInputProvider]";

/// The most kinds that are carried over for one definition, and the most letters of each.
const MOST: usize = 256;
const LONGEST: usize = 63;

/// Our definitions with the kinds that the installed ones list beside, in every version.
pub(super) fn merged(stream: &str, installed: &[Value]) -> Result<String> {
    let documents: Vec<&str> = stream.split("---\n").collect();
    let merged = documents.iter().map(|document| with_additions(document, installed));
    Ok(merged.collect::<Result<Vec<_>>>()?.join("---\n"))
}

fn with_additions(document: &str, installed: &[Value]) -> Result<String> {
    let parsed = yaml::parse(document).ok().and_then(|documents| Some(documents.first()?.to_json()));
    let ours = parsed.context("read the definition of the program")?;
    let name = &ours["metadata"]["name"];
    let Some(theirs) = installed.iter().find(|theirs| theirs["metadata"]["name"] == *name) else {
        return Ok(document.to_owned());
    };
    let known = kinds(&ours);
    let added: Vec<String> = kinds(theirs).difference(&known).cloned().collect();
    if added.is_empty() {
        return Ok(document.to_owned());
    }
    ensure!(
        added.len() <= MOST && added.iter().all(|kind| is_kind(kind)),
        "keep the kinds in the definition {name}: more than {MOST}, or one that is no name of a kind; apply without --merge \
         and append them again"
    );
    eprintln!("kept in {}: {}", name.as_str().unwrap_or_default(), added.join(", "));
    let quoted: Vec<String> = added.iter().map(|kind| format!("\"{kind}\"")).collect();
    let end = END.replace(']', &format!(",\n                           {}]", quoted.join(", ")));
    Ok(document.replace(END, &end))
}

fn is_kind(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}
