//! Remarks on Receivers: rules that the API server holds and a reader does without, and what can never verify or reconcile.

use std::collections::BTreeSet;

use campanile_domain::{ReceiverResource, ReceiverType, check_selector};
use campanile_yaml::PathStep;
use serde_json::Value as Json;

use super::{Level, SchemaFindings, text};
use crate::receiver::LATER_FIELDS;
use crate::source_kinds::{is_reconciled, meant_by};
use crate::{Map, Rule, Version};

pub(super) fn lint(spec: &Map, version: Version, findings: &mut SchemaFindings) {
    let kind = spec.get("type").and_then(Json::as_str).and_then(ReceiverType::named);
    if version < Version::V1 {
        findings.later(spec, LATER_FIELDS, version, Version::V1);
    } else {
        proofs(spec, kind, findings);
        issuers(spec, findings);
    }
    events(spec, kind, findings);
    let resources = spec.get("resources").and_then(Json::as_array);
    if resources.is_some_and(Vec::is_empty) {
        let message = "is empty, so a webhook does nothing; name the objects to reconcile";
        findings.add(Level::Warning, Rule::NoResources, in_spec("resources"), message);
    }
    for (index, entry) in resources.into_iter().flatten().enumerate() {
        if let Some(entry) = entry.as_object() {
            Resource { index, entry }.lint(version, findings);
        }
    }
}

fn in_spec(field: &'static str) -> Vec<PathStep> {
    vec!["spec".into(), field.into()]
}

/// A caller proves itself by a token of an issuer or by what the Secret holds, never by both (contract, receivers 1.1).
fn proofs(spec: &Map, kind: Option<ReceiverType>, findings: &mut SchemaFindings) {
    let is_oidc = kind == Some(ReceiverType::GenericOidc);
    let has_secret = spec.get("secretRef").is_some_and(|secret| !secret.is_null());
    let has_issuers = spec.get("oidcProviders").and_then(Json::as_array).is_some_and(|all| !all.is_empty());
    let mut wrong = |field, message| findings.add(Level::Error, Rule::Schema, in_spec(field), message);
    if is_oidc && !has_issuers {
        wrong("oidcProviders", "must name at least one issuer for type 'generic-oidc'");
    }
    if kind.is_some() && !is_oidc && has_issuers {
        wrong("oidcProviders", "can only be set for type 'generic-oidc'; remove it or change spec.type");
    }
    if is_oidc && has_secret {
        wrong("secretRef", "cannot be set for type 'generic-oidc'; remove it");
    }
    if kind.is_some() && !is_oidc && !has_secret {
        wrong(
            "secretRef",
            "is required for every type but 'generic-oidc'; name a Secret with the key 'token'",
        );
    }
}

fn events(spec: &Map, kind: Option<ReceiverType>, findings: &mut SchemaFindings) {
    let has_events = spec.get("events").and_then(Json::as_array).is_some_and(|events| !events.is_empty());
    if let Some(kind) = kind.filter(|kind| has_events && kind.event_header().is_none()) {
        let message = format!(
            "has no effect, for type '{}' does not look at events; remove it, or select by spec.resourceFilter",
            kind.name()
        );
        findings.add(Level::Warning, Rule::IgnoredEvents, in_spec("events"), message);
    }
}

/// What the API server and the controller demand of each issuer (contract, receivers 1.1 and 2.2).
fn issuers(spec: &Map, findings: &mut SchemaFindings) {
    let mut known = BTreeSet::new();
    let all = spec.get("oidcProviders").and_then(Json::as_array);
    for (index, issuer) in all.into_iter().flatten().enumerate() {
        let place = [in_spec("oidcProviders"), vec![index.into()]].concat();
        let mut wrong = |path: &[PathStep], message: String| {
            findings.add(Level::Error, Rule::Schema, [&place, path].concat(), message);
        };
        let url = text_of(issuer, "issuerURL");
        if url.is_empty() {
            wrong(&["issuerURL".into()], "is required".to_owned());
        } else if !url.starts_with("http://") && !url.starts_with("https://") {
            wrong(&["issuerURL".into()], format!("is '{url}'; it must start with https:// or http://"));
        } else if !known.insert(url) {
            wrong(&["issuerURL".into()], format!("names '{url}' a second time; put both entries into one"));
        }
        if issuer.get("validations").and_then(Json::as_array).is_none_or(Vec::is_empty) {
            let message =
                "is empty, so every caller with a token of this issuer could call; write at least one";
            wrong(&["validations".into()], message.to_owned());
        }
        for (list, fields) in
            [("variables", ["name", "expression"]), ("validations", ["expression", "message"])]
        {
            for (item, entry) in issuer.get(list).and_then(Json::as_array).into_iter().flatten().enumerate() {
                for field in fields.into_iter().filter(|field| text_of(entry, field).is_empty()) {
                    wrong(&[list.into(), item.into(), field.into()], "is required".to_owned());
                }
            }
        }
    }
}

