//! From an event to deliveries: which Alerts select it (contract, control plane 5) and what each makes of it (6.1).
//!
//! Pure: the result depends on the arguments alone. An Alert that cannot be served is dropped with its reason and does
//! not disturb the others.

mod fan_out;
mod gate;
mod matching;
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
use fan_out::FanOut;
use gate::{Gate, Halt};
pub(crate) use matching::{Answer, Answers, Matching, Question, judge};
pub use outcome::{DropReason, Dropped, Notice, Problem, Step, Stops};
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
    /// The event that is planned.
    pub event: &'e Event,
    /// When intake took it; deadlines count from here.
    pub accepted_at: Timestamp,
}

/// What becomes of an event.
#[derive(Debug, Default)]
pub struct Plan {
    /// One for each Alert that selected the event and is not in `drops`, in the order in which the Alerts appeared.
    pub deliveries: Vec<NewDelivery>,
    /// Alerts that selected the event but may not or cannot be served.
    pub drops: Vec<Dropped>,
    /// Alerts that name the object and did not select the event.
    pub stops: Stops,
    /// What owners of Alerts should be told.
    pub notices: Vec<Notice>,
    /// Whether labels decide that are not known yet. Then all lists are empty, and the event is to be planned later.
    pub not_yet: bool,
    /// Alerts about which something has to be found out elsewhere before they are planned; none from [`plan`].
    pub(crate) elsewhere: Vec<Question>,
}

impl Plan {
    /// How many Alerts were looked at, which is what planning took.
    pub(crate) fn alerts(&self) -> usize {
        let Self { deliveries, drops, stops, elsewhere, .. } = self;
        deliveries.len() + drops.len() + stops.first.len() + stops.more + elsewhere.len()
    }

    /// Whether any Alert selected the event.
    pub fn is_selected(&self) -> bool {
        !self.deliveries.is_empty() || !self.drops.is_empty()
    }
}

/// Plans an event, whatever its patterns take.
pub fn plan(incoming: Incoming<'_>, index: &Index, labels: &dyn LabelLookup, rules: &Rules) -> Plan {
    plan_with(incoming, index, labels, rules, &Matching::here())
}

/// Plans an event, but for those Alerts about which something has to be found out elsewhere.
pub(crate) fn plan_with(
    incoming: Incoming<'_>,
    index: &Index,
    labels: &dyn LabelLookup,
    rules: &Rules,
    matching: &Matching<'_>,
) -> Plan {
    let selector = Selector::new(incoming.event, labels, matching);
    let gate = Gate::new(incoming, index, rules, matching);
    let mut plan = Plan::default();
    let mut fan_out = FanOut::default();
    for candidate in index.candidates(&incoming.event.involved_object) {
        let alert = candidate.alert;
        if !matching.concerns(&alert.alert.key) {
            continue;
        }
        let dropped = |reason| Dropped { alert: alert.alert.clone(), reason };
        match selector.select(alert, candidate.sources(), &mut plan.notices) {
            Selection::Selected => {}
            Selection::Stopped(step) => {
                plan.stops.note(&alert.alert, step);
                continue;
            }
            Selection::NotYet => return Plan { not_yet: true, ..Plan::default() },
            Selection::Elsewhere => {
                plan.elsewhere.push(Question { alert: alert.clone(), provider: None });
                continue;
            }
            Selection::Skipped => {
                plan.drops.push(dropped(DropReason::OverBudget));
                continue;
            }
        }
        match gate.pass(alert, &mut plan.notices) {
            Ok(delivery) if fan_out.takes(&delivery.provider.namespace, &plan.deliveries) => {
                plan.deliveries.push(delivery);
            }
            Ok(_) => plan.drops.push(dropped(DropReason::FanOut)),
            Err(Halt::Dropped(reason)) => plan.drops.push(dropped(reason)),
            Err(Halt::Elsewhere(provider)) => {
                plan.elsewhere.push(Question { alert: alert.clone(), provider: Some(provider) });
            }
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
    let matching = Matching::here();
    let selector = Selector::new(incoming.event, labels, &matching);
    let gate = Gate::new(incoming, index, rules, &matching);
    let step = |compiled: &Arc<Compiled>| match explain_selection(compiled, &selector) {
        Selection::Selected => match gate.pass(compiled, &mut Vec::new()) {
            Err(Halt::Dropped(reason)) => Step::Dropped(reason),
            Ok(_) | Err(Halt::Elsewhere(_)) => Step::Notifies,
        },
        Selection::Stopped(step) => step,
        Selection::NotYet => Step::LabelsNotYet,
        Selection::Elsewhere | Selection::Skipped => Step::Dropped(DropReason::OverBudget),
    };
    let mut steps: Vec<_> = index.alerts().map(|compiled| (compiled.alert.clone(), step(compiled))).collect();
    steps.sort_unstable_by(|(left, _), (right, _)| left.key.cmp(&right.key));
    steps
}

fn explain_selection(compiled: &Arc<Compiled>, selector: &Selector<'_>) -> Selection {
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
