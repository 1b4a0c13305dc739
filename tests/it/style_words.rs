//! Words and names, counted: what may still be short may only become less (docs/developing.md).
//!
//! What cannot be counted, such as whether a sentence says what a thing is, is for readers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::style_sizes::{is_shipped, sources};

/// Doc comments of private items with fewer than five words.
const SHORT: usize = 10;

const QUESTION_WORDS: &[&str] = &["What", "Who", "Where", "Why", "How", "When"];

/// The shipped files of the program, each with its text up to the tests inside.
fn shipped() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    ["src", "actors"].iter().for_each(|folder| sources(&root.join(folder), &mut files));
    let below = |path: &Path| path.strip_prefix(root).expect("it is below").to_path_buf();
    let files = files.into_iter().filter(|path| is_shipped(&below(path)));
    let text = |path: &Path| std::fs::read_to_string(path).expect("a source file is text");
    let product =
        |text: String| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    files.map(|path| (below(&path), product(text(&path)))).collect()
}

/// The name of the type that a line defines for others than its own module.
fn visible_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest =
        rest.strip_prefix('(').map_or(Some(rest), |rest| rest.split_once(')').map(|(_, rest)| rest))?;
    let (keyword, rest) = rest.trim_start().split_once(' ')?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    // A type inside a trait or an impl is one of its own.
    let nested = keyword == "type" && line.starts_with(' ');
    (["struct", "enum", "trait", "type", "union"].contains(&keyword) && !nested).then_some(name)
}

#[test]
fn style_19_a_name_is_one_type() {
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (path, text) in shipped() {
        for name in text.lines().filter_map(visible_type) {
            places.entry(name.to_owned()).or_default().push(path.clone());
        }
    }
    assert!(places.len() > 500, "the tree was not read");
    places.retain(|_, places| places.len() > 1);
    let count = places.len();
    assert_eq!(count, 0, "{count} names stand for two types: {places:#?}");
}

/// The doc comments of a file: the words of each, its line and the line of its item.
fn doc_comments(text: &str) -> Vec<(usize, usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (number, line) in text.lines().map(str::trim_start).enumerate() {
        if let Some(words) = line.strip_prefix("///") {
            let (_, count) = open.get_or_insert((number + 1, 0));
            *count += words.split_whitespace().count();
        } else if !line.starts_with("#[")
            && let Some((begin, count)) = open.take()
        {
            found.push((begin, count, line.to_owned()));
        }
    }
    found
}

#[test]
fn style_19_a_doc_comment_is_a_sentence() {
    let (mut all, mut short, mut short_public) = (0, Vec::new(), Vec::new());
    for (path, text) in shipped() {
        for (line, words, item) in doc_comments(&text) {
            all += 1;
            if words < 5 {
                let place = format!("{}:{line}: {item}", path.display());
                if item.starts_with("pub ") {
                    short_public.push(place.clone());
                }
                short.push(place);
            }
        }
    }
    assert!(all > 5_000, "the tree was not read");
    let public = short_public.len();
    assert_eq!(public, 0, "{public} comments of public items are short: {short_public:#?}");
    let count = short.len();
    assert!(count <= SHORT, "{count} of {all} comments are short, at most {SHORT} may: {short:#?}");
}

#[test]
fn style_19_a_header_begins_with_a_noun_or_a_verb() {
    let files = shipped();
    assert!(files.len() > 500, "the tree was not read");
    let first = |text: &str| {
        let line = text.lines().next()?.strip_prefix("//! ")?;
        line.split(|c: char| !c.is_alphabetic()).next().map(str::to_owned)
    };
    let questions = |text: &str| first(text).is_some_and(|word| QUESTION_WORDS.contains(&word.as_str()));
    let found: Vec<_> = files.iter().filter(|(_, text)| questions(text)).map(|(path, _)| path).collect();
    let count = found.len();
    assert_eq!(count, 0, "{count} headers begin with a question's word: {found:#?}");
}

#[test]
fn style_19_cannot_is_one_word() {
    // Not written as it is searched for, since this file is searched too.
    let two = ["can", "not"].join(" ");
    let is_word = |text: &str| {
        text.split(|c: char| !c.is_alphabetic() && c != ' ')
            .any(|part| format!(" {} ", part.to_lowercase()).contains(&format!(" {two} ")))
    };
    let files = crate::support::files().into_iter();
    let found: Vec<_> = files
        .filter(|(_, path)| path.extension().is_some_and(|end| end == "rs" || end == "md"))
        .filter(|(_, path)| std::fs::read_to_string(path).is_ok_and(|text| is_word(&text)))
        .map(|(below, _)| below)
        .collect();
    assert!(found.is_empty(), "write it as one word in {found:?}");
}
