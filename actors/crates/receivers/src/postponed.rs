//! Entries of a verified request that wait for the API server, in a form that outlives the process.
//!
//! What is stored is the entry of `spec.resources` and its filters as they were when the request came, and, only where there
//! are filters, what those see of the request: the body as JSON, and the claims of its token. No header is stored, so no
//! token and no signature, and neither is the path.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use campanile_domain::{PostponedReconcile, ReceiverResource, ReceiverSpec};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{Invalid, Receiver, Selection};

/// The most bytes that are stored of one entry, what its filters see of the request included. The bodies of nearly all hosts
/// have less than 64 KiB.
const MOST: usize = 256 << 10;

/// How many digits tell selections apart that have the same name.
const DIGITS: usize = 16;

/// Errors for which an entry cannot wait, or cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum PostponeError {
    /// There is no such entry.
    #[error("the Receiver has no entry {0}")]
    NoEntry(usize),
    /// What its filters see is too large.
    #[error("{0} bytes are to be kept for a filter, {MOST} are the most")]
    TooLarge(usize),
    /// What was stored is no entry.
    #[error("{0}")]
    Unreadable(#[from] serde_json::Error),
    /// A stored filter does not compile any more.
    #[error("{0}")]
    Invalid(#[from] Invalid),
}

/// An entry as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    kind: String,
    namespace: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    match_labels: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource_filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(default, skip_serializing_if = "Json::is_null")]
    req: Json,
    #[serde(default, skip_serializing_if = "Json::is_null")]
    claims: Json,
}

impl Selection {
    /// Entry `entry`, counted from 0, as it waits until the API server is back.
    ///
    /// # Errors
    /// If there is no such entry, or its filters see more of the request than is stored.
    pub fn postpone(
        &self,
        entry: usize,
        accepted_at: Timestamp,
    ) -> Result<PostponedReconcile, PostponeError> {
        let spec = self.receiver();
        let resource = spec.resources.get(entry).ok_or(PostponeError::NoEntry(entry))?;
        let mut stored = stored(spec, resource);
        let has_filters = stored.resource_filter.is_some() || stored.filter.is_some();
        if has_filters {
            let (req, claims) = self.seen();
            (stored.req, stored.claims) = (req.clone(), claims.clone());
        }
        let request = serde_json::to_string(&stored)?;
        if request.len() > MOST {
            return Err(PostponeError::TooLarge(request.len()));
        }
        let resource = name(&stored, has_filters);
        Ok(PostponedReconcile { resource, receiver: spec.key.clone(), accepted_at, request })
    }

    /// The selection of an entry that was postponed. It has that entry alone.
    ///
    /// # Errors
    /// If the stored text is none that [`postpone`](Self::postpone) wrote.
    pub fn restore(postponed: &PostponedReconcile) -> Result<Self, PostponeError> {
        let stored: Stored = serde_json::from_str(&postponed.request)?;
        let spec = ReceiverSpec {
            key: postponed.receiver.clone(),
            uid: stored.uid.into(),
            generation: 0,
            type_name: String::new(),
            interval: None,
            events: Vec::new(),
            resources: vec![ReceiverResource {
                api_version: stored.api_version,
                kind: stored.kind,
                name: stored.name,
                namespace: Some(stored.namespace),
                match_labels: stored.match_labels,
                filter: stored.filter,
            }],
            resource_filter: stored.resource_filter,
            secret_ref: None,
            oidc_providers: Vec::new(),
            suspend: false,
            notify: false,
        };
        let object = |value: Json| if value.is_null() { json!({}) } else { value };
        let receiver = Receiver::of_filters(Arc::new(spec))?;
        Ok(Self::new(Arc::new(receiver), object(stored.req), object(stored.claims)))
    }
}

fn stored(spec: &ReceiverSpec, resource: &ReceiverResource) -> Stored {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let is_wildcard = resource.is_wildcard();
    Stored {
        uid: spec.uid.to_string(),
        api_version: resource.api_version.clone(),
        kind: resource.kind.clone(),
        namespace: resource.namespace.clone().unwrap_or_else(|| spec.key.namespace.to_string()),
        name: resource.name.clone(),
        // Ignored for named entries (contract, receivers 7).
        match_labels: resource.match_labels.clone().filter(|_| is_wildcard),
        resource_filter: given(&spec.resource_filter),
        filter: given(&resource.filter),
        req: Json::Null,
        claims: Json::Null,
    }
}

