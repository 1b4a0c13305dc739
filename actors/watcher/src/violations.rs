//! Faults of an Alert itself: patterns and selectors that select nothing.

use std::fmt;

use campanile_crds::{FieldPath, Rule};
use campanile_domain::{Alert, check_selector};
use campanile_pattern::{PatternBudget, PatternError};
use campanile_yaml::PathStep;

/// A pattern that is none.
struct Broken<'a> {
    list: &'static str,
    field: &'static str,
    index: usize,
    pattern: &'a str,
    error: PatternError,
}

/// Checked in the order and within the bounds of the router. Of a list that is too long the first surplus one is named.
fn broken_patterns(alert: &Alert) -> Vec<Broken<'_>> {
    let (mut broken, mut budget) = (Vec::new(), PatternBudget::default());
    let inclusion = ("inclusion", "inclusionList", &alert.inclusion);
    let exclusion = ("exclusion", "exclusionList", &alert.exclusion);
    for (list, field, patterns) in [inclusion, exclusion] {
        for (index, pattern) in patterns.iter().enumerate() {
            let Err(error) = budget.check(pattern) else { continue };
            let is_end = error == PatternError::TooMany;
            broken.push(Broken { list, field, index, pattern, error });
            if is_end {
                break;
            }
        }
    }
    broken
}

/// A violation with its field.
#[derive(Debug)]
pub(crate) struct FieldViolation {
    pub(crate) rule: Rule,
    pub(crate) path: FieldPath,
    message: String,
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.message)
    }
}

/// Collects every violation of an Alert.
pub(crate) fn of_alert(alert: &Alert) -> Vec<FieldViolation> {
    let mut violations = Vec::new();
    for broken in broken_patterns(alert) {
        let path = FieldPath(vec!["spec".into(), broken.field.into(), broken.index.into()]);
        let what = match broken.error {
            PatternError::TooDear { .. } => "is too dear and is ignored",
            _ => "is not a valid pattern and is ignored",
        };
        let message = format!("{what}: {}", broken.error);
        violations.push(FieldViolation { rule: Rule::Pattern, path, message });
    }
    for (index, source) in alert.sources.iter().enumerate() {
        if let Some(Err(error)) = source.match_labels.as_ref().map(check_selector) {
            let steps: Vec<PathStep> =
                vec!["spec".into(), "eventSources".into(), index.into(), "matchLabels".into()];
            let message = format!("selects nothing: {error}");
            violations.push(FieldViolation { rule: Rule::Selector, path: FieldPath(steps), message });
        }
    }
    violations
}

/// The same in the words of Kubernetes Events (contract, control plane 7).
pub(crate) fn announcements(alert: &Alert) -> Vec<String> {
    let broken = broken_patterns(alert).into_iter();
    let mut texts: Vec<String> =
        broken.map(|one| format!("failed to compile {} regex: {}", one.list, one.pattern)).collect();
    for source in &alert.sources {
        if let Some(Err(_)) = source.match_labels.as_ref().map(check_selector) {
            let (kind, namespace, name) = (&source.kind, &source.namespace, &source.name);
            texts.push(format!("error using matchLabels from event source {kind}/{namespace}/{name}"));
        }
    }
    texts
}

/// All violations in one text for a status; none if there are none.
pub(crate) fn summary(violations: &[FieldViolation]) -> Option<String> {
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
