//! CDEvents of specification 0.4.1, and what each must hold (contract, receivers 9).
//!
//! Fields that a type does not have are ignored, missing ones are empty, and each request is read on its own.

mod form;
mod rules;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::body::{self, BodyError};
use crate::event::shown;
use rules::{CdEventType, Custom, Need};

/// Errors of a body that is no CDEvent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CdEventError {
    /// It is no JSON document.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Its type is not one of the specification.
    #[error("'{0}' is not a type of CDEvents 0.4.1")]
    Type(String),
    /// A field is missing or wrong.
    #[error("{field} {what}")]
    Field {
        /// The path of the field.
        field: String,
        /// The form that it must have.
        what: &'static str,
    },
}

/// A JSON object of the body, with its path for errors.
struct Object<'b> {
    map: Option<&'b Map<String, Json>>,
    path: &'static str,
}

impl<'b> Object<'b> {
    fn wrong(&self, name: &str, what: &'static str) -> CdEventError {
        let dot = if self.path.is_empty() { "" } else { "." };
        CdEventError::Field { field: format!("{}{dot}{name}", self.path), what }
    }

    /// A field; `null` is as good as none.
    fn get(&self, name: &str) -> Option<&'b Json> {
        self.map?.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<&'b str, CdEventError> {
        match self.get(name) {
            None => Ok(""),
            Some(Json::String(text)) => Ok(text),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    fn nonempty(&self, name: &str) -> Result<&'b str, CdEventError> {
        self.text(name).and_then(|text| match text {
            "" => Err(self.wrong(name, "must not be empty")),
            text => Ok(text),
        })
    }

    fn object(&self, name: &str, path: &'static str) -> Result<Object<'b>, CdEventError> {
        match self.get(name) {
            None => Ok(Object { map: None, path }),
            Some(Json::Object(map)) => Ok(Object { map: Some(map), path }),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    fn uri(&self, name: &str) -> Result<&'b str, CdEventError> {
        let text = self.text(name)?;
        if form::is_uri_reference(text) { Ok(text) } else { Err(self.wrong(name, "must be a URI reference")) }
    }
}

/// Checks that `body` is a CDEvent.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(body: &[u8]) -> Result<(), CdEventError> {
    let document = body::whole(body)?;
    let Json::Object(map) = &document else { return Err(BodyError::NoObject.into()) };
    let event = Object { map: Some(map), path: "" };
    let context = event.object("context", "context")?;
    let subject = event.object("subject", "subject")?;
    let written = context.text("type")?;
    check_context(&context)?;
    check_custom_data(&event)?;
    subject.nonempty("id")?;
    subject.uri("source")?;
    let content = subject.object("content", "subject.content")?;
    match rules::find(written) {
        Some(rule) => check_rule(&rule, &subject, &content),
        None => match rules::custom(written) {
            Some(custom) => check_custom(custom, &subject),
            None => Err(CdEventError::Type(shown(written))),
        },
    }
}

fn check_context(context: &Object<'_>) -> Result<(), CdEventError> {
    for name in ["version", "id", "source"] {
        context.nonempty(name)?;
    }
    context.uri("source")?;
    context.text("chainId")?;
    let timestamp = context.text("timestamp")?;
    if !timestamp.is_empty() && timestamp.parse::<Timestamp>().is_err() {
        return Err(context.wrong("timestamp", "must be a time of RFC 3339"));
    }
    if !context.text("schemaUri")?.is_empty() {
        return Err(context.wrong("schemaUri", "must be empty: no schemas of others are known"));
    }
    match context.get("links") {
        None | Some(Json::Array(_)) => Ok(()),
        Some(_) => Err(context.wrong("links", "must be a list")),
    }
}

fn check_custom_data(event: &Object<'_>) -> Result<(), CdEventError> {
    event.text("customDataContentType")?;
    match event.get("customData") {
        None | Some(Json::Object(_) | Json::String(_)) => Ok(()),
        Some(_) => Err(event.wrong("customData", "must be an object or a text")),
    }
}

fn check_subject_type(subject: &Object<'_>, expected: &[&str]) -> Result<(), CdEventError> {
    let written = subject.nonempty("type")?;
    if expected.contains(&written) {
        Ok(())
    } else {
        Err(subject.wrong("type", "must be the subject of the event's type"))
    }
}

fn check_rule(rule: &CdEventType, subject: &Object<'_>, content: &Object<'_>) -> Result<(), CdEventError> {
    check_subject_type(subject, &[rule.subject, rule.camel])?;
    rule.needs.iter().try_for_each(|need| check_need(need, content))
}

fn check_custom(custom: Custom<'_>, subject: &Object<'_>) -> Result<(), CdEventError> {
    check_subject_type(subject, &[custom.subject, custom.with_tool])
}

fn check_need(need: &Need, content: &Object<'_>) -> Result<(), CdEventError> {
    match *need {
        Need::Text(name) => content.nonempty(name).map(drop),
        Need::TextOrEmpty(name) => content.text(name).map(drop),
        Need::Reference(name, path) => {
            let reference = content.object(name, path)?;
            reference.nonempty("id")?;
            reference.uri("source").map(drop)
        }
        Need::OneOf(name, words) => match words.contains(&content.text(name)?) {
            true => Ok(()),
            false => Err(content.wrong(name, "is not one of the words of the specification")),
        },
        Need::PackageUrl(name) => match form::is_package_url(content.text(name)?) {
            true => Ok(()),
            false => Err(content.wrong(name, "must be a package URL, for example pkg:oci/app@sha256:…")),
        },
    }
}
