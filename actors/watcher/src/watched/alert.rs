//! Alerts: `Ready` when their Provider exists and their patterns and selectors are valid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use campanile_crds::Object;
use campanile_domain::{Alert, EventSource, ObjectKey};
use campanile_protocol::{AlertRow, Backlog, Change, Changes, Counts, ObjectRow};

use super::{Reference, ReferenceLookup, Watched};
use crate::condition::{FAILED, Judgement, VALIDATION_FAILED};
use crate::findings::missing_provider;
use crate::kind::Kind;
use crate::{Loaded, Located, violations};

impl Watched for Alert {
    const KIND: Kind = Kind::Alert;

    type Aspect = ();
    type Row = AlertRow;

    fn of(object: Object) -> Option<Self> {
        match object {
            Object::Alert(alert) => Some(alert),
            _ => None,
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    fn generation(&self) -> i64 {
        self.generation
    }

    fn set_generation(&mut self, generation: i64) {
        self.generation = generation;
    }

    fn is_suspended(&self) -> bool {
        self.suspend
    }

    fn bytes(&self) -> usize {
        self.object.len()
    }

    fn violation(&self) -> Option<String> {
        violations::summary(&violations::of_alert(self))
    }

    fn announcements(&self) -> Vec<String> {
        violations::announcements(self)
    }

    fn references(&self) -> Vec<Reference> {
        let provider = Reference::Object((Kind::Provider, self.provider.clone()));
        let labels = labelled_kinds(self).into_iter().map(|kind| Reference::Labels(kind.into()));
        std::iter::once(provider).chain(labels).collect()
    }

    fn unresolved(&self, known: &dyn ReferenceLookup) -> Option<String> {
        let exists = known.exists(&(Kind::Provider, self.provider.clone()));
        let missing = (!exists).then(|| missing_provider(&self.provider));
        let denied = labelled_kinds(self).into_iter().filter_map(|kind| known.labels_denied(kind));
        let all: Vec<String> = missing.into_iter().chain(denied).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn ready(&self, violation: Option<&str>, unresolved: Option<String>, (): &()) -> Judgement {
        match (unresolved, violation) {
            (None, None) => Judgement::ready(),
            (None, Some(violation)) => Judgement::not_ready(VALIDATION_FAILED, violation.to_owned()),
            (Some(missing), None) => Judgement::not_ready(FAILED, missing),
            (Some(missing), Some(violation)) => {
                Judgement::not_ready(FAILED, format!("{missing}; {violation}"))
            }
        }
    }

    fn row(&self, object: ObjectRow, (): &()) -> AlertRow {
        AlertRow { object, provider: self.provider.name.to_string() }
    }

    fn row_of_malformed(object: ObjectRow) -> AlertRow {
        AlertRow { object, provider: String::new() }
    }

    fn counts(backlog: &Backlog) -> Option<&BTreeMap<ObjectKey, Counts>> {
        Some(&backlog.alerts)
    }

    fn changes(changes: &mut Changes) -> &mut Vec<Change<Self>> {
        &mut changes.alerts
    }

    fn loaded(loaded: &mut Loaded) -> &mut BTreeMap<ObjectKey, Located<Self>> {
        &mut loaded.alerts
    }
}

/// The kinds whose labels an Alert asks for, each once.
fn labelled_kinds(alert: &Alert) -> BTreeSet<&str> {
    let asks = |source: &&EventSource| source.match_labels.is_some();
    alert.sources.iter().filter(asks).map(|source| source.kind.as_str()).collect()
}
