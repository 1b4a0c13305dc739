//! Reads fields of a JSON object and collects every violation on the way, so that the user sees all at once.

use std::collections::BTreeMap;

use campanile_domain::check_object_name;
use campanile_yaml::PathStep;
use serde_json::Value as Json;

use crate::{FieldPath, Map, Rule, Violation};

/// Knows where in the object it is. A field that is absent or null is read as nothing, as the API server does; a field
/// of a wrong type is a violation and read as nothing.
#[derive(Default)]
pub(crate) struct Checker {
    path: Vec<PathStep>,
    violations: Vec<Violation>,
}

impl Checker {
    /// `value`, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Vec<Violation>> {
        if self.violations.is_empty() { Ok(value) } else { Err(self.violations) }
    }

    /// Records a violation of the field `step` below the present place.
    pub(crate) fn add(&mut self, step: impl Into<PathStep>, message: impl Into<String>) {
        self.add_by(Rule::Schema, step, message);
    }

    /// Records a violation of `rule`.
    pub(crate) fn add_by(&mut self, rule: Rule, step: impl Into<PathStep>, message: impl Into<String>) {
        let mut path = self.path.clone();
        path.push(step.into());
        self.violations.push(Violation { rule, path: FieldPath(path), message: message.into() });
    }

    /// Runs `read` one step further down.
    pub(crate) fn within<T>(&mut self, step: impl Into<PathStep>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.into());
        let value = read(self);
        self.path.pop();
        value
    }

    fn read<'j, T>(
        &mut self,
        map: &'j Map,
        key: &'static str,
        wanted: &str,
        convert: impl FnOnce(&'j Json) -> Option<T>,
    ) -> Option<T> {
        let found = map.get(key).filter(|value| !value.is_null())?;
        let value = convert(found);
        if value.is_none() {
            self.add(key, wrong_type(wanted, found));
        }
        value
    }

    /// Reads a field that holds text.
    pub(crate) fn text<'j>(&mut self, map: &'j Map, key: &'static str) -> Option<&'j str> {
        self.read(map, key, "a string", Json::as_str)
    }

    /// A text of at most `longest` characters; empty if absent.
    pub(crate) fn bounded(&mut self, map: &Map, key: &'static str, longest: usize) -> String {
        let text = self.text(map, key).unwrap_or_default();
        if text.chars().count() > longest {
            self.add(key, format!("is longer than {longest} characters"));
        }
        text.to_owned()
    }

    /// A text that must be there; empty if it is not.
    pub(crate) fn required<'j>(&mut self, map: &'j Map, key: &'static str) -> &'j str {
        self.demand(map, key);
        self.text(map, key).unwrap_or_default()
    }

    /// Demands a text that is not empty.
    pub(crate) fn nonempty(&mut self, map: &Map, key: &'static str) {
        self.required(map, key);
        if map.get(key).is_some_and(|value| value == "") {
            self.add(key, "must not be empty");
        }
    }

    /// A name or namespace: not empty and at most `longest` characters.
    pub(crate) fn name(&mut self, map: &Map, key: &'static str, longest: usize) -> Option<String> {
        let text = self.text(map, key)?;
        if text.is_empty() {
            self.add(key, "must not be empty");
        } else if text.chars().count() > longest {
            self.add(key, format!("is longer than {longest} characters"));
        }
        Some(text.to_owned())
    }

    /// Records a violation if the field is absent.
    pub(crate) fn demand(&mut self, map: &Map, key: &'static str) {
        if map.get(key).is_none_or(Json::is_null) {
            self.add(key, "is required");
        }
    }

    /// A switch; off if absent.
    pub(crate) fn flag(&mut self, map: &Map, key: &'static str) -> bool {
        self.read(map, key, "true or false", Json::as_bool).unwrap_or_default()
    }

    /// Reads a field that holds a whole number.
    pub(crate) fn integer(&mut self, map: &Map, key: &'static str) -> Option<i64> {
        self.read(map, key, "a whole number", Json::as_i64)
    }

    /// Reads a field that holds a mapping.
    pub(crate) fn object<'j>(&mut self, map: &'j Map, key: &'static str) -> Option<&'j Map> {
        self.read(map, key, "a mapping", Json::as_object)
    }

    /// A list; empty if absent.
    pub(crate) fn list<'j>(&mut self, map: &'j Map, key: &'static str) -> &'j [Json] {
        self.read(map, key, "a list", Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// Reads a field that holds a list of texts.
    pub(crate) fn texts(&mut self, map: &Map, key: &'static str) -> Vec<String> {
        let items = self.list(map, key);
        self.within(key, |this| {
            let mut texts = Vec::with_capacity(items.len());
            texts.extend(items.iter().enumerate().filter_map(|(index, item)| this.item(index, item)));
            texts
        })
    }

    /// A mapping from text to text. None if absent, which is not the same as empty.
    pub(crate) fn text_map(&mut self, map: &Map, key: &'static str) -> Option<BTreeMap<String, String>> {
        let pairs = self.object(map, key)?;
        Some(self.within(key, |this| {
            let text = |(key, value): (&String, &Json)| Some((key.clone(), this.item(owned(key), value)?));
            pairs.iter().filter_map(text).collect()
        }))
    }

    /// The same where null is a text too, as in maps of kinds that the API server knows without a schema.
    pub(crate) fn text_map_with_nulls(&mut self, map: &Map, key: &'static str) -> BTreeMap<String, String> {
        let Some(pairs) = self.object(map, key) else { return BTreeMap::new() };
        self.within(key, |this| {
            let text = |(key, value): (&String, &Json)| {
                let text = if value.is_null() { Some(String::new()) } else { this.item(owned(key), value) };
                Some((key.clone(), text?))
            };
            pairs.iter().filter_map(text).collect()
        })
    }

    fn item(&mut self, step: impl Into<PathStep>, value: &Json) -> Option<String> {
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.add(step, wrong_type("a string", value));
        }
        text
    }

    /// The `name` of a local reference, which must be one that an object can have.
    pub(crate) fn reference(&mut self, map: &Map, key: &'static str) -> Option<String> {
        let reference = self.object(map, key)?;
        Some(self.within(key, |this| {
            this.demand(reference, "name");
            this.object_name(reference, "name").unwrap_or_default()
        }))
    }

    /// The name of an object, which becomes a part of a path; nothing where it is empty.
    pub(crate) fn object_name_or_none(&mut self, map: &Map, key: &'static str) -> String {
        match self.text(map, key) {
            None | Some("") => String::new(),
            Some(_) => self.object_name(map, key).unwrap_or_default(),
        }
    }

    /// The name of an object, which becomes a part of a path.
    fn object_name(&mut self, map: &Map, key: &'static str) -> Option<String> {
        let name = self.text(map, key)?;
        if let Err(error) = check_object_name(name) {
            self.add(key, error.to_string().replacen("it is", "is", 1));
        }
        Some(name.to_owned())
    }
}

/// A step to a key that is only known at run time.
pub(crate) fn owned(key: &str) -> PathStep {
    PathStep::Key(key.to_owned().into())
}

fn wrong_type(wanted: &str, found: &Json) -> String {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "a mapping",
    };
    let remedy =
        if wanted == "a string" && matches!(found, "a boolean" | "a number") { "; quote it" } else { "" };
    format!("must be {wanted}, not {found}{remedy}")
}
