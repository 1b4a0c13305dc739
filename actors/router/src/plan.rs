//! From an event to deliveries: which Alerts select it (contract, control plane 5) and what each makes of it (6.1).
//!
//! Pure: the result depends on the arguments alone. An Alert that can not be served is dropped with its reason and does
//! not disturb the others.

mod gate;
mod outcome;
mod select;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{Alert, Event, NewDelivery};
use campanile_protocol::LabelLookup;
use jiff::Timestamp;

use crate::Index;
use crate::index::Compiled;
use gate::Gate;
pub use outcome::{DropReason, Dropped, Notice, Problem, Step};
pub(crate) use outcome::{ObjectPath, texts};
use select::{Selection, Selector};

/// What the operator decided for all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Flag `--no-cross-namespace-refs`: Alerts see only objects of their own namespace.
    pub no_cross_namespace_refs: bool,
    /// How long after acceptance every delivery is given up; none means what its type's row says.
    pub deadline: Option<Duration>,
}

/// An event with the time at which it was accepted.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'e> {
    /// The event.
    pub event: &'e Event,
    /// When intake took it; deadlines count from here.
    pub accepted_at: Timestamp,
}

/// What becomes of an event.
#[derive(Debug, Default)]
pub struct Plan {
    /// One for each Alert that selected the event and is not in `drops`, in the order in which the Alerts appeared.
    pub deliveries: Vec<NewDelivery>,
    /// Alerts that selected the event but may not or can not be served.
    pub drops: Vec<Dropped>,
    /// What owners of Alerts should be told.
    pub notices: Vec<Notice>,
    /// Whether labels decide that are not known yet. Then all lists are empty, and the event is to be planned later.
    pub not_yet: bool,
}

impl Plan {
    /// Whether any Alert selected the event.
    pub fn is_selected(&self) -> bool {
        !self.deliveries.is_empty() || !self.drops.is_empty()
    }
}

/// Plans an event.
pub fn plan(incoming: Incoming<'_>, index: &Index, labels: &dyn LabelLookup, rules: &Rules) -> Plan {
    let selector = Selector::new(incoming.event, labels);
    let gate = Gate::new(incoming, index, rules);
    let mut plan = Plan::default();
    for candidate in index.candidates(&incoming.event.involved_object) {
        let alert = candidate.alert;
        match selector.select(alert, candidate.sources(), &mut plan.notices) {
            Selection::Selected => {}
            Selection::Stopped(_) => continue,
            Selection::NotYet => return Plan { not_yet: true, ..Plan::default() },
        }
        match gate.pass(alert, &mut plan.notices) {
            Ok(delivery) => plan.deliveries.push(delivery),
            Err(reason) => plan.drops.push(Dropped { alert: alert.alert.clone(), reason }),
        }
    }
    plan
}

/// Says of every Alert which step stopped it, or that it notifies; sorted by namespace and name.
///
/// It looks at every Alert, so it is for people who ask, not for each event.
pub fn explain(
    incoming: Incoming<'_>,
    index: &Index,
    labels: &dyn LabelLookup,
    rules: &Rules,
) -> Vec<(Arc<Alert>, Step)> {
    let selector = Selector::new(incoming.event, labels);
    let gate = Gate::new(incoming, index, rules);
    let step = |compiled: &Compiled| match explain_selection(compiled, &selector) {
        Selection::Selected => {
            gate.pass(compiled, &mut Vec::new()).map_or_else(Step::Dropped, |_| Step::Notifies)
        }
        Selection::Stopped(step) => step,
        Selection::NotYet => Step::LabelsNotYet,
    };
    let mut steps: Vec<_> = index.alerts().map(|compiled| (compiled.alert.clone(), step(compiled))).collect();
    steps.sort_unstable_by(|(left, _), (right, _)| left.key.cmp(&right.key));
    steps
}

fn explain_selection(compiled: &Compiled, selector: &Selector<'_>) -> Selection {
    if compiled.alert.suspend {
        return Selection::Stopped(Step::Suspended);
    }
    let mut sources = compiled
        .alert
        .sources
        .iter()
        .enumerate()
        .filter(|(_, source)| selector.is_named_by(source))
        .peekable();
    if sources.peek().is_none() {
        return Selection::Stopped(Step::NoSource);
    }
    selector.select(compiled, sources, &mut Vec::new())
}
