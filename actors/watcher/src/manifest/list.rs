//! Lists of objects: `kind: List` with whole objects, and typed lists, whose items take kind and version from the list.

use campanile_yaml::{Node, Value};
use serde_json::Value as Json;

/// Hands on the objects of a document, each with its JSON: the document itself, or the items of a list, however deep.
pub(super) fn each(root: &Node, take: &mut dyn FnMut(&Node, Json)) {
    let Some((items, of)) = items(root) else {
        take(root, root.to_json());
        return;
    };
    for item in items {
        if self::items(item).is_some() {
            each(item, take);
            continue;
        }
        let mut json = item.to_json();
        if let (Some((api_version, kind)), Some(map)) = (&of, json.as_object_mut()) {
            for (key, value) in [("apiVersion", api_version), ("kind", kind)] {
                if map.get(key).is_none_or(Json::is_null) {
                    map.insert(key.to_owned(), Json::from(value.as_str()));
                }
            }
        }
        take(item, json);
    }
}

/// The API version and the kind.
type Typed = (String, String);

/// The items of a list, and the version and kind that they have where they do not say their own. An empty list has none.
fn items(node: &Node) -> Option<(&[Node], Option<Typed>)> {
    let kind = text(node, "kind")?.strip_suffix("List")?;
    let items = match &node.get("items")?.value {
        Value::Sequence(items) => items.as_slice(),
        Value::Null => &[],
        _ => return None,
    };
    let of = text(node, "apiVersion").filter(|_| !kind.is_empty());
    Some((items, of.map(|api_version| (api_version.to_owned(), kind.to_owned()))))
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    match &node.get(key)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