fn text_of<'j>(json: &'j Json, field: &str) -> &'j str {
    json.get(field).and_then(Json::as_str).unwrap_or_default()
}

/// An entry of a Receiver's `spec.resources`.
struct Resource<'j> {
    index: usize,
    entry: &'j Map,
}

impl Resource<'_> {
    fn text(&self, field: &str) -> &str {
        self.entry.get(field).and_then(Json::as_str).unwrap_or_default()
    }

    fn path(&self, field: &'static str) -> Vec<PathStep> {
        vec!["spec".into(), "resources".into(), self.index.into(), field.into()]
    }

    fn lint(&self, version: Version, findings: &mut SchemaFindings) {
        if version < Version::V1 && self.entry.contains_key("filter") {
            let message = format!("is not a field of {} and is ignored; upgrade to v1", version.name());
            findings.add(Level::Error, Rule::UnknownField, self.path("filter"), message);
        }
        self.kind(findings);
        self.name(findings);
        if let Some(remark) =
            Some(self.text("namespace")).filter(|namespace| *namespace == ReceiverResource::WILDCARD)
        {
            let message = format!(
                "'{remark}' names no namespace, so nothing is found; write an entry for each namespace"
            );
            findings.add(Level::Error, Rule::Resource, self.path("namespace"), message);
        }
    }

    fn kind(&self, findings: &mut SchemaFindings) {
        let kind = self.text("kind");
        if kind.is_empty() || text::has_variable(kind) {
            return;
        }
        if let Some(meant) = meant_by(kind) {
            let message =
                format!("'{kind}' is no kind of Flux, and differs little from '{meant}'; is that meant?");
            findings.add(Level::Warning, Rule::UnknownKind, self.path("kind"), message);
        } else if !is_reconciled(kind) {
            let message = format!(
                "'{kind}' is not among the kinds of the definition, so the API server refuses it unless somebody added it; \
                 correct it, or append it to the definition"
            );
            findings.add(Level::Warning, Rule::UnknownKind, self.path("kind"), message);
        }
        if self.text("apiVersion").is_empty() && ReceiverResource::default_api_version(kind).is_none() {
            let message = format!("is required for kind '{kind}', which has no default");
            findings.add(Level::Error, Rule::Resource, self.path("apiVersion"), message);
        }
    }

    fn name(&self, findings: &mut SchemaFindings) {
        let name = self.text("name");
        let labels = self.entry.get("matchLabels").and_then(Json::as_object);
        if name != ReceiverResource::WILDCARD {
            if labels.is_some() {
                let message =
                    format!("is ignored, for '{name}' names one object; remove it, or write name '*'");
                findings.add(Level::Warning, Rule::Resource, self.path("matchLabels"), message);
            }
            if !name.is_empty() && !text::is_name(name) && !text::has_variable(name) {
                let message = format!(
                    "'{name}' is no name that an object can have, so nothing is found; only '*' alone stands for all names"
                );
                findings.add(Level::Error, Rule::Resource, self.path("name"), message);
            }
            return;
        }
        let Some(labels) = labels else {
            let message = "is required for name '*'; write {} for all objects of the kind";
            return findings.add(Level::Error, Rule::Resource, self.path("matchLabels"), message);
        };
        let text = |(key, value): (&String, &Json)| Some((key.clone(), value.as_str()?.to_owned()));
        if let Err(error) = check_selector(&labels.iter().filter_map(text).collect()) {
            findings.add(
                Level::Error,
                Rule::Selector,
                self.path("matchLabels"),
                format!("selects nothing: {error}"),
            );
        }
    }
}
