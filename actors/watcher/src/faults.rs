//! What is wrong with an Alert whatever else there is: patterns and selectors that select nothing.

use campanile_crds::FieldPath;
use campanile_domain::yaml::Step;
use campanile_domain::{Alert, Pattern, check_selector};

/// Every fault with its field.
pub(crate) fn of_alert(alert: &Alert) -> Vec<(FieldPath, String)> {
    let mut faults = Vec::new();
    for (list, patterns) in [("inclusionList", &alert.inclusion), ("exclusionList", &alert.exclusion)] {
        for (index, pattern) in patterns.iter().enumerate() {
            if let Err(error) = Pattern::check(pattern) {
                let path = FieldPath(vec!["spec".into(), list.into(), index.into()]);
                faults.push((path, format!("is not a valid pattern and is ignored: {error}")));
            }
        }
    }
    for (index, source) in alert.sources.iter().enumerate() {
        if let Some(Err(error)) = source.match_labels.as_ref().map(check_selector) {
            let steps: Vec<Step> =
                vec!["spec".into(), "eventSources".into(), index.into(), "matchLabels".into()];
            faults.push((FieldPath(steps), format!("selects nothing: {error}")));
        }
    }
    faults
}

/// The same in the words of Kubernetes Events (contract, control plane 7).
pub(crate) fn announcements(alert: &Alert) -> Vec<String> {
    let lists = [("inclusion", &alert.inclusion), ("exclusion", &alert.exclusion)];
    let patterns = lists.into_iter().flat_map(|(list, patterns)| patterns.iter().map(move |one| (list, one)));
    let broken = patterns.filter(|(_, pattern)| Pattern::check(pattern).is_err());
    let mut texts: Vec<String> =
        broken.map(|(list, pattern)| format!("failed to compile {list} regex: {pattern}")).collect();
    for source in &alert.sources {
        if let Some(Err(_)) = source.match_labels.as_ref().map(check_selector) {
            let (kind, namespace, name) = (&source.kind, &source.namespace, &source.name);
            texts.push(format!("error using matchLabels from event source {kind}/{namespace}/{name}"));
        }
    }
    texts
}

/// All faults in one text for a status; none if there are none.
pub(crate) fn summary(faults: &[(FieldPath, String)]) -> Option<String> {
    let texts: Vec<String> = faults.iter().map(|(path, message)| format!("{path} {message}")).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
