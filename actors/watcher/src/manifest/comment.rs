//! Values that begin with a `#` and are none: to YAML that is a comment.

use campanile_crds::FieldPath;
use campanile_yaml::{Mark, Node, PathStep, Value};

/// Every field of `spec` without a value behind whose name the line goes on with `#` and no space.
pub(super) fn for_values(object: &Node, text: &str) -> Vec<(FieldPath, Mark)> {
    let mut found = Vec::new();
    if let Some(spec) = object.get("spec") {
        look(spec, &mut vec!["spec".into()], text, &mut found);
    }
    found
}

fn look(node: &Node, path: &mut Vec<PathStep>, text: &str, found: &mut Vec<(FieldPath, Mark)>) {
    match &node.value {
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                path.push(PathStep::Key(key.value.scalar_text().unwrap_or_default().into_owned().into()));
                if value.value == Value::Null && is_comment(text, key.mark) {
                    found.push((FieldPath(path.clone()), key.mark));
                }
                look(value, path, text, found);
                path.pop();
            }
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.into());
                look(item, path, text, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Whether the first thing behind the key at `mark` is a `#` with something right behind it.
fn is_comment(text: &str, mark: Mark) -> bool {
    let line = text.lines().nth(mark.line - 1).unwrap_or_default();
    let behind = line.char_indices().nth(mark.column - 1).and_then(|(offset, _)| line.get(offset..));
    let value = behind.and_then(|behind| behind.split_once(':')).map_or("", |(_, value)| value.trim_start());
    value
        .strip_prefix('#')
        .is_some_and(|comment| comment.starts_with(|c: char| !c.is_whitespace() && c != '#'))
}
