//! Measuring a request by the limits of its type's sample.

use campanile_domain::Request;
use serde_json::Value;

use super::every::message;
use crate::sample::{Limit, Measure};

/// How many there are in `request`.
pub(super) fn measured(limit: &Limit, request: &Request) -> usize {
    let at = |pointer: &str| {
        let json = message(request);
        json.pointer(pointer).cloned().unwrap_or_else(|| panic!("{pointer} in {json}"))
    };
    match limit.measure {
        Measure::Text(pointer) => length(&at(pointer)),
        Measure::CodePoints(pointer) => at(pointer).as_str().unwrap().chars().count(),
        Measure::TextBytes(pointer) => at(pointer).as_str().unwrap().len(),
        Measure::LongestText(pointer) => at(pointer).as_array().unwrap().iter().map(length).max().unwrap(),
        Measure::Texts(pointer) => texts(&at(pointer)),
        Measure::Pairs(pointer) => {
            at(pointer).as_object().unwrap().iter().map(|(name, text)| utf16(name) + length(text)).sum()
        }
        Measure::Items(pointer) => items(&at(pointer)),
        Measure::MostItems(pointer, name) => {
            at(pointer).as_array().unwrap().iter().map(|item| items(&item[name])).max().unwrap()
        }
        Measure::Json(pointer) => at(pointer).to_string().len(),
        Measure::Field(name) => field(request, name).chars().count(),
        Measure::Body => request.body.len(),
    }
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

fn length(value: &Value) -> usize {
    utf16(value.as_str().unwrap())
}

/// All texts below `value` together.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => utf16(text),
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(fields) => fields.values().map(texts).sum(),
        _ => 0,
    }
}

fn items(value: &Value) -> usize {
    value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len)).unwrap()
}

/// The value of this name in a form.
fn field(request: &Request, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(&request.body);
    pairs.into_owned().find(|(key, _)| key == name).map(|(_, value)| value).unwrap()
}
