//! Whether an Alert selects an event (contract, control plane 5, steps 2 to 4).

use std::cell::OnceCell;
use std::sync::Arc;

use campanile_domain::{Event, EventSource, Severity};
use campanile_protocol::{LabelLookup, Labels};

use super::matching::{Matching, Skipped};
use super::{DecidingStep, OwnerNotice, Problem};
use crate::index::Compiled;

/// The answer for one Alert.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AlertMatch {
    Selected,
    Stopped(DecidingStep),
    /// It depends on labels that are not known yet.
    NotYet,
    /// Its patterns are to be matched elsewhere.
    Elsewhere,
    /// There was no budget left for its patterns.
    Skipped,
}

/// The match of a source with the object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SourceMatch {
    Yes,
    No,
    NotYet,
}

/// Judges Alerts for one event. The object's labels are looked up once, and only if an Alert asks for them.
pub(super) struct Selector<'e> {
    event: &'e Event,
    lookup: &'e dyn LabelLookup,
    labels: OnceCell<Labels>,
    matching: &'e Matching<'e>,
}

impl<'e> Selector<'e> {
    pub(super) fn new(event: &'e Event, lookup: &'e dyn LabelLookup, matching: &'e Matching<'e>) -> Self {
        Self { event, lookup, labels: OnceCell::new(), matching }
    }

    /// Whether `source` names the object: steps a and c.
    pub(super) fn is_named_by(&self, source: &EventSource) -> bool {
        let object = &self.event.involved_object;
        source.kind == object.kind
            && source.namespace == object.namespace
            && (source.name == "*" || source.name == object.name)
    }

    /// Judges an Alert by those of its sources that name the object, given with their positions.
    pub(super) fn select<'i>(
        &self,
        compiled: &Arc<Compiled>,
        sources: impl Iterator<Item = (usize, &'i EventSource)>,
        notices: &mut Vec<OwnerNotice>,
    ) -> AlertMatch {
        let severity = &compiled.alert.severity;
        if *severity != Severity::Info && *severity != self.event.severity {
            return AlertMatch::Stopped(DecidingStep::Severity);
        }
        let found = self.any_source(compiled, sources, notices);
        if found == SourceMatch::No {
            return AlertMatch::Stopped(DecidingStep::Labels);
        }
        if self.matching.is_behind(&compiled.alert.provider) {
            return AlertMatch::Elsewhere;
        }
        if compiled.has_patterns() {
            match self.matching.patterns(compiled, &self.event.message) {
                None => return AlertMatch::Elsewhere,
                Some(Err(Skipped)) => return AlertMatch::Skipped,
                Some(Ok(judged)) => {
                    let notice = |problem| OwnerNotice { alert: compiled.alert.clone(), problem };
                    notices.extend(judged.problems.into_iter().map(notice));
                    if let Some(step) = judged.stopped {
                        return AlertMatch::Stopped(step);
                    }
                }
            }
        }
        if found == SourceMatch::NotYet { AlertMatch::NotYet } else { AlertMatch::Selected }
    }

    fn any_source<'i>(
        &self,
        compiled: &Compiled,
        sources: impl Iterator<Item = (usize, &'i EventSource)>,
        notices: &mut Vec<OwnerNotice>,
    ) -> SourceMatch {
        let mut best = SourceMatch::No;
        for (position, source) in sources {
            match self.labels_match(compiled, position, source, notices) {
                SourceMatch::Yes => return SourceMatch::Yes,
                SourceMatch::No => {}
                SourceMatch::NotYet => best = SourceMatch::NotYet,
            }
        }
        best
    }

    /// Step d. Even an empty selector demands that the object exists.
    fn labels_match(
        &self,
        compiled: &Compiled,
        position: usize,
        source: &EventSource,
        notices: &mut Vec<OwnerNotice>,
    ) -> SourceMatch {
        let Some(wanted) = &source.match_labels else { return SourceMatch::Yes };
        let mut note = |problem| {
            notices.push(OwnerNotice { alert: compiled.alert.clone(), problem });
            SourceMatch::No
        };
        let valid = compiled.has_valid_labels(position);
        match self.labels.get_or_init(|| self.lookup.labels(&self.event.involved_object)) {
            Labels::Absent => note(Problem::ObjectNotFound),
            Labels::Found(_) | Labels::NotYet if !valid => note(Problem::BadLabels(position)),
            Labels::NotYet => SourceMatch::NotYet,
            Labels::Found(labels) if wanted.iter().all(|(key, value)| labels.get(key) == Some(value)) => {
                SourceMatch::Yes
            }
            Labels::Found(_) => SourceMatch::No,
        }
    }
}
