//! Texts out of a JSON body, read without building the rest of it.
//!
//! Names match whatever their case, the last of several counts, `null` is as good as nothing, and a wrong type fails
//! (contract, receivers 5).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The form of the value that is wanted at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldForm {
    /// A text at this path.
    Text(&'static [&'static str]),
    /// A list of texts, which is checked and not kept.
    Texts(&'static [&'static str]),
}

impl FieldForm {
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Text(path) | Self::Texts(path) => path,
        }
    }
}

/// Whether what follows the first value matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Ignored,
    Refused,
}

/// The texts at `fields`, empty where there is none, in their order.
///
/// # Errors
/// If the body is no JSON, or a field has another type.
pub(crate) fn read<const N: usize>(
    body: &[u8],
    fields: [FieldForm; N],
    rest: Rest,
) -> Result<[String; N], serde_json::Error> {
    let mut found = [const { String::new() }; N];
    let wanted: Vec<(FieldForm, usize)> = fields.into_iter().zip(0..).collect();
    let mut reader = serde_json::Deserializer::from_slice(body);
    PathVisitor { wanted: &wanted, depth: 0, found: &mut found }.deserialize(&mut reader)?;
    if rest == Rest::Refused {
        reader.end()?;
    }
    Ok(found)
}

/// Reads one object: the wanted fields, of whose paths the first `depth` steps are made, into their places.
struct PathVisitor<'w> {
    wanted: &'w [(FieldForm, usize)],
    depth: usize,
    found: &'w mut [String],
}

impl<'de> DeserializeSeed<'de> for PathVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for PathVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { wanted, depth, found } = self;
        while let Some(key) = map.next_key::<String>()? {
            let is_named = |field: &FieldForm| {
                field.path().get(depth).is_some_and(|step| step.to_lowercase() == key.to_lowercase())
            };
            let inside: Vec<(FieldForm, usize)> =
                wanted.iter().filter(|(field, _)| is_named(field)).copied().collect();
            match inside.first() {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some((field, _)) if field.path().len() > depth + 1 => {
                    map.next_value_seed(PathVisitor {
                        wanted: &inside,
                        depth: depth + 1,
                        found: &mut *found,
                    })?;
                }
                Some((FieldForm::Texts(_), _)) => drop(map.next_value::<Option<Vec<Option<String>>>>()?),
                Some((FieldForm::Text(_), place)) => {
                    let text = map.next_value::<Option<String>>()?;
                    if let (Some(text), Some(place)) = (text, found.get_mut(*place)) {
                        *place = text;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [FieldForm; 3] =
        [FieldForm::Text(&["target", "tag"]), FieldForm::Text(&["action"]), FieldForm::Texts(&["tags"])];

    fn texts(body: &str, rest: Rest) -> Result<[String; 3], serde_json::Error> {
        read(body.as_bytes(), FIELDS, rest)
    }

    #[test]
    fn fields_are_found_whatever_their_case_and_may_be_missing() {
        let found =
            texts(r#"{"Target":{"TAG":"v1","x":[{}]},"action":null,"tags":["a"]} rest"#, Rest::Ignored);
        assert_eq!(found.unwrap(), ["v1", "", ""]);
        assert_eq!(texts("null", Rest::Refused).unwrap(), ["", "", ""]);
        assert_eq!(texts(r#"{"target":null}"#, Rest::Refused).unwrap(), ["", "", ""]);
    }

    #[test]
    fn wrong_types_and_broken_bodies_fail() {
        for body in
            ["", "[]", "1", r#"{"action":1}"#, r#"{"tags":"a"}"#, r#"{"tags":[1]}"#, r#"{"target":[]}"#, "{"]
        {
            assert!(texts(body, Rest::Ignored).is_err(), "{body}");
        }
        assert!(texts("{} rest", Rest::Refused).is_err());
    }
}
