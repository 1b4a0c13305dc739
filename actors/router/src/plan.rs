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
use gate::{DeliveryPlanner, Halt};
pub(crate) use matching::{Answers, MatchAnswer, MatchQuestion, Matching, judge};
pub use outcome::{DecidingStep, DropReason, Dropped, OwnerNotice, Problem, Stops};
pub(crate) use outcome::{ObjectPath, texts};
use select::{AlertMatch, Selector};

/// The operator's rules for all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoutingPolicy {
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

/// The plan of an event: its deliveries, and its drops with reasons.
#[derive(Debug, Default)]
pub struct Plan {
    /// One for each Alert that selected the event and is not in `drops`, in the order in which the Alerts appeared.
    pub deliveries: Vec<NewDelivery>,
    /// Alerts that selected the event but may not or cannot be served.
    pub drops: Vec<Dropped>,
    /// Alerts that name the object and did not select the event.
    pub stops: Stops,
    /// What owners of Alerts should be told.
    pub notices: Vec<OwnerNotice>,
    /// Whether labels decide that are not known yet. Then all lists are empty, and the event is to be planned later.
    pub not_yet: bool,
    /// Alerts about which something has to be found out elsewhere before they are planned; none from [`plan`].
    pub(crate) elsewhere: Vec<MatchQuestion>,
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
pub fn plan(incoming: Incoming<'_>, index: &Index, labels: &dyn LabelLookup, rules: &RoutingPolicy) -> Plan {
    plan_with(incoming, index, labels, rules, &Matching::here())
}

/// Plans an event, but for those Alerts about which something has to be found out elsewhere.
pub(crate) fn plan_with(
    incoming: Incoming<'_>,
    index: &Index,
    labels: &dyn LabelLookup,
    rules: &RoutingPolicy,
    matching: &Matching<'_>,
) -> Plan {
    let selector = Selector::new(incoming.event, labels, matching);
    let gate = DeliveryPlanner::new(incoming, index, rules, matching);
    let mut plan = Plan::default();
    let mut fan_out = FanOut::default();
    for candidate in index.candidates(&incoming.event.involved_object) {
        let alert = candidate.alert;
        if !matching.concerns(&alert.alert.key) {
            continue;
        }
        let dropped = |reason| Dropped { alert: alert.alert.clone(), reason };
        match selector.select(alert, candidate.sources(), &mut plan.notices) {
            AlertMatch::Selected => {}
            AlertMatch::Stopped(step) => {
                plan.stops.note(&alert.alert, step);
                continue;
            }
            AlertMatch::NotYet => return Plan { not_yet: true, ..Plan::default() },
            AlertMatch::Elsewhere => {
                plan.elsewhere.push(MatchQuestion { alert: alert.clone(), provider: None });
                continue;
            }
            AlertMatch::Skipped => {
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
                plan.elsewhere.push(MatchQuestion { alert: alert.clone(), provider: Some(provider) });
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
    rules: &RoutingPolicy,
) -> Vec<(Arc<Alert>, DecidingStep)> {
    let matching = Matching::here();
    let selector = Selector::new(incoming.event, labels, &matching);
    let gate = DeliveryPlanner::new(incoming, index, rules, &matching);
    let step = |compiled: &Arc<Compiled>| match explain_selection(compiled, &selector) {
        AlertMatch::Selected => match gate.pass(compiled, &mut Vec::new()) {
            Err(Halt::Dropped(reason)) => DecidingStep::Dropped(reason),
            Ok(_) | Err(Halt::Elsewhere(_)) => DecidingStep::Notifies,
        },
        AlertMatch::Stopped(step) => step,
        AlertMatch::NotYet => DecidingStep::LabelsNotYet,
        AlertMatch::Elsewhere | AlertMatch::Skipped => DecidingStep::Dropped(DropReason::OverBudget),
    };
    let mut steps: Vec<_> = index.alerts().map(|compiled| (compiled.alert.clone(), step(compiled))).collect();
    steps.sort_unstable_by(|(left, _), (right, _)| left.key.cmp(&right.key));
    steps
}

fn explain_selection(compiled: &Arc<Compiled>, selector: &Selector<'_>) -> AlertMatch {
    if compiled.alert.suspend {
        return AlertMatch::Stopped(DecidingStep::Suspended);
    }
    let mut sources = compiled
        .alert
        .sources
        .iter()
        .enumerate()
        .filter(|(_, source)| selector.is_named_by(source))
        .peekable();
    if sources.peek().is_none() {
        return AlertMatch::Stopped(DecidingStep::NoSource);
    }
    selector.select(compiled, sources, &mut Vec::new())
}
