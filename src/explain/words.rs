//! The router's steps in words.

use campanile_domain::{Alert, Event, EventSource};
use campanile_pattern::{MATCHED_CHARACTERS, PatternBudget};
use campanile_protocol::{LabelLookup, Labels};
use campanile_router::DecidingStep;

/// The step in one stable word.
pub(super) fn label(step: &DecidingStep) -> &'static str {
    match step {
        DecidingStep::Suspended => "suspended",
        DecidingStep::NoSource => "source",
        DecidingStep::Severity => "severity",
        DecidingStep::Labels => "labels",
        DecidingStep::LabelsNotYet => "labels-not-yet",
        DecidingStep::NotIncluded => "inclusion",
        DecidingStep::Excluded => "exclusion",
        DecidingStep::Dropped(reason) => reason.label(),
        DecidingStep::Notifies => "selected",
    }
}

/// An Alert and the event that it judges.
pub(super) struct Words<'a> {
    pub(super) alert: &'a Alert,
    pub(super) event: &'a Event,
    pub(super) labels: &'a dyn LabelLookup,
}

impl Words<'_> {
    /// Why the Alert ended at this step.
    pub(super) fn why(&self, step: &DecidingStep) -> String {
        let object = self.event.involved_object.path();
        match step {
            DecidingStep::Suspended => "the Alert is suspended".to_owned(),
            DecidingStep::NoSource => self.no_source(&object),
            DecidingStep::Severity => {
                let (wanted, is) = (self.alert.severity.as_str(), self.event.severity.as_str());
                format!("the Alert wants severity '{wanted}', the event has '{is}'")
            }
            DecidingStep::Labels => match self.labels.labels(&self.event.involved_object) {
                Labels::Absent => {
                    format!("an entry of spec.eventSources asks for labels, and {object} is not known")
                }
                Labels::Found(_) | Labels::NotYet => {
                    format!("{object} does not have the labels that spec.eventSources asks for")
                }
            },
            DecidingStep::LabelsNotYet => format!("the labels of {object} are not known yet"),
            DecidingStep::NotIncluded => {
                format!("no pattern of spec.inclusionList matches {}", self.matched())
            }
            DecidingStep::Excluded => self.excluded(),
            DecidingStep::Dropped(reason) => reason.label().to_owned(),
            DecidingStep::Notifies => self.selected(),
        }
    }

    /// A kind in other letters is the commonest mistake, and the hardest to see; the next is a namespace that is a pattern.
    fn no_source(&self, object: &str) -> String {
        let about = &self.event.involved_object;
        let kind = &about.kind;
        let is_meant = |source: &&EventSource| source.kind != *kind && source.kind.eq_ignore_ascii_case(kind);
        let slip = self.alert.sources.iter().find(is_meant).map(|source| {
            format!("; the event says {kind}, the Alert {}: kinds are case-sensitive", source.kind)
        });
        let names =
            |source: &EventSource| source.kind == *kind && (source.name == "*" || source.name == about.name);
        let mut sources = self.alert.sources.iter().enumerate().filter(|(_, source)| names(source));
        let pattern = sources.find_map(|(index, source)| {
            let remark = EventSource::namespace_remark(&source.namespace)?;
            Some(format!("; spec.eventSources[{index}].namespace {remark}"))
        });
        format!("no entry of spec.eventSources names {object}{}", slip.or(pattern).unwrap_or_default())
    }

    /// The first exclusion that matches, of those that count.
    fn excluded(&self) -> String {
        let mut budget = PatternBudget::default();
        // Inclusions are paid first.
        self.alert.inclusion.iter().for_each(|text| drop(budget.check(text)));
        let mut matches =
            |text: &&String| budget.check(text).is_ok_and(|pattern| pattern.is_match(&self.event.message));
        let found = self.alert.exclusion.iter().find(|text| matches(text)).map_or("", String::as_str);
        format!("pattern '{found}' of spec.exclusionList matches {}", self.matched())
    }

    /// What patterns are matched against.
    fn matched(&self) -> String {
        if self.event.message.chars().nth(MATCHED_CHARACTERS).is_none() {
            return "the message".to_owned();
        }
        format!("the first {MATCHED_CHARACTERS} characters of the message, which is longer")
    }

    fn selected(&self) -> String {
        let found = self.alert.sources.iter().find(|source| self.is_named_by(source));
        let source = found.map_or_else(String::new, |source| {
            format!("{}/{}/{}", source.kind, source.namespace, source.name)
        });
        format!("source {source} names the object, and nothing stops it")
    }

    fn is_named_by(&self, source: &EventSource) -> bool {
        let object = &self.event.involved_object;
        source.kind == object.kind
            && source.namespace == object.namespace
            && (source.name == "*" || source.name == object.name)
            && self.has_labels_of(source)
    }

    fn has_labels_of(&self, source: &EventSource) -> bool {
        let Some(wanted) = &source.match_labels else { return true };
        match self.labels.labels(&self.event.involved_object) {
            Labels::Found(labels) => wanted.iter().all(|(key, value)| labels.get(key) == Some(value)),
            Labels::Absent | Labels::NotYet => false,
        }
    }
}