/// What waits, in words: the resource, and what tells one selection from another.
fn name(stored: &Stored, has_filters: bool) -> String {
    let Stored { api_version, kind, namespace, name, .. } = stored;
    let api_version = api_version.as_deref().or_else(|| ReceiverResource::default_api_version(kind));
    let group = api_version.and_then(|text| text.split_once('/')).map_or("", |(group, _)| group);
    let kind = if group.is_empty() { kind.clone() } else { format!("{kind}.{group}") };
    if !has_filters && name != ReceiverResource::WILDCARD {
        return format!("{kind}/{namespace}/{name}");
    }
    let told = json!([stored.match_labels, stored.resource_filter, stored.filter, stored.req, stored.claims]);
    let digest = digest(&SHA256, told.to_string().as_bytes());
    let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).take(DIGITS / 2).collect();
    format!("{kind}/{namespace}/{name} {digits}")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::testing::{compile, outcome, request, resource, spec, token};

    const BODY: &[u8] = br#"{"ref": "main", "private": 1}"#;

    fn selection(resources: Vec<ReceiverResource>, filter: Option<&str>, body: &[u8]) -> Selection {
        let spec = ReceiverSpec { resources, resource_filter: filter.map(str::to_owned), ..spec("gitlab") };
        let fields = [("X-Gitlab-Token", "token"), ("Content-Type", "application/json")];
        outcome(&compile(spec), &token(), request(&fields, body)).unwrap().select().unwrap()
    }

    fn postponed(selection: &Selection) -> PostponedReconcile {
        selection.postpone(0, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn labelled(label: &str) -> ReceiverResource {
        let labels = BTreeMap::from([("team".to_owned(), label.to_owned())]);
        ReceiverResource { name: "*".to_owned(), match_labels: Some(labels), ..resource(None) }
    }

    #[test]
    fn issue_20_a_resource_without_a_filter_is_stored_by_its_name_alone() {
        let one = postponed(&selection(vec![resource(None)], None, BODY));
        let other = postponed(&selection(vec![resource(None)], None, b"{}"));
        assert_eq!(one.resource, "GitRepository.source.toolkit.fluxcd.io/apps/app");
        assert_eq!(one, other, "whatever the request says");
        assert!(!one.request.contains("main"), "{}", one.request);
        let elsewhere = ReceiverResource {
            api_version: Some("source.toolkit.fluxcd.io/v1beta2".to_owned()),
            namespace: Some("prod".to_owned()),
            ..resource(None)
        };
        let elsewhere = postponed(&selection(vec![elsewhere], None, BODY));
        assert_eq!(elsewhere.resource, "GitRepository.source.toolkit.fluxcd.io/prod/app");
        let restored = Selection::restore(&elsewhere).unwrap();
        let entry = &restored.receiver().resources[0];
        assert_eq!(entry.api_version.as_deref(), Some("source.toolkit.fluxcd.io/v1beta2"));
        assert_eq!((entry.namespace.as_deref(), &*entry.name), (Some("prod"), "app"));
    }

    #[test]
    fn issue_20_filters_decide_after_a_restart_as_they_would_have_before() {
        let own = || resource(Some("req.ref == 'main'"));
        for (body, passes) in [(BODY, true), (b"{\"ref\": \"other\"}", false)] {
            let first = selection(vec![own()], Some("res.kind == 'GitRepository'"), body);
            let restored = Selection::restore(&postponed(&first)).unwrap();
            assert_eq!(restored.receiver().key, first.receiver().key);
            assert_eq!(restored.accepts(0, &json!({"kind": "GitRepository"})), Ok(passes));
            assert_eq!(restored.accepts(0, &json!({"kind": "Bucket"})), Ok(false));
        }
    }

    #[test]
    fn issue_20_selections_that_say_something_else_wait_side_by_side() {
        let name = |entry, body| postponed(&selection(vec![entry], None, body)).resource;
        assert_eq!(name(labelled("a"), BODY), name(labelled("a"), b"{}"), "no filter reads the body");
        assert_ne!(name(labelled("a"), BODY), name(labelled("b"), BODY));
        let filtered = || resource(Some("req.ref == 'main'"));
        assert_eq!(name(filtered(), BODY), name(filtered(), BODY));
        assert_ne!(name(filtered(), BODY), name(filtered(), b"{\"ref\": \"other\"}"));
        assert_ne!(name(filtered(), BODY), name(resource(None), BODY));
    }

    #[test]
    fn issue_20_no_secret_of_a_request_is_stored_and_what_is_too_large_does_not_wait() {
        let filtered = resource(Some("has(req.ref)"));
        let stored = postponed(&selection(vec![filtered.clone()], None, BODY));
        assert!(!stored.request.contains("token"), "{}", stored.request);
        let long = format!("{{\"ref\": \"{}\"}}", "x".repeat(MOST));
        let large = selection(vec![filtered], None, long.as_bytes());
        let refused = large.postpone(0, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(refused, PostponeError::TooLarge(_)), "{refused}");
        let unfiltered = selection(vec![resource(None)], None, long.as_bytes());
        assert!(unfiltered.postpone(0, Timestamp::UNIX_EPOCH).is_ok());
        assert!(matches!(unfiltered.postpone(1, Timestamp::UNIX_EPOCH), Err(PostponeError::NoEntry(1))));
    }

    #[test]
    fn issue_20_a_text_that_is_no_entry_is_told() {
        let postponed = |request: &str| PostponedReconcile {
            request: request.to_owned(),
            ..postponed(&selection(vec![resource(None)], None, BODY))
        };
        assert!(matches!(Selection::restore(&postponed("{}")), Err(PostponeError::Unreadable(_))));
        let broken = r#"{"uid":"u","kind":"K","namespace":"n","name":"a","filter":"req.("}"#;
        assert!(matches!(Selection::restore(&postponed(broken)), Err(PostponeError::Invalid(_))));
    }
}
