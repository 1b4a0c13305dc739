//! A text cut into its documents, so that one that is broken loses no other.
//!
//! A line that begins with `---` ends a document whatever stands around it (YAML 1.2.2, 9.1.2 and 9.1.4: such a line is
//! forbidden inside), so the cut needs no parser. What follows `...` is a further document too. Directives (`%YAML`)
//! belong to the document after them. A byte-order mark may stand before each document (5.2).

use super::build::Builder;
use super::{Document, YamlError, json};

/// How much text may be read again, in bytes, because a tab had to be replaced.
const REREAD: usize = 64 << 20;

/// What the scanner says of a tab between `:` and a plain scalar, where YAML allows it (6.1, `s-separate-in-line`).
const TAB: &str = "':' must be followed by a valid YAML whitespace";

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads the documents of `text` and hands them on, broken ones as their error.
pub(super) fn documents(text: &str, take: &mut dyn FnMut(Result<Document, YamlError>)) {
    let mut builder = Builder::default();
    let mut line = 0;
    for part in parts(text) {
        read(&mut builder, part, line, take);
        if builder.is_exhausted() {
            return;
        }
        line += part.matches('\n').count();
    }
}

/// The parts of a text, each with the line that begins it.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (part, after) = rest.split_at(end_of_part(rest));
        rest = after;
        Some(part)
    })
}

/// Where the first document of `text` ends, in bytes.
fn end_of_part(text: &str) -> usize {
    let (mut offset, mut is_prologue, mut has_directive) = (0, true, false);
    for line in text.split_inclusive('\n') {
        let is_first = offset == 0;
        let bare = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        // Only directives and comments came so far: they belong to the document that begins here.
        let belongs = is_first || (is_prologue && has_directive);
        if is_marker(bare, "---") && !belongs {
            return offset;
        }
        offset += line.len();
        if is_marker(bare, "...") {
            return offset;
        }
        has_directive |= bare.starts_with('%');
        let is_comment = bare.trim_start().is_empty() || bare.trim_start().starts_with('#');
        is_prologue &= is_comment || bare.starts_with('%');
    }
    offset
}

/// Whether a line is a marker: three characters, and white space or nothing after them.
fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Reads one part. `line` lines stand before it.
fn read(builder: &mut Builder, part: &str, line: usize, take: &mut dyn FnMut(Result<Document, YamlError>)) {
    let part = part.strip_prefix(BYTE_ORDER_MARK).unwrap_or(part);
    let (text, line) = match part.split_once('\n') {
        // A bare marker says nothing more, unless nothing follows: then it is an empty document.
        Some((first, rest)) if is_marker(first, "---") && first.trim_end() == "---" && !is_blank(rest) => {
            (rest.strip_prefix(BYTE_ORDER_MARK).unwrap_or(rest), line + 1)
        }
        _ => (part, line),
    };
    let Some(inside) = text.trim_start().strip_prefix(['{', '[']) else {
        yaml(builder, text, line, take);
        return;
    };
    let as_json = json::documents(text, line, builder.nodes);
    let Some(json_error) = as_json.error else {
        builder.nodes = as_json.nodes;
        as_json.documents.into_iter().map(Ok).for_each(take);
        return;
    };
    let mut found = Vec::new();
    yaml(builder, text, line, &mut |document| found.push(document));
    // Of the two errors, tell the one of the language that the text seems to be in.
    let quoted = inside.trim_start().starts_with(['"', '{', '[']);
    if found.iter().any(Result::is_err) && quoted {
        found = as_json.documents.into_iter().map(Ok).chain([Err(json_error)]).collect();
    }
    found.into_iter().for_each(take);
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'))
}

/// Reads a part as YAML, with spaces for the tabs that the scanner refuses and YAML does not.
fn yaml(builder: &mut Builder, text: &str, line: usize, take: &mut dyn FnMut(Result<Document, YamlError>)) {
    let (mut text, mut budget) = (std::borrow::Cow::Borrowed(text), REREAD);
    loop {
        let (mut documents, nodes) = (Vec::new(), builder.nodes);
        let outcome = builder.documents(&text, line, &mut |document| documents.push(document));
        let mut error = None;
        if let Err(failure) = outcome {
            let mended = (failure.error.message == TAB && budget >= text.len())
                .then(|| without_tabs_before(&text, failure.offset))
                .flatten();
            if let Some(mended) = mended {
                budget -= text.len();
                builder.nodes = nodes;
                text = mended.into();
                continue;
            }
            error = Some(failure.error);
        }
        documents.into_iter().map(Ok).chain(error.map(Err)).for_each(take);
        return;
    }
}

/// The text with spaces in place of the tabs right before `offset`; none if what follows is an entry of a sequence, which
/// a tab cannot indent.
fn without_tabs_before(text: &str, offset: usize) -> Option<String> {
    let (before, after) = text.split_at_checked(offset)?;
    let kept = before.trim_end_matches(['\t', ' ']);
    let is_entry = is_entry(after) || before.len() == kept.len();
    let spaces = " ".repeat(before.len() - kept.len());
    (!is_entry).then(|| format!("{kept}{spaces}{after}"))
}

/// Whether a text begins with the dash of a sequence.
fn is_entry(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}
